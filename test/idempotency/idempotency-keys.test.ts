import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Claim, FirstCall, IdempotencyKeys } from '../../src/idempotency/contract.ts'
import { createMemoryKeys } from '../../src/idempotency/memory-keys.ts'
import { createRedisKeys } from '../../src/idempotency/redis-keys.ts'
import type { RedisClient } from '../../src/store/contract.ts'
import { redisClient } from '../helpers/redis-registry.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'

let redis: RedisServer
let client: RedisClient
beforeAll(async () => {
  redis = await startRedis()
  client = redisClient(redis.url)
  await client.connected()
})
afterAll(async () => {
  client.close()
  await redis.close()
})

function first(claim: Claim): FirstCall {
  if (claim.kind !== 'first') throw new Error(`the claim is ${claim.kind}`)
  return claim
}

let prefixes = 0
const stores: [string, () => (windowInMillis?: number) => IdempotencyKeys][] = [
  [
    'memory',
    () => {
      const all = new Map<number, IdempotencyKeys>()
      return (windowInMillis = 60_000) => {
        const keys = all.get(windowInMillis) ?? createMemoryKeys({ windowInMillis, now: Date.now })
        all.set(windowInMillis, keys)
        return keys
      }
    },
  ],
  [
    'Redis',
    () => {
      const keyPrefix = `test${prefixes++}:`
      // Each is a worker of its own.
      return (windowInMillis = 60_000) => createRedisKeys({ redis: client, keyPrefix, windowInMillis })
    },
  ],
]

describe.each(stores)('keys in %s', (_, create) => {
  test('give the first answer to every call that comes again, and nothing to another one', async () => {
    const open = create()
    const claim = first(await open().claim('chat/dev/k', 'a'))
    expect(await open().claim('chat/dev/k', 'a')).toEqual({ kind: 'underway' })
    expect(await open().claim('chat/dev/k', 'b')).toEqual({ kind: 'other' })
    await claim.keep({ status: 200, body: '{"sent":1}' })
    expect(await open().claim('chat/dev/k', 'a')).toEqual({
      kind: 'answered',
      answer: { status: 200, body: '{"sent":1}' },
    })
    expect(await open().claim('chat/dev/k', 'b')).toEqual({ kind: 'other' })
    first(await open().claim('chat/prod/k', 'b'))
  })

  test('are free again when nothing was done', async () => {
    const open = create()
    await first(await open().claim('chat/dev/k', 'a')).forget()
    await first(await open().claim('chat/dev/k', 'b')).keep({ status: 410, body: null })
    expect(await open().claim('chat/dev/k', 'b')).toEqual({ kind: 'answered', answer: { status: 410, body: null } })
  })

  test('count for their window only', async () => {
    const open = create()
    await first(await open(50).claim('chat/dev/k', 'a')).keep({ status: 200, body: '' })
    await expect
      .poll(() =>
        open(50)
          .claim('chat/dev/k', 'b')
          .then(({ kind }) => kind),
      )
      .toBe('first')
  })

  test('may be any text', async () => {
    const open = create()
    for (const key of ['', '..', '\r\n', '{x}', 'ä'.repeat(200)]) first(await open().claim(`chat/dev/${key}`, 'a'))
  })
})

test('a Redis that is away rejects the claim: nothing is known', async () => {
  const keys = createRedisKeys({
    redis: { database: 0, run: () => Promise.reject(new Error('away')) },
    keyPrefix: 'p:',
    windowInMillis: 1_000,
  })
  await expect(keys.claim('chat/dev/k', 'a')).rejects.toThrow('away')
})

test('what is none of ours in Redis is a first call without an answer', async () => {
  const keys = createRedisKeys({ redis: client, keyPrefix: 'foreign:', windowInMillis: 60_000 })
  first(await keys.claim('n', 'a'))
  const [name] = await redis.client.keys('foreign:*')
  for (const text of ['', 'x', '{}', '[]', '[1]', 'null']) {
    await redis.client.set(name as string, text)
    expect(await keys.claim('n', 'a')).toEqual({ kind: 'underway' })
  }
})

test('a worker keeps a bounded number of keys, and refuses more', async () => {
  const keys = createMemoryKeys({ windowInMillis: 60_000, now: () => 0 })
  for (let i = 0; i < 100_000; i++) await keys.claim(String(i), 'a')
  await expect(keys.claim('one more', 'a')).rejects.toThrow('there are 100000 Idempotency-Keys already')
  expect(await keys.claim('5', 'a')).toEqual({ kind: 'underway' })
})
