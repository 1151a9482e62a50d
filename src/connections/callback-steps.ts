import type { CallerAuthorizer, CallerRefusal, CallerVerdict, PromptCallerAuthorizer } from '../authorizers/contract.ts'
import type { TokenBucket } from '../limits/contract.ts'
import type {
  ConnectionLookup,
  ConnectionUsers,
  Delivery,
  DisconnectOutcome,
  UserChangeOutcome,
} from '../registry/contract.ts'
import type { JoinOutcome, LeaveOutcome } from '../registry/group-contract.ts'
import type { CallbackOperation } from '../vocabulary/callback-operations.ts'
import { coalesceKeyRule, isCoalesceKey } from '../vocabulary/coalesce-key.ts'
import type { ConnectionDescription } from '../vocabulary/connection.ts'
import { isUserChangeFault, readUserChange, type UserChangeFault } from '../vocabulary/connection-user.ts'
import { type DeliverOutcome, textFrame } from '../vocabulary/frames.ts'
import { type ConnectionId, ownerOfConnectionId } from '../vocabulary/ids.ts'
import { parseJson } from '../vocabulary/json-text.ts'
import type { Step } from '../vocabulary/pipeline.ts'
import type { CallbackCall } from './callback-call.ts'
import { closeParameters, closeParametersRule } from './close-parameters.ts'
import { connectionJson } from './connection-json.ts'

/** A call of a backend on its way to be let in: what was copied of its request before anything was awaited. */
export interface ArrivedCall {
  /** Answers the caller. */
  readonly call: CallbackCall
  readonly operation: CallbackOperation
  /** The caller's credentials as its authorizer has copied them. */
  readonly credentials: unknown
  /** The facts that the policy of the API may ask for, as its judge has copied them; null where nobody asks it. */
  readonly facts: unknown
  /** The Idempotency-Key under which the call is made; null for none, which is usual. */
  readonly once: OnceCall | null
  /** Whether the call has a body, which is then read. */
  readonly hasBody: boolean
  /** The body; null when it was larger than allowed, or is not read. */
  readonly body: Buffer | null
}

/** A call that is to be made once, however often it comes. */
export interface OnceCall {
  readonly key: string
  /** The method, the path below the stage and the query: another call under the same key differs in these, or in its body. */
  readonly request: string
}

/** A call of `@connections` for one connection. */
export interface Callback extends ArrivedCall {
  readonly operation: 'post' | 'get' | 'delete' | 'putAttributes'
  /** The id in the path, decoded; any text. */
  readonly id: ConnectionId
  /** Whether a POST asked for a binary frame, and may. */
  readonly binary: boolean
  /** The key under which the message of a POST takes the place of one that waits, as it came; null for none. */
  readonly coalesce: string | null
  /** The option of messages to many that a POST names, which has none of them; null for none. */
  readonly unfit: string | null
  /** The query of a DELETE that may choose its close frame; empty otherwise. */
  readonly closeQuery: string
}

/** The reason why a callback is not done; `retryAfter` in seconds, where another try may help. */
export interface CallbackRefusal extends CallerRefusal {
  readonly retryAfter?: number | null
}

/** The end of a call before its last step: it is refused, or has its answer already. */
export type CallbackEnd = CallbackRefusal | 'answered'

export type CallbackStep = Step<Callback, CallbackRefusal>

/** A step that all calls of backends go through. */
export type EntranceStep = Step<ArrivedCall, CallbackEnd>

/** Refuses a body that was larger than allowed (413). */
export const refuseLargeBody: EntranceStep = ({ hasBody, body }) => (hasBody && body === null ? tooLarge : null)

/** Has the caller judged (403), with the body at hand. */
export function judgeCaller(authorizer: CallerAuthorizer): EntranceStep {
  return function judge({ call, operation, credentials, body }) {
    const verdict = authorizer.judge(credentials, body, call.stage.callbackAccess[operation])
    return verdict instanceof Promise ? verdict.then(refusalOf) : refusalOf(verdict)
  }
}

/** Has the policy of the API judge a caller for whom it was not asked yet (403). */
export function obeyPolicy(policy: PromptCallerAuthorizer): EntranceStep {
  return ({ call, operation, facts, body }) =>
    facts === null ? null : refusalOf(policy.judge(facts, body, call.stage.callbackAccess[operation]))
}

function refusalOf(verdict: CallerVerdict): CallbackRefusal | null {
  switch (verdict) {
    case 'allowed':
      return null
    case 'missing':
      return tokenMissing
    case 'refused':
      return callerRefused
    default:
      return verdict
  }
}

/** Counts the call on the limit of the account (429). */
export function checkThrottle(requests: TokenBucket, now: () => number): EntranceStep {
  return function count({ call }) {
    const time = now()
    if (requests.take(time)) return null
    call.stage.throttled('account').value++
    return { code: 'TOO_MANY_REQUESTS', retryAfter: requests.retryAfter(time) }
  }
}

/** Refuses an id that this gateway can't have given out (400). */
export const checkConnectionId: CallbackStep = ({ id }) => checkId(id)

export function checkId(id: string): CallbackRefusal | null {
  return ownerOfConnectionId(id) === -1 ? { code: 'INVALID_CONNECTION_ID', detail: `: ${id}` } : null
}

/** The last step: does what the callback asks for, and answers it; a connection that is not there is refused (410). */
export function reachConnection(registry: ConnectionLookup & Delivery & ConnectionUsers): CallbackStep {
  function post({ call, id, body, binary, coalesce, unfit }: Callback) {
    if (unfit !== null) return unfitOption(unfit)
    if (coalesce !== null && !isCoalesceKey(coalesce)) return badCoalesceKey
    // `refuseLargeBody` lets no POST pass without a body.
    const bytes = body as Buffer
    const frame = { data: binary ? bytes : textFrame(bytes), binary }
    const outcome = registry.deliver(id, coalesce === null ? frame : { ...frame, coalesce }, call.reachedApi)
    if (typeof outcome === 'string') return answerPost(call, outcome)
    return outcome.then((late) => answerPost(call, late))
  }

  function get({ call, id }: Callback) {
    const found = registry.get(id)
    return found instanceof Promise ? found.then((late) => answerGet(call, late)) : answerGet(call, found)
  }

  function disconnect({ call, id, closeQuery }: Callback) {
    const close = closeParameters(closeQuery)
    if (close === null) return badCloseParameters
    const outcome = registry.disconnect(id, close.code, close.reason, call.reachedApi)
    if (typeof outcome === 'string') return answerChange(call, outcome)
    return outcome.then((late) => answerChange(call, late))
  }

  function changeUser({ call, id, body }: Callback) {
    const change = readUserChange(parseJson((body as Buffer).toString()))
    if (isUserChangeFault(change)) return wrongChange(change)
    const outcome = registry.changeUser(id, change, call.reachedApi)
    if (typeof outcome === 'string') return answerChange(call, outcome)
    return outcome.then((late) => answerChange(call, late))
  }

  return function reach(callback) {
    switch (callback.operation) {
      case 'post':
        return post(callback)
      case 'get':
        return get(callback)
      case 'delete':
        return disconnect(callback)
      case 'putAttributes':
        return changeUser(callback)
    }
  }
}

function answerPost(call: CallbackCall, outcome: DeliverOutcome): CallbackRefusal | null {
  switch (outcome) {
    case 'sent':
      call.succeed('')
      return null
    case 'gone':
      return gone
    case 'full':
      return bufferFull
    case 'unreachable':
      return unreachable
  }
}

function answerGet(call: CallbackCall, found: ConnectionDescription | null): CallbackRefusal | null {
  if (found === null || (call.reachedApi !== undefined && found.apiId !== call.reachedApi)) return gone
  call.succeed(connectionJson(found))
  return null
}

/** Answers a change of a connection that has no more to say than that it was made. */
export function answerChange(
  call: CallbackCall,
  outcome: DisconnectOutcome | UserChangeOutcome | Exclude<JoinOutcome, 'tooMany'> | LeaveOutcome,
): CallbackRefusal | null {
  switch (outcome) {
    case 'closed':
    case 'changed':
    case 'joined':
    case 'left':
      call.succeedWithoutContent()
      return null
    case 'gone':
      return gone
    case 'unreachable':
      return unreachable
  }
}

function wrongChange({ place, message, isTooLarge }: UserChangeFault): CallbackRefusal {
  if (isTooLarge) return tooLarge
  return { code: 'INVALID_CALL_PARAMETERS', detail: `: ${place === '' ? 'the body' : place}: ${message}` }
}

const tooLarge: CallbackRefusal = { code: 'PAYLOAD_TOO_LARGE' }
const tokenMissing: CallbackRefusal = { code: 'MISSING_AUTHENTICATION_TOKEN' }
const callerRefused: CallbackRefusal = { code: 'CALLER_REFUSED' }
/** Refuses a code or reason that may not stand in a close frame (400). */
export const badCloseParameters: CallbackRefusal = {
  code: 'INVALID_CLOSE_PARAMETERS',
  detail: `: ${closeParametersRule}`,
}
function unfitOption(name: string): CallbackRefusal {
  const rule = 'is an option of messages to many: an item of POST /@batch takes it for one connection'
  return { code: 'INVALID_CALL_PARAMETERS', detail: `: ${name} ${rule}` }
}

const badCoalesceKey: CallbackRefusal = { code: 'INVALID_CALL_PARAMETERS', detail: `: ${coalesceKeyRule}` }
const gone: CallbackRefusal = { code: 'CONNECTION_GONE' }
/** A client that reads again takes what waits for it within moments. */
const bufferFull: CallbackRefusal = { code: 'CLIENT_BUFFER_FULL', retryAfter: 1 }
const unreachable: CallbackRefusal = { code: 'WORKER_UNREACHABLE' }
