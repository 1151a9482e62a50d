import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { Log } from '../observability/contract.ts'

/** The characters of one line that reach the log. */
const maxLineLength = 8_192
/** The lines of one function in a second; those beyond are counted and dropped. */
const maxLinesPerSecond = 1_000
/** The bytes of one function in a second; beyond them its pipes are left alone, so that its next write waits. */
const maxBytesPerSecond = 1_048_576
/** The mark that `worker.mjs` puts before a record of console: level, request id, tab, text. */
const recordMark = '\u001e'

/** Everything that the processes of one function print, on its way into the log. */
export interface FunctionOutput {
  /**
   * Takes over one stream of one process. `requestId` names the call that is running, for lines that do not say it
   * themselves; null between calls.
   */
  read(stream: Readable, name: 'stdout' | 'stderr', requestId: () => string | null): void
  close(): void
}

/**
 * Writes the lines of a function into `log`, with the id of their request, at the level of the console method that
 * printed them (stderr counts as a warning). Bounded in length and rate: a function that prints in a loop costs the
 * gateway at most a megabyte a second.
 */
export function createFunctionOutput(log: Log): FunctionOutput {
  const streams = new Set<Readable>()
  let lines = 0
  let bytes = 0
  let window: NodeJS.Timeout | null = null

  function closeWindow(): void {
    if (lines > maxLinesPerSecond) log.warn({ dropped: lines - maxLinesPerSecond }, 'lines of the function dropped')
    if (bytes > maxBytesPerSecond) for (const stream of streams) stream.resume()
    lines = 0
    bytes = 0
    window = null
  }

  function count(chunkBytes: number): void {
    window ??= setTimeout(closeWindow, 1_000).unref()
    bytes += chunkBytes
    if (bytes > maxBytesPerSecond) for (const stream of streams) stream.pause()
  }

  return {
    read(stream, name, requestId) {
      const split = createLineSplitter((line) => {
        if (++lines <= maxLinesPerSecond) writeLine(log, line, name, requestId())
      })
      streams.add(stream)
      stream.on('data', (chunk: Buffer) => {
        count(chunk.length)
        split.push(chunk)
      })
      stream.on('error', () => stream.destroy())
      stream.on('close', () => {
        streams.delete(stream)
        split.end()
      })
    },
    close() {
      if (window !== null) clearTimeout(window)
      for (const stream of streams) stream.destroy()
    },
  }
}

function writeLine(log: Log, line: string, stream: 'stdout' | 'stderr', requestId: string | null): void {
  if (line.startsWith(recordMark)) {
    const tab = line.indexOf('\t')
    const own = line.slice(2, tab)
    write(log, line[1], own === '' ? null : own, line.slice(tab + 1).replaceAll('\r', '\n'))
  } else if (line !== '') {
    write(log, stream === 'stderr' ? 'W' : 'I', requestId, line)
  }
}

function write(log: Log, level: string | undefined, requestId: string | null, text: string): void {
  const fields = requestId === null ? {} : { requestId }
  if (level === 'D') log.debug(fields, text)
  else if (level === 'W') log.warn(fields, text)
  else if (level === 'E') log.error(fields, text)
  else log.info(fields, text)
}

/** Makes lines of bytes; what is longer than a line may be is left out, and never held. */
function createLineSplitter(onLine: (line: string) => void): { push(chunk: Buffer): void; end(): void } {
  const decoder = new StringDecoder('utf8')
  let held = ''
  let cut = false

  function hold(text: string): void {
    const room = maxLineLength - held.length
    if (text.length > room) cut = true
    if (room > 0) held += text.slice(0, room)
  }
  function flush(): void {
    if (held !== '') onLine(cut ? `${held}… (cut)` : held)
    held = ''
    cut = false
  }

  return {
    push(chunk) {
      const parts = decoder.write(chunk).split('\n')
      for (let i = 0; i < parts.length; i++) {
        if (i > 0) flush()
        hold(parts[i] as string)
      }
    },
    end: flush,
  }
}
