import type { Settings } from '../../config/settings.ts'
import { type DescriptorLimit, descriptorShortage } from '../../limits/descriptor-limit.ts'
import { type Finding, ok, warned } from './look.ts'

const look = 'descriptors'

/** Compares the limit on open files with the connections that a process may hold; a shortage is worded as a start words it. */
export function lookAtDescriptors(limit: DescriptorLimit | null, { maxConnections }: Settings): Finding {
  if (limit === null) return ok(look, 'this system does not tell how many files a process may open')
  if (limit.soft === Number.POSITIVE_INFINITY) return ok(look, 'a process may open as many files as it likes')
  const shortage = descriptorShortage(limit.soft, maxConnections)
  if (shortage === null) {
    return ok(look, `a process may open ${limit.soft} files, enough for maxConnections ${maxConnections}`)
  }
  return warned(look, shortage, 'raise the limit (ulimit -n, LimitNOFILE)')
}
