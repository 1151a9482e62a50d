/**
 * Finds the first items behind a text, in the order of the UTF-16 units of their own texts, at most `limit`. Takes time in
 * proportion to all items, and memory to the limit.
 */
export function firstAfter<T>(
  items: Iterable<T>,
  textOf: (item: T) => string,
  after: string | null,
  limit: number,
): readonly T[] {
  const isEarlier = (one: T, other: T) => (textOf(one) < textOf(other) ? -1 : 1)
  let found: T[] = []
  /** The text from which on nothing can be among the first any more. */
  let end: string | null = null
  for (const item of items) {
    const text = textOf(item)
    if ((after !== null && text <= after) || (end !== null && text >= end)) continue
    found.push(item)
    // Sorted now and then, so that each item costs little more than its comparison.
    if (found.length < 2 * limit + 16) continue
    found = found.sort(isEarlier).slice(0, limit)
    end = textOf(found[limit - 1] as T)
  }
  return found.sort(isEarlier).slice(0, limit)
}
