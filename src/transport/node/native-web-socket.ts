import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import { type Deflate, deflateName } from './deflate.ts'

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

/** Milliseconds for a client to end a connection that was closed, and to take what still waits for it. */
const closeInMillis = 30_000

/** The options of ws that a socket of a server reads. */
const socketOptions = { autoPong: false, closeTimeout: closeInMillis }

/** The limits that ws keeps for what a client sends. */
export interface FrameLimits {
  /** Whether several messages may be handed on in one turn. */
  readonly allowSynchronousEvents: boolean
  /** Parts of a frame, and frames of a message, that may wait to be put together. */
  readonly maxBufferedChunks: number
  readonly maxFragments: number
  readonly maxPayload: number
  readonly skipUTF8Validation: boolean
}

/** The members by which the server of ws makes an open socket, and which its types leave out. */
interface Openable {
  _extensions: Record<string, Deflate>
  setSocket(tcp: Duplex, head: Buffer, limits: FrameLimits): void
}

/** A socket of ws that hands its events to one listener: no closures, no lists of listeners, nothing lost on the way. */
export class NativeWebSocket extends WebSocket {
  /** The listener; null once nobody wants to hear any more. */
  listener: FrameListener | null = null

  constructor() {
    // As the server of ws makes one; the types know no options beside a null.
    super(null as unknown as string, undefined, socketOptions as object)
  }

  /** Opens the socket over a connection whose handshake is answered; `head` is what came behind the request. */
  attach(tcp: Duplex, head: Buffer, limits: FrameLimits, deflate: Deflate | null): void {
    const openable = this as unknown as Openable
    if (deflate !== null) openable._extensions = { [deflateName]: deflate }
    openable.setSocket(tcp, head, limits)
  }

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
