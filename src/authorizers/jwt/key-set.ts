import type { Algorithm } from './algorithms.ts'
import { isJsonObject, type JsonObject, readJsonObject } from './json-object.ts'
import type { FoundKeys } from './key-source.ts'
import { publicKey, type VerificationKey } from './verification-key.ts'

/** Keys that are tried on one token, so that a bad one costs little. */
const maxFound = 4

/** The keys of one source at one time. */
export interface KeySet {
  readonly size: number
  /**
   * Gives the keys for a token: those of its id, or, for a token that names none, those of its algorithm; at most
   * `maxFound`.
   */
  find(alg: Algorithm, kid: string | null): FoundKeys
  /** All keys, by their identity. */
  readonly keys: ReadonlyMap<string, VerificationKey>
}

/** Makes a set. Keys that `before` has too are taken over from there, so that what they have verified still stands. */
export function createKeySet(given: readonly VerificationKey[], before: KeySet | null = null): KeySet {
  const keys = new Map<string, VerificationKey>()
  for (const key of given) keys.set(key.identity, before?.keys.get(key.identity) ?? key)
  const byKid = new Map<string, VerificationKey[]>()
  for (const key of keys.values()) {
    if (key.kid === null) continue
    const same = byKid.get(key.kid)
    if (same === undefined) byKid.set(key.kid, [key])
    else same.push(key)
  }
  return {
    size: keys.size,
    keys,
    find(alg, kid) {
      const named = kid === null ? [...keys.values()] : (byKid.get(kid) ?? [])
      return named.filter((key) => key.fits(alg)).slice(0, maxFound)
    },
  }
}

/** Reads a JWK set (RFC 7517 §5); null for what is none. Keys that are of no use here are left out. */
export function readKeySet(text: string, before: KeySet | null = null): KeySet | null {
  return keySetOf(readJsonObject(text), before)
}

/** Makes a set of a JWK set that is read already; null for what is none. */
export function keySetOf(jwks: JsonObject | null, before: KeySet | null = null): KeySet | null {
  if (jwks === null || !Array.isArray(jwks.keys)) return null
  const keys = (jwks.keys as readonly unknown[]).flatMap((each) => (isJsonObject(each) ? (publicKey(each) ?? []) : []))
  return createKeySet(keys, before)
}
