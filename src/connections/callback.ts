import type { CallerAuthorizer, CallerVerdict } from '../authorizers/contract.ts'
import type { Log, Metrics } from '../observability/contract.ts'
import type { Registry } from '../registry/contract.ts'
import type { HttpExchange, TransportRequest } from '../transport/contract.ts'
import type { ConnectionDescription } from '../vocabulary/connection.ts'
import { GatewayError } from '../vocabulary/errors.ts'
import { type DeliverOutcome, maxMessageBytes, textFrame } from '../vocabulary/frames.ts'
import { type ConnectionId, ownerOfConnectionId } from '../vocabulary/ids.ts'
import { CallbackCall, type CallbackTarget } from './callback-call.ts'
import { type CallbackOperation, createCallbackCounters } from './callback-counters.ts'
import { closeParameters, closeParametersRule } from './close-parameters.ts'
import { connectionJson } from './connection-json.ts'
import { connectionIdOf } from './connection-path.ts'

export interface ConnectionsOptions {
  readonly registry: Pick<Registry, 'get' | 'deliver' | 'disconnect'>
  /** Null when nobody is asked (`connectionsAuthorization: NONE`). */
  readonly authorizer: CallerAuthorizer | null
  /** DELETE may choose the close frame with `?code=&reason=`; else its query is ignored, as AWS does. */
  readonly disconnectCodeAndReason: boolean
  /** POST of `application/octet-stream` with `?frame=binary` sends a binary frame; else frames are always text. */
  readonly binaryFrames: boolean
  readonly metrics: Metrics
  readonly log: Log
  readonly now: () => number
}

/** Answers one call whose path after the stage begins with `/@connections` or `/%40connections`. */
export type HandleCallback = (exchange: HttpExchange, target: CallbackTarget) => void

/**
 * The `@connections` API ("Use @connections commands in your backend service"): POST, GET and DELETE of
 * `/@connections/{connectionId}` under any stage of the API that the connection belongs to.
 *
 * The checks in their order, the first that fails answers: path and method (404), size (413), who calls (403), the
 * shape of the id (400), and only then whether the connection is there (410). A signature and the policies of its
 * signer (SigV4, IAM) belong where the token is asked for, behind the size: both need the body.
 */
export function createConnectionsHandler(options: ConnectionsOptions): HandleCallback {
  const { registry, authorizer, disconnectCodeAndReason, binaryFrames, log, now } = options
  const counters = createCallbackCounters(options.metrics)

  function handle(exchange: HttpExchange, target: CallbackTarget): void {
    const { request } = exchange
    const operation = operationOf(request.method)
    const id = connectionIdOf(target.rest)
    const count = operation === null ? null : counters(target.stage.apiId, operation)
    const call = new CallbackCall(exchange, target, id, now(), count)
    if (operation === null || id === null) {
      return call.refuse('NO_SUCH_CALLBACK', ` ${target.rest.slice(1)} for http method ${request.method}.`)
    }
    const verdict = authorizer === null ? 'allowed' : authorizer.authorize(request.header('authorization'))
    if (operation === 'post') {
      const binary = binaryFrames && asksForBinary(request)
      exchange.readBody(maxMessageBytes, (body) => post(call, verdict, id, body, binary))
    } else if (isAdmitted(call, verdict, id)) {
      if (operation === 'get') get(call, id)
      else disconnect(call, id, disconnectCodeAndReason ? request.query : '')
    }
  }

  function post(call: CallbackCall, verdict: CallerVerdict, id: string, body: Buffer | null, binary: boolean): void {
    if (body === null) return call.refuse('PAYLOAD_TOO_LARGE')
    if (!isAdmitted(call, verdict, id)) return
    const frame = { data: binary ? body : textFrame(body), binary }
    const outcome = registry.deliver(id, frame, call.reachedApi)
    if (typeof outcome === 'string') answerPost(call, outcome)
    else outcome.then((late) => answerPost(call, late)).catch((error) => fail(call, error))
  }

  function get(call: CallbackCall, id: ConnectionId): void {
    const found = registry.get(id)
    if (found instanceof Promise) found.then((late) => answerGet(call, late)).catch((error) => fail(call, error))
    else answerGet(call, found)
  }

  function disconnect(call: CallbackCall, id: ConnectionId, query: string): void {
    const close = closeParameters(query)
    if (close === null) return call.refuse('INVALID_CLOSE_PARAMETERS', `: ${closeParametersRule}`)
    const outcome = registry.disconnect(id, close.code, close.reason, call.reachedApi)
    if (typeof outcome === 'string') answerDelete(call, outcome)
    else outcome.then((late) => answerDelete(call, late)).catch((error) => fail(call, error))
  }

  function fail(call: CallbackCall, error: unknown): void {
    if (error instanceof GatewayError) return call.refuse(error.code)
    log.error({ err: error, api: call.stage.apiId }, 'a callback failed')
    call.refuse('INTERNAL_ERROR')
  }

  return handle
}

function operationOf(method: string): CallbackOperation | null {
  if (method === 'POST') return 'post'
  if (method === 'GET') return 'get'
  return method === 'DELETE' ? 'delete' : null
}

/** Answers the call itself when the caller or the id is not good enough. */
function isAdmitted(call: CallbackCall, verdict: CallerVerdict, id: string): boolean {
  if (verdict === 'missing') call.refuse('MISSING_AUTHENTICATION_TOKEN')
  else if (verdict === 'refused') call.refuse('CALLER_REFUSED')
  else if (ownerOfConnectionId(id) === -1) call.refuse('INVALID_CONNECTION_ID', `: ${id}`)
  else return true
  return false
}

function answerPost(call: CallbackCall, outcome: DeliverOutcome): void {
  switch (outcome) {
    case 'sent':
      return call.succeed('')
    case 'gone':
      return call.refuse('CONNECTION_GONE')
    case 'full':
      return call.refuse('CLIENT_BUFFER_FULL')
    case 'unreachable':
      return call.refuse('WORKER_UNREACHABLE')
  }
}

function answerGet(call: CallbackCall, found: ConnectionDescription | null): void {
  if (found === null || (call.reachedApi !== undefined && found.apiId !== call.reachedApi))
    call.refuse('CONNECTION_GONE')
  else call.succeed(connectionJson(found))
}

function answerDelete(call: CallbackCall, outcome: 'closed' | 'gone' | 'unreachable'): void {
  switch (outcome) {
    case 'closed':
      return call.succeedWithoutContent()
    case 'gone':
      return call.refuse('CONNECTION_GONE')
    case 'unreachable':
      return call.refuse('WORKER_UNREACHABLE')
  }
}

/** SDKs send every body as `application/octet-stream`, so that the query must ask too. */
function asksForBinary(request: TransportRequest): boolean {
  if (request.query === '' || new URLSearchParams(request.query).get('frame') !== 'binary') return false
  const [mediaType] = request.header('content-type').split(';', 1)
  return mediaType?.trim().toLowerCase() === 'application/octet-stream'
}
