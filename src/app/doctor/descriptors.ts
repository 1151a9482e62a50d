import type { Settings } from '../../config/settings.ts'
import { type DescriptorLimit, descriptorShortage, descriptorsKeptBack } from '../../limits/descriptor-limit.ts'
import { type Finding, ok, warn } from './look.ts'

const look = 'descriptors'

/** Compares the limit on open files with the connections that a process may hold. */
export function lookAtDescriptors(limit: DescriptorLimit | null, { maxConnections }: Settings): Finding {
  if (limit === null) return ok(look, 'this system does not tell how many files a process may open')
  if (limit.soft === Number.POSITIVE_INFINITY) return ok(look, 'a process may open as many files as it likes')
  if (descriptorShortage(limit.soft, maxConnections) === null) {
    return ok(look, `a process may open ${limit.soft} files, enough for maxConnections ${maxConnections}`)
  }
  const forClients = limit.soft - descriptorsKeptBack(limit.soft)
  return warn(
    look,
    `a process may open ${limit.soft} files, enough for ${forClients} connections, but maxConnections is ${maxConnections}`,
    `raise the limit (ulimit -n, LimitNOFILE) or set maxConnections to ${forClients} or less`,
  )
}
