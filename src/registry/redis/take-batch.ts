/** Takes the first entries out of a Map, at most so many. */
export function takeBatch<Key, Value>(entries: Map<Key, Value>, size: number): Map<Key, Value> {
  const batch = new Map<Key, Value>()
  for (const [key, value] of entries) {
    if (batch.size === size) break
    batch.set(key, value)
    entries.delete(key)
  }
  return batch
}
