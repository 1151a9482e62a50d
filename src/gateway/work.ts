/** A count of what is under way, so that a drain can wait for it. */
export interface Work {
  readonly count: number
  begin(): void
  end(): void
  /** Resolves once nothing is under way; at once when nothing is. */
  settled(): Promise<void>
}

export function createWork(): Work {
  let count = 0
  let waiting: (() => void)[] = []
  return {
    get count() {
      return count
    },
    begin() {
      count++
    },
    end() {
      count--
      if (count > 0 || waiting.length === 0) return
      const settled = waiting
      waiting = []
      for (const resolve of settled) resolve()
    },
    settled: () => (count === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  }
}
