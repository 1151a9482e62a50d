import type { WebSocket } from 'uWebSockets.js'
import type { SendOutcome } from '../../vocabulary/frames.ts'
import type { SharedFrame } from '../../vocabulary/shared-frame.ts'
import { cutReason } from '../close-reason.ts'
import type { Socket } from '../contract.ts'
import type { CollectedFrames, CollectingSocket, TurnWrites } from '../turn-writes.ts'

/** The members that uWebSockets.js keeps for a connection: it sets them on the WebSocket itself. */
export interface UserData<Data> {
  socket: UwsSocket<Data>
}

export type NativeSocket<Data> = WebSocket<UserData<Data>> & UserData<Data>

/** The state that all sockets of one transport share. */
export interface SocketDesk {
  readonly maxBufferedBytes: number
  readonly turn: TurnWrites
  /** The sum of what waits for all clients. */
  readonly waiting: { total: number }
}

const droppedByLimit = 2
const nowWaiting = 0

/** A connection's socket, and all that this room keeps for it: no closures, no headers, no buffers. */
export class UwsSocket<Data> implements Socket, CollectingSocket {
  readonly data: Data
  /** Whether this side has ended the socket: by `end`, `terminate` or the transport's `close`. */
  endedHere = false
  readonly #desk: SocketDesk
  readonly #compress: boolean
  /** Bytes that wait, as far as sends and drains have shown. */
  #waitingBytes = 0
  #awaitsDrain = false
  /** The messages that are written at the end of the turn; null for none. */
  #collected: CollectedFrames | null = null
  #native: NativeSocket<Data> | null = null

  constructor(data: Data, desk: SocketDesk, compress: boolean) {
    this.data = data
    this.#desk = desk
    this.#compress = compress
  }

  opened(native: NativeSocket<Data>): void {
    this.#native = native
  }

  /** Lets go of the native socket, which throws on every call once it is closed, before anybody hears of the end. */
  closed(): void {
    this.#desk.waiting.total -= this.#waitingBytes
    this.#waitingBytes = 0
    this.#native = null
  }

  /** Takes note that the client has taken some of what waited; gives whether somebody waits for all of it. */
  drained(): boolean {
    const native = this.#native
    if (native === null) return false
    this.#recount(native)
    if (!this.#awaitsDrain || this.#waitingBytes > 0) return false
    this.#awaitsDrain = false
    return true
  }

  send(data: string | Uint8Array, binary: boolean): SendOutcome {
    const native = this.#native
    if (native === null) return 'gone'
    if (this.#collected !== null) this.writeCollected()
    if (this.#waitingBytes > 0 && this.#isFull(native, 0)) return 'full'
    const result = native.send(data, binary, this.#compress)
    if (result === droppedByLimit) return 'full'
    if (result === nowWaiting || this.#waitingBytes > 0) this.#recount(native)
    return 'sent'
  }

  sendShared(frame: SharedFrame): SendOutcome {
    const native = this.#native
    if (native === null) return 'gone'
    const { turn, maxBufferedBytes } = this.#desk
    turn.makeRoom()
    const collected = this.#collected
    const bytes = collected === null ? 0 : collected.bytes
    if (bytes > maxBufferedBytes || (this.#waitingBytes > 0 && this.#isFull(native, bytes))) return 'full'
    if (collected === null) turn.add(this)
    this.#collected = turn.with(collected, frame)
    return 'sent'
  }

  writeCollected(): void {
    const collected = this.#collected
    const native = this.#native
    this.#collected = null
    if (collected === null || native === null) return
    if (collected.count === 1) {
      const { data, binary } = collected.newest
      const result = native.send(data, binary, this.#compress)
      if (result === nowWaiting || this.#waitingBytes > 0) this.#recount(native)
      return
    }
    native.cork(() => {
      for (const { data, binary } of collected.inOrder) native.send(data, binary, this.#compress)
    })
    // Inside of a cork a send does not know.
    this.#recount(native)
  }

  end(code: number, reason: string): void {
    const native = this.#native
    if (native === null) return
    if (this.#collected !== null) this.writeCollected()
    this.endedHere = true
    native.end(code, cutReason(reason))
  }

  terminate(): void {
    const native = this.#native
    if (native === null) return
    if (this.#collected !== null) this.writeCollected()
    this.endedHere = true
    native.close()
  }

  bufferedBytes(): number {
    const native = this.#native
    if (native === null) return 0
    return native.getBufferedAmount() + (this.#collected === null ? 0 : this.#collected.bytes)
  }

  isWaiting(): boolean {
    return this.#waitingBytes > 0
  }

  awaitDrain(): void {
    this.#awaitsDrain = true
  }

  #recount(native: NativeSocket<Data>): void {
    const bytes = native.getBufferedAmount()
    this.#desk.waiting.total += bytes - this.#waitingBytes
    this.#waitingBytes = bytes
  }

  /**
   * Whether too many bytes wait, with so many that are collected. Asked only after a send that left bytes waiting: a client that keeps up costs no
   * second native call.
   */
  #isFull(native: NativeSocket<Data>, collectedBytes: number): boolean {
    return native.getBufferedAmount() + collectedBytes > this.#desk.maxBufferedBytes
  }
}
