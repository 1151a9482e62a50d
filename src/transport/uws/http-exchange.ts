import type { HttpResponse } from 'uWebSockets.js'
import type { Log } from '../../observability/contract.ts'
import type { HeaderList, OwnHeaders } from '../../vocabulary/headers.ts'
import { BodyReader, wholeBody } from '../body-reader.ts'
import type { HttpExchange } from '../contract.ts'
import { PendingResponse } from './pending-response.ts'
import type { UwsRequest } from './request.ts'

/** A plain HTTP request and its answer over uWebSockets.js. */
export class UwsHttpExchange extends PendingResponse implements HttpExchange {
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

  respond(status: number, headers: HeaderList | OwnHeaders, body: string | Uint8Array | null): void {
    this.answer(status, headers, body)
  }
}
