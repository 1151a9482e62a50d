import type { CallerAccess } from '../authorizers/contract.ts'
import { answeredFailure } from '../events/answered-failure.ts'
import type { CallbackEvent } from '../events/callback-event.ts'
import type { FirstCall, KeptAnswer } from '../idempotency/contract.ts'
import type { Counter } from '../observability/contract.ts'
import {
  type CallbackAnswer,
  callbackAgain,
  callbackError,
  callbackSuccess,
  callbackWithoutContent,
} from '../responses/callback-answer.ts'
import type { AnswerBody, HttpExchange, StreamedExchange } from '../transport/contract.ts'
import type { CallbackOperation } from '../vocabulary/callback-operations.ts'
import type { ErrorCode } from '../vocabulary/errors.ts'
import type { ThrottleCause } from '../vocabulary/throttle-causes.ts'

/** The stage in a callback's URL; a compiled stage is one. */
export interface CallbackStage {
  readonly apiId: string
  readonly name: string
  /** Writes a row of the access log; null when there is none: nothing is then collected for one. */
  readonly accessLog: ((event: CallbackEvent) => void) | null
  errors(code: ErrorCode): Counter
  /** The counter of the requests that one limit refused. */
  throttled(cause: ThrottleCause): Counter
  /** Whether pages of an origin may connect: the header as it came; `host` is the request's own authority. */
  allowsOrigin(origin: string, host: string): boolean
  /** Counts an answer for the stage's API, by operation. */
  readonly callbacks: Readonly<Record<CallbackOperation, CountStatus>>
  /** The permission that each operation asks for. */
  readonly callbackAccess: Readonly<Record<CallbackOperation, CallerAccess>>
}

/** The target where a callback came in. */
export interface CallbackTarget {
  readonly stage: CallbackStage
  /** The authority that the caller used. */
  readonly domainName: string
  /** The path after the stage, not decoded, with its leading slash. */
  readonly rest: string
  /** Connections of any API are reached here, not those of the stage's alone. */
  readonly anyApi: boolean
}

/** Counts one answer of one operation and API. */
export type CountStatus = (status: number) => void

/** One call of `@connections` and everything that its answer owes: headers, counters, the access-log line. */
export class CallbackCall {
  readonly exchange: HttpExchange
  readonly stage: CallbackStage
  /** The API whose connections are reached; undefined for any. */
  readonly reachedApi: string | undefined
  private readonly now: number
  private readonly count: CountStatus | null
  private readonly event: CallbackEvent | null
  /** The claim under which the call is made; null where it may be made again and again. */
  private claim: FirstCall | null = null

  /** `count` is null for what is no operation of the API, `event` where there is no access log. */
  constructor(
    exchange: HttpExchange,
    target: CallbackTarget,
    now: number,
    count: CountStatus | null,
    event: CallbackEvent | null,
  ) {
    this.exchange = exchange
    this.stage = target.stage
    this.reachedApi = target.anyApi ? undefined : target.stage.apiId
    this.now = now
    this.count = count
    this.event = event
  }

  /** Has the answer kept under an Idempotency-Key, before it is given. */
  keepUnder(claim: FirstCall): void {
    this.claim = claim
  }

  /** Answers 200, or another status of success, with a JSON text or an empty one. */
  succeed(body: string, status = 200, type?: string): void {
    this.answer(callbackSuccess(body, this.event, this.now, status, type === undefined ? type : ['Content-Type', type]))
  }

  /** Begins an answer 200 that is written piece by piece, over the call's own exchange; null when nobody waits for it. */
  begin(exchange: StreamedExchange, contentType: string): AnswerBody | null {
    const answer = callbackSuccess('', this.event, this.now, 200, ['Content-Type', contentType])
    const body = exchange.begin(answer.status, answer)
    if (body !== null) this.told(answer.status)
    return body
  }

  /** Answers as the first call under the same Idempotency-Key was answered. */
  repeat(answer: KeptAnswer): void {
    this.answer(callbackAgain(answer, this.event, this.now))
  }

  /** Answers 204. */
  succeedWithoutContent(): void {
    this.answer(callbackWithoutContent(this.event, this.now))
  }

  /**
   * Answers with a row of the error table; `detail` stands behind its message, and `retryAfter`, in seconds, in a header.
   */
  refuse(code: ErrorCode, detail: string | null = null, retryAfter: number | null = null): void {
    this.stage.errors(code).value++
    if (this.event !== null) {
      const failure = answeredFailure(code)
      // AWS's log rows of a 410 have a status and no error.
      if (detail !== null) this.event.failure = { ...failure, message: failure.message + detail }
      else if (failure.message !== '') this.event.failure = failure
    }
    this.answer(callbackError({ code, detail, retryAfter }, this.event, this.now))
  }

  private answer(answer: CallbackAnswer): void {
    const { claim } = this
    if (claim === null) return this.give(answer)
    this.claim = null
    // Nothing was done for a caller who was held off: he may come again with the same key.
    const kept = answer.status === 429 ? claim.forget() : claim.keep(answer)
    void kept.then(() => this.give(answer))
  }

  private give(answer: CallbackAnswer): void {
    this.exchange.respond(answer.status, answer, answer.body)
    this.told(answer.status)
  }

  private told(status: number): void {
    this.count?.(status)
    if (this.event === null) return
    this.event.status = status
    this.stage.accessLog?.(this.event)
  }
}
