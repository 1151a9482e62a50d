import type { HttpResponse } from 'uWebSockets.js'
import { shortAnswer } from '../../responses/short-answer.ts'
import type { ErrorCode } from '../../vocabulary/errors.ts'
import type { HeaderList, OwnHeaders } from '../../vocabulary/headers.ts'
import { PendingRequest } from '../pending-request.ts'
import type { ResponseForm } from '../response-headers.ts'
import type { UwsRequest } from './request.ts'
import { writeResponse } from './response.ts'

/** A request that waits for its answer over uWebSockets.js. */
export abstract class PendingResponse extends PendingRequest {
  readonly request: UwsRequest
  /** Whether uWebSockets.js holds the socket's cork now: in the synchronous part and while it hands over data. */
  corked = true
  protected readonly response: HttpResponse

  constructor(request: UwsRequest, response: HttpResponse, isDraining: () => boolean) {
    super(isDraining)
    this.request = request
    this.response = response
  }

  /** Answers and ends the TCP connection, whatever else has come over it. */
  answerAndClose(code: ErrorCode): void {
    if (!this.claim()) return
    const { status, headers, body } = shortAnswer(code)
    // uWebSockets.js ends a connection only behind a body, which HEAD may have none of: then an empty one.
    const isHead = this.request.method === 'HEAD'
    this.#write({ method: isHead ? 'GET' : this.request.method, close: true }, status, headers, isHead ? '' : body)
  }

  protected write(status: number, headers: HeaderList | OwnHeaders, body: string | Uint8Array | null): void {
    this.#write({ method: this.request.method, close: this.isDraining() }, status, headers, body)
  }

  #write(form: ResponseForm, status: number, headers: HeaderList | OwnHeaders, body: string | Uint8Array | null): void {
    if (this.corked) writeResponse(this.response, form, status, headers, body)
    else this.response.cork(() => writeResponse(this.response, form, status, headers, body))
  }
}
