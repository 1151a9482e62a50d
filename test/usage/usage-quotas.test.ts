import { expect, test } from 'vitest'
import { createLocalBuckets } from '../../src/limits/named-buckets.ts'
import { createApiKeys } from '../../src/usage/api-keys.ts'
import type { UsageModel, UsageStore } from '../../src/usage/contract.ts'
import { createMemoryStore } from '../../src/usage/memory-store.ts'
import { createUsageLedger } from '../../src/usage/usage-ledger.ts'
import { createUsageQuotas } from '../../src/usage/usage-quotas.ts'

const noon = Date.parse('2026-11-27T12:00:00Z')
const value = 'value-of-acme-0123456789'
const model: UsageModel = {
  apiKeys: [{ id: 'acme', name: 'acme', enabled: true, value }],
  usagePlans: [
    {
      ...{ id: 'basic', name: 'basic', apiStages: [{ apiId: 'chat', stage: 'dev', throttle: {} }], throttle: null },
      ...{ quota: { limit: 3, offset: 0, period: 'DAY' as const }, keyIds: ['acme'] },
    },
    { id: 'free', name: 'free', apiStages: [], throttle: null, quota: null, keyIds: ['acme'] },
  ],
  prices: null,
}

/** A process that counts in a store, at a time that a test sets. */
function processOver(store: UsageStore, clock: { now: number }) {
  const ledger = createUsageLedger(store)
  const keys = createApiKeys(model, ledger, createLocalBuckets())
  const meter = keys.ofStage('chat', 'dev').find(value)
  const quotas = createUsageQuotas({ ledger, store, model: () => model, now: () => clock.now })
  const use = (times: number) =>
    Array.from({ length: times }, () => {
      const refusal = meter?.take('send', clock.now) ?? null
      if (refusal === null) meter?.count(clock.now)
      return refusal ?? 'served'
    })
  return { use, quotas, sync: () => ledger.sync(clock.now) }
}

const [served, over] = ['served', 'QUOTA_EXCEEDED']

test('a quota says what is used and what remains in its period', async () => {
  const clock = { now: noon }
  const { use, quotas } = processOver(
    createMemoryStore(() => noon),
    clock,
  )
  use(2)
  const row = { usagePlanId: 'basic', apiKeyId: 'acme', period: 'DAY', limit: 3, granted: 0, used: 2, remaining: 1 }
  const [start, end] = ['2026-11-27', '2026-11-28'].map(Date.parse)
  expect(await quotas.read()).toEqual([{ ...row, start, end }])
  expect([await quotas.change('free', 'acme', { extra: 1 }), await quotas.change('basic', 'no', { extra: 1 })]).toEqual(
    [null, null],
  )
})

test('more may be granted, for this period alone, also when it is used up and in another process', async () => {
  const clock = { now: noon }
  const store = createMemoryStore(() => noon)
  const [near, far] = [processOver(store, clock), processOver(store, clock)]
  expect(near.use(4)).toEqual([served, served, served, over])
  await near.sync()
  expect(far.use(1)).toEqual([served])
  await far.sync()
  expect(far.use(1)).toEqual([over])
  expect(await near.quotas.change('basic', 'acme', { extra: 2 })).toMatchObject({ granted: 2, used: 4, remaining: 1 })
  // What the other has refused makes it look.
  await far.sync()
  expect(far.use(2)).toEqual([served, over])
  await Promise.all([near.sync(), far.sync()])
  expect(await far.quotas.read()).toMatchObject([{ used: 5, remaining: 0 }])
  clock.now += 24 * 3_600_000
  expect(near.use(4)).toEqual([served, served, served, over])
})

test('what remains may be set, to more and to less', async () => {
  const { use, quotas } = processOver(
    createMemoryStore(() => noon),
    { now: noon },
  )
  use(1)
  expect(await quotas.change('basic', 'acme', { remaining: 5 })).toMatchObject({ remaining: 5, used: 1, granted: 3 })
  expect(await quotas.change('basic', 'acme', { remaining: 1 })).toMatchObject({ remaining: 1, used: 5 })
  expect(use(2)).toEqual([served, over])
})

test('while the store is away nothing is granted', async () => {
  let isAway = true
  const store = createMemoryStore(() => noon)
  const read: UsageStore['read'] = (name) => (isAway ? Promise.reject(new Error('away')) : store.read(name))
  const { quotas } = processOver({ ...store, read }, { now: noon })
  await expect(quotas.change('basic', 'acme', { extra: 2 })).rejects.toThrow('away')
  isAway = false
  expect(await quotas.read()).toMatchObject([{ granted: 0, remaining: 3 }])
})
