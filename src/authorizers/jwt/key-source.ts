import type { Algorithm } from './algorithms.ts'
import type { VerificationKey } from './verification-key.ts'

/** The keys that may verify a token: few, since each is tried. */
export type FoundKeys = readonly VerificationKey[]

/** The place where the keys of one issuer come from. */
export interface KeySource {
  /**
   * Gives the keys that may verify a token, none when there are none: a plain value when nothing has to be asked for.
   * Throws or rejects with a `TokenFault` (`keysUnavailable`) and nothing else.
   */
  find(alg: Algorithm, kid: string | null): FoundKeys | Promise<FoundKeys>
  /** Whether its keys are public: then no secret ever verifies a token beside them. */
  readonly isPublic: boolean
  /** Gives back what it holds. Safe to call twice. */
  close(): void
}

/** A source of keys that are all known. */
export function createStaticKeys(keys: Pick<KeySource, 'find'>): KeySource {
  return { find: (alg, kid) => keys.find(alg, kid), isPublic: true, close() {} }
}

/** A source of secrets, which verify whatever key id a token names; they are asked for with every token. */
export function createSecretKeys(secrets: () => FoundKeys): KeySource {
  return { find: (alg) => secrets().filter((key) => key.fits(alg)), isPublic: false, close() {} }
}
