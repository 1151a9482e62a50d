/** Characters of the longest name that may be a typo: the distance costs the product of both lengths. */
const maxLength = 128

/**
 * The candidate that a typo most likely means, or null when none is near: a change, a missing, an extra or two
 * swapped characters for every three, and differences of case for nothing.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | null {
  if (name.length > maxLength) return null
  const typed = name.toLowerCase()
  let nearest: string | null = null
  let least = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const candidate of candidates) {
    if (candidate === name || Math.abs(candidate.length - name.length) >= least) continue
    const distance = editDistance(typed, candidate.toLowerCase())
    // In names of one or two letters every other name is near.
    if (distance < least && distance * 2 < Math.max(name.length, candidate.length)) {
      least = distance
      nearest = candidate
    }
  }
  return nearest
}

/**
 * The distance of two names in edits (optimal string alignment): insertions, deletions, substitutions and swaps of
 * neighbours each count one.
 */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + change)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, at(beforeLast, j - 2) + 1)
      }
      row.push(least)
    }
    beforeLast = last
    last = row
  }
  return at(last, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] as number
}
