import type { Algorithm } from './algorithms.ts'
import { type ClaimRules, checkClaims, scopesOf } from './claim-rules.ts'
import { claimTexts } from './claim-text.ts'
import { loadJose } from './jose.ts'
import type { JsonObject } from './json-object.ts'
import type { FoundKeys, KeySource } from './key-source.ts'
import { TokenFault } from './token-fault.ts'
import { readTokenHead, type TokenHead } from './token-head.ts'
import type { VerificationKey } from './verification-key.ts'
import { createVerifiedTokens } from './verified-tokens.ts'

/** A token whose signature and claims are good. */
export interface VerifiedToken {
  readonly issuer: string
  /** `sub`; null where the token has none. */
  readonly subject: string | null
  /** `jti`; null where the token has none. */
  readonly id: string | null
  /** The end of its life in milliseconds since 1970, the tolerance of clocks included. */
  readonly expiresAt: number
  /** Every scope of the token. */
  readonly scopes: readonly string[]
  /** The claims as strings. */
  readonly claims: Readonly<Record<string, string>>
}

/** The verification of tokens. */
export interface TokenVerifier {
  /**
   * Verifies a token: a plain value when it was verified before. Throws or rejects with a `TokenFault` and nothing else.
   */
  verify(token: string): VerifiedToken | Promise<VerifiedToken>
}

export interface TokenVerifierOptions {
  /** The keys of each issuer that is believed, by its `iss`. */
  readonly issuers: ReadonlyMap<string, KeySource>
  readonly algorithms: readonly Algorithm[]
  readonly rules: ClaimRules
  /** A further demand on the claims; throws a `TokenFault`. */
  readonly check?: ((claims: JsonObject) => void) | null
  /** The wall clock, in milliseconds since 1970. */
  readonly now: () => number
}

/** Tokens that stay known to one authorizer, and their characters. */
const maxKnownTokens = 10_000
const maxKnownCharacters = 16 * 1024 * 1024

interface Known {
  readonly token: VerifiedToken
  readonly key: VerificationKey
}

/**
 * Creates a verifier. Each has a memory of its own, so that what one authorizer has found good says nothing to another;
 * a token is remembered until it expires, or until its key is no longer one of its issuer's.
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { issuers, algorithms, rules, check = null, now } = options
  const known = createVerifiedTokens<Known>({ maxTokens: maxKnownTokens, maxCharacters: maxKnownCharacters })

  async function verifyAnew(token: string): Promise<VerifiedToken> {
    const head = readTokenHead(token)
    const alg = algorithms.find((each) => each === head.alg)
    if (alg === undefined) throw new TokenFault('algorithm', 'it is not one of those that the authorizer allows')
    const { iss } = head.claims
    const keys = typeof iss === 'string' ? issuers.get(iss) : undefined
    if (keys === undefined) throw new TokenFault('issuer')
    const key = await verifyingKey(token, await keys.find(alg, head.kid), alg)
    const expiresAt = checkClaims(head.claims, rules, now())
    check?.(head.claims)
    const verified = describe(head, iss as string, expiresAt)
    known.set(token, { token: verified, key })
    return verified
  }

  return {
    verify(token) {
      const entry = known.get(token)
      if (entry === null) return verifyAnew(token)
      if (entry.key.current && entry.token.expiresAt > now()) return entry.token
      known.delete(token)
      return verifyAnew(token)
    },
  }
}

/** Gives the first of the keys that verifies the signature. */
async function verifyingKey(token: string, keys: FoundKeys, alg: Algorithm): Promise<VerificationKey> {
  if (keys.length === 0) throw new TokenFault('key')
  const { compactVerify } = await loadJose()
  for (const key of keys) {
    const isGood = await key
      .open(alg)
      .then((opened) => compactVerify(token, opened, { algorithms: [alg] }))
      .then(
        () => true,
        () => false,
      )
    if (isGood) return key
  }
  throw new TokenFault('signature')
}

function describe({ claims }: TokenHead, issuer: string, expiresAt: number): VerifiedToken {
  return {
    issuer,
    subject: nonEmptyText(claims.sub),
    id: nonEmptyText(claims.jti),
    expiresAt,
    scopes: scopesOf(claims),
    claims: claimTexts(claims),
  }
}

function nonEmptyText(claim: unknown): string | null {
  return typeof claim === 'string' && claim !== '' ? claim : null
}
