import { expect, test } from 'vitest'
import { createLocalBuckets } from '../../src/limits/named-buckets.ts'
import { createApiKeys } from '../../src/usage/api-keys.ts'
import type { ApiKey, KeyMeter, UsageModel, UsagePlan } from '../../src/usage/contract.ts'
import { createMemoryStore } from '../../src/usage/memory-store.ts'
import { createUsageLedger } from '../../src/usage/usage-ledger.ts'

const noon = Date.parse('2026-11-27T12:00:00Z')
const value = (id: string) => `value-of-${id}-0123456789`
const key = (id: string, enabled = true): ApiKey => ({ id, name: id, enabled, value: enabled ? value(id) : null })
const stage = { apiId: 'chat', stage: 'dev', throttle: {} }
const plan = (members: Partial<UsagePlan>): UsagePlan => {
  return { id: 'basic', name: 'basic', apiStages: [stage], throttle: null, quota: null, keyIds: ['acme'], ...members }
}
const model = (...usagePlans: UsagePlan[]): UsageModel => ({
  apiKeys: [key('acme'), key('bolt'), key('old', false)],
  usagePlans,
  prices: null,
})

function keysOf(first: UsageModel) {
  const store = createMemoryStore(() => noon)
  const ledger = createUsageLedger(store)
  return { store, ledger, keys: createApiKeys(first, ledger, createLocalBuckets()) }
}

/** The answers to so many requests at once, each of which counts when it is served. */
const answers = (meter: KeyMeter | null, times: number, { routeKey = 'send', now = noon } = {}) =>
  Array.from({ length: times }, () => {
    const refusal = meter?.take(routeKey, now) ?? null
    if (refusal === null) meter?.count(now)
    return refusal ?? 'served'
  })

test('a key is found by its value under the stages of its plan, and nowhere else', () => {
  const { keys } = keysOf(model(plan({ keyIds: ['acme', 'old'] })))
  expect(keys.ofStage('chat', 'dev').find(value('acme'))?.apiKeyId).toBe('acme')
  expect(keys.ofStage('chat', 'prod').find(value('acme'))).toBeNull()
  expect(keys.ofStage('other', 'dev').find(value('acme'))).toBeNull()
  for (const none of [value('bolt'), value('old'), '', 'short', value('acme').toUpperCase(), 'x'.repeat(100_000)]) {
    expect(keys.ofStage('chat', 'dev').find(none)).toBeNull()
  }
  expect([keys.hasPlan('chat', 'dev'), keys.hasPlan('chat', 'prod')]).toEqual([true, false])
})

test('a plan throttles each key for itself, and a route of it before', () => {
  const throttle = { send: { rateLimit: 1, burstLimit: 2 } }
  const { keys } = keysOf(
    model(
      plan({
        keyIds: ['acme', 'bolt'],
        throttle: { rateLimit: 10, burstLimit: 4 },
        apiStages: [
          { ...stage, throttle },
          { ...stage, stage: 'prod' },
        ],
      }),
    ),
  )
  const [acme, prod] = ['dev', 'prod'].map((name) => keys.ofStage('chat', name).find(value('acme')))
  const throttled = 'TOO_MANY_REQUESTS'
  expect(answers(acme ?? null, 3)).toEqual(['served', 'served', throttled])
  // Both stages have the bucket of the plan in common; one that the route has refused took nothing of it.
  expect(answers(prod ?? null, 3)).toEqual(['served', 'served', throttled])
  expect(answers(keys.ofStage('chat', 'dev').find(value('bolt')), 1)).toEqual(['served'])
  expect(acme?.retryAfter(throttled, 'send', noon)).toBe(1)
  expect(prod?.retryAfter(throttled, '$connect', noon)).toBe(1)
})

test('a quota is used up over all stages of the plan, until its period ends', () => {
  const apiStages = [stage, { ...stage, stage: 'prod' }]
  const { keys } = keysOf(model(plan({ apiStages, quota: { limit: 3, offset: 0, period: 'DAY' } })))
  const dev = keys.ofStage('chat', 'dev').find(value('acme'))
  const prod = keys.ofStage('chat', 'prod').find(value('acme'))
  expect(answers(dev, 2)).toEqual(['served', 'served'])
  expect(answers(prod, 2)).toEqual(['served', 'QUOTA_EXCEEDED'])
  expect(answers(dev, 1)).toEqual(['QUOTA_EXCEEDED'])
  expect(dev?.retryAfter('QUOTA_EXCEEDED', 'send', noon)).toBe(12 * 3600)
  expect(answers(dev, 4, { now: noon + 12 * 3_600_000 })).toEqual(['served', 'served', 'served', 'QUOTA_EXCEEDED'])
})

test('what replaces keys and plans holds for meters that are in use, which keep their counts and buckets', () => {
  const quota = { limit: 2, offset: 0, period: 'DAY' as const }
  const throttle = { rateLimit: 0, burstLimit: 3 }
  const { keys } = keysOf(model(plan({ quota, throttle })))
  const meter = keys.ofStage('chat', 'dev').find(value('acme'))
  expect(answers(meter, 1)).toEqual(['served'])
  keys.replace(model(plan({ quota: { ...quota, limit: 10 }, throttle })))
  expect(answers(meter, 3)).toEqual(['served', 'served', 'TOO_MANY_REQUESTS'])
  keys.replace(model(plan({ quota })))
  expect(answers(meter, 1)).toEqual(['QUOTA_EXCEEDED'])
  keys.replace(model(plan({ keyIds: [] })))
  expect(answers(meter, 1)).toEqual(['INVALID_API_KEY'])
  expect(keys.ofStage('chat', 'dev').find(value('acme'))).toBeNull()
  keys.replace(model(plan({})))
  expect(answers(meter, 1)).toEqual(['served'])
  keys.replace({ ...model(plan({})), apiKeys: [] })
  expect(answers(meter, 1)).toEqual(['INVALID_API_KEY'])
  expect(keys.ofStage('chat', 'dev').find(value('acme'))).toBeNull()
})

test('quotas go on from what the store has', async () => {
  const quota = { limit: 5, offset: 0, period: 'HOUR' as const }
  const before = keysOf(model(plan({ quota })))
  expect(answers(before.keys.ofStage('chat', 'dev').find(value('acme')), 3)).toEqual(['served', 'served', 'served'])
  await before.ledger.sync(noon)
  const after = createApiKeys(model(plan({ quota })), createUsageLedger(before.store), createLocalBuckets())
  await after.load(noon)
  const left = answers(after.ofStage('chat', 'dev').find(value('acme')), 3)
  expect(left).toEqual(['served', 'served', 'QUOTA_EXCEEDED'])
})

test('a key that is gone is told, and its meters are over also when it comes back', () => {
  const { keys } = keysOf(model(plan({ keyIds: ['acme', 'bolt'] })))
  const find = (id: string) => keys.ofStage('chat', 'dev').find(value(id)) as KeyMeter
  const [acme, bolt] = [find('acme'), find('bolt')]
  const whole = model(plan({ keyIds: ['acme', 'bolt'] }))
  expect(keys.replace(whole)).toEqual([])
  const others = whole.apiKeys.filter(({ id }) => id !== 'acme')
  expect(keys.replace({ ...whole, apiKeys: [...others, { ...key('acme'), value: value('new') }] })).toEqual(['acme'])
  expect([acme.isRevoked, bolt.isRevoked]).toEqual([true, false])
  expect(keys.replace(whole)).toEqual(['acme'])
  expect([acme.isRevoked, answers(acme, 1), find('acme').isRevoked]).toEqual([true, ['INVALID_API_KEY'], false])
  // Who is in no plan any more stays, and may use nothing.
  expect(keys.replace(model(plan({ keyIds: ['acme'] })))).toEqual([])
  expect([bolt.isRevoked, answers(bolt, 1)]).toEqual([false, ['INVALID_API_KEY']])
})

test('a request that another limit refuses counts nothing', async () => {
  const { keys, ledger, store } = keysOf(model(plan({ quota: { limit: 1, offset: 0, period: 'DAY' } })))
  const meter = keys.ofStage('chat', 'dev').find(value('acme'))
  expect([meter?.take('send', noon), meter?.take('send', noon)]).toEqual([null, null])
  await ledger.sync(noon)
  expect([...store.buckets.values()].flatMap(({ counts }) => [...counts])).toEqual([])
  expect(answers(meter, 2)).toEqual(['served', 'QUOTA_EXCEEDED'])
})
