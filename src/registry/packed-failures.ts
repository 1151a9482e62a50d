import type { SendFailure } from '../vocabulary/frames.ts'
import { type OwnerId, ownerOfConnectionId } from '../vocabulary/ids.ts'

/** Failures as one text of 16 characters each: the id, but with a letter for the reason in place of its `=`. */
export type PackedFailures = string

const size = 16
const letters = { full: 'f', gone: 'g' } as const

export function packFailures(failures: readonly SendFailure[]): PackedFailures {
  return failures.map(({ connectionId, reason }) => connectionId.slice(0, -1) + letters[reason]).join('')
}

/** The number of failures in a text that `packFailures` wrote. */
export function countPacked(packed: PackedFailures): number {
  return packed.length / size
}

/** Gives at most `limit` failures from a place on. */
export function unpackFailures(packed: PackedFailures, from: number, limit: number): SendFailure[] {
  const failures: SendFailure[] = []
  const end = Math.min(packed.length, size * (from + limit))
  for (let at = size * from; at < end; at += size) {
    const connectionId = `${packed.slice(at, at + size - 1)}=`
    failures.push({ connectionId, reason: packed[at + size - 1] === letters.gone ? 'gone' : 'full' })
  }
  return failures
}

/** Reads what a worker has packed of its own connections; null for what is none, or more than `limit`. */
export function readPacked(value: unknown, limit: number, owner: OwnerId | null): SendFailure[] | null {
  if (typeof value !== 'string' || value.length % size !== 0 || value.length > size * limit) return null
  for (let at = size - 1; at < value.length; at += size) {
    if (value[at] !== letters.full && value[at] !== letters.gone) return null
  }
  const failures = unpackFailures(value, 0, limit)
  const isRight = ({ connectionId }: SendFailure) => {
    const found = ownerOfConnectionId(connectionId)
    return owner === null ? found !== -1 : found === owner
  }
  return failures.every(isRight) ? failures : null
}
