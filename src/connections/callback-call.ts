import { answeredFailure } from '../events/answered-failure.ts'
import { CallbackEvent } from '../events/callback-event.ts'
import type { Counter } from '../observability/contract.ts'
import type { HttpExchange } from '../transport/contract.ts'
import { type ErrorCode, errorTable } from '../vocabulary/errors.ts'
import type { HeaderList } from '../vocabulary/headers.ts'
import { allocateRequestId, allocateTraceId, allocateUuid } from '../vocabulary/ids.ts'

/** The stage in a callback's URL; a compiled stage is one. */
export interface CallbackStage {
  readonly apiId: string
  readonly name: string
  /** Null when there is no access log: nothing is then collected for one. */
  readonly accessLog: ((event: CallbackEvent) => void) | null
  errors(code: ErrorCode): Counter
}

/** Where a callback came in. */
export interface CallbackTarget {
  readonly stage: CallbackStage
  /** The authority that the caller used. */
  readonly domainName: string
  /** The path after the stage, not decoded, with its leading slash. */
  readonly rest: string
  /** Connections of any API are reached here, not those of the stage's alone. */
  readonly anyApi: boolean
}

/** The series of one operation and API. */
export type CountStatus = (status: number) => void

type Header = HeaderList[number]

const json: Header = ['Content-Type', 'application/json']

/** What is made of a row of the error table once, instead of for every answer. */
interface PreparedRefusal {
  readonly status: number
  readonly errorType: Header
  readonly message: string
  readonly body: string
}
const prepared = new Map<ErrorCode, PreparedRefusal>()

/** One call of `@connections` and everything that its answer owes: headers, counters, the access-log line. */
export class CallbackCall {
  readonly exchange: HttpExchange
  readonly stage: CallbackStage
  /** The API whose connections are reached; undefined for any. */
  readonly reachedApi: string | undefined
  private readonly now: number
  private readonly count: CountStatus | null
  private readonly event: CallbackEvent | null

  /** `count` is null for what is no operation of the API. */
  constructor(
    exchange: HttpExchange,
    target: CallbackTarget,
    connectionId: string | null,
    now: number,
    count: CountStatus | null,
  ) {
    this.exchange = exchange
    this.stage = target.stage
    this.reachedApi = target.anyApi ? undefined : target.stage.apiId
    this.now = now
    this.count = count
    this.event = target.stage.accessLog === null ? null : eventOf(exchange, target, connectionId ?? '', now)
  }

  /** 200 with a JSON body or an empty one. */
  succeed(body: string): void {
    this.answer(200, [json, this.requestId(), this.shortId(), this.traceId()], body)
  }

  /** 204. */
  succeedWithoutContent(): void {
    this.answer(204, [this.requestId(), this.shortId(), this.traceId()], null)
  }

  /** A row of the error table; `detail` stands behind its message. */
  refuse(code: ErrorCode, detail?: string): void {
    const { status, errorType, message, body } = refusal(code)
    const text = detail === undefined ? message : message + detail
    const headers = [json, this.requestId(), this.shortId(), errorType]
    // AWS sends its trace id with every answer but 400.
    if (status !== 400) headers.push(this.traceId())
    this.stage.errors(code).value++
    // AWS's log rows of a 410 have a status and no error.
    if (this.event !== null && message !== '') {
      const failure = answeredFailure(code)
      this.event.failure = detail === undefined ? failure : { ...failure, message: text }
    }
    this.answer(status, headers, detail === undefined ? body : JSON.stringify({ message: text }))
  }

  private requestId(): Header {
    return ['x-amzn-RequestId', allocateUuid()]
  }

  private shortId(): Header {
    return ['x-amz-apigw-id', this.event === null ? allocateRequestId() : this.event.requestId]
  }

  private traceId(): Header {
    return ['x-amzn-trace-id', this.event === null ? allocateTraceId(this.now) : this.event.traceId]
  }

  private answer(status: number, headers: HeaderList, body: string | null): void {
    this.exchange.respond(status, { own: headers }, body)
    this.count?.(status)
    if (this.event === null) return
    this.event.status = status
    this.stage.accessLog?.(this.event)
  }
}

function eventOf(
  { request }: HttpExchange,
  { stage, domainName }: CallbackTarget,
  connectionId: string,
  now: number,
): CallbackEvent {
  return new CallbackEvent({
    apiId: stage.apiId,
    stage: stage.name,
    method: request.method,
    domainName,
    connectionId,
    sourceIp: request.remoteAddress(),
    userAgent: request.header('user-agent') || null,
    requestTimeEpoch: now,
  })
}

function refusal(code: ErrorCode): PreparedRefusal {
  let known = prepared.get(code)
  if (known === undefined) {
    const { status, errorType, message } = errorTable[code]
    const body = message === '' ? '' : JSON.stringify({ message })
    known = { status, errorType: ['x-amzn-ErrorType', errorType], message, body }
    prepared.set(code, known)
  }
  return known
}
