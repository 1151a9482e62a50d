import { MethodEvent } from '../events/method-event.ts'
import type { IntegrationResult } from '../integrations/contract.ts'
import type { Log } from '../observability/contract.ts'
import { apiGatewayRequestId, httpApiAnswer, httpApiError } from '../responses/http-api-answer.ts'
import type { RouteMatch } from '../routing/route-table.ts'
import type { Target } from '../stages/catalog.ts'
import type { HttpRoute, HttpStage } from '../stages/http-stage.ts'
import type { HttpExchange } from '../transport/contract.ts'
import { type ErrorCode, errorTable, GatewayError } from '../vocabulary/errors.ts'
import type { HeaderList } from '../vocabulary/headers.ts'
import { statusClass } from '../vocabulary/status-class.ts'
import { type ThrottleCause, throttleCauses } from '../vocabulary/throttle-causes.ts'
import type { Arrived } from './arrival.ts'

/** A refusal: a row of the error table, and headers of the answer beside the gateway's own. */
export interface MethodRefusal {
  readonly code: ErrorCode
  /** The reason for the log; absent for what the row says. */
  readonly cause?: string
  readonly headers?: HeaderList
}

const noHeaders: HeaderList = []

/** A request for a route of an HTTP API on its way through the steps, and the answer to it, given exactly once. */
export class MethodCall {
  readonly stage: HttpStage
  /** The route; null where none was found. */
  readonly route: HttpRoute | null
  readonly event: MethodEvent
  readonly arrived: Arrived
  readonly #exchange: HttpExchange
  readonly #slot: Target<HttpStage>['slot']
  readonly #log: Log
  readonly #startedAt = performance.now()
  /** The headers that tell a page of another origin what it may do with the answer. */
  readonly #cors: HeaderList
  /** Whether the integration was asked. */
  isAsked = false
  #isOver = false

  constructor(
    exchange: HttpExchange,
    { stage, slot }: Target<HttpStage>,
    arrived: Arrived,
    found: RouteMatch<HttpRoute> | null,
    log: Log,
  ) {
    const origin = stage.cors === null ? '' : exchange.request.header('origin')
    this.stage = stage
    this.route = found?.route ?? null
    this.arrived = arrived
    const pathParameters = found?.pathParameters ?? null
    this.event = new MethodEvent(arrived.arrival, { routeKey: this.route?.routeKey ?? '', pathParameters })
    this.#exchange = exchange
    this.#slot = slot
    this.#log = log
    this.#cors = stage.cors === null || origin === '' ? noHeaders : stage.cors.answer(origin)
    slot.enter()
    exchange.onAborted(() => this.#end())
  }

  /** Whether nobody waits for the answer any more. */
  get isAbandoned(): boolean {
    return this.#exchange.aborted
  }

  /** Answers what the integration answered. */
  succeed({ status, headers, body }: IntegrationResult): void {
    const { route, stage, event } = this
    if (route !== null) {
      this.#observeCall(route)
      if (status >= 400) route.integrationErrors(status < 500 ? '4xx' : '5xx').value++
    }
    // What the API says of other origins holds, whatever a backend says ("Configuring CORS for an HTTP API").
    const own = stage.cors === null ? headers : headers.filter(([name]) => !isCorsHeader(name))
    this.#give(status, [...own, apiGatewayRequestId(event.requestId), ...this.#cors], body)
  }

  /** Answers a preflight: nothing behind the gateway is asked. */
  answerPreflight(headers: HeaderList): void {
    this.#give(204, [...headers, apiGatewayRequestId(this.event.requestId)], null)
  }

  /** Refuses because of a limit; `retryAfter` in seconds, null for unknown. */
  throttle(cause: ThrottleCause, retryAfter: number | null): MethodRefusal {
    this.stage.throttled(cause).value++
    const headers: HeaderList = retryAfter === null ? noHeaders : [['Retry-After', String(retryAfter)]]
    return { code: 'TOO_MANY_REQUESTS', cause: throttleCauses[cause], headers }
  }

  /** Answers what a step threw or rejected with. */
  fail(error: unknown): void {
    const code = error instanceof GatewayError ? error.code : 'INTERNAL_ERROR'
    const { route } = this
    if (route !== null && this.isAsked) {
      this.#observeCall(route)
      route.integrationErrors(code).value++
    }
    this.refuse({ code }, error)
  }

  /** Answers a row of the error table; the client gets the words of HTTP APIs, the log the cause. */
  refuse({ code, cause, headers = noHeaders }: MethodRefusal, error: unknown = null): void {
    const { stage, event } = this
    const { message } = httpApiError(code)
    event.failure = { message, responseType: errorTable[code].responseType, validationErrorString: null }
    stage.errors(code).value++
    const answer = httpApiAnswer(code, [...headers, apiGatewayRequestId(event.requestId), ...this.#cors])
    this.#note(code, answer.status, cause, error)
    this.#give(answer.status, answer.headers, answer.body)
  }

  #note(code: ErrorCode, status: number, cause: string | undefined, error: unknown): void {
    const { event, stage } = this
    const { method } = event.arrival
    const fields = {
      code,
      api: stage.apiId,
      stage: stage.name,
      route: event.routeKey,
      method,
      requestId: event.requestId,
    }
    if (code === 'INTERNAL_ERROR') this.#log.error({ ...fields, err: error }, 'a step of the gateway failed')
    else if (status >= 500) this.#log.warn({ ...fields, err: error ?? undefined, cause }, 'integration failed')
    else this.#log.debug({ ...fields, cause }, 'request refused')
  }

  #observeCall(route: HttpRoute): void {
    const { integration } = this.event
    if (integration !== null) route.duration.observe(integration.latencyInMillis / 1000)
  }

  #give(status: number, headers: HeaderList, body: string | Uint8Array | null): void {
    const { event, route, stage } = this
    const millis = performance.now() - this.#startedAt
    event.status = status
    event.responseLength = body === null ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
    event.responseLatency = Math.round(millis)
    this.#exchange.respond(status, headers, body)
    if (route !== null) {
      route.answered(statusClass(status)).value++
      route.latency.observe(millis / 1000)
    }
    stage.accessLog?.(event)
    this.#end()
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#slot.leave()
  }
}

function isCorsHeader(name: string): boolean {
  return /^access-control-/i.test(name)
}
