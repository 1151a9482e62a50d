import type { ConnectionRecord } from '../vocabulary/connection.ts'
import { allocateRequestId, allocateTraceId } from '../vocabulary/ids.ts'

export type EventType = 'CONNECT' | 'MESSAGE' | 'DISCONNECT' | 'CONNECTION_API'

/**
 * One event in a connection's life, as events, mapping templates and access logs see it.
 *
 * The identifiers are made when they are first read: most messages never need theirs. The members after
 * `requestTimeEpoch` are written by the step that learns them and read by the access log.
 */
export class RequestContext {
  readonly connection: ConnectionRecord
  readonly eventType: EventType
  readonly routeKey: string
  /** Milliseconds since 1970. */
  readonly requestTimeEpoch: number

  /** HTTP status of the handshake, of the integration's answer, or of the callback; 0 before it is known. */
  status = 0
  disconnectStatusCode: number | null = null
  disconnectReason: string | null = null
  errorMessage: string | null = null
  errorResponseType: string | null = null
  validationErrorString: string | null = null
  /** Milliseconds; null where no integration was called. */
  integrationLatency: number | null = null
  integrationStatus: number | null = null
  integrationErrorMessage: string | null = null
  integrationRequestId: string | null = null

  #requestId: string | null = null
  #messageId: string | null = null
  #traceId: string | null

  constructor(
    connection: ConnectionRecord,
    eventType: EventType,
    routeKey: string,
    requestTimeEpoch: number,
    traceId: string | null = null,
  ) {
    this.connection = connection
    this.eventType = eventType
    this.routeKey = routeKey
    this.requestTimeEpoch = requestTimeEpoch
    this.#traceId = traceId
  }

  /** Equal to AWS's `extendedRequestId` too. */
  get requestId(): string {
    this.#requestId ??= allocateRequestId()
    return this.#requestId
  }

  /** Null but for MESSAGE. */
  get messageId(): string | null {
    if (this.eventType !== 'MESSAGE') return null
    this.#messageId ??= allocateRequestId()
    return this.#messageId
  }

  /** `Root=1-<8 hex of seconds>-<24 hex>`, the client's own when it sent one. */
  get traceId(): string {
    this.#traceId ??= allocateTraceId(this.requestTimeEpoch)
    return this.#traceId
  }
}
