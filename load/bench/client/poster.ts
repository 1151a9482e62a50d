import { ResponseReader } from '../../src/client/response-reader.ts'
import { BenchConnection } from './bench-connection.ts'
import type { RequestTemplate } from './load.ts'

/**
 * An HTTP connection that posts, one request at a time. Servers may close it after any answer, and while it rests: it
 * is opened anew for the next request then, as every HTTP client does it.
 */
export class Poster {
  /** Gets the status of the answer. */
  onAnswer: (status: number) => void = () => {}
  /** The connection ended before the answer. */
  onLost: () => void = () => {}
  readonly #port: number
  #connection: BenchConnection | null = null
  #isBusy = false

  constructor(port: number) {
    this.#port = port
  }

  /** Connects. */
  async open(): Promise<void> {
    const connection = new BenchConnection(this.#port)
    const responses = new ResponseReader((status, closes) => {
      this.#isBusy = false
      if (closes) {
        this.#connection = null
        // A reset leaves no TIME_WAIT behind, on neither side: thousands a second of those would use up all ports.
        connection.socket.resetAndDestroy()
      }
      this.onAnswer(status)
    })
    connection.onBytes = (bytes, length) => responses.read(bytes, length)
    connection.socket.on('close', () => this.#closed(connection))
    await connection.opened
    this.#connection = connection
  }

  /** Sends a request; the one before has been answered. */
  send(request: Buffer): void {
    this.#isBusy = true
    if (this.#connection !== null) this.#connection.socket.write(request)
    else
      this.open().then(
        () => this.#connection?.socket.write(request),
        () => this.onLost(),
      )
  }

  #closed(connection: BenchConnection): void {
    if (this.#connection !== connection) return
    this.#connection = null
    if (this.#isBusy) this.onLost()
  }
}

/** The bytes of a request to a WebSocket; the same headers for every server. */
export function requestBytes({ method = 'POST', path, contentType, body }: RequestTemplate, address: string): Buffer {
  const filled = body.replaceAll('{address}', address)
  const ofBody = `Content-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(filled)}\r\n`
  return Buffer.from(
    `${method} ${path.replaceAll('{address}', encodeURIComponent(address))} HTTP/1.1\r\nHost: localhost\r\n` +
      `${method === 'GET' ? '' : ofBody}User-Agent: backend\r\nConnection: keep-alive\r\n\r\n${filled}`,
  )
}

/** Whether each WebSocket has to be posted to by itself. */
export function namesAddress({ path, body }: RequestTemplate): boolean {
  return path.includes('{address}') || body.includes('{address}')
}
