import type { UsageBatch, UsageStore } from './contract.ts'

/** The counts of one bucket, as they are in memory and in a file. */
export interface StoredBucket {
  readonly keptUntil: number
  readonly counts: Map<string, number>
}

/** A store in memory: its counts end with the process. */
export interface MemoryStore extends UsageStore {
  readonly buckets: Map<string, StoredBucket>
}

/** A store of the given buckets; `now` tells when one need not be kept any more. */
export function createMemoryStore(now: () => number, buckets = new Map<string, StoredBucket>()): MemoryStore {
  function add({ bucket, counts }: UsageBatch): number[] {
    const known = buckets.get(bucket.name)
    const stored = known ?? { keptUntil: bucket.keptUntil, counts: new Map<string, number>() }
    if (known === undefined) {
      for (const [name, { keptUntil }] of buckets) if (keptUntil < now()) buckets.delete(name)
      buckets.set(bucket.name, stored)
    }
    return counts.map(([field, count]) => {
      const total = (stored.counts.get(field) ?? 0) + count
      stored.counts.set(field, total)
      return total
    })
  }
  return {
    buckets,
    add: async (batch) => add(batch),
    read: async (name) => buckets.get(name)?.counts ?? new Map(),
    async save() {},
  }
}
