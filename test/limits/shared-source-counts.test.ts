import { expect, onTestFinished, test, vi } from 'vitest'
import type { SourceCount, SourceCountStore } from '../../src/limits/contract.ts'
import { createLocalBuckets } from '../../src/limits/named-buckets.ts'
import { createSharedSourceCounts } from '../../src/limits/shared-source-counts.ts'
import { createSharing } from '../../src/limits/sharing.ts'
import { createSourceLimits } from '../../src/limits/source-limits.ts'
import { recordLog } from '../helpers/record-log.ts'

const address = '203.0.113.9'

/** What three other workers have, and what this one has told. */
interface MemoryStore extends SourceCountStore {
  isAway: boolean
  isKnown: boolean
  others: number
  told: Map<string, number>
}

function memoryStore(): MemoryStore {
  const store: MemoryStore = {
    isAway: false,
    isKnown: true,
    others: 0,
    told: new Map(),
    async tell(counts: readonly SourceCount[], anew) {
      if (store.isAway) throw new Error('away')
      const { isKnown } = store
      store.isKnown = true
      if (anew) store.told.clear()
      for (const { name, connections } of counts) store.told.set(name, connections)
      return { workers: 4, isKnown, others: counts.map(() => store.others) }
    },
  }
  return store
}

async function share(store: MemoryStore) {
  vi.useFakeTimers({ now: 1_000_000 })
  onTestFinished(() => void vi.useRealTimers())
  const ping = async () => (store.isAway ? Promise.reject(new Error('away')) : 4)
  const sharing = createSharing({ ping, leastWorkers: 1, clock: () => performance.now(), log: recordLog() })
  onTestFinished(() => sharing.stop())
  const limits = createSourceLimits({
    ...{ rate: null, maxConnections: 8, ipv6PrefixLength: 64, buckets: createLocalBuckets() },
    counts: createSharedSourceCounts(store, sharing),
  })
  await sharing.start()
  const enter = () => limits.enter(address, Date.now())
  return {
    sharing,
    /** Enters as often as it may; how often that was. */
    fill() {
      let entered = 0
      while (!('cause' in enter())) entered++
      return entered
    },
    enter() {
      const place = enter()
      return 'cause' in place ? expect.fail(place.cause) : place
    },
  }
}

const pass = (millis: number) => vi.advanceTimersByTimeAsync(millis)

test('connections of others count, and a refusal asks for them anew', async () => {
  const store = memoryStore()
  store.others = 5
  const { enter, fill } = await share(store)
  enter()
  await pass(200)
  expect(fill()).toBe(2)
  store.others = 0
  await pass(200)
  expect(fill()).toBe(5)
  await pass(200)
  expect(store.told.get(address)).toBe(8)
})

test('while the store is away a worker keeps to its part, and tells all anew afterwards', async () => {
  const store = memoryStore()
  const { enter, fill, sharing } = await share(store)
  const place = enter()
  await pass(200)
  store.isAway = true
  enter()
  await pass(200)
  expect(sharing.isShared).toBe(false)
  // A quarter of eight, and there are two already.
  expect(fill()).toBe(0)
  place.leave()
  expect(fill()).toBe(1)
  store.told.set('203.0.113.7', 3)
  store.isAway = false
  await pass(1_200)
  expect([...store.told]).toEqual([[address, 2]])
  expect(fill()).toBe(6)
})

test('a store that has lost what it knew is told all of it again', async () => {
  const store = memoryStore()
  const { enter } = await share(store)
  enter()
  await pass(200)
  store.told.clear()
  store.isKnown = false
  // With the next sign of life.
  await pass(10_000)
  expect([...store.told]).toEqual([[address, 1]])
})
