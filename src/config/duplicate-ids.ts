import { describeFound, type Fault } from 'postern-documents/faults'
import { valueAt } from 'postern-documents/issues'
import type { ApiRead } from './read-api.ts'

/** A fault for each definition with the `apiId` of an earlier one, whatever else is wrong with the two. */
export function duplicateIds(reads: readonly ApiRead[]): Fault[] {
  const first = new Map<string, Fault>()
  const faults: Fault[] = []
  for (const { source } of reads) {
    const apiId = source === null ? undefined : valueAt(source.value, ['apiId'])
    if (source === null || typeof apiId !== 'string') continue
    const earlier = first.get(apiId)
    const found = describeFound(apiId, ['apiId'])
    if (earlier === undefined) first.set(apiId, source.locate({ path: ['apiId'], found }))
    else {
      const allowed = `an apiId of its own; ${earlier.file}:${earlier.line} has this one`
      faults.push(source.locate({ path: ['apiId'], found, allowed }))
    }
  }
  return faults
}
