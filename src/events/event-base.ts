import { allocateRequestId, allocateTraceId } from '../vocabulary/ids.ts'
import type { AnsweredFailure } from './answered-failure.ts'

/**
 * The members that an event has whatever its kind. The identifiers are made when they are first read: most messages
 * never need theirs.
 */
export abstract class EventBase {
  abstract readonly apiId: string
  /** The name of the stage. */
  abstract readonly stage: string
  readonly routeKey: string
  /** The time when the event came, in milliseconds since 1970. */
  readonly requestTimeEpoch: number

  /** The HTTP status of the handshake, of the integration's answer, or of the callback; null until one is known. */
  status: number | null = null
  /** The failure that the client or caller was told of; null as long as there is none. */
  failure: AnsweredFailure | null = null

  #requestId: string | null = null
  #traceId: string | null

  /** `traceId` is the client's own; null to make one. */
  constructor(routeKey: string, requestTimeEpoch: number, traceId: string | null) {
    this.routeKey = routeKey
    this.requestTimeEpoch = requestTimeEpoch
    this.#traceId = traceId
  }

  /** The id of the event; AWS's `extendedRequestId` is equal to it. */
  get requestId(): string {
    this.#requestId ??= allocateRequestId()
    return this.#requestId
  }

  /** The trace id: `Root=1-<8 hex of seconds>-<24 hex>`, or the client's own. */
  get traceId(): string {
    this.#traceId ??= allocateTraceId(this.requestTimeEpoch)
    return this.#traceId
  }
}
