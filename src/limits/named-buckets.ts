import type { BucketLimits, Buckets, TokenBucket } from './contract.ts'
import { FillingBucket } from './token-bucket.ts'

/** A bucket that can get other limits while it is used. */
export interface LimitedBucket extends TokenBucket {
  useLimits(limits: BucketLimits): void
}

/** Named buckets with a look at all that are open. */
export interface NamedBuckets<Bucket extends LimitedBucket> extends Buckets {
  all(): IterableIterator<Bucket>
}

/** Named buckets of any kind, none of which is open. */
export function createNamedBuckets<Bucket extends LimitedBucket>(
  make: (name: string, limits: BucketLimits) => Bucket,
): NamedBuckets<Bucket> {
  const buckets = new Map<string, Bucket>()
  const uses = new Map<TokenBucket, { readonly name: string; count: number }>()
  return {
    open(name, limits) {
      const known = buckets.get(name)
      if (known === undefined) {
        const bucket = make(name, limits)
        buckets.set(name, bucket)
        uses.set(bucket, { name, count: 1 })
        return bucket
      }
      known.useLimits(limits)
      ;(uses.get(known) as { count: number }).count++
      return known
    },
    close(bucket) {
      const use = uses.get(bucket)
      if (use === undefined) return
      use.count--
      if (use.count > 0) return
      uses.delete(bucket)
      buckets.delete(use.name)
    },
    all: () => buckets.values(),
  }
}

/** The named buckets of a process that is alone: exact, and full when it starts. */
export function createLocalBuckets(): Buckets {
  return createNamedBuckets((_name, limits) => new FillingBucket(limits))
}
