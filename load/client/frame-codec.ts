import { randomBytes } from 'node:crypto'

/** A masked text frame, encoded once so that sending it costs a driver nothing but the write. */
export function maskedTextFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const mask = randomBytes(4)
  const head =
    payload.length < 126
      ? Buffer.from([0x81, 0x80 | payload.length])
      : Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff])
  if (payload.length > 0xffff) throw new Error('a load message has at most 65,535 bytes')
  return Buffer.concat([head, mask, payload.map((byte, i) => byte ^ (mask[i & 3] as number))])
}

/**
 * Finds the messages in a server's byte stream, wherever it is cut, without copying more than a frame's head.
 * Control frames are skipped.
 */
export class FrameReader {
  readonly #onMessage: (bytes: number) => void
  readonly #head = Buffer.alloc(10)
  #headLength = 0
  /** Payload bytes of the current frame that are still to come. */
  #missing = 0
  #messageLength = 0
  #isLast = false

  /** `onMessage` gets the payload length of every whole message. */
  constructor(onMessage: (bytes: number) => void) {
    this.#onMessage = onMessage
  }

  read(chunk: Uint8Array, end: number = chunk.length): void {
    let at = 0
    while (at < end) {
      if (this.#missing > 0) {
        const taken = Math.min(this.#missing, end - at)
        at += taken
        this.#missing -= taken
      } else {
        this.#head[this.#headLength++] = chunk[at++] as number
        if (this.#headLength < this.#neededHead()) continue
        this.#beginFrame()
      }
      if (this.#missing === 0 && this.#headLength === 0) this.#endFrame()
    }
  }

  #neededHead(): number {
    if (this.#headLength < 2) return 2
    const short = (this.#head[1] as number) & 0x7f
    return short === 127 ? 10 : short === 126 ? 4 : 2
  }

  #beginFrame(): void {
    const short = (this.#head[1] as number) & 0x7f
    const length =
      short === 127 ? Number(this.#head.readBigUInt64BE(2)) : short === 126 ? this.#head.readUInt16BE(2) : short
    this.#headLength = 0
    this.#missing = length
    const isControl = ((this.#head[0] as number) & 0x08) !== 0
    this.#isLast = !isControl && ((this.#head[0] as number) & 0x80) !== 0
    if (!isControl) this.#messageLength += length
  }

  #endFrame(): void {
    if (!this.#isLast) return
    const length = this.#messageLength
    this.#isLast = false
    this.#messageLength = 0
    this.#onMessage(length)
  }
}
