import type { HttpResponse } from 'uWebSockets.js'
import type { Log } from '../../observability/contract.ts'
import type { HeaderList, OwnHeaders } from '../../vocabulary/headers.ts'
import { BodyReader, wholeBody } from '../body-reader.ts'
import type { AnswerBody, BodyFlow, StreamedExchange } from '../contract.ts'
import { PendingResponse } from './pending-response.ts'
import type { UwsRequest } from './request.ts'
import { writeHead } from './response.ts'

/** A plain HTTP request and its answer over uWebSockets.js. */
export class UwsHttpExchange extends PendingResponse implements StreamedExchange {
  readonly #log: Log

  constructor(request: UwsRequest, response: HttpResponse, log: Log, isDraining: () => boolean) {
    super(request, response, isDraining)
    this.#log = log
  }

  /**
   * Reads the body. uWebSockets.js drops a client that sends less than 16 KB a second for ten seconds. What comes after
   * the limit is read and thrown away, for ten seconds at most once the answer is written: a client that is still
   * sending would otherwise meet a reset connection instead of the answer.
   */
  readBody(limit: number, done: (body: Buffer | null) => void): void {
    let reader: BodyReader | null = null
    let isDone = false
    this.response.onData((chunk, isLast) => {
      if (isDone || this.answered) return
      // Most bodies come in one piece.
      if (reader === null && !isLast) reader = new BodyReader(limit)
      const bytes = new Uint8Array(chunk)
      const body = reader === null ? wholeBody(bytes, limit) : reader.add(bytes, isLast)
      if (body === undefined) return
      isDone = true
      this.corked = true
      try {
        done(body)
      } catch (error) {
        this.#log.error({ err: error }, 'a handler of a request body threw')
        this.fail()
      }
      this.corked = false
    })
  }

  readPieces(take: (piece: Buffer, isLast: boolean) => void): BodyFlow {
    let isDone = false
    this.response.onData((chunk, isLast) => {
      if (isDone || !this.isWaiting) return
      isDone = isLast
      this.corked = true
      try {
        take(Buffer.from(chunk), isLast)
      } catch (error) {
        this.#log.error({ err: error }, 'a handler of a request body threw')
        this.fail()
      }
      this.corked = false
    })
    return {
      pause: () => {
        if (!isDone && this.isWaiting) this.response.pause()
      },
      resume: () => {
        if (!isDone && this.isWaiting) this.response.resume()
      },
    }
  }

  begin(status: number, headers: OwnHeaders): AnswerBody | null {
    if (!this.claim()) return null
    this.isWriting = true
    const closes = this.isDraining()
    this.#held(() => writeHead(this.response, status, headers, closes))
    return {
      write: (text) => {
        if (!this.isWaiting) return true
        let isTaken = true
        this.#held(() => {
          isTaken = this.response.write(text)
        })
        return isTaken
      },
      onDrained: (listener) => {
        if (!this.isWaiting) return
        this.response.onWritable(() => {
          this.corked = true
          if (this.isWaiting) listener()
          this.corked = false
          return true
        })
      },
      end: () => {
        if (!this.isWaiting) return
        this.isWriting = false
        this.#held(() => (closes ? this.response.end('', true) : this.response.end()))
      },
      drop: () => {
        if (this.isWaiting) this.response.close()
      },
    }
  }

  #held(write: () => void): void {
    if (this.corked) write()
    else this.response.cork(write)
  }

  respond(status: number, headers: HeaderList | OwnHeaders, body: string | Uint8Array | null): void {
    this.answer(status, headers, body)
  }
}
