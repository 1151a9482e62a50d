import { randomBytes } from 'node:crypto'

/** RFC 6455 section 5.2. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

const maxControlBytes = 125
const defaultMaxMessageBytes = 67_108_864

/** A masked text frame, encoded once so that sending it costs the client nothing but the write. */
export function maskedTextFrame(text: string): Buffer {
  const bytes = Buffer.byteLength(text)
  const headBytes = headBytesFor(bytes)
  const frame = Buffer.allocUnsafe(headBytes + bytes)
  writeHead(frame, opcodes.text, bytes)
  frame.write(text, headBytes)
  mask(frame, headBytes)
  return frame
}

/** A masked frame with a mask of its own, whole: FIN is set. */
export function maskedFrame(opcode: number, payload: Uint8Array): Buffer {
  const headBytes = headBytesFor(payload.length)
  const frame = Buffer.allocUnsafe(headBytes + payload.length)
  writeHead(frame, opcode, payload.length)
  frame.set(payload, headBytes)
  mask(frame, headBytes)
  return frame
}

/** Random numbers cost a system call: one for a thousand masks. */
const maskPool = randomBytes(4096)
let maskAt = 0

/** Masks what stands behind the head with the next mask, which it writes at the head's end. */
function mask(frame: Buffer, headBytes: number): void {
  if (maskAt === maskPool.length) {
    randomBytes(maskPool.length).copy(maskPool)
    maskAt = 0
  }
  const at = headBytes - 4
  for (let i = 0; i < 4; i++) frame[at + i] = maskPool[maskAt++] as number
  for (let i = headBytes; i < frame.length; i++) {
    frame[i] = (frame[i] as number) ^ (frame[at + ((i - headBytes) & 3)] as number)
  }
}

/** Bytes before the payload of a masked frame, the mask included. */
function headBytesFor(payloadBytes: number): number {
  return payloadBytes < 126 ? 6 : payloadBytes <= 0xffff ? 8 : 14
}

/** Writes everything but the mask. */
function writeHead(frame: Buffer, opcode: number, payloadBytes: number): void {
  frame[0] = 0x80 | opcode
  if (payloadBytes < 126) frame[1] = 0x80 | payloadBytes
  else if (payloadBytes <= 0xffff) {
    frame[1] = 0x80 | 126
    frame.writeUInt16BE(payloadBytes, 2)
  } else {
    frame[1] = 0x80 | 127
    frame.writeBigUInt64BE(BigInt(payloadBytes), 2)
  }
}

/** A close frame; without a code it has no payload. The reason is cut to what fits. */
export function maskedCloseFrame(code?: number, reason = ''): Buffer {
  if (code === undefined) return maskedFrame(opcodes.close, Buffer.alloc(0))
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason))
  payload.writeUInt16BE(code)
  payload.write(reason, 2)
  return maskedFrame(opcodes.close, payload.subarray(0, maxControlBytes))
}

/** The server broke RFC 6455. */
export class ProtocolFault extends Error {
  override readonly name = 'ProtocolFault'
}

/**
 * A whole message. Its payload is `source` from `start` on, `bytes` long, and only until the call returns; `source`
 * is empty unless the reader was told to want payloads.
 */
export type OnMessage = (bytes: number, source: Buffer, start: number, isBinary: boolean) => void

/** A ping, pong or close, by its opcode. The payload is good until the call returns. */
export type OnControl = (opcode: number, payload: Buffer) => void

export interface FrameReaderOptions {
  /** Off: messages are counted and never looked at, and cost no copy. */
  readonly wantsPayload?: boolean
  readonly onControl?: OnControl
  /** A longer message is a fault. */
  readonly maxMessageBytes?: number
}

const nothing = Buffer.alloc(0)
/** Room for long messages is given back: a client holds thousands of readers. */
const maxKeptBytes = 16_384

/**
 * Finds the messages in a server's byte stream, wherever it is cut. Copies payloads only where they are wanted and
 * don't stand in one piece. Doesn't check that text is UTF-8.
 */
export class FrameReader {
  readonly #onMessage: OnMessage
  readonly #onControl: OnControl | null
  /** May change between messages. */
  wantsPayload: boolean
  readonly #maxMessageBytes: number
  readonly #head = Buffer.alloc(10)
  #headLength = 0
  #inFrame = false
  /** Payload bytes of the current frame that are still to come. */
  #missing = 0
  #opcode = 0
  #isFinal = false
  /** Opcode of the message that is being read, which is that of its first frame; 0 between messages. */
  #messageOpcode = 0
  #messageLength = 0
  /** Offset in the chunk at hand of the payload of a message of one frame; -1 when the payload isn't whole there. */
  #start = -1
  #assembly = nothing
  #assembled = 0
  readonly #control = Buffer.alloc(maxControlBytes)
  #controlLength = 0

  constructor(onMessage: OnMessage, options: FrameReaderOptions = {}) {
    this.#onMessage = onMessage
    this.#onControl = options.onControl ?? null
    this.wantsPayload = options.wantsPayload ?? false
    this.#maxMessageBytes = options.maxMessageBytes ?? defaultMaxMessageBytes
  }

  /** Throws `ProtocolFault`; nothing may be read after that. */
  read(chunk: Buffer, end: number = chunk.length, from = 0): void {
    let at = from
    while (at < end) {
      if (!this.#inFrame) {
        at = this.#readHead(chunk, at, end)
        if (!this.#inFrame) return
        if (!isControl(this.#opcode)) this.#beginPayload(at, end)
      }
      const taken = Math.min(this.#missing, end - at)
      if (taken > 0) this.#take(chunk, at, taken)
      at += taken
      this.#missing -= taken
      if (this.#missing === 0) this.#endFrame(chunk)
    }
  }

  #readHead(chunk: Buffer, from: number, end: number): number {
    let at = from
    while (at < end) {
      this.#head[this.#headLength++] = chunk[at++] as number
      if (this.#headLength === this.#neededHead()) {
        this.#beginFrame()
        return at
      }
    }
    return at
  }

  #neededHead(): number {
    if (this.#headLength < 2) return 2
    const short = (this.#head[1] as number) & 0x7f
    return short === 127 ? 10 : short === 126 ? 4 : 2
  }

  #beginFrame(): void {
    const first = this.#head[0] as number
    const second = this.#head[1] as number
    this.#headLength = 0
    this.#inFrame = true
    this.#opcode = first & 0x0f
    this.#isFinal = (first & 0x80) !== 0
    if ((first & 0x70) !== 0) throw new ProtocolFault('a reserved bit is set, and no extension was agreed on')
    if ((second & 0x80) !== 0) throw new ProtocolFault('a frame from the server is masked')
    this.#missing = this.#length(second & 0x7f)
    if (isControl(this.#opcode)) this.#beginControl()
    else this.#beginData()
  }

  #length(short: number): number {
    if (short < 126) return short
    const length = short === 126 ? this.#head.readUInt16BE(2) : Number(this.#head.readBigUInt64BE(2))
    if (length < (short === 126 ? 126 : 0x1_0000)) throw new ProtocolFault('a length is not written the short way')
    return length
  }

  #beginControl(): void {
    if (this.#opcode > opcodes.pong) throw new ProtocolFault(`opcode ${this.#opcode} has no meaning`)
    if (!this.#isFinal) throw new ProtocolFault('a control frame is fragmented')
    if (this.#missing > maxControlBytes) throw new ProtocolFault('a control frame is longer than 125 bytes')
    this.#controlLength = 0
  }

  #beginData(): void {
    if (this.#opcode > opcodes.binary) throw new ProtocolFault(`opcode ${this.#opcode} has no meaning`)
    const continues = this.#opcode === opcodes.continuation
    if (continues && this.#messageOpcode === 0) throw new ProtocolFault('a continuation has nothing to continue')
    if (!continues && this.#messageOpcode !== 0) throw new ProtocolFault('a message begins inside of another')
    this.#messageLength += this.#missing
    if (this.#messageLength > this.#maxMessageBytes) {
      throw new ProtocolFault(`a message is longer than ${this.#maxMessageBytes} bytes`)
    }
  }

  #beginPayload(at: number, end: number): void {
    const isWhole = this.#messageOpcode === 0 && this.#isFinal && end - at >= this.#missing
    if (this.#messageOpcode === 0) this.#messageOpcode = this.#opcode
    this.#start = isWhole ? at : -1
  }

  #take(chunk: Buffer, at: number, count: number): void {
    if (isControl(this.#opcode)) {
      chunk.copy(this.#control, this.#controlLength, at, at + count)
      this.#controlLength += count
    } else if (this.wantsPayload && this.#start < 0) {
      this.#makeRoom(count)
      chunk.copy(this.#assembly, this.#assembled, at, at + count)
      this.#assembled += count
    }
  }

  #makeRoom(count: number): void {
    const needed = this.#assembled + count
    if (needed <= this.#assembly.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#assembly.length * 2, 1024))
    this.#assembly.copy(larger, 0, 0, this.#assembled)
    this.#assembly = larger
  }

  #endFrame(chunk: Buffer): void {
    this.#inFrame = false
    if (isControl(this.#opcode)) {
      this.#onControl?.(this.#opcode, this.#control.subarray(0, this.#controlLength))
      return
    }
    if (!this.#isFinal) return
    const length = this.#messageLength
    const isBinary = this.#messageOpcode === opcodes.binary
    this.#messageLength = 0
    this.#messageOpcode = 0
    if (!this.wantsPayload) this.#onMessage(length, nothing, 0, isBinary)
    else if (this.#start >= 0) this.#onMessage(length, chunk, this.#start, isBinary)
    else {
      this.#onMessage(length, this.#assembly, 0, isBinary)
      this.#assembled = 0
      if (this.#assembly.length > maxKeptBytes) this.#assembly = nothing
    }
  }
}

function isControl(opcode: number): boolean {
  return (opcode & 0x08) !== 0
}
