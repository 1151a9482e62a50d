/** Bytes that one line of a batch may have: a hundred thousand connection ids, and a message. */
export const maxLineBytes = 4 * 1024 * 1024

/**
 * Cuts what comes piece by piece into lines. Memory follows what has come, up to the limit of one line, and many tiny
 * pieces cost no more than one large one.
 */
export class LineReader {
  /** The beginning of a line whose end has not come; the first `#length` bytes count. */
  #kept = nothing
  #length = 0

  /**
   * Takes the next piece, of which what is kept is copied; gives the lines that have ended with it, without their ends.
   * Throws a RangeError when a line is too long.
   */
  add(piece: Buffer): string[] {
    const lines: string[] = []
    let start = 0
    for (let end = piece.indexOf(lineFeed); end >= 0; end = piece.indexOf(lineFeed, start)) {
      lines.push(this.#finish(piece.subarray(start, end)))
      start = end + 1
    }
    if (start < piece.length) this.#keep(piece.subarray(start))
    return lines
  }

  /** Gives the last line, which has no end; empty where there is none. */
  last(): string {
    return this.#finish(nothing)
  }

  #keep(rest: Buffer): void {
    const length = this.#length + rest.length
    check(length)
    if (this.#kept.length < length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(4_096, Math.min(maxLineBytes, 2 * length)))
      this.#kept.copy(larger, 0, 0, this.#length)
      this.#kept = larger
    }
    rest.copy(this.#kept, this.#length)
    this.#length = length
  }

  #finish(rest: Buffer): string {
    check(this.#length + rest.length)
    if (this.#length === 0) return rest.toString()
    const line = Buffer.concat([this.#kept.subarray(0, this.#length), rest]).toString()
    this.#kept = nothing
    this.#length = 0
    return line
  }
}

function check(length: number): void {
  if (length > maxLineBytes) throw new RangeError(`a line has at most ${maxLineBytes} bytes`)
}

const lineFeed = 0x0a
const nothing = Buffer.alloc(0)
