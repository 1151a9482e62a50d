import type { GuardType } from '../authorizers/guard-contract.ts'
import { createIamGuardType } from '../authorizers/iam/iam-guard.ts'
import { createLambdaGuardType } from '../authorizers/lambda/lambda-guard.ts'
import type { AuthorizerParts } from './authorizer-types.ts'
import { policyTerms } from './policy-terms.ts'

export interface RouteGuardParts extends Omit<AuthorizerParts, 'tokenTypes'> {
  /** A monotonic clock, in milliseconds. */
  readonly clock: () => number
  /** The type that judges tokens, with the keys that it shares with the authorizers of connections. */
  readonly tokenGuard: GuardType
}

/** The box of guards of routes of HTTP APIs: every kind, with what it needs to run. */
export function createRouteGuards(parts: RouteGuardParts): readonly GuardType[] {
  const { settings, accessKeys, callees, now, clock, tokenGuard } = parts
  const { credentials } = settings
  return [
    tokenGuard,
    createIamGuardType(credentials === null ? null : { ...credentials, keys: accessKeys, now }),
    createLambdaGuardType({ ...callees, ...policyTerms(settings, now), clock }),
  ]
}
