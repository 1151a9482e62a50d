import type { Budget } from './budget.ts'

/** Characters of a text times those of a pattern up to which JavaScript's own search cannot take long. */
const quickWork = 1_000_000
/** Characters between two takings from the budget. */
const charactersPerTick = 4_096

/**
 * The first place at or after `from` where a text has a pattern, -1 for none: String.indexOf in time that grows with the
 * sum of both lengths and not with their product, as JavaScript's own may (Knuth, Morris and Pratt).
 */
export function firstIndexOf(text: string, pattern: string, from: number, run: Budget): number {
  if (pattern.length <= 1 || text.length * pattern.length <= quickWork) return text.indexOf(pattern, from)
  return search(
    text.length,
    pattern.length,
    Math.max(0, from),
    run,
    (i) => text.charCodeAt(i),
    (i) => pattern.charCodeAt(i),
  )
}

/** The last place at or before `from` where a text has a pattern, -1 for none, in the time of `firstIndexOf`. */
export function lastIndexOf(text: string, pattern: string, from: number, run: Budget): number {
  if (pattern.length <= 1 || text.length * pattern.length <= quickWork) return text.lastIndexOf(pattern, from)
  const [n, m] = [text.length, pattern.length]
  const skipped = Math.max(0, n - m - Math.max(0, from))
  const at = search(
    n,
    m,
    skipped,
    run,
    (i) => text.charCodeAt(n - 1 - i),
    (i) => pattern.charCodeAt(m - 1 - i),
  )
  return at < 0 ? -1 : n - m - at
}

type CharAt = (index: number) => number

function search(n: number, m: number, from: number, run: Budget, text: CharAt, pattern: CharAt): number {
  if (n - from < m) return -1
  const borders = new Int32Array(m)
  for (let i = 1, border = 0; i < m; i++) {
    if (i % charactersPerTick === 0) run.characters(charactersPerTick * 4)
    while (border > 0 && pattern(i) !== pattern(border)) border = borders[border - 1] as number
    if (pattern(i) === pattern(border)) border++
    borders[i] = border
  }
  for (let i = from, matched = 0; i < n; i++) {
    if (i % charactersPerTick === 0) run.characters(charactersPerTick * 4)
    while (matched > 0 && text(i) !== pattern(matched)) matched = borders[matched - 1] as number
    if (text(i) === pattern(matched)) matched++
    if (matched === m) return i - m + 1
  }
  return -1
}
