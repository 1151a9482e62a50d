/** Places for what is under way, a number of them for each name; who finds none waits, in the order of coming. */
export interface Places {
  /** Resolves when a place of that name is taken. */
  take(name: string): Promise<void>
  /** Gives a place back, which the next one in the queue gets. */
  give(name: string): void
}

/** Makes places, `limit` of each name. */
export function createPlaces(limit: number): Places {
  const names = new Map<string, { taken: number; readonly waiting: (() => void)[] }>()

  return {
    async take(name) {
      const found = names.get(name) ?? { taken: 0, waiting: [] }
      names.set(name, found)
      if (found.taken < limit) found.taken++
      else await new Promise<void>((resolve) => void found.waiting.push(resolve))
    },
    give(name) {
      const found = names.get(name)
      if (found === undefined) return
      const next = found.waiting.shift()
      if (next !== undefined) return next()
      found.taken--
      if (found.taken === 0) names.delete(name)
    },
  }
}
