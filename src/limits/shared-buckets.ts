import type { BucketStore, Buckets } from './contract.ts'
import { createNamedBuckets } from './named-buckets.ts'
import { SharedBucket } from './shared-bucket.ts'
import { exchangeBatches, type SharedPart, type Sharing } from './sharing.ts'

/** Buckets that one exchange may name. */
export const bucketsInExchange = 1_000

/**
 * The named buckets that a worker shares with its fleet. Nobody waits for the store: a worker takes from its own view,
 * and hands over what it took at an interval. While the store is away it keeps to its share, the limits divided by the
 * workers that were last known. `now` is the time that those who take tokens give.
 */
export function createSharedBuckets(store: BucketStore, sharing: Sharing, now: () => number): Buckets {
  const dirty = new Set<SharedBucket>()
  const named = createNamedBuckets((name, limits) => {
    const bucket = new SharedBucket(name, limits, sharing.divisor, noteDirty)
    // Others may have taken of it already.
    noteDirty(bucket)
    return bucket
  })

  function noteDirty(bucket: SharedBucket): void {
    if (dirty.size === 0) sharing.changed()
    dirty.add(bucket)
  }

  async function exchangeBatch(): Promise<number> {
    const batch = [...dirty].slice(0, bucketsInExchange)
    for (const bucket of batch) dirty.delete(bucket)
    const takings = batch.map((bucket) => ({ name: bucket.name, limits: bucket.limits, taken: bucket.handOver() }))
    const askedAt = now()
    const { workers, levels } = await store.exchange(takings)
    for (const [at, bucket] of batch.entries()) bucket.learn(levels[at] ?? 0, askedAt)
    return workers
  }

  const part: SharedPart = {
    isEmpty: () => named.all().next().done === true && dirty.size === 0,
    isDirty: () => dirty.size > 0,
    exchange: () => exchangeBatches(dirty.size, bucketsInExchange, exchangeBatch),
    joined() {
      // What was taken meanwhile was this worker's share; what is left of the fleet's it has to learn.
      for (const bucket of named.all()) {
        dirty.add(bucket)
        bucket.divideBy(1)
      }
    },
    parted(workers) {
      dirty.clear()
      for (const bucket of named.all()) bucket.divideBy(workers)
    },
  }
  sharing.add(part)
  return { open: named.open, close: named.close }
}
