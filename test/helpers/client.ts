import { once } from 'node:events'
import { WebSocket } from 'ws'

export interface Closed {
  readonly code: number
  readonly reason: string
}

/** A WebSocket client that keeps what it is sent, in order, until a test asks for it. Certificates are not checked. */
export class Client {
  readonly socket: WebSocket
  readonly closed: Promise<Closed>
  /** Headers of the 101. */
  readonly accepted: Promise<Record<string, string | string[] | undefined>>
  #frames: { data: string; binary: boolean }[] = []
  #waiting: ((frame: { data: string; binary: boolean }) => void)[] = []

  constructor(
    url: string,
    options: { protocols?: string[]; headers?: Record<string, string>; compress?: boolean } = {},
  ) {
    this.socket = new WebSocket(url, options.protocols ?? [], {
      headers: options.headers ?? {},
      perMessageDeflate: options.compress ?? false,
      rejectUnauthorized: false,
    })
    this.accepted = new Promise((resolve) => this.socket.on('upgrade', (response) => resolve(response.headers)))
    this.closed = new Promise((resolve) =>
      this.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    )
    this.socket.on('message', (data: Buffer, binary) => {
      const frame = { data: data.toString(), binary }
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#frames.push(frame)
      else waiting(frame)
    })
    this.socket.on('error', () => {})
  }

  /** Resolves with a connected client; rejects with an error that has the refusal's status. */
  static async connect(url: string, options: ConstructorParameters<typeof Client>[1] = {}): Promise<Client> {
    const client = new Client(url, options)
    await once(client.socket, 'open')
    return client
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message))
  }

  /** The next frame, as text. */
  async next(): Promise<string> {
    return (await this.nextFrame()).data
  }

  nextFrame(): Promise<{ data: string; binary: boolean }> {
    const frame = this.#frames.shift()
    if (frame !== undefined) return Promise.resolve(frame)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Frames that came and that nobody asked for. */
  get unread(): readonly string[] {
    return this.#frames.map((frame) => frame.data)
  }

  close(code?: number, reason?: string): void {
    this.socket.close(code, reason)
  }
}

export interface Refused {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: string
}

/** Tries a handshake that has to fail and gives the HTTP answer. */
export async function refused(
  url: string,
  options: { protocols?: string[]; headers?: Record<string, string> } = {},
): Promise<Refused> {
  const socket = new WebSocket(url, options.protocols ?? [], {
    headers: options.headers ?? {},
    rejectUnauthorized: false,
  })
  return new Promise((resolve, reject) => {
    socket.on('open', () => {
      socket.terminate()
      reject(new Error('the handshake was accepted'))
    })
    socket.on('unexpected-response', (_request, response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      )
    })
    socket.on('error', reject)
  })
}
