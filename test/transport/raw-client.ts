import { connect, type Socket } from 'node:net'

export const sampleKey = 'dGhlIHNhbXBsZSBub25jZQ=='

/** A TCP connection that sends exact bytes and waits for what comes back. */
export class RawClient {
  readonly socket: Socket
  readonly closed: Promise<void>
  #received = Buffer.alloc(0)
  #wake: (() => void) | null = null
  #isClosed = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (data) => {
      this.#received = Buffer.concat([this.#received, data])
      this.#wake?.()
    })
    socket.on('error', () => {})
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true
        this.#wake?.()
        resolve()
      })
    })
  }

  static to(port: number): RawClient {
    return new RawClient(connect(port, '127.0.0.1'))
  }

  write(...parts: (string | Uint8Array)[]): this {
    this.socket.write(Buffer.concat(parts.map((part) => Buffer.from(part as string))))
    return this
  }

  /** Takes everything up to and with the marker; what had come when the connection closed before it. */
  async readTo(marker: string): Promise<string> {
    for (;;) {
      const at = this.#received.indexOf(marker, 0, 'latin1')
      if (at >= 0) return this.#take(at + marker.length).toString('latin1')
      if (this.#isClosed) return this.#take(this.#received.length).toString('latin1')
      await this.#more()
    }
  }

  async readBytes(count: number): Promise<Buffer> {
    while (this.#received.length < count && !this.#isClosed) await this.#more()
    return this.#take(Math.min(count, this.#received.length))
  }

  async readAll(): Promise<string> {
    await this.closed
    return this.#take(this.#received.length).toString('latin1')
  }

  /** Head and body of one response that has a Content-Length or no body. */
  async readResponse(): Promise<{ head: string; status: number; body: string }> {
    const head = await this.readTo('\r\n\r\n')
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
    const body = (await this.readBytes(length)).toString()
    return { head, status: Number(head.split(' ')[1]), body }
  }

  /** One frame from the server. */
  async readFrame(): Promise<{ opcode: number; isLast: boolean; payload: Buffer }> {
    const [first = 0, second = 0] = await this.readBytes(2)
    let length = second & 0x7f
    if (length === 126) length = (await this.readBytes(2)).readUInt16BE()
    else if (length === 127) length = Number((await this.readBytes(8)).readBigUInt64BE())
    return { opcode: first & 0x0f, isLast: (first & 0x80) !== 0, payload: await this.readBytes(length) }
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  #take(count: number): Buffer {
    const taken = this.#received.subarray(0, count)
    this.#received = this.#received.subarray(count)
    return taken
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

/** The lines of a handshake; a name given as null is left out, an array is sent as several lines. */
export function handshake(
  changes: Record<string, string | string[] | null> = {},
  requestLine = 'GET /dev?x=1 HTTP/1.1',
): string {
  const headers: Record<string, string | string[] | null> = {
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': sampleKey,
    'Sec-WebSocket-Version': '13',
    ...changes,
  }
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (value === null ? [] : [value].flat()).map((one) => `${name}: ${one}\r\n`),
  )
  return `${requestLine}\r\n${lines.join('')}\r\n`
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 }

/** A client's frame, masked unless asked otherwise. */
export function clientFrame(
  opcode: number,
  payload: string | Uint8Array,
  { isLast = true, isMasked = true, reserved = 0 } = {},
): Buffer {
  const bytes = Buffer.from(payload as string)
  const first = (isLast ? 0x80 : 0) | (reserved << 4) | opcode
  const maskBit = isMasked ? 0x80 : 0
  const head =
    bytes.length < 126
      ? Buffer.from([first, maskBit | bytes.length])
      : bytes.length < 65_536
        ? Buffer.from([first, maskBit | 126, bytes.length >> 8, bytes.length & 255])
        : Buffer.concat([Buffer.from([first, maskBit | 127]), bigEndian64(bytes.length)])
  if (!isMasked) return Buffer.concat([head, bytes])
  const mask = [0x11, 0x22, 0x33, 0x44]
  return Buffer.concat([head, Buffer.from(mask), bytes.map((byte, i) => byte ^ (mask[i & 3] as number))])
}

/** A close frame's payload. */
export function closePayload(code: number, reason: string | Uint8Array = ''): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason as string)])
}

function bigEndian64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
