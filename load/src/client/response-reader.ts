import { ProtocolFault } from './frame-codec.ts'

/** The status of a whole response, and whether the server closes the connection after it. */
export type OnResponse = (status: number, closes: boolean) => void

/** An HTTP head of a server that means well is far below this. */
const maxHeadBytes = 65_536

/**
 * Finds the responses in an HTTP/1.1 byte stream, wherever it is cut: bodies with a Content-Length, in chunks, or
 * none (RFC 9112 section 6.3). Interim responses (1xx) are skipped. A body that only the end of the connection ends is
 * a response with `closes` as soon as its head has come.
 */
export class ResponseReader {
  readonly #onResponse: OnResponse
  #head = ''
  #read: string | null = null
  #status = 0
  #closes = false
  /** Bytes of the body, or of the chunk with the line break behind it, that are still to come. */
  #missing = 0
  #state: 'head' | 'body' | 'chunk head' | 'chunk' | 'trailer' | 'until end' = 'head'

  /** `onResponse` gets the status of every whole response and whether the server closes the connection after it. */
  constructor(onResponse: OnResponse) {
    this.#onResponse = onResponse
  }

  /** Throws `ProtocolFault`; nothing may be read after that. */
  read(chunk: Buffer, end: number = chunk.length): void {
    let at = 0
    while (at < end) {
      switch (this.#state) {
        case 'until end':
          return
        case 'body':
        case 'chunk': {
          const taken = Math.min(this.#missing, end - at)
          at += taken
          this.#missing -= taken
          if (this.#missing > 0) return
          if (this.#state === 'body') this.#done()
          else this.#state = 'chunk head'
          break
        }
        case 'head':
          at = this.#readUntil('\r\n\r\n', chunk, at, end)
          if (this.#read !== null) this.#beginBody(this.#read)
          break
        case 'chunk head':
          at = this.#readUntil('\r\n', chunk, at, end)
          if (this.#read !== null) this.#beginChunk(this.#read)
          break
        case 'trailer':
          at = this.#readUntil('\r\n', chunk, at, end)
          if (this.#read === '') this.#done()
          break
      }
    }
  }

  /** Gives where the next bytes are; what stood before the mark is in `#read`, null when the mark is still to come. */
  #readUntil(mark: string, chunk: Buffer, at: number, end: number): number {
    const before = this.#head.length
    this.#head += chunk.toString('latin1', at, end)
    const found = this.#head.indexOf(mark)
    if (found < 0) {
      if (this.#head.length > maxHeadBytes) throw new ProtocolFault('the head of a response is too long')
      this.#read = null
      return end
    }
    this.#read = this.#head.slice(0, found)
    this.#head = ''
    return at + found + mark.length - before
  }

  #beginBody(head: string): void {
    const status = Number(head.slice(9, 12))
    if (!head.startsWith('HTTP/1.') || !(status >= 100)) {
      throw new ProtocolFault(`not an HTTP response: ${JSON.stringify(head.slice(0, 40))}`)
    }
    if (status < 200) return
    this.#status = status
    const fields = head.toLowerCase()
    this.#closes = fieldOf(fields, 'connection').includes('close')
    const length = fieldOf(fields, 'content-length')
    if (status === 204 || status === 304) this.#done()
    else if (fieldOf(fields, 'transfer-encoding').endsWith('chunked')) this.#state = 'chunk head'
    else if (length !== '') this.#beginLength(length)
    else if (this.#closes || head.startsWith('HTTP/1.0')) this.#endWithConnection()
    else this.#done()
  }

  #beginLength(length: string): void {
    if (!/^\d{1,15}$/.test(length)) throw new ProtocolFault(`not a length: ${JSON.stringify(length.slice(0, 40))}`)
    this.#missing = Number(length)
    if (this.#missing === 0) this.#done()
    else this.#state = 'body'
  }

  #endWithConnection(): void {
    this.#closes = true
    this.#done()
    this.#state = 'until end'
  }

  #beginChunk(line: string): void {
    const size = /^([0-9a-f]{1,12})\s*(?:;|$)/i.exec(line)?.[1]
    if (size === undefined) throw new ProtocolFault(`not the size of a chunk: ${JSON.stringify(line.slice(0, 40))}`)
    const bytes = Number.parseInt(size, 16)
    this.#state = bytes === 0 ? 'trailer' : 'chunk'
    // The line break behind it counts with it.
    this.#missing = bytes === 0 ? 0 : bytes + 2
  }

  #done(): void {
    this.#state = 'head'
    this.#onResponse(this.#status, this.#closes)
  }
}

/** The value of a field in a head in lower case; empty when it isn't there. */
function fieldOf(head: string, name: string): string {
  const at = head.indexOf(`\r\n${name}:`)
  if (at < 0) return ''
  const from = at + name.length + 3
  const end = head.indexOf('\r\n', from)
  return head.slice(from, end < 0 ? head.length : end).trim()
}
