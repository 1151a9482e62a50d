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
  /** Whether the last send left bytes waiting, and nothing has shown since that the client took them. */
  #waiting = false
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
    this.#native = null
  }

  send(data: string | Uint8Array, binary: boolean): SendOutcome {
    const native = this.#native
    if (native === null) return 'gone'
    if (this.#collected !== null) this.writeCollected()
    if (this.#waiting && this.#isFull(native, 0)) return 'full'
    const result = native.send(data, binary, this.#compress)
    if (result === droppedByLimit) return 'full'
    this.#waiting = result === nowWaiting
    return 'sent'
  }

  sendShared(frame: SharedFrame): SendOutcome {
    const native = this.#native
    if (native === null) return 'gone'
    const { turn, maxBufferedBytes } = this.#desk
    turn.makeRoom()
    const collected = this.#collected
    const bytes = collected === null ? 0 : collected.bytes
    if (bytes > maxBufferedBytes || (this.#waiting && this.#isFull(native, bytes))) return 'full'
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
      this.#waiting = native.send(data, binary, this.#compress) === nowWaiting
      return
    }
    native.cork(() => {
      for (const { data, binary } of collected.inOrder) native.send(data, binary, this.#compress)
    })
    // Inside of a cork a send does not know.
    this.#waiting = native.getBufferedAmount() > 0
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

  /**
   * Whether too many bytes wait, with so many that are collected. Asked only after a send that left bytes waiting: a client that keeps up costs no
   * second native call.
   */
  #isFull(native: NativeSocket<Data>, collectedBytes: number): boolean {
    return native.getBufferedAmount() + collectedBytes > this.#desk.maxBufferedBytes
  }
}
