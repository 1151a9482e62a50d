/**
 * Finds the responses in an HTTP/1.1 byte stream, wherever it is cut. Knows bodies with a Content-Length and
 * responses without a body, which is what gateway and baselines send.
 */
export class ResponseReader {
  readonly #onResponse: (status: number) => void
  #head = ''
  #status = 0
  #missing = 0

  /** `onResponse` gets the status of every whole response. */
  constructor(onResponse: (status: number) => void) {
    this.#onResponse = onResponse
  }

  read(chunk: Buffer, end: number = chunk.length): void {
    let at = 0
    while (at < end) {
      if (this.#missing > 0) {
        const taken = Math.min(this.#missing, end - at)
        at += taken
        this.#missing -= taken
        if (this.#missing === 0) this.#onResponse(this.#status)
        continue
      }
      const before = this.#head.length
      this.#head += chunk.toString('latin1', at, end)
      const headEnd = this.#head.indexOf('\r\n\r\n')
      if (headEnd < 0) return
      at += headEnd + 4 - before
      this.#beginBody(this.#head.slice(0, headEnd + 2))
    }
  }

  #beginBody(head: string): void {
    this.#head = ''
    this.#status = Number(head.slice(9, 12))
    const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1]
    this.#missing = length === undefined ? 0 : Number(length)
    if (this.#missing === 0) this.#onResponse(this.#status)
  }
}
