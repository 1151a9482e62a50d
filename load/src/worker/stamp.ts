/**
 * A stamp marks a message so that whoever gets it, however it is wrapped, knows which one it is. Printable, of fixed
 * length, and safe inside of JSON, URLs and HTML: `~pl` run kind stream number time `~`, in hexadecimal digits. The
 * time is that of the machine's monotonic clock, which all processes of a run share.
 */
export type StampKind = 'reply' | 'fanOut' | 'push'

const letters: Readonly<Record<StampKind, string>> = { reply: 'r', fanOut: 'f', push: 'p' }
const kinds: ReadonlyMap<number, StampKind> = new Map(
  Object.entries(letters).map(([kind, letter]) => [letter.charCodeAt(0), kind as StampKind]),
)

const prefix = '~pl'
const runDigits = 4
const streamDigits = 8
const numberDigits = 8
const timeDigits = 12
const kindAt = prefix.length + runDigits
const streamAt = kindAt + 1
const numberAt = streamAt + streamDigits
const timeAt = numberAt + numberDigits
const endAt = timeAt + timeDigits
/** Characters of a stamp. */
export const stampLength = endAt + 1
const tilde = 0x7e

/** Names of runs that stamps carry: a frame that an earlier run left behind is not taken for one of this. */
export const maxRunNumber = 16 ** runDigits - 1

/** `stream` and `number` are whole and below 2^32; `millis` is from `worker/clock.ts`. */
export function formatStamp(run: number, kind: StampKind, stream: number, number: number, millis: number): string {
  return (
    prefix +
    hex(run, runDigits) +
    letters[kind] +
    hex(stream, streamDigits) +
    hex(number, numberDigits) +
    hex(Math.round(millis * 1000), timeDigits) +
    '~'
  )
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

/** Reads the stamps of one run. One object is used again and again: read it before the next. */
export class StampReader {
  kind: StampKind = 'reply'
  stream = 0
  number = 0
  /** Time of the stamp in milliseconds, of `worker/clock.ts`. */
  millis = 0
  readonly #needle: Buffer

  constructor(run: number) {
    this.#needle = Buffer.from(prefix + hex(run, runDigits))
  }

  /** Finds the next stamp that stands whole between the two places; where the search may go on, or -1 without one. */
  next(source: Buffer, start: number, end: number): number {
    for (let from = start; from + stampLength <= end; ) {
      const at = source.indexOf(this.#needle, from)
      if (at < 0 || at + stampLength > end) return -1
      if (this.#read(source, at)) return at + stampLength
      from = at + 1
    }
    return -1
  }

  #read(source: Buffer, at: number): boolean {
    const kind = kinds.get(source[at + kindAt] as number)
    const stream = unhex(source, at + streamAt, streamDigits)
    const number = unhex(source, at + numberAt, numberDigits)
    const micros = unhex(source, at + timeAt, timeDigits)
    if (kind === undefined || source[at + endAt] !== tilde || !(stream + number + micros >= 0)) return false
    this.kind = kind
    this.stream = stream
    this.number = number
    this.millis = micros / 1000
    return true
  }
}

/** NaN for what are no digits as `hex` writes them. */
function unhex(source: Buffer, from: number, digits: number): number {
  let value = 0
  for (let at = from; at < from + digits; at++) {
    const byte = source[at] as number
    const digit = byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : Number.NaN
    value = value * 16 + digit
  }
  return value
}
