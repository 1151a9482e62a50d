import { type AccessRequest, type Decision, evaluatePolicies, type Policy } from '../../policies/policy.ts'
import { readPolicy } from '../../policies/read-policy.ts'
import { GatewayError } from '../../vocabulary/errors.ts'
import type { AuthorizerResult, Refused } from '../contract.ts'

/** Bytes of the longest result ("Quotas for configuring and running a WebSocket API"). */
const maxResultBytes = 8 * 1024

/** The answer of an authorizer, read: what it says of the client, and its policy, not yet asked about anything. */
export interface PolicyAnswer {
  readonly principalId: string
  readonly policy: Policy
  /** The context as it came. */
  readonly context: unknown
  readonly usageIdentifierKey: string | null
}

/**
 * Reads what an authorizer has answered ("Output from an API Gateway Lambda authorizer"), but its context. Throws
 * AUTHORIZER_CONFIGURATION_ERROR for what is no such answer: nobody is let in by half of one.
 */
export function readPolicyAnswer(payload: string): PolicyAnswer {
  const { principalId, policyDocument, usageIdentifierKey, context } = readResultObject(payload)
  if (typeof principalId !== 'string' || principalId === '') throw malformed('principalId is no text')
  if (usageIdentifierKey !== undefined && usageIdentifierKey !== null && typeof usageIdentifierKey !== 'string') {
    throw malformed('usageIdentifierKey is no text')
  }
  const read = readPolicy(policyDocument, { of: 'identity' })
  if (read.faults !== null) {
    const [{ path, message }] = read.faults as [(typeof read.faults)[number]]
    throw malformed(`policyDocument${path.length === 0 ? '' : `.${path.join('.')}`}: ${message}`)
  }
  return { principalId, policy: read.policy, context, usageIdentifierKey: usageIdentifierKey ?? null }
}

/**
 * Has the policy of an answer decide on a request, together with the policies of what is asked for: either may allow,
 * and either deny. Null where the request is allowed.
 */
export function policyRefusalOf(
  policy: Policy,
  request: AccessRequest,
  policies: readonly Policy[] = [],
): Refused | null {
  const code = refusals[evaluatePolicies([policy, ...policies], request)]
  return code === null ? null : { allowed: false, code }
}

/** Reads an answer and has it decide on one request. Throws AUTHORIZER_CONFIGURATION_ERROR for what is no answer. */
export function judgeResult(
  payload: string,
  request: AccessRequest,
  policies: readonly Policy[] = [],
): AuthorizerResult {
  const { policy, principalId, context, usageIdentifierKey } = readPolicyAnswer(payload)
  return (
    policyRefusalOf(policy, request, policies) ?? {
      allowed: true,
      context: textContext(principalId, context),
      usageIdentifierKey,
    }
  )
}

const refusals = {
  allowed: null,
  explicitDeny: 'EXPLICITLY_DENIED',
  implicitDeny: 'NOT_ALLOWED',
} as const satisfies Record<Decision, string | null>

/** Reads the object that every answer is, of whatever form. Throws AUTHORIZER_CONFIGURATION_ERROR for anything else. */
export function readResultObject(payload: string): Record<string, unknown> {
  if (Buffer.byteLength(payload) > maxResultBytes) throw malformed(`the result is larger than ${maxResultBytes} bytes`)
  let result: unknown
  try {
    result = JSON.parse(payload)
  } catch {
    throw malformed('the result is not JSON')
  }
  if (typeof result !== 'object' || result === null || Array.isArray(result)) throw malformed('the result is no object')
  return result as Record<string, unknown>
}

/**
 * The context of an answer with every value as text, as all later events carry it; `principalId` can't be given twice;
 * where the answer has none (null), it is a name as others. Throws AUTHORIZER_CONFIGURATION_ERROR for one that nests.
 */
export function textContext(principalId: string | null, context: unknown): Record<string, string> {
  const texts: Record<string, string> = Object.create(null)
  if (principalId !== null) texts.principalId = principalId
  if (context === undefined || context === null) return texts
  if (typeof context !== 'object' || Array.isArray(context)) throw malformed('context is no map')
  for (const [name, value] of Object.entries(context)) {
    if (value !== null && typeof value === 'object')
      throw malformed(`context.${name} is neither text, number nor boolean`)
    if (value !== null && (name !== 'principalId' || principalId === null)) texts[name] = String(value)
  }
  return texts
}

/** The error of an answer that can't be used. */
export function malformed(detail: string): GatewayError {
  return new GatewayError('AUTHORIZER_CONFIGURATION_ERROR', `the answer of the authorizer can't be used: ${detail}`)
}
