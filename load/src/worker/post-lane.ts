import type { Socket } from 'node:net'
import { ProtocolFault } from '../client/frame-codec.ts'
import type { Endpoint } from '../client/raw-connection.ts'
import { openSocket } from '../client/raw-connection.ts'
import { ResponseReader } from '../client/response-reader.ts'
import { describeError, type Traffic } from '../client/web-socket.ts'

/** The outcome of a POST: a status, or why there is none. */
export type PostOutcome = { readonly status: number } | { readonly failure: string }

/** An HTTP connection with one request under way at a time, kept open in between. */
export class PostLane {
  readonly #endpoint: Endpoint
  readonly #traffic: Traffic
  #socket: Socket | null = null
  #settle: ((outcome: PostOutcome) => void) | null = null
  #sentAt = 0

  constructor(endpoint: Endpoint, traffic: Traffic) {
    this.#endpoint = endpoint
    this.#traffic = traffic
  }

  get isBusy(): boolean {
    return this.#settle !== null
  }

  /** Time at which the request under way left. */
  get sentAt(): number {
    return this.#sentAt
  }

  /** `settle` is called once, never before this returns. */
  post(request: string, at: number, settle: (outcome: PostOutcome) => void): void {
    this.#settle = settle
    this.#sentAt = at
    const socket = this.#socket ?? this.#open()
    this.#traffic.bytesOut += Buffer.byteLength(request)
    socket.write(request)
  }

  #open(): Socket {
    const reader = new ResponseReader((status, closes) => {
      if (closes) this.#drop(socket)
      this.#done({ status })
    })
    let error = 'the connection ended'
    const socket = openSocket(this.#endpoint, (length, buffer) => {
      if (socket !== this.#socket) return true
      this.#traffic.bytesIn += length
      try {
        reader.read(buffer as Buffer, length)
      } catch (fault) {
        if (!(fault instanceof ProtocolFault)) throw fault
        this.fail(fault.message)
      }
      return true
    })
    socket.on('error', (caught) => {
      error = describeError(caught)
    })
    socket.once('close', () => {
      if (socket !== this.#socket) return
      this.#socket = null
      this.#done({ failure: error })
    })
    this.#socket = socket
    return socket
  }

  /** Gives the request under way up, and the connection with it. */
  fail(failure: string): void {
    if (this.#socket !== null) this.#drop(this.#socket)
    this.#done({ failure })
  }

  #drop(socket: Socket): void {
    if (socket === this.#socket) this.#socket = null
    socket.destroy()
  }

  #done(outcome: PostOutcome): void {
    const settle = this.#settle
    this.#settle = null
    settle?.(outcome)
  }

  close(): void {
    this.fail('the run is over')
  }
}
