import type { JsonObject } from './json-object.ts'
import { TokenFault } from './token-fault.ts'

/** The demands on the claims of a token whose signature is good. */
export interface ClaimRules {
  /** Audiences of which the token has to be for one: `aud`, or `client_id` where there is no `aud`. Empty asks nothing. */
  readonly audience: readonly string[]
  /** Milliseconds by which the issuer's clock may differ. */
  readonly clockToleranceInMillis: number
}

/**
 * Checks when and for whom a token is valid, and gives the end of its life in milliseconds since 1970, tolerance
 * included. Throws a `TokenFault`. A token without `exp` would never end and is refused.
 */
export function checkClaims(claims: JsonObject, rules: ClaimRules, now: number): number {
  const tolerance = rules.clockToleranceInMillis
  const expiry = time(claims, 'exp')
  if (expiry === null) throw new TokenFault('claims', 'exp is missing')
  if (expiry + tolerance <= now) throw new TokenFault('expired')
  for (const name of ['nbf', 'iat']) {
    const start = time(claims, name)
    if (start !== null && start - tolerance > now) throw new TokenFault('notYetValid')
  }
  checkAudience(claims, rules.audience)
  return expiry + tolerance
}

function time(claims: JsonObject, name: string): number | null {
  if (!Object.hasOwn(claims, name)) return null
  const value = claims[name]
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new TokenFault('claims', `${name} is no number`)
  return value * 1_000
}

function checkAudience(claims: JsonObject, wanted: readonly string[]): void {
  if (wanted.length === 0) return
  const given = Object.hasOwn(claims, 'aud') ? claims.aud : claims.client_id
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (!list.some((each) => typeof each === 'string' && wanted.includes(each))) throw new TokenFault('audience')
}

/** The scopes of a token: those of `scope` and of `scp`, each a list or a text with spaces (RFC 8693 §4.2). */
export function scopesOf(claims: JsonObject): readonly string[] {
  return [...new Set([claims.scope, claims.scp].flatMap(scopeList))]
}

function scopeList(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return claim.split(' ').filter((each) => each !== '')
  return Array.isArray(claim) ? claim.filter((each) => typeof each === 'string') : []
}
