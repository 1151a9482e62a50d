import type { Algorithm } from './algorithms.ts'
import type { KeySet } from './key-set.ts'
import type { VerificationKey } from './verification-key.ts'

/** The place where the keys of one issuer come from. */
export interface KeySource {
  /**
   * Gives the key for a token, null when there is none: a plain value when nothing has to be asked for. Throws or
   * rejects with a `TokenFault` (`keysUnavailable`) and nothing else.
   */
  find(alg: Algorithm, kid: string | null): VerificationKey | null | Promise<VerificationKey | null>
  /** Whether its keys are public: then no secret ever verifies a token beside them. */
  readonly isPublic: boolean
  /** Gives back what it holds. Safe to call twice. */
  close(): void
}

/** A source of keys that are all known. */
export function createStaticKeys(keys: KeySet): KeySource {
  return { find: (alg, kid) => keys.find(alg, kid), isPublic: true, close() {} }
}

/** A source of one secret, which verifies whatever key id a token names. */
export function createSecretKeys(key: VerificationKey): KeySource {
  return { find: (alg) => (key.fits(alg) ? key : null), isPublic: false, close() {} }
}
