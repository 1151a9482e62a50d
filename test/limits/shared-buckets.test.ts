import { expect, onTestFinished, test, vi } from 'vitest'
import { boundedStore } from '../../src/limits/bounded-store.ts'
import type { BucketStore, Taking, TokenBucket } from '../../src/limits/contract.ts'
import { createSharedBuckets } from '../../src/limits/shared-buckets.ts'
import { createSharing } from '../../src/limits/sharing.ts'
import { recordLog } from '../helpers/record-log.ts'

const limits = { rateLimit: 0.4, burstLimit: 20 }

interface MemoryStore extends BucketStore {
  isAway: boolean
  isSilent: boolean
  workers: number
  /** Those of the last exchange. */
  takings: readonly Taking[]
  exchanges: number
  readonly left: Map<string, number>
}

/** A store in memory that fills nothing. */
function memoryStore(): MemoryStore {
  const left = new Map<string, number>()
  const store: MemoryStore = {
    isAway: false,
    isSilent: false,
    workers: 2,
    takings: [],
    exchanges: 0,
    left,
    async exchange(takings) {
      store.exchanges++
      if (store.isSilent) return new Promise<never>(() => {})
      if (store.isAway) throw new Error('away')
      store.takings = takings
      const levels = takings.map(({ name, limits: { burstLimit }, taken }) => {
        left.set(name, (left.get(name) ?? burstLimit) - taken)
        return left.get(name) as number
      })
      return { workers: store.workers, levels }
    },
    async leave() {},
  }
  return store
}

async function share(store: BucketStore, leastWorkers = 1) {
  vi.useFakeTimers({ now: 1_000_000 })
  onTestFinished(() => void vi.useRealTimers())
  const log = recordLog()
  const ping = async () => (await store.exchange([])).workers
  const sharing = createSharing({ ping, leastWorkers, clock: () => performance.now(), log })
  const buckets = createSharedBuckets(store, sharing, Date.now)
  onTestFinished(() => sharing.stop())
  return { buckets, sharing, log }
}

function takeAll(bucket: TokenBucket): number {
  let taken = 0
  while (bucket.take(Date.now())) taken++
  return taken
}

const pass = (millis: number) => vi.advanceTimersByTimeAsync(millis)

test('what one worker takes the other learns within an interval, and what is too much is taken off later', async () => {
  const store = memoryStore()
  const [near, far] = [await share(store), await share(store)]
  const [one, other] = [near, far].map(({ buckets }) => buckets.open('a', limits)) as [TokenBucket, TokenBucket]
  await Promise.all([near.sharing.start(), far.sharing.start()])
  expect([takeAll(one), takeAll(other)]).toEqual([20, 20])
  await pass(200)
  expect(store.left.get('a')).toBe(-20)
  expect([one.take(Date.now()), other.take(Date.now())]).toEqual([false, false])
  // Twenty are owed, and a token takes two and a half seconds.
  expect(other.retryAfter(Date.now())).toBe(Math.ceil(21 / 0.4))
})

test('a worker that comes later learns first what is left', async () => {
  const store = memoryStore()
  store.left.set('a', 3)
  const { buckets, sharing } = await share(store)
  const early = buckets.open('a', limits)
  await sharing.start()
  expect(takeAll(early)).toBe(3)
  store.left.set('b', 2)
  const late = buckets.open('b', limits)
  await pass(100)
  expect(takeAll(late)).toBe(2)
})

test('nothing is exchanged where there is no bucket, and little while nobody takes', async () => {
  const store = memoryStore()
  const none = await share(store)
  await none.sharing.start()
  await pass(60_000)
  expect(store.exchanges).toBe(0)
  const idle = await share(store)
  idle.buckets.open('a', limits)
  await idle.sharing.start()
  const before = store.exchanges
  await pass(60_000)
  expect(store.exchanges - before).toBeLessThanOrEqual(12)
})

test('while the store is away a worker keeps to its share, at least one token, and learns anew when it is back', async () => {
  const store = memoryStore()
  store.workers = 4
  const { buckets, sharing, log } = await share(store)
  const [bucket, small] = [buckets.open('a', limits), buckets.open('small', { rateLimit: 4, burstLimit: 2 })]
  await sharing.start()
  store.isAway = true
  expect(bucket.take(Date.now())).toBe(true)
  await pass(150)
  expect(sharing.isShared).toBe(false)
  expect([takeAll(bucket), takeAll(small)]).toEqual([5, 1])
  await pass(20_100)
  // A quarter of each rate.
  expect([takeAll(bucket), takeAll(small)]).toEqual([2, 1])
  store.isAway = false
  store.left.set('a', 7)
  await pass(1_100)
  expect(sharing.isShared).toBe(true)
  expect(takeAll(bucket)).toBe(7)
  expect(store.takings.every(({ taken }) => taken === 0)).toBe(true)
  expect(log.entries.map(({ level, message }) => [level, message])).toEqual([
    ['warn', 'limits are not shared now: this worker keeps to its part'],
    ['info', 'limits are shared with the fleet again'],
  ])
})

test('a store that does not answer is away too', async () => {
  const store = memoryStore()
  const bounded = boundedStore({ ...store, tell: () => expect.fail('no sources') })
  const { buckets, sharing } = await share(bounded)
  const bucket = buckets.open('a', limits)
  await sharing.start()
  store.isSilent = true
  expect(takeAll(bucket)).toBe(20)
  await pass(100 + 500 + 10)
  expect(sharing.isShared).toBe(false)
})

test('a worker that never reached the store divides by the workers of its own machine', async () => {
  const store = memoryStore()
  store.isAway = true
  const { buckets, sharing } = await share(store, 5)
  const bucket = buckets.open('a', limits)
  await sharing.start()
  expect(takeAll(bucket)).toBe(4)
})

test('a store that has lost who there is does not enlarge the shares', async () => {
  const store = memoryStore()
  store.workers = 4
  const { buckets, sharing } = await share(store)
  const bucket = buckets.open('a', limits)
  await sharing.start()
  store.workers = 1
  bucket.take(Date.now())
  await pass(150)
  store.isAway = true
  bucket.take(Date.now())
  await pass(150)
  expect(takeAll(bucket)).toBe(5)
})

test('a worker that stops hands over what it took', async () => {
  const store = memoryStore()
  const { buckets, sharing } = await share(store)
  const bucket = buckets.open('a', limits)
  await sharing.start()
  takeAll(bucket)
  await sharing.stop()
  expect(store.left.get('a')).toBe(0)
})
