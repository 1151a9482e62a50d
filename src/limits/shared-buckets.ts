import type { Log } from '../observability/contract.ts'
import { within } from '../vocabulary/within.ts'
import type { BucketStore, Buckets } from './contract.ts'
import { createNamedBuckets } from './named-buckets.ts'
import { SharedBucket } from './shared-bucket.ts'

/** The times that shared buckets live by, in milliseconds. */
export interface SharingTimings {
  /** Between two exchanges while tokens are taken. */
  readonly interval: number
  /** The time that an exchange may take. */
  readonly answer: number
  /** Between two tries while the store is away. */
  readonly retry: number
  /** Between two exchanges while nothing is taken: a worker has to be known. */
  readonly presence: number
}

export const sharingTimings: SharingTimings = { interval: 100, answer: 500, retry: 1_000, presence: 5_000 }

/** Buckets that one exchange may name. */
export const bucketsInExchange = 1_000
/** Milliseconds for which a number of workers is believed although fewer are known: a store may have lost its data. */
const rememberedMillis = 15_000

export interface SharedBucketsOptions {
  readonly store: BucketStore
  /** The least number of workers that the fleet can have, as far as this one knows by itself. */
  readonly leastWorkers: number
  /** The time that those who take tokens give. */
  readonly now: () => number
  /** Milliseconds that only rise. */
  readonly clock: () => number
  readonly log: Log
  readonly timings?: Partial<SharingTimings>
}

/** The buckets of a worker that shares them with the fleet. */
export interface SharedBuckets extends Buckets {
  /** Whether they are shared now; if not, each worker keeps to its part of the limits. */
  readonly isShared: boolean
  /** Tries once to share what is open, and goes on trying. Never rejects. */
  start(): Promise<void>
  /** Hands over what was taken, and counts among the workers no more. Never rejects. */
  stop(): Promise<void>
}

/**
 * Named buckets over a store. Nobody waits for it: a worker takes from its own view, and hands over what it took at an
 * interval. While the store is away it keeps to its share, the limits divided by the workers that were last known.
 */
export function createSharedBuckets(options: SharedBucketsOptions): SharedBuckets {
  const { store, leastWorkers, now, clock, log } = options
  const timings = { ...sharingTimings, ...options.timings }
  const dirty = new Set<SharedBucket>()
  const named = createNamedBuckets((name, limits) => {
    const bucket = new SharedBucket(name, limits, isShared ? 1 : workers, noteDirty)
    // Others may have taken of it already.
    noteDirty(bucket)
    return bucket
  })
  let isShared = false
  let isTroubled = false
  let workers = leastWorkers
  let manyAt = Number.NEGATIVE_INFINITY
  let exchangedAt = Number.NEGATIVE_INFINITY
  let running: Promise<void> | null = null
  let timer: NodeJS.Timeout | null = null
  let state: 'new' | 'started' | 'stopped' = 'new'

  function noteDirty(bucket: SharedBucket): void {
    if (dirty.size === 0) arm(isShared ? timings.interval : timings.retry)
    dirty.add(bucket)
  }

  /** Exchanges so long after the last time; what is armed for later is brought forward. */
  function arm(pause: number): void {
    if (state !== 'started' || running !== null) return
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(() => void exchange(), Math.max(0, exchangedAt + pause - clock())).unref()
  }

  function exchange(): Promise<void> {
    if (timer !== null) clearTimeout(timer)
    timer = null
    running ??= exchangeAll().finally(() => {
      running = null
      if (named.all().next().done !== true) arm(nextPause())
    })
    return running
  }

  function nextPause(): number {
    if (!isShared) return timings.retry
    return dirty.size > 0 ? timings.interval : timings.presence
  }

  async function exchangeAll(): Promise<void> {
    exchangedAt = clock()
    try {
      if (!isShared) join(await within(store.exchange([]), timings.answer))
      // Not those that become dirty meanwhile: they have the next interval.
      const batches = Math.ceil(dirty.size / bucketsInExchange)
      for (let at = 0; at < batches; at++) await exchangeBatch([...dirty].slice(0, bucketsInExchange))
      if (batches === 0) know((await within(store.exchange([]), timings.answer)).workers)
    } catch (error) {
      part(error as Error)
    }
  }

  async function exchangeBatch(batch: readonly SharedBucket[]): Promise<void> {
    for (const bucket of batch) dirty.delete(bucket)
    const takings = batch.map((bucket) => ({ name: bucket.name, limits: bucket.limits, taken: bucket.handOver() }))
    const askedAt = now()
    const { workers: count, levels } = await within(store.exchange(takings), timings.answer)
    know(count)
    for (const [at, bucket] of batch.entries()) bucket.learn(levels[at] ?? 0, askedAt)
  }

  function know(count: number): void {
    const time = clock()
    if (count < workers && time - manyAt < rememberedMillis) return
    workers = Math.max(count, leastWorkers)
    manyAt = time
  }

  function join({ workers: count }: { readonly workers: number }): void {
    know(count)
    isShared = true
    if (isTroubled) log.info({ workers }, 'limits are shared with the fleet again')
    isTroubled = false
    // What was taken meanwhile was this worker's share; what is left of the fleet's it has to learn.
    for (const bucket of named.all()) {
      dirty.add(bucket)
      bucket.divideBy(1)
    }
  }

  function part({ message }: Error): void {
    isShared = false
    if (!isTroubled) log.warn({ workers, cause: message }, 'limits are not shared now: this worker keeps to its part')
    isTroubled = true
    dirty.clear()
    for (const bucket of named.all()) bucket.divideBy(workers)
  }

  return {
    open: named.open,
    close: named.close,
    get isShared() {
      return isShared
    },
    start() {
      state = 'started'
      return exchange()
    },
    async stop() {
      if (state === 'stopped') return
      state = 'stopped'
      if (timer !== null) clearTimeout(timer)
      if (running !== null) await running
      if (isShared && dirty.size > 0) await exchange()
      await within(store.leave(), timings.answer).catch(() => {})
    },
  }
}
