import type { ConnectionRecord } from '../vocabulary/connection.ts'
import { allocateRequestId } from '../vocabulary/ids.ts'
import type { ContextSource } from './context-source.ts'
import { RecordedEvent, recordedContext } from './recorded-event.ts'

/** A message of a client. */
export class MessageEvent extends RecordedEvent {
  readonly eventType = 'MESSAGE'
  /** The text of the frame. */
  readonly body: string
  #messageId: string | null = null

  constructor(record: ConnectionRecord, routeKey: string, body: string, requestTimeEpoch: number) {
    super(record, routeKey, requestTimeEpoch, null)
    this.body = body
  }

  /** The id of the message, which is not that of the event; made when it is first read. */
  get messageId(): string {
    this.#messageId ??= allocateRequestId()
    return this.#messageId
  }
}

export const messageContext: ContextSource<MessageEvent> = {
  ...recordedContext,
  authorization: null,
  messageId: ({ messageId }) => messageId,
  disconnectStatusCode: null,
  disconnectReason: null,
}
