import type { WebSocket } from 'uWebSockets.js'
import type { SendOutcome } from '../../vocabulary/frames.ts'
import { cutReason } from '../close-reason.ts'
import type { Socket } from '../contract.ts'

/** The members that uWebSockets.js keeps for a connection: it sets them on the WebSocket itself. */
export interface UserData<Data> {
  socket: UwsSocket<Data>
}

export type NativeSocket<Data> = WebSocket<UserData<Data>> & UserData<Data>

const droppedByLimit = 2
const nowWaiting = 0

/** A connection's socket, and all that this room keeps for it: no closures, no headers, no buffers. */
export class UwsSocket<Data> implements Socket {
  readonly data: Data
  /** Whether this side has ended the socket: by `end`, `terminate` or the transport's `close`. */
  endedHere = false
  readonly #maxBufferedBytes: number
  readonly #compress: boolean
  /** Whether the last send left bytes waiting, and nothing has shown since that the client took them. */
  #waiting = false
  #native: NativeSocket<Data> | null = null

  constructor(data: Data, maxBufferedBytes: number, compress: boolean) {
    this.data = data
    this.#maxBufferedBytes = maxBufferedBytes
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
    if (this.#waiting && this.#isFull(native)) return 'full'
    const result = native.send(data, binary, this.#compress)
    if (result === droppedByLimit) return 'full'
    this.#waiting = result === nowWaiting
    return 'sent'
  }

  end(code: number, reason: string): void {
    const native = this.#native
    if (native === null) return
    this.endedHere = true
    native.end(code, cutReason(reason))
  }

  terminate(): void {
    const native = this.#native
    if (native === null) return
    this.endedHere = true
    native.close()
  }

  bufferedBytes(): number {
    return this.#native?.getBufferedAmount() ?? 0
  }

  /**
   * Whether too many bytes wait. Asked only after a send that left bytes waiting: a client that keeps up costs no
   * second native call.
   */
  #isFull(native: NativeSocket<Data>): boolean {
    return native.getBufferedAmount() > this.#maxBufferedBytes
  }
}
