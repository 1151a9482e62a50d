/** Copies a body that comes in one chunk; null when it is larger than the limit. */
export function wholeBody(chunk: Uint8Array, limit: number): Buffer | null {
  return chunk.byteLength > limit ? null : Buffer.from(chunk)
}

/**
 * Collects a request's body up to a limit. Memory follows what has come, never what was announced, and many tiny
 * chunks cost no more than one large one.
 */
export class BodyReader {
  readonly #limit: number
  #bytes: Buffer | null = null
  #length = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /**
   * Copies the next chunk. Returns the body with the last chunk, null as soon as it is larger than the limit, undefined
   * while more is to come. Not to be called again after a body or null.
   */
  add(chunk: Uint8Array, isLast: boolean): Buffer | null | undefined {
    const length = this.#length + chunk.byteLength
    if (length > this.#limit) {
      this.#bytes = null
      return null
    }
    const bytes = this.#reserve(length)
    bytes.set(chunk, this.#length)
    this.#length = length
    return isLast ? bytes.subarray(0, length) : undefined
  }

  #reserve(length: number): Buffer {
    const bytes = this.#bytes
    if (bytes !== null && bytes.length >= length) return bytes
    const larger = Buffer.allocUnsafeSlow(Math.max(4096, Math.min(this.#limit, length * 2)))
    bytes?.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
    return larger
  }
}
