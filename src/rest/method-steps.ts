import type { GuardVerdict } from '../authorizers/guard-contract.ts'
import type { MethodCaller } from '../events/method-event.ts'
import type { IntegrationResult } from '../integrations/contract.ts'
import type { TokenBucket } from '../limits/contract.ts'
import type { RevocationCheck } from '../revocations/contract.ts'
import { claimsContext } from '../vocabulary/claims-context.ts'
import { GatewayError } from '../vocabulary/errors.ts'
import type { Step } from '../vocabulary/pipeline.ts'
import { revokedCode } from '../vocabulary/revoked-code.ts'
import type { MethodCall, MethodRefusal } from './method-call.ts'

/** The end of a request: the refusal of a step, or what the integration answered. */
export type MethodEnd = MethodRefusal | IntegrationResult

type MethodStep = Step<MethodCall, MethodEnd>

export interface MethodStepOptions {
  /** The throttle of all requests of the account; null for none. */
  readonly requests: TokenBucket | null
  readonly revocations: RevocationCheck
}

/** The steps of a request whose route and body are known, in their order. */
export function methodSteps({ requests, revocations }: MethodStepOptions): readonly MethodStep[] {
  return [askGuard, checkRevocations(revocations), checkThrottle(requests), askIntegration]
}

/** Asks the authorizer of the route; what it says of the caller is part of the event from then on. */
const askGuard: MethodStep = (call) => {
  const guard = call.route?.guard ?? null
  if (guard === null) return null
  const { event } = call
  const verdict = guard.authorize(event, call.arrived.called(guard.readsBody ? event.body : null))
  return verdict instanceof Promise ? verdict.then((late) => admit(call, late)) : admit(call, verdict)
}

function admit(call: MethodCall, verdict: GuardVerdict): MethodRefusal | null {
  if (!verdict.allowed) return verdict
  call.event.caller = verdict.caller
  return null
}

/** Holds out whoever shows a token, a user or a key that was revoked, or may have been. */
function checkRevocations(revocations: RevocationCheck): MethodStep {
  return ({ event }) => {
    const { caller, apiId } = event
    if (caller === null) return null
    const code = revokedCode(revocations.find({ apiId, authorizer: revocable(caller), identity: caller.identity }))
    return code === null ? null : { code }
  }
}

/** The contexts of tokens, whose claims are the same object as long as a token is known. */
const contexts = new WeakMap<object, MethodCaller['context']>()

/** The facts by which revocations know a caller; a known token costs a look-up. */
function revocable({ kind, context }: MethodCaller): MethodCaller['context'] {
  if (context === null || kind !== 'jwt') return context
  const known = contexts.get(context) ?? claimsContext(context, context.sub ?? null)
  contexts.set(context, known)
  return known
}

/** Counts the request on the limits of its route and of the account, in AWS's order: the narrower one first. */
function checkThrottle(requests: TokenBucket | null): MethodStep {
  return (call) => {
    const { requestTimeEpoch: now } = call.event
    const bucket = call.route?.bucket ?? null
    if (bucket !== null && !bucket.take(now)) return call.throttle('route', bucket.retryAfter(now))
    if (requests !== null && !requests.take(now)) return call.throttle('account', requests.retryAfter(now))
    return null
  }
}

/** Asks the integration, unless the client has left while a step before had to wait. */
const askIntegration: MethodStep = (call) => {
  if (call.isAbandoned) return null
  const integration = call.route?.integration ?? null
  if (integration === null) throw new GatewayError('API_CONFIGURATION_ERROR', 'the route has no integration')
  call.isAsked = true
  return integration.invoke(call.event)
}
