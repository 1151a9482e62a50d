import { WebSocket } from 'ws'

/** Called for all that comes from a client, and for its end. */
export interface FrameListener {
  received(message: Buffer, isBinary: boolean): void
  pinged(payload: Buffer): void
  ponged(): void
  /** Called when the client breaks RFC 6455; ws has sent the close frame that says so. */
  failed(error: { readonly code?: string }): void
  /** Called when the TCP connection has ended: with 1006 unless the client has sent a close frame. */
  closed(code: number, reason: Buffer): void
}

/** A socket of ws that hands its events to one listener: no closures, no lists of listeners, nothing lost on the way. */
export class NativeWebSocket extends WebSocket {
  /** The listener; null once nobody wants to hear any more. */
  listener: FrameListener | null = null

  override emit(event: string | symbol, first?: unknown, second?: unknown): boolean {
    const { listener } = this
    if (listener === null) return false
    switch (event) {
      case 'message':
        listener.received(first as Buffer, second as boolean)
        return true
      case 'ping':
        listener.pinged(first as Buffer)
        return true
      case 'pong':
        listener.ponged()
        return true
      case 'error':
        listener.failed(first as { code?: string })
        return true
      case 'close':
        listener.closed(first as number, second as Buffer)
        return true
      default:
        return false
    }
  }
}
