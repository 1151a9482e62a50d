import { type AccessRequest, type Decision, evaluatePolicies, type Policy } from '../../policies/policy.ts'
import { readPolicy } from '../../policies/read-policy.ts'
import { GatewayError } from '../../vocabulary/errors.ts'
import type { AuthorizerResult } from '../contract.ts'

/** Bytes of the longest result ("Quotas for configuring and running a WebSocket API"). */
const maxResultBytes = 8 * 1024

/**
 * Reads what an authorizer has answered and has its policy decide on the request ("Output from an API Gateway Lambda
 * authorizer"), together with the policies of what is asked for: either may allow, and either deny. Throws AUTHORIZER_CONFIGURATION_ERROR for what is no such answer: nobody is let in by half of one.
 */
export function judgeResult(
  payload: string,
  request: AccessRequest,
  policies: readonly Policy[] = [],
): AuthorizerResult {
  if (Buffer.byteLength(payload) > maxResultBytes) throw malformed(`the result is larger than ${maxResultBytes} bytes`)
  const result = objectOf(payload)
  const { principalId, policyDocument, usageIdentifierKey } = result
  if (typeof principalId !== 'string' || principalId === '') throw malformed('principalId is no text')
  if (usageIdentifierKey !== undefined && usageIdentifierKey !== null && typeof usageIdentifierKey !== 'string') {
    throw malformed('usageIdentifierKey is no text')
  }
  const read = readPolicy(policyDocument, { of: 'identity' })
  if (read.faults !== null) {
    const [{ path, message }] = read.faults as [(typeof read.faults)[number]]
    throw malformed(`policyDocument${path.length === 0 ? '' : `.${path.join('.')}`}: ${message}`)
  }
  const code = refusals[evaluatePolicies([read.policy, ...policies], request)]
  if (code !== null) return { allowed: false, code }
  return {
    allowed: true,
    context: contextOf(principalId, result.context),
    usageIdentifierKey: usageIdentifierKey ?? null,
  }
}

const refusals = {
  allowed: null,
  explicitDeny: 'EXPLICITLY_DENIED',
  implicitDeny: 'NOT_ALLOWED',
} as const satisfies Record<Decision, string | null>

function objectOf(payload: string): Record<string, unknown> {
  let result: unknown
  try {
    result = JSON.parse(payload)
  } catch {
    throw malformed('the result is not JSON')
  }
  if (typeof result !== 'object' || result === null || Array.isArray(result)) throw malformed('the result is no object')
  return result as Record<string, unknown>
}

/** The context with every value as text, as all later events carry it; `principalId` can't be given twice. */
function contextOf(principalId: string, context: unknown): Record<string, string> {
  const texts: Record<string, string> = Object.create(null)
  texts.principalId = principalId
  if (context === undefined || context === null) return texts
  if (typeof context !== 'object' || Array.isArray(context)) throw malformed('context is no map')
  for (const [name, value] of Object.entries(context)) {
    if (value !== null && typeof value === 'object')
      throw malformed(`context.${name} is neither text, number nor boolean`)
    if (value !== null && name !== 'principalId') texts[name] = String(value)
  }
  return texts
}

function malformed(detail: string): GatewayError {
  return new GatewayError('AUTHORIZER_CONFIGURATION_ERROR', `the answer of the authorizer can't be used: ${detail}`)
}
