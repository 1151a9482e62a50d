import type { Socket } from 'node:net'
import { FrameReader, maskedCloseFrame, maskedFrame, opcodes, ProtocolFault } from './frame-codec.ts'
import { readHandshake } from './handshake.ts'
import { type Endpoint, openSocket } from './raw-connection.ts'

/** The reason why a WebSocket did not open. */
export interface Refusal {
  readonly kind: 'connect' | 'handshakeStatus' | 'handshakeProtocol'
  readonly message: string
  /** 0 when there was no HTTP answer. */
  readonly status: number
}

export interface Ended {
  /** Code of the first close frame; 1005 when that had none, 1006 when no close frame came (RFC 6455 section 7.1.5). */
  readonly code: number
  readonly reason: string
  /** The server broke the protocol, in words. */
  readonly fault: string | null
}

/** Listeners for the life of a WebSocket. Exactly one of `refused` and `ended` is called, as the last. */
export interface WebSocketEvents {
  opened(): void
  refused(refusal: Refusal): void
  /** The payload is good until the call returns; `source` is empty while `wantsPayload` is false. */
  message(bytes: number, source: Buffer, start: number, isBinary: boolean): void
  /** Called when all that came in one piece has been read: a good moment to `flush`. */
  batch(): void
  ended(ended: Ended): void
}

/** Bytes of all sockets of the process, handshakes and frame heads included. */
export interface Traffic {
  bytesOut: number
  bytesIn: number
}

export interface WebSocketOptions {
  readonly endpoint: Endpoint
  /** The request's bytes, as `handshakeBytes` makes them. */
  readonly handshake: Buffer
  readonly subprotocols: readonly string[]
  readonly wantsPayload: boolean
  readonly traffic: Traffic
}

const maxHeadBytes = 65_536
const maxReason = 100
/** Pongs and close frames of a connection that nobody reads are few. */
const maxBuffered = 4_194_304
/** Time in which a server has to answer a close frame, and then again to end the connection. */
const closeMillis = 5_000
const endMillis = 3_000
/** The longest time that a timer of Node.js takes. */
const longestPause = 2 ** 31 - 1

/**
 * A WebSocket client that costs little: frames come encoded, several leave in one write, and what comes is read where
 * it lies. Answers pings and close frames by itself.
 */
export class LoadSocket {
  readonly #events: WebSocketEvents
  readonly #options: WebSocketOptions
  readonly #socket: Socket
  readonly #reader: FrameReader
  #state: 'connecting' | 'handshake' | 'open' | 'ended' = 'connecting'
  #head = ''
  #outgoing: Buffer[] = []
  #outgoingBytes = 0
  #closeSent = false
  #closeCode = 1006
  #closeReason = ''
  #closeSeen = false
  #fault: string | null = null
  #error = 'the connection ended'
  #bytesPerSecond: number | null = null
  #resumeTimer: NodeJS.Timeout | null = null
  #endTimer: NodeJS.Timeout | null = null

  constructor(options: WebSocketOptions, events: WebSocketEvents) {
    this.#options = options
    this.#events = events
    this.#reader = new FrameReader(
      (bytes, source, start, isBinary) => {
        if (!this.#closeSeen) events.message(bytes, source, start, isBinary)
      },
      { wantsPayload: options.wantsPayload, onControl: (opcode, payload) => this.#control(opcode, payload) },
    )
    this.#socket = openSocket(options.endpoint, (length, buffer) => this.#read(length, buffer as Buffer))
    this.#socket.once(options.endpoint.tls === null ? 'connect' : 'secureConnect', () => this.#connected())
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#error = describeError(error)
    })
    this.#socket.once('close', () => this.#end())
  }

  /** Whether what comes is handed over or only counted. */
  set wantsPayload(wanted: boolean) {
    this.#reader.wantsPayload = wanted
  }

  /** Limits how fast the socket reads, on average; null, as at first, for as fast as it can. */
  set bytesPerSecond(wanted: number | null) {
    if (this.#bytesPerSecond === wanted) return
    this.#bytesPerSecond = wanted
    clearTimeout(this.#resumeTimer ?? undefined)
    if (this.#state === 'open') this.#socket.resume()
  }

  get isOpen(): boolean {
    return this.#state === 'open' && !this.#closeSent && !this.#closeSeen
  }

  /** Whether the server takes what is sent; while it does not, no more should be sent. */
  get hasRoom(): boolean {
    return this.#socket.writableLength + this.#outgoingBytes < maxBuffered
  }

  /** Takes an encoded frame; it leaves with the next `flush`. */
  queue(frame: Buffer): void {
    this.#outgoing.push(frame)
    this.#outgoingBytes += frame.length
  }

  flush(): void {
    const frames = this.#outgoing
    const [first] = frames
    if (first === undefined || this.#state !== 'open') return
    this.#outgoing = []
    this.#outgoingBytes = 0
    this.#write(frames.length === 1 ? first : Buffer.concat(frames))
  }

  /** Says goodbye; the server answers and ends the connection. */
  close(code: number): void {
    if (this.#state !== 'open') return this.destroy()
    this.flush()
    this.#sendClose(code)
    this.#destroyAfter(closeMillis)
  }

  /** Ends the connection with a TCP reset, as a client that vanishes. */
  reset(): void {
    this.#socket.resetAndDestroy()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #connected(): void {
    this.#state = 'handshake'
    this.#write(this.#options.handshake)
  }

  #write(bytes: Buffer): void {
    this.#options.traffic.bytesOut += bytes.length
    this.#socket.write(bytes)
  }

  #read(length: number, buffer: Buffer): boolean {
    this.#options.traffic.bytesIn += length
    try {
      if (this.#state === 'open') this.#reader.read(buffer, length)
      else if (this.#state === 'handshake') this.#readHead(buffer, length)
    } catch (error) {
      if (!(error instanceof ProtocolFault)) throw error
      this.#fail(error.message)
    }
    if (this.#state === 'open') this.#events.batch()
    this.flush()
    return this.#bytesPerSecond === null || this.#pause((length / this.#bytesPerSecond) * 1000)
  }

  #pause(millis: number): boolean {
    if (millis < 1 || this.#state === 'ended') return true
    this.#resumeTimer = setTimeout(() => this.#socket.resume(), Math.min(millis, longestPause))
    return false
  }

  #readHead(buffer: Buffer, length: number): void {
    const before = this.#head.length
    this.#head += buffer.toString('latin1', 0, length)
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) {
      if (this.#head.length > maxHeadBytes) this.#refuse('handshakeProtocol', 'the head of the answer is too long', 0)
      return
    }
    const head = this.#head.slice(0, end)
    const { status, fault } = readHandshake(head, this.#options.subprotocols)
    if (fault !== null) return this.#refuse('handshakeProtocol', fault, status)
    if (status !== 101) {
      return this.#refuse('handshakeStatus', head.split('\r\n', 1)[0]?.slice(9, maxReason) ?? '', status)
    }
    this.#head = ''
    this.#state = 'open'
    this.#events.opened()
    // The server may have sent frames right behind its answer.
    this.#reader.read(buffer, length, end + 4 - before)
  }

  #control(opcode: number, payload: Buffer): void {
    if (this.#closeSeen) return
    if (opcode === opcodes.ping && !this.#closeSent) this.queue(maskedFrame(opcodes.pong, payload))
    if (opcode !== opcodes.close) return
    if (payload.length === 1) throw new ProtocolFault('a close frame has a code of one byte')
    const code = payload.length === 0 ? 1005 : payload.readUInt16BE(0)
    if (payload.length > 0 && !isCloseCode(code)) throw new ProtocolFault(`a close frame has the code ${code}`)
    this.#closeSeen = true
    this.#closeCode = code
    this.#closeReason = payload.toString('utf8', 2)
    this.flush()
    this.#sendClose(code === 1005 ? undefined : code)
    // The server ends the connection (section 7.1.1), so that the wait for stray packets is on its side.
    this.#destroyAfter(endMillis)
  }

  #sendClose(code: number | undefined): void {
    if (this.#closeSent) return
    this.#closeSent = true
    this.#write(maskedCloseFrame(code))
  }

  /** RFC 6455 section 7.1.7: the connection fails, here with the code that says why. */
  #fail(message: string): void {
    this.#fault = message
    this.#closeSeen = true
    if (this.#state === 'open') this.#sendClose(1002)
    this.#socket.destroySoon()
  }

  #destroyAfter(millis: number): void {
    clearTimeout(this.#endTimer ?? undefined)
    this.#endTimer = setTimeout(() => this.#socket.destroy(), millis)
  }

  #refuse(kind: Refusal['kind'], message: string, status: number): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#socket.destroy()
    this.#events.refused({ kind, message, status })
  }

  #end(): void {
    clearTimeout(this.#resumeTimer ?? undefined)
    clearTimeout(this.#endTimer ?? undefined)
    const state = this.#state
    this.#state = 'ended'
    if (state === 'open') {
      this.#events.ended({ code: this.#closeCode, reason: this.#closeReason, fault: this.#fault })
    } else if (state !== 'ended') {
      const message = state === 'handshake' ? `${this.#error} before the handshake was answered` : this.#error
      this.#events.refused({ kind: 'connect', message, status: 0 })
    }
  }
}

/** Codes that may stand in a close frame (RFC 6455 section 7.4). */
function isCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) || (code >= 3000 && code <= 4999)
}

/** Short, and the same for all connections, so that it can be counted. */
export function describeError(error: NodeJS.ErrnoException): string {
  const { code, syscall, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  if (code === undefined) return error.message.slice(0, 100)
  return address === undefined ? (syscall === undefined ? code : `${code} (${syscall})`) : `${code} ${address}:${port}`
}
