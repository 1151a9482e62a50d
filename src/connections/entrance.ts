import type { CallerAuthorizer, PromptCallerAuthorizer } from '../authorizers/contract.ts'
import { CallbackEvent } from '../events/callback-event.ts'
import type { IdempotencyKeys } from '../idempotency/contract.ts'
import type { TokenBucket } from '../limits/contract.ts'
import type { HttpExchange, TransportRequest } from '../transport/contract.ts'
import { type CallbackOperation, callbackOperations } from '../vocabulary/callback-operations.ts'
import { cannotBeRebound, hostOf } from '../vocabulary/host.ts'
import { CallbackCall, type CallbackTarget } from './callback-call.ts'
import {
  type ArrivedCall,
  checkThrottle,
  type EntranceStep,
  judgeCaller,
  obeyPolicy,
  refuseLargeBody,
} from './callback-steps.ts'
import { claimKey, onceOf } from './claim-key.ts'

export interface EntranceOptions {
  /** The judge of callers; null when nobody is asked (`connectionsAuthorization: NONE`). */
  readonly authorizer: CallerAuthorizer | null
  /** The throttle of all requests of the account; left out for none. */
  readonly requests?: TokenBucket | null
  /** The judge by the policies of APIs; asked where there is one that the authorizer has not weighed. */
  readonly policy: PromptCallerAuthorizer
  /** The keys of calls that are to be made once. */
  readonly idempotency: IdempotencyKeys
  /** The address of a caller, as trusted proxies tell of it; asked only where there is an access log. */
  readonly sourceIp: (request: TransportRequest) => string
  readonly now: () => number
}

/** The facts about a call that are known before anything is awaited. */
export type Arrival = Pick<ArrivedCall, 'call' | 'credentials' | 'facts' | 'once'>

/** The way in for all calls of backends. */
export interface Entrance {
  /** Looks whether a caller may come in, in the order in which all calls are refused. */
  readonly steps: readonly EntranceStep[]
  /** Whether callers can only be judged with the body at hand. */
  readonly readsBody: boolean
  /** Has a call made once; behind the steps that refuse what is malformed. */
  readonly claim: EntranceStep
  /** Makes a call of a request that is none of an operation, which has only to be refused. */
  stray(exchange: HttpExchange, target: CallbackTarget): CallbackCall
  /**
   * Takes what the steps will ask for from the request, within the synchronous part of its handler; `connectionId` is the
   * one in the path, for the log. Null when the call has been refused.
   */
  arrive(
    exchange: HttpExchange,
    target: CallbackTarget,
    operation: CallbackOperation,
    connectionId: string | null,
  ): Arrival | null
}

export function createEntrance(options: EntranceOptions): Entrance {
  const { authorizer, requests = null, policy, idempotency, sourceIp, now } = options
  const asksPolicy = authorizer?.weighsPolicy !== true

  function callOf(
    exchange: HttpExchange,
    target: CallbackTarget,
    operation: CallbackOperation | null,
    connectionId: string | null,
  ): CallbackCall {
    const time = now()
    const { request } = exchange
    const { stage, domainName } = target
    const event =
      stage.accessLog === null
        ? null
        : new CallbackEvent({
            apiId: stage.apiId,
            stage: stage.name,
            method: request.method,
            path: callbackOperations[operation ?? 'post'][1],
            domainName,
            connectionId: connectionId ?? '',
            sourceIp: sourceIp(request),
            userAgent: request.header('user-agent') || null,
            requestTimeEpoch: time,
          })
    const count = operation === null ? null : stage.callbacks[operation]
    return new CallbackCall(exchange, target, time, count, event)
  }

  return {
    steps: [
      refuseLargeBody,
      ...(authorizer === null ? [] : [judgeCaller(authorizer)]),
      ...(asksPolicy ? [obeyPolicy(policy)] : []),
      ...(requests === null ? [] : [checkThrottle(requests, now)]),
    ],
    readsBody: authorizer?.readsBody === true,
    claim: claimKey(idempotency),
    stray: (exchange, target) => callOf(exchange, target, null, null),
    arrive(exchange, target, operation, connectionId) {
      const { request } = exchange
      const call = callOf(exchange, target, operation, connectionId)
      if (authorizer === null && comesFromOtherPage(request, target)) {
        call.refuse('ORIGIN_REFUSED')
        return null
      }
      const isGoverned = asksPolicy && target.stage.callbackAccess[operation].policy
      return {
        call,
        credentials: authorizer === null ? null : authorizer.credentials(request),
        facts: isGoverned ? policy.credentials(request) : null,
        once: callbackOperations[operation][0] === 'POST' ? onceOf(request, target.rest) : null,
      }
    },
  }
}

/**
 * Whether a web page sends the request that may not connect to the stage either. Where callers show nothing, a page
 * could otherwise use what its visitor can reach (browsers send such a POST without asking). A page has its own name
 * resolve to here as easily, so that the host that it came from says nothing unless nobody else can have that name.
 */
function comesFromOtherPage(request: TransportRequest, { stage }: CallbackTarget): boolean {
  const origin = request.header('origin')
  if (origin === '') return false
  const header = request.header('host')
  const host = hostOf(header)
  return !stage.allowsOrigin(origin, host !== null && cannotBeRebound(host) ? header : '')
}
