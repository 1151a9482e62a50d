import type { Dispatcher } from 'undici'
import type { ReportedEvent } from '../events/integration-report.ts'
import { errorTable, GatewayError } from '../vocabulary/errors.ts'
import type { CallDeadlines, TimedCall } from './call-deadlines.ts'
import type { ListedCall } from './call-list.ts'
import type { BackendClient } from './client.ts'
import { BackendResponse } from './response.ts'

/** A request as undici takes it. Header names and values alternate; all of them must be safe to write. */
export interface BackendRequest {
  readonly method: Dispatcher.HttpMethod
  /** The path with its query, percent-encoded. */
  readonly path: string
  readonly headers: string[]
  readonly body: string | Uint8Array | null
}

/** The owner that lent a call its client, and takes it back. */
export interface ClientOwner {
  /** The answer is complete and the client free. */
  finished(call: BackendCall): void
  /** The call ended in any other way: its client is not to be used again. */
  broken(call: BackendCall): void
  /** The call is to be sent once more, on a new connection. */
  retry(call: BackendCall): void
}

const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/**
 * One request to a backend, as undici's handler: the `onConnect…onError` form, which undici runs without a wrapper
 * and which leaves headers as bytes. Settles its promise exactly once.
 */
export class BackendCall implements TimedCall, ListedCall<BackendCall>, Dispatcher.DispatchHandler {
  readonly request: BackendRequest
  readonly startedAt = performance.now()
  earlier: TimedCall | null = null
  later: TimedCall | null = null
  before: BackendCall | null = null
  after: BackendCall | null = null
  /** The client that sends the call; null while the call waits for its turn. */
  client: BackendClient | null = null

  readonly #owner: ClientOwner
  readonly #deadlines: CallDeadlines
  readonly #event: ReportedEvent | null
  readonly #resolve: (response: BackendResponse) => void
  readonly #reject: (error: GatewayError) => void
  #settled = false
  #retried = false
  /** Whether a byte of an answer has come. */
  #answered = false
  #status = 0
  #headers: readonly Buffer[] = []
  #first: Buffer | null = null
  #chunks: Buffer[] | null = null

  constructor(
    request: BackendRequest,
    owner: ClientOwner,
    deadlines: CallDeadlines,
    event: ReportedEvent | null,
    resolve: (response: BackendResponse) => void,
    reject: (error: GatewayError) => void,
  ) {
    this.request = request
    this.#owner = owner
    this.#deadlines = deadlines
    this.#event = event
    this.#resolve = resolve
    this.#reject = reject
    deadlines.add(this)
  }

  // --- undici's events ---

  /** The request is about to be written. A call is cancelled by destroying its client, which serves no other. */
  onConnect(): void {
    this.client?.answers.expect()
  }

  onResponseStarted(): void {
    this.#answered = true
  }

  onHeaders(status: number, headers: Buffer[]): boolean {
    this.#status = status
    this.#headers = headers
    return true
  }

  onData(chunk: Buffer): boolean {
    if (this.#first === null) this.#first = chunk
    else if (this.#chunks === null) this.#chunks = [this.#first, chunk]
    else this.#chunks.push(chunk)
    return true
  }

  onComplete(): void {
    if (this.#settled) return
    this.#deadlines.remove(this)
    this.#settle(null)
    this.#owner.finished(this)
    const body = this.#chunks === null ? (this.#first ?? '') : Buffer.concat(this.#chunks)
    this.#resolve(new BackendResponse(this.#status, this.#headers, body))
  }

  onError(error: Error): void {
    if (this.#settled) return
    const code = errorCode(error)
    if (!this.#retried && !this.#answered && idempotent.has(this.request.method) && brokenConnection.has(code)) {
      // Most likely the backend closed a kept-alive connection just as the request left (RFC 9110 §9.2.2). Requests
      // that are not idempotent may have been carried out, so those fail.
      this.#retried = true
      this.#owner.retry(this)
      return
    }
    this.#deadlines.remove(this)
    // undici puts what it could not parse here: a backend's data has no place in the log.
    if ('data' in error) delete error.data
    const tooLarge = code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE'
    this.#fail(tooLarge ? 'INTEGRATION_RESPONSE_TOO_LARGE' : 'INTEGRATION_FAILURE', error)
  }

  // --- other ends ---

  /** The deadline has passed. */
  expire(): void {
    this.#fail('INTEGRATION_TIMEOUT', null)
  }

  #fail(
    code: 'INTEGRATION_FAILURE' | 'INTEGRATION_TIMEOUT' | 'INTEGRATION_RESPONSE_TOO_LARGE',
    cause: Error | null,
  ): void {
    const detail = cause === null ? errorTable[code].cause : cause.message || errorCode(cause)
    this.#settle(detail)
    this.#owner.broken(this)
    this.#reject(new GatewayError(code, detail, cause === null ? undefined : { cause }))
  }

  #settle(errorMessage: string | null): void {
    this.#settled = true
    if (this.#event === null) return
    this.#event.integration = {
      latencyInMillis: performance.now() - this.startedAt,
      status: this.#status === 0 ? null : this.#status,
      errorMessage,
      requestId: null,
    }
  }
}

/** Codes by which undici and Node.js report that the other side ended the connection. */
const brokenConnection: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

function errorCode(error: Error): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : error.name
}
