import { createHash } from 'node:crypto'
import { type Audience, audienceKey } from '../group-contract.ts'

/** A text of 22 characters that stands for an audience in keys, whatever its name is: 128 bits of a SHA-256 digest. */
export type AudienceHash = string

/** Creates the function that gives the hash of an audience; it remembers those that were asked for lately. */
export function createAudienceHash(): (audience: Audience) => AudienceHash {
  const known = new Map<string, AudienceHash>()

  return function hashOf(audience) {
    const key = audienceKey(audience)
    const found = known.get(key)
    if (found !== undefined) return found
    const hash = createHash('sha256').update(key).digest().subarray(0, hashBytes).toString('base64url')
    if (known.size >= maxKnown) known.clear()
    known.set(key, hash)
    return hash
  }
}

const hashBytes = 16
const maxKnown = 10_000
const hashShape = /^[\w-]{22}$/

/** Whether a text that stands in Redis can be a hash. */
export function isAudienceHash(text: string): boolean {
  return hashShape.test(text)
}
