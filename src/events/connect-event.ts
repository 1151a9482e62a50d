import type { ConnectionRecord } from '../vocabulary/connection.ts'
import type { HeaderList } from '../vocabulary/headers.ts'
import type { ContextSource } from './context-source.ts'
import type { IntegrationReport } from './integration-report.ts'
import { RecordedEvent, recordedContext } from './recorded-event.ts'

/** The contents of the client's handshake; copied once, before the first await. */
export interface ConnectRequest {
  /**
   * The headers in their order, in the usual spelling (`User-Agent`), without Connection, Upgrade and Content-Length;
   * the gateway has added X-Amzn-Trace-Id, X-Forwarded-For, X-Forwarded-Port and X-Forwarded-Proto.
   */
  readonly headers: HeaderList
  /** The query's names and values, decoded, in order; empty when there was no query string. */
  readonly query: HeaderList
}

/** A client asks for a connection: its handshake, from the allocation of the connection id to the answer. */
export class ConnectEvent extends RecordedEvent {
  readonly eventType = 'CONNECT'
  /** The copy of the handshake; null until it is made, which is only where a `$connect` route is about to be called. */
  request: ConnectRequest | null = null
  /** The call of the function that decides about clients; null where none was asked. */
  authorization: IntegrationReport | null = null

  /** `traceId` is the client's own; null to make one. */
  constructor(record: ConnectionRecord, requestTimeEpoch: number, traceId: string | null) {
    super(record, '$connect', requestTimeEpoch, traceId)
  }
}

export const connectContext: ContextSource<ConnectEvent> = {
  ...recordedContext,
  authorization: ({ authorization }) => authorization,
  messageId: null,
  disconnectStatusCode: null,
  disconnectReason: null,
}
