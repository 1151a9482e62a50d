import type { AccessRequest, Policy } from '../../policies/policy.ts'
import type { Admitted, AuthorizerResult } from '../contract.ts'
import { malformed, policyRefusalOf, readPolicyAnswer, readResultObject, textContext } from './authorizer-result.ts'

/** An answer about an identity, good for any request of it: it decides anew on each. Nothing in it can be changed. */
export type MethodAnswer = (request: AccessRequest, policies: readonly Policy[]) => AuthorizerResult

/** Reads the JSON text of an answer. Throws AUTHORIZER_CONFIGURATION_ERROR for what is none. */
export type ReadAnswer = (payload: string) => MethodAnswer

/**
 * Reads the answer of an authorizer of a REST API ("Output from an API Gateway Lambda authorizer"): a policy, and a flat
 * context.
 */
export const readRestAnswer: ReadAnswer = (payload) => {
  const { principalId, policy, context, usageIdentifierKey } = readPolicyAnswer(payload)
  return byPolicy(policy, { allowed: true, context: textContext(principalId, context), usageIdentifierKey })
}

/** Reads a policy of an authorizer of an HTTP API, whose context may nest. */
export const readRouteAnswer: ReadAnswer = (payload) => {
  const { principalId, policy, context, usageIdentifierKey } = readPolicyAnswer(payload)
  const texts = textContext(principalId, writtenOut(context))
  return byPolicy(policy, { allowed: true, context: texts, nestedContext: nested(context), usageIdentifierKey })
}

/**
 * Reads a simple response of an authorizer of an HTTP API ("Control access to HTTP APIs with AWS Lambda authorizers"):
 * `isAuthorized`, true or false and nothing else, and a context that may nest. It is one for all routes.
 */
export const readSimpleAnswer: ReadAnswer = (payload) => {
  const { isAuthorized, context } = readResultObject(payload)
  if (typeof isAuthorized !== 'boolean') throw malformed('isAuthorized is neither true nor false')
  const texts = textContext(null, writtenOut(context))
  const result: AuthorizerResult = isAuthorized
    ? admitted({ allowed: true, context: texts, nestedContext: nested(context) })
    : { allowed: false, code: 'NOT_ALLOWED' }
  return () => result
}

function byPolicy(policy: Policy, who: Admitted): MethodAnswer {
  const result = admitted(who)
  return (request, policies) => policyRefusalOf(policy, request, policies) ?? result
}

/** The result for every request that is allowed: frozen, since what one changed the next would be told. */
function admitted(result: Admitted): Admitted {
  const left: unknown[] = [result]
  for (let each = left.pop(); each !== undefined; each = left.pop()) {
    Object.freeze(each)
    left.push(...Object.values(each as object).filter((value) => typeof value === 'object' && value !== null))
  }
  return result
}

/** A context with maps and lists as their JSON text, which is how variables show them; anything else as it is. */
function writtenOut(context: unknown): unknown {
  const map = nested(context)
  if (map === null) return context
  const written: Record<string, unknown> = Object.create(null)
  for (const [name, value] of Object.entries(map)) {
    written[name] = typeof value === 'object' && value !== null ? JSON.stringify(value) : value
  }
  return written
}

/** The context where it is a map; null for none. */
function nested(context: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof context !== 'object' || context === null || Array.isArray(context)) return null
  return context as Readonly<Record<string, unknown>>
}
