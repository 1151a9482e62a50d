import { StringDecoder } from 'node:string_decoder'

/** Cuts a stream of bytes into lines. */
export interface BoundedLines {
  add(chunk: Buffer): void
  /** Gives what is left of a last line without its end. */
  end(): void
}

/**
 * Calls `line` with each whole line and its line feed. A line longer than `maxLength` characters is cut there, so that
 * a writer who never ends one can't fill the memory of the reader.
 */
export function createBoundedLines(maxLength: number, line: (text: string) => void): BoundedLines {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  /** The line was given already, as far as it may go. */
  let isCut = false

  function take(text: string): void {
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      finish(rest + text.slice(start, end))
      start = end + 1
    }
    rest = isCut ? '' : rest + text.slice(start)
    if (rest.length <= maxLength) return
    line(`${rest.slice(0, maxLength)}\n`)
    rest = ''
    isCut = true
  }

  function finish(text: string): void {
    rest = ''
    if (!isCut) line(`${text.length > maxLength ? text.slice(0, maxLength) : text}\n`)
    isCut = false
  }

  return {
    add: (chunk) => take(decoder.write(chunk)),
    end() {
      take(decoder.end())
      if (rest !== '') finish(rest)
    },
  }
}
