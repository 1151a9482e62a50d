import type { Duplex } from 'node:stream'
import type { SendOutcome } from '../../vocabulary/frames.ts'
import type { ListItem } from '../../vocabulary/linked-list.ts'
import type { SharedFrame } from '../../vocabulary/shared-frame.ts'
import { cutReason } from '../close-reason.ts'
import type { CloseCause, Socket } from '../contract.ts'
import type { CollectedFrames, CollectingSocket, TurnWrites } from '../turn-writes.ts'
import type { FrameListener, NativeWebSocket } from './native-web-socket.ts'
import type { PingClock, Pinged } from './ping-clock.ts'
import { frameBytes, joinedBytes, maxJoined } from './shared-frames.ts'
import { maxCopied, shortFrame } from './short-frame.ts'

/** The state that all sockets of one transport share, and whom they tell. */
export interface SocketDesk<Data> {
  readonly maxBufferedBytes: number
  readonly turn: TurnWrites
  /** The sum of what waits for all clients. */
  readonly waiting: { total: number }
  readonly pings: PingClock<NodeSocket<Data>>
  received(data: Data, message: Buffer, isBinary: boolean): void
  pinged(data: Data): void
  drained(data: Data): void
  closed(socket: NodeSocket<Data>, code: number, reason: string, cause: CloseCause): void
}

const asText = { binary: false }
const asBinary = { binary: true }
const open = 1
const nothing = Buffer.alloc(0)

/** A connection's socket over ws. */
export class NodeSocket<Data> implements Socket, CollectingSocket, FrameListener, Pinged {
  readonly data: Data
  earlier: ListItem | null = null
  later: ListItem | null = null
  heardAt = 0
  awaitsPong = false
  markAtPing = 0
  readonly #desk: SocketDesk<Data>
  readonly #tcp: Duplex & { readonly bytesRead?: number }
  /** Bits of the window of permessage-deflate for what is sent; 0 without compression. */
  readonly #windowBits: number
  /** The messages that are written at the end of the turn; null for none. */
  #collected: CollectedFrames | null = null
  /** Bytes that the operating system has not taken, as they were counted last. */
  #waitingBytes = 0
  /** Whether it is watched when they are gone. */
  #isWatched = false
  #awaitsDrain = false
  #native: NativeWebSocket | null

  constructor(data: Data, native: NativeWebSocket, tcp: Duplex, windowBits: number, desk: SocketDesk<Data>) {
    this.data = data
    this.#native = native
    this.#tcp = tcp
    this.#windowBits = windowBits
    this.#desk = desk
    native.listener = this
    desk.pings.add(this)
  }

  send(data: string | Uint8Array, binary: boolean): SendOutcome {
    const native = this.#native
    if (native === null || native.readyState !== open) return 'gone'
    if (this.#collected !== null) this.writeCollected()
    if (native.bufferedAmount > this.#desk.maxBufferedBytes) return 'full'
    // Without compression ws queues nothing, so that what is written here keeps its place.
    if (this.#windowBits === 0 && data.length <= maxCopied) this.#tcp.write(shortFrame(data, binary))
    else native.send(data, binary ? asBinary : asText)
    if (this.#tcp.writableLength !== this.#waitingBytes) this.#recount()
    return 'sent'
  }

  sendShared(frame: SharedFrame): SendOutcome {
    const native = this.#native
    if (native === null || native.readyState !== open) return 'gone'
    const { turn, maxBufferedBytes } = this.#desk
    turn.makeRoom()
    const collected = this.#collected
    if (native.bufferedAmount + (collected === null ? 0 : collected.bytes) > maxBufferedBytes) return 'full'
    if (collected === null) turn.add(this)
    this.#collected = turn.with(collected, frame)
    return 'sent'
  }

  writeCollected(): void {
    const collected = this.#collected
    const native = this.#native
    const tcp = this.#tcp
    this.#collected = null
    if (collected === null || native === null || native.readyState !== open) return
    const windowBits = this.#windowBits
    // What ws is compressing at this moment, alone for this client, comes before.
    if (windowBits > 0 && native.bufferedAmount > tcp.writableLength) {
      for (const { data, binary } of collected.inOrder) native.send(data, binary ? asBinary : asText)
    } else if (collected.bytes <= maxJoined) tcp.write(joinedBytes(collected, windowBits))
    else {
      tcp.cork()
      for (const frame of collected.inOrder) tcp.write(frameBytes(frame, windowBits))
      tcp.uncork()
    }
    if (tcp.writableLength !== this.#waitingBytes) this.#recount()
  }

  end(code: number, reason: string): void {
    this.writeCollected()
    const native = this.#release()
    if (native === null) return
    const cut = cutReason(reason)
    native.close(code, cut)
    // What is compressed at this moment comes before the close frame, and must not find the connection ended.
    if (this.#windowBits === 0) this.#tcp.end()
    this.#desk.closed(this, code, cut, 'server')
  }

  terminate(): void {
    this.writeCollected()
    this.drop('server')
  }

  bufferedBytes(): number {
    const native = this.#native
    if (native === null) return 0
    return native.bufferedAmount + (this.#collected === null ? 0 : this.#collected.bytes)
  }

  isWaiting(): boolean {
    return this.#native !== null && this.#tcp.writableLength > 0
  }

  awaitDrain(): void {
    this.#awaitsDrain = true
    this.#watch()
  }

  #recount(): void {
    const bytes = this.#tcp.writableLength
    this.#desk.waiting.total += bytes - this.#waitingBytes
    this.#waitingBytes = bytes
    if (bytes > 0) this.#watch()
  }

  /** Has it told when all that waits now has been taken: the event `drain` says so only of much. */
  #watch(): void {
    if (this.#isWatched) return
    this.#isWatched = true
    this.#tcp.write(nothing, (error) => {
      this.#isWatched = false
      if (this.#native === null || error) return
      this.#recount()
      if (!this.#awaitsDrain || this.#waitingBytes > 0) return
      this.#awaitsDrain = false
      this.#desk.drained(this.data)
    })
  }

  /** Drops the connection without a close frame; the close handler is told 1006 and the cause. */
  drop(cause: CloseCause): void {
    const native = this.#release()
    if (native === null) return
    native.terminate()
    this.#desk.closed(this, 1006, '', cause)
  }

  /** Ends the connection of a client that breaks the protocol. */
  refuse(code: number): void {
    const native = this.#release()
    if (native === null) return
    native.close(code)
    if (this.#windowBits === 0) this.#tcp.end()
    this.#desk.closed(this, code, '', 'protocol')
  }

  ping(): void {
    this.#native?.ping()
  }

  /** A number that has risen when bytes came from the client, or when it took some. */
  trafficMark(): number {
    return (this.#tcp.bytesRead ?? 0) - (this.#native?.bufferedAmount ?? 0)
  }

  received(message: Buffer, isBinary: boolean): void {
    this.#desk.pings.hear(this)
    this.#desk.received(this.data, message, isBinary)
  }

  pinged(payload: Buffer): void {
    const native = this.#native
    if (native === null) return
    this.#desk.pings.hear(this)
    // RFC 6455 §5.5.3 has the last of several pings answered; a client that does not read gets no more of them.
    if (native.readyState === open && native.bufferedAmount <= this.#desk.maxBufferedBytes) native.pong(payload)
    this.#desk.pinged(this.data)
  }

  ponged(): void {
    this.#desk.pings.hear(this)
  }

  failed({ code = '' }: { code?: string }): void {
    if (this.#release() !== null) this.#desk.closed(this, closeCodes[code] ?? codeOf(code), '', 'protocol')
  }

  closed(code: number, reason: Buffer): void {
    if (this.#release() === null) return
    if (code === 1006) this.#desk.closed(this, code, '', 'lost')
    else this.#desk.closed(this, code, reason.toString(), 'client')
  }

  /** Lets go of the native socket: from now on nothing is heard of it, and every call does nothing. */
  #release(): NativeWebSocket | null {
    const native = this.#native
    if (native === null) return null
    this.#native = null
    this.#desk.waiting.total -= this.#waitingBytes
    this.#waitingBytes = 0
    native.listener = null
    this.#desk.pings.remove(this)
    return native
  }
}

/** The close codes that ws sends, by the code of its error; 1002 for all other faults of frames. */
const closeCodes: Readonly<Record<string, number>> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
}

function codeOf(error: string): number {
  // Those of zlib: what came can't be inflated.
  return error.startsWith('Z_') ? 1007 : 1002
}
