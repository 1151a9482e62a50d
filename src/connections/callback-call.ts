import type { CallerAccess } from '../authorizers/contract.ts'
import { answeredFailure } from '../events/answered-failure.ts'
import type { CallbackEvent } from '../events/callback-event.ts'
import type { Counter } from '../observability/contract.ts'
import {
  type CallbackAnswer,
  callbackError,
  callbackSuccess,
  callbackWithoutContent,
} from '../responses/callback-answer.ts'
import type { HttpExchange } from '../transport/contract.ts'
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

  /** Answers 200 with a JSON text or an empty one. */
  succeed(body: string): void {
    this.answer(callbackSuccess(body, this.event, this.now))
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
    this.exchange.respond(answer.status, answer, answer.body)
    this.count?.(answer.status)
    if (this.event === null) return
    this.event.status = answer.status
    this.stage.accessLog?.(this.event)
  }
}
