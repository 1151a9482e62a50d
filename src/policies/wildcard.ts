/** Any run of characters, also an empty one, `/` and `:` among them: `*`. */
export const anyRun = Symbol('*')
/** Any one character (a UTF-16 code unit): `?`. */
export const anyOne = Symbol('?')

/** A piece of a pattern. Texts are literal: a `*` in one stands for itself. */
export type PatternPart = string | typeof anyRun | typeof anyOne

/** Says whether the whole of a text is as the pattern wants it. */
export type Matcher = (text: string) => boolean

/**
 * Makes a matcher. Each run of literals is looked for once, leftmost first, which is enough since what follows may take
 * any run: the time is at most the length of the pattern times that of the text, whatever they hold.
 */
export function createMatcher(parts: readonly PatternPart[]): Matcher {
  const runs = runsOf(parts)
  const first = runs[0] as Run
  if (runs.length === 1) return (text) => text.length === first.length && first.isAt(text, 0)
  const last = runs[runs.length - 1] as Run
  const middle = runs.slice(1, -1).filter((run) => run.length > 0)
  const least = runs.reduce((sum, run) => sum + run.length, 0)
  return (text) => {
    const end = text.length - last.length
    if (text.length < least || !first.isAt(text, 0) || !last.isAt(text, end)) return false
    let from = first.length
    for (const run of middle) {
      const at = run.find(text, from)
      if (at < 0 || at + run.length > end) return false
      from = at + run.length
    }
    return from <= end
  }
}

/** The characters between two `*`. */
interface Run {
  readonly length: number
  /** Whether the run stands at a place of the text. */
  isAt(text: string, at: number): boolean
  /** The first place from there on; -1 for none. */
  find(text: string, from: number): number
}

function runsOf(parts: readonly PatternPart[]): Run[] {
  const runs: Run[] = []
  let run: (string | typeof anyOne)[] = []
  for (const part of parts) {
    if (part === anyRun) {
      runs.push(runOf(run))
      run = []
    } else run.push(part)
  }
  return [...runs, runOf(run)]
}

function runOf(pieces: readonly (string | typeof anyOne)[]): Run {
  if (pieces.every((piece) => typeof piece === 'string')) {
    const literal = pieces.join('')
    return {
      length: literal.length,
      isAt: (text, at) => text.startsWith(literal, at),
      find: (text, from) => text.indexOf(literal, from),
    }
  }
  const codes = pieces.flatMap((piece) => (piece === anyOne ? [hole] : codesOf(piece)))
  const isAt = (text: string, at: number) =>
    at + codes.length <= text.length &&
    codes.every((code, index) => code === hole || code === text.charCodeAt(at + index))
  return {
    length: codes.length,
    isAt,
    find(text, from) {
      for (let at = from; at + codes.length <= text.length; at++) if (isAt(text, at)) return at
      return -1
    },
  }
}

const hole = -1

function codesOf(text: string): number[] {
  return Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
}
