import type { AuthorizerResult, TokenLife } from '../authorizers/contract.ts'
import { answeredFailure } from '../events/answered-failure.ts'
import { MessageEvent } from '../events/message-event.ts'
import type { IntegrationResult } from '../integrations/contract.ts'
import { ConnectionTokens } from '../limits/connection-tokens.ts'
import type { TokenBucket } from '../limits/contract.ts'
import type { InvalidBody } from '../models/contract.ts'
import type { Log } from '../observability/contract.ts'
import { badRequestBodyFrame } from '../responses/bad-request-body-frame.ts'
import { errorFrame } from '../responses/error-frame.ts'
import { tokenAcceptedFrame } from '../responses/token-frames.ts'
import type { RevocationCheck } from '../revocations/contract.ts'
import type { WebSocketRoute, WebSocketStage } from '../stages/websocket-stage.ts'
import { type ErrorCode, GatewayError } from '../vocabulary/errors.ts'
import { maxMessageBytes, textFrame } from '../vocabulary/frames.ts'
import type { ThrottleCause } from '../vocabulary/throttle-causes.ts'
import type { Connection } from './connection.ts'
import { recordFailure } from './failure.ts'
import { invokeRoute, recordCallFailure, recordResult } from './invoke.ts'
import type { OpenConnections } from './local-connections.ts'
import type { ThrottledMessages } from './throttled.ts'
import { hasScope, takeToken, tokenIn } from './token-refresh.ts'
import { createValidationTime } from './validation-time.ts'
import type { Work } from './work.ts'

export interface MessageOptions {
  readonly open: OpenConnections
  readonly work: Work
  readonly log: Log
  readonly now: () => number
  /** Messages of one connection that may wait for integrations; above it they get `Too Many Requests`. */
  readonly maxMessagesInFlight: number
  /** The throttle of all requests of the account; null for none. */
  readonly requests: TokenBucket | null
  readonly throttled: ThrottledMessages
  /** Messages of one ordered connection that may wait for their turn; above it the connection is closed. */
  readonly maxOrderedQueue: number
  readonly revocations: RevocationCheck
  /** Called when an open connection has a new token, and the context that comes with it. */
  readonly tokenChanged: (connection: Connection) => void
}

/**
 * Creates the handler of messages: size and kind, then (at once, or in its turn on an ordered stage) route selection,
 * throttle, validation, integration, reply. The frame's bytes are copied into a string before anything is awaited.
 */
export function createMessageHandler(options: MessageOptions) {
  const { open, work, log, now, maxMessagesInFlight, maxOrderedQueue, tokenChanged } = options
  const { requests, throttled, revocations } = options

  const validationTime = createValidationTime(() => performance.now())

  return function message(connection: Connection, bytes: Buffer, isBinary: boolean): void {
    // A frame may follow the gateway's own close frame.
    if (connection.ending !== null) return
    connection.lastActiveAt = now()
    if (isBinary) return open.end(connection, 'binaryNotSupported')
    if (bytes.byteLength > maxMessageBytes) return open.end(connection, 'messageTooBig')
    const stage = connection.slot.current
    if (stage === null) return open.end(connection, 'stageRemoved')
    const text = bytes.toString('utf8')
    if (stage.connectionLimits !== null) {
      connection.allowance ??= new ConnectionTokens()
      const cause = connection.allowance.take(stage.connectionLimits, bytes.byteLength, connection.lastActiveAt)
      if (cause !== null) return throttle(connection, stage, null, text, cause)
    }
    if (stage.ordered && connection.inFlight > 0) wait(connection, text)
    else run(connection, stage, text)
  }

  function wait(connection: Connection, text: string): void {
    connection.waiting ??= []
    if (connection.waiting.length >= maxOrderedQueue) open.end(connection, 'orderedQueueFull')
    else connection.waiting.push(text)
  }

  function run(connection: Connection, stage: WebSocketStage, text: string): void {
    const route = stage.selectRoute(text)
    if (route === null) return refuse(connection, stage, null, text, 'ROUTE_NOT_FOUND')
    route.received.value++
    if (route.scopes !== null && !hasScope(connection, route.scopes)) {
      return refuse(connection, stage, route, text, 'SCOPE_MISSING')
    }
    if (connection.usage !== null) {
      const refusal = connection.usage.take(route.routeKey, connection.lastActiveAt)
      if (refusal === 'TOO_MANY_REQUESTS') return throttle(connection, stage, route, text, 'plan')
      if (refusal === 'QUOTA_EXCEEDED') return throttle(connection, stage, route, text, 'quota')
      if (refusal !== null) return refuse(connection, stage, route, text, refusal)
    }
    if (route.bucket !== null && !route.bucket.take(connection.lastActiveAt)) {
      return throttle(connection, stage, route, text, 'route')
    }
    if (requests !== null && !requests.take(connection.lastActiveAt)) {
      return throttle(connection, stage, route, text, 'account')
    }
    connection.usage?.count(connection.lastActiveAt)
    if (route.validator !== null) {
      if (!validationTime.has(connection)) return refuse(connection, stage, route, text, 'VALIDATION_TIME_EXCEEDED')
      const invalid = route.validator.validate(text)
      validationTime.took(connection, route.validator.took())
      if (invalid !== null) return refuseBody(connection, stage, route, text, invalid)
    }
    // Nothing to render, to call or to log: the reply was made at load.
    if (route.constant !== null && stage.accessLog === null) {
      if (route.constant.reply !== null) reply(connection, route, route.constant.reply)
      return
    }
    invoke(connection, stage, route, text)
  }

  function invoke(connection: Connection, stage: WebSocketStage, route: WebSocketRoute, text: string): void {
    if (connection.inFlight >= maxMessagesInFlight) return throttle(connection, stage, route, text, 'inFlight')
    const event = new MessageEvent(connection, route.routeKey, text, connection.lastActiveAt)
    let result: IntegrationResult | Promise<IntegrationResult>
    try {
      result = route.refresh === null ? invokeRoute(route, event) : refreshToken(connection, event, route.refresh)
    } catch (error) {
      return fail(connection, stage, route, event, error)
    }
    if (!(result instanceof Promise)) return finish(connection, stage, route, event, result)
    connection.inFlight++
    connection.slot.enter()
    work.begin()
    result.then(
      (value) => {
        settle(connection)
        finish(connection, stage, route, event, value)
        next(connection)
        connection.slot.leave()
      },
      (error) => {
        settle(connection)
        fail(connection, stage, route, event, error)
        next(connection)
        connection.slot.leave()
      },
    )
  }

  /** The answer to a message that brings a new token. It throws or rejects with a `GatewayError`. */
  function refreshToken(
    connection: Connection,
    event: MessageEvent,
    tokens: TokenLife,
  ): IntegrationResult | Promise<IntegrationResult> {
    const token = tokenIn(event.body)
    if (token === null) throw new GatewayError('UNAUTHORIZED', 'the message has no token')
    const judged = tokens.judge(token)
    return judged instanceof Promise
      ? judged.then((late) => answerToken(connection, event, late))
      : answerToken(connection, event, judged)
  }

  function answerToken(connection: Connection, event: MessageEvent, judged: AuthorizerResult): IntegrationResult {
    const code = takeToken(connection, judged, revocations)
    if (code !== null) throw new GatewayError(code, judged.allowed ? undefined : judged.cause)
    if (connection.ending === null) tokenChanged(connection)
    const { connectionId, token } = connection
    return {
      status: 200,
      headers: [],
      body: tokenAcceptedFrame(connectionId, event.requestId, token?.expiresAt ?? null),
    }
  }

  function settle(connection: Connection): void {
    connection.inFlight--
    work.end()
  }

  /** The turn of the messages that wait; those whose integration answers at once follow each other in this loop. */
  function next(connection: Connection): void {
    while (connection.waiting !== null && connection.inFlight === 0) {
      const text = connection.waiting.shift()
      const stage = connection.slot.current
      if (text === undefined || connection.ending !== null || stage === null) {
        connection.waiting = null
        return
      }
      run(connection, stage, text)
    }
  }

  function finish(
    connection: Connection,
    stage: WebSocketStage,
    route: WebSocketRoute,
    event: MessageEvent,
    result: IntegrationResult,
  ): void {
    recordResult(route, event, result)
    if (route.twoWay) reply(connection, route, textFrame(result.body))
    stage.accessLog?.(event)
  }

  function fail(
    connection: Connection,
    stage: WebSocketStage,
    route: WebSocketRoute,
    event: MessageEvent,
    error: unknown,
  ): void {
    const code = recordFailure(error, event, stage, log)
    recordCallFailure(route, event, error)
    reply(connection, route, errorFrame(code, connection.connectionId, event.requestId))
    stage.accessLog?.(event)
  }

  function refuse(
    connection: Connection,
    stage: WebSocketStage,
    route: WebSocketRoute | null,
    text: string,
    code: ErrorCode,
  ): void {
    const routeKey = route?.routeKey ?? '$default'
    const event = new MessageEvent(connection, routeKey, text, connection.lastActiveAt)
    recordFailure(new GatewayError(code), event, stage, log)
    reply(connection, route, errorFrame(code, connection.connectionId, event.requestId))
    stage.accessLog?.(event)
  }

  function throttle(
    connection: Connection,
    stage: WebSocketStage,
    route: WebSocketRoute | null,
    text: string,
    cause: ThrottleCause,
  ): void {
    throttled.note(connection, stage, route?.routeKey ?? null, cause)
    refuse(connection, stage, route, text, cause === 'quota' ? 'QUOTA_EXCEEDED' : 'TOO_MANY_REQUESTS')
  }

  function refuseBody(
    connection: Connection,
    stage: WebSocketStage,
    route: WebSocketRoute,
    text: string,
    { validationErrorString, logText, parts }: InvalidBody,
  ): void {
    const event = new MessageEvent(connection, route.routeKey, text, connection.lastActiveAt)
    recordFailure(new GatewayError('BAD_REQUEST_BODY', logText), event, stage, log)
    event.failure = { ...answeredFailure('BAD_REQUEST_BODY'), validationErrorString }
    const { connectionId } = connection
    const { idMember, details } = stage.badRequestBody
    const frame = badRequestBodyFrame({ connectionId, idMember, id: event[idMember], details: details ? parts : null })
    reply(connection, route, frame)
    stage.accessLog?.(event)
  }

  function reply(connection: Connection, route: WebSocketRoute | null, data: string | Uint8Array): void {
    // A string of n UTF-16 units is at most 3n bytes: only a long one has to be measured.
    if (data.length * 3 > maxMessageBytes && Buffer.byteLength(data) > maxMessageBytes) {
      return open.end(connection, 'messageTooBig')
    }
    const outcome = open.sendTo(connection, data, false)
    if (outcome === 'full') open.end(connection, 'slowConsumer')
    else if (outcome === 'sent' && route !== null) route.sent.value++
  }
}
