import type { ServerResponse } from 'node:http'
import type { Log } from '../../observability/contract.ts'
import type { HeaderList, OwnHeaders } from '../../vocabulary/headers.ts'
import { BodyReader } from '../body-reader.ts'
import type { AnswerBody, BodyFlow, StreamedExchange } from '../contract.ts'
import { PendingRequest } from '../pending-request.ts'
import type { HttpConnection } from './http-connection.ts'
import type { ReceivedMessage } from './received-message.ts'
import type { NodeRequest } from './request.ts'
import { writeHead, writeResponse } from './response.ts'

/** Milliseconds without progress after which a client that does not read its answer is dropped. */
const readerTimeoutInMillis = 30_000

/** The state that all exchanges of one transport share. */
export interface ExchangeDesk {
  readonly log: Log
  readonly isDraining: () => boolean
}

/** The objects of node:http for one request, and the connection over which it came. */
export interface NativeExchange {
  readonly message: ReceivedMessage
  readonly response: ServerResponse
  readonly connection: HttpConnection
}

/** A plain HTTP request and its answer over node:http. */
export class NodeHttpExchange extends PendingRequest implements StreamedExchange {
  readonly request: NodeRequest
  /** Whether the connection ends with the answer, whatever the client asks for. */
  closes = false
  readonly #native: NativeExchange
  readonly #desk: ExchangeDesk

  constructor(request: NodeRequest, native: NativeExchange, desk: ExchangeDesk) {
    super(desk.isDraining)
    this.request = request
    this.#native = native
    this.#desk = desk
  }

  /** Reads the body. The rest of one above the limit is read and thrown away, as long as `requestTimeout` allows. */
  readBody(limit: number, done: (body: Buffer | null) => void): void {
    let first: Buffer | null = null
    let reader: BodyReader | null = null
    let isDone = false
    const deliver = (body: Buffer | null) => {
      isDone = true
      first = null
      reader = null
      if (this.isWaiting) this.#deliver(done, body)
    }
    this.#native.message.readInto((chunk) => {
      if (isDone) return
      if (chunk === null) {
        return deliver(reader === null ? (first ?? Buffer.alloc(0)) : (reader.add(Buffer.alloc(0), true) ?? null))
      }
      if (chunk.length > limit) return deliver(null)
      // Most bodies come in one piece.
      if (first === null) {
        first = chunk
        return
      }
      if (reader === null) {
        reader = new BodyReader(limit)
        reader.add(first, false)
      }
      if (reader.add(chunk, false) === null) deliver(null)
    })
  }

  readPieces(take: (piece: Buffer, isLast: boolean) => void): BodyFlow {
    const { message } = this.#native
    let isDone = false
    const deliver = (piece: Buffer, isLast: boolean) => {
      if (isDone || !this.isWaiting) return
      isDone = isLast
      this.#deliver((body) => take(body as Buffer, isLast), piece)
    }
    message.readInto((chunk) => (chunk === null ? deliver(Buffer.alloc(0), true) : deliver(chunk, false)))
    return {
      pause: () => message.hold(true),
      resume: () => message.hold(false),
    }
  }

  begin(status: number, headers: OwnHeaders): AnswerBody | null {
    if (!this.claim()) return null
    this.isWriting = true
    const { response, connection } = this.#native
    const close = this.closes || this.isDraining()
    if (close) connection.ended = true
    writeHead(response, status, headers, close)
    return {
      write: (text) => {
        if (!this.isWaiting || response.write(text)) return true
        response.socket?.setTimeout(readerTimeoutInMillis)
        return false
      },
      onDrained: (listener) => {
        response.on('drain', () => {
          if (this.isWaiting) listener()
        })
      },
      end: () => {
        if (!this.isWaiting) return
        this.isWriting = false
        response.end()
      },
      drop: () => void (this.isWaiting && response.socket?.destroy()),
    }
  }

  respond(status: number, headers: HeaderList | OwnHeaders, body: string | Uint8Array | null): void {
    this.answer(status, headers, body)
  }

  protected write(status: number, headers: HeaderList | OwnHeaders, body: string | Uint8Array | null): void {
    const { response, connection } = this.#native
    const form = { method: this.request.method, close: this.closes || this.isDraining() }
    if (form.close) connection.ended = true
    writeResponse(response, form, status, headers, body)
    // Kept alive, the connection gets another timeout once the answer is through.
    if (response.writableNeedDrain) response.socket?.setTimeout(readerTimeoutInMillis)
  }

  #deliver(done: (body: Buffer | null) => void, body: Buffer | null): void {
    try {
      done(body)
    } catch (error) {
      this.#desk.log.error({ err: error }, 'a handler of a request body threw')
      this.fail()
    }
  }
}
