import type { HttpResponse } from 'uWebSockets.js'
import { shortAnswer } from '../../responses/short-answer.ts'
import type { ErrorCode } from '../../vocabulary/errors.ts'
import type { HeaderList, OwnHeaders } from '../../vocabulary/headers.ts'
import type { UwsRequest } from './request.ts'
import { type ResponseForm, writeResponse } from './response.ts'

/** A request that waits for its answer: knows whether the client is still there and answers at most once. */
export abstract class PendingResponse {
  readonly request: UwsRequest
  aborted = false
  /** Whether uWebSockets.js holds the socket's cork now: in the synchronous part and while it hands over data. */
  corked = true
  protected readonly response: HttpResponse
  protected answered = false
  readonly #isDraining: () => boolean
  #abortListener: (() => void) | null = null

  constructor(request: UwsRequest, response: HttpResponse, isDraining: () => boolean) {
    this.request = request
    this.response = response
    this.#isDraining = isDraining
  }

  /**
   * Adds a listener for the client's going. One that comes after the abort is called at once; several are called in
   * their order.
   */
  onAborted(listener: () => void): void {
    if (this.aborted) return listener()
    const earlier = this.#abortListener
    this.#abortListener =
      earlier === null
        ? listener
        : () => {
            earlier()
            listener()
          }
  }

  abort(): void {
    this.aborted = true
    this.#abortListener?.()
    this.#abortListener = null
  }

  /** Whether the request is neither answered nor aborted yet. */
  get isWaiting(): boolean {
    return !this.answered && !this.aborted
  }

  /** Answers with 500 unless an answer is on its way already. */
  fail(): void {
    this.answerShort('INTERNAL_ERROR')
  }

  answerShort(code: ErrorCode): void {
    const { status, headers, body } = shortAnswer(code)
    this.answer(status, headers, body)
  }

  /** Answers and ends the TCP connection, whatever else has come over it. */
  answerAndClose(code: ErrorCode): void {
    const { status, headers, body } = shortAnswer(code)
    // uWebSockets.js ends a connection only behind a body, which HEAD may have none of: then an empty one.
    const isHead = this.request.method === 'HEAD'
    this.#write({ method: isHead ? 'GET' : this.request.method, close: true }, status, headers, isHead ? '' : body)
  }

  protected answer(status: number, headers: HeaderList | OwnHeaders, body: string | Uint8Array | null): void {
    this.#write({ method: this.request.method, close: this.#isDraining() }, status, headers, body)
  }

  #write(form: ResponseForm, status: number, headers: HeaderList | OwnHeaders, body: string | Uint8Array | null): void {
    if (!this.claim()) return
    if (this.corked) writeResponse(this.response, form, status, headers, body)
    else this.response.cork(() => writeResponse(this.response, form, status, headers, body))
  }

  /** Claims the right to answer: true for the first who asks while the client is there. */
  protected claim(): boolean {
    if (!this.isWaiting) return false
    this.answered = true
    return true
  }
}
