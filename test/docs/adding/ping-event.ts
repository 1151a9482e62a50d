import type { ContextSource } from '../../../src/events/context-source.ts'
import { RecordedEvent, recordedContext } from '../../../src/events/recorded-event.ts'
import type { ConnectionRecord } from '../../../src/vocabulary/connection.ts'

/** A ping of a client. */
export class PingEvent extends RecordedEvent {
  readonly eventType = 'PING'

  constructor(record: ConnectionRecord, requestTimeEpoch: number) {
    super(record, '$ping', requestTimeEpoch, null)
  }
}

export const pingContext: ContextSource<PingEvent> = {
  ...recordedContext,
  authorization: null,
  messageId: null,
  disconnectStatusCode: null,
  disconnectReason: null,
}
