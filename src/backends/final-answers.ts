import type { Socket } from 'node:net'

/** Bytes of `HTTP/1.1 1xx`, by which an informational answer is known. */
const knownBy = 12
const statusAt = 9
const one = 0x31
const lineFeed = 10
const carriageReturn = 13

/**
 * The bytes of one connection without informational answers: 100 Continue, 103 Early Hints and every other 1xx may come
 * before any answer, asked for or not, and a client that does not want them passes them over (RFC 9110 §15.2). undici
 * takes a 100 for a fault and ends the connection. 101 stays, for undici to refuse: nobody has asked to upgrade.
 */
export class FinalAnswers {
  /** Whether the next byte begins an answer, stands in an informational one, or in what passes as it is. */
  #at: 'start' | 'informational' | 'answer' = 'answer'
  #held: Buffer | null = null
  #lineIsEmpty = false

  /** Notes that a request is about to be sent: what comes next begins an answer. */
  expect(): void {
    this.#at = 'start'
    this.#held = null
  }

  /** Takes over the reading of a socket, which undici does with `read` alone. */
  takeOver(socket: Socket): void {
    const read = socket.read.bind(socket)
    socket.read = (size?: number): Buffer | null => {
      for (;;) {
        const chunk = read(size) as Buffer | null
        if (chunk === null || this.#at === 'answer') return chunk
        const left = this.#pass(chunk)
        if (left !== null) return left
      }
    }
  }

  /** The part of a chunk that belongs to an answer; null for nothing of it. */
  #pass(chunk: Buffer): Buffer | null {
    const bytes = this.#held === null ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = null
    let from = 0
    while (from < bytes.length) {
      if (this.#at === 'informational') {
        from = this.#endOfHead(bytes, from)
        continue
      }
      const judged = isInformational(bytes, from)
      if (judged === null) {
        this.#held = bytes.subarray(from)
        return null
      }
      if (!judged) {
        this.#at = 'answer'
        return from === 0 ? bytes : bytes.subarray(from)
      }
      this.#at = 'informational'
      this.#lineIsEmpty = false
      from += knownBy
    }
    return null
  }

  /** Goes on behind the empty line that ends a head; to the end of the bytes when it is not among them. */
  #endOfHead(bytes: Buffer, from: number): number {
    for (let i = from; i < bytes.length; i++) {
      const byte = bytes[i]
      if (byte !== lineFeed) {
        if (byte !== carriageReturn) this.#lineIsEmpty = false
        continue
      }
      if (this.#lineIsEmpty) {
        this.#at = 'start'
        return i + 1
      }
      this.#lineIsEmpty = true
    }
    return bytes.length
  }
}

/** Whether `HTTP/1.1 1xx` with another number than 101 stands there; null when too little of it has come to know. */
function isInformational(bytes: Buffer, from: number): boolean | null {
  const digit = bytes[from + statusAt]
  if (digit !== undefined && digit !== one) return false
  const text = bytes.toString('latin1', from, Math.min(from + knownBy, bytes.length))
  if (!/^HTTP\/1\.[01] 1\d\d$/.test(text + 'HTTP/1.1 100'.slice(text.length))) return false
  if (text.length < knownBy) return null
  return text.slice(statusAt) !== '101'
}
