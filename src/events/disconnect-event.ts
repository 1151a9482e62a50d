import type { ConnectionRecord } from '../vocabulary/connection.ts'
import type { ContextSource } from './context-source.ts'
import { RecordedEvent, recordedContext } from './recorded-event.ts'

/** A connection has ended. */
export class DisconnectEvent extends RecordedEvent {
  readonly eventType = 'DISCONNECT'
  /** The close code (RFC 6455 §7.4). */
  readonly disconnectStatusCode: number
  /** The close reason; empty where the close frame had none. */
  readonly disconnectReason: string

  constructor(
    record: ConnectionRecord,
    disconnectStatusCode: number,
    disconnectReason: string,
    requestTimeEpoch: number,
  ) {
    super(record, '$disconnect', requestTimeEpoch, null)
    this.disconnectStatusCode = disconnectStatusCode
    this.disconnectReason = disconnectReason
  }
}

export const disconnectContext: ContextSource<DisconnectEvent> = {
  ...recordedContext,
  authorization: null,
  messageId: null,
  disconnectStatusCode: ({ disconnectStatusCode }) => disconnectStatusCode,
  disconnectReason: ({ disconnectReason }) => disconnectReason,
}
