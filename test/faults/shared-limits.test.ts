import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import type { Buckets, LimitStore, SourceLimits, TokenBucket } from '../../src/limits/contract.ts'
import { createRedisLimitStore } from '../../src/limits/redis/limit-store.ts'
import { createSharedBuckets } from '../../src/limits/shared-buckets.ts'
import { createSharedSourceCounts } from '../../src/limits/shared-source-counts.ts'
import { createSharing, type Sharing } from '../../src/limits/sharing.ts'
import { createSourceLimits } from '../../src/limits/source-limits.ts'
import { openRedisClient } from '../../src/store/redis/client.ts'
import { parseRedisAddress } from '../../src/vocabulary/redis-address.ts'
import { Client } from '../helpers/client.ts'
import { says } from '../helpers/definitions.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'
import { recordLog } from '../helpers/record-log.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'

/** Much longer than anything takes here. */
const deadline = { timeout: 15_000 }

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server?.close())
beforeEach(() => server.client.flushall())

/** A worker's limits over the Redis, and the longest time between two of its exchanges, in milliseconds. */
interface Worker {
  readonly sharing: Sharing
  readonly buckets: Buckets
  /** Three connections of one source. */
  readonly sources: SourceLimits
  readonly longest: () => number
}

async function startWorker(): Promise<Worker> {
  const address = parseRedisAddress(server.url)?.address ?? expect.fail('no address')
  const redis = openRedisClient({
    ...{ address, password: null, sentinelPassword: null, ca: null, name: 'test', commandTimeout: 2_000, retry: 100 },
    random: Math.random,
  })
  await redis.connected()
  const store = createRedisLimitStore({ redis, keyPrefix: 'test:' })
  let longest = 0
  let last = performance.now()
  // Not bounded: a machine that is busy is no Redis that is away.
  const timed: LimitStore = {
    ...store,
    async exchange(takings) {
      const before = last
      last = performance.now()
      const answer = await store.exchange(takings)
      longest = Math.max(longest, performance.now() - before)
      return answer
    },
  }
  const ping = async () => (await timed.exchange([])).workers
  const sharing = createSharing({ ping, leastWorkers: 1, clock: () => performance.now(), log: recordLog() })
  onTestFinished(async () => {
    await sharing.stop()
    redis.close()
  })
  const buckets = createSharedBuckets(timed, sharing, Date.now)
  const counts = createSharedSourceCounts(store, sharing)
  const sources = createSourceLimits({ rate: null, maxConnections: 3, ipv6PrefixLength: 64, buckets, counts })
  return { sharing, buckets, sources, longest: () => longest }
}

function takeAll(bucket: TokenBucket): number {
  let taken = 0
  while (bucket.take(Date.now())) taken++
  return taken
}

test('two workers that both take what they can serve the limit in all, but for what they take before they hear of it', async () => {
  const limits = { rateLimit: 200, burstLimit: 50 }
  const workers = await Promise.all([startWorker(), startWorker()])
  const buckets = workers.map((worker) => worker.buckets.open('a', limits))
  await Promise.all(workers.map((worker) => worker.sharing.start()))
  const start = Date.now()
  let served = 0
  while (Date.now() - start < 1_000) {
    for (const bucket of buckets) served += takeAll(bucket)
    await pause(5)
  }
  const seconds = (Date.now() - start) / 1000
  const whole = limits.burstLimit + limits.rateLimit * seconds
  const [one = 0, other = 0] = workers.map(({ longest }) => longest() / 1000)
  expect(served).toBeLessThanOrEqual(whole + limits.burstLimit + limits.rateLimit * Math.max(one, other) + 1)
  expect(served).toBeGreaterThan(limits.burstLimit)
  // What was served too much is taken off: from now on it is the rate again.
  await expect.poll(async () => (await server.client.keys('test:limits:{b}:bucket:a')).length, deadline).toBe(1)
  const left = Number(String(await server.client.get('test:limits:{b}:bucket:a')).split(' ')[0])
  expect(left).toBeGreaterThanOrEqual(-(limits.burstLimit + limits.rateLimit * Math.max(one, other) + 1))
})

test('what one worker has used up another can not take, and a bucket that is full again leaves nothing in Redis', async () => {
  const [near, far] = await Promise.all([startWorker(), startWorker()])
  const limits = { rateLimit: 0.01, burstLimit: 3 }
  const one = near.buckets.open('["route","{chat}"]', limits)
  await near.sharing.start()
  expect(takeAll(one)).toBe(3)
  await expect.poll(() => server.client.keys('test:limits:*bucket*'), deadline).toHaveLength(1)
  await near.sharing.stop()
  const other = far.buckets.open('["route","{chat}"]', { ...limits, rateLimit: 0 })
  await far.sharing.start()
  expect(takeAll(other)).toBe(0)
  const slow = far.buckets.open('slow', { rateLimit: 0, burstLimit: 1 })
  expect(takeAll(slow)).toBe(1)
  const quick = far.buckets.open('quick', { rateLimit: 100, burstLimit: 1 })
  quick.take(Date.now())
  await expect.poll(() => server.client.exists('test:limits:{b}:bucket:slow'), deadline).toBe(1)
  await expect.poll(() => server.client.exists('test:limits:{b}:bucket:quick'), deadline).toBe(0)
  for (const key of await server.client.keys('*')) expect(await server.client.pttl(key)).toBeGreaterThan(0)
})

test('a source has so many connections in all, but for those that come before workers hear of each other', async () => {
  const [near, other] = await Promise.all([startWorker(), startWorker()])
  await Promise.all([near.sharing.start(), other.sharing.start()])
  const enter = ({ sources }: Worker) => sources.enter('203.0.113.9', Date.now())
  const place = (worker: Worker) => {
    const entered = enter(worker)
    return 'cause' in entered ? expect.fail(entered.cause) : entered
  }
  const places = [place(near), place(near)]
  const isFull = (worker: Worker) => {
    const entered = enter(worker)
    if (!('cause' in entered)) entered.leave()
    return 'cause' in entered
  }
  const told = async () => {
    const keys = await server.client.keys('test:limits:{b}:sources:*')
    return (await Promise.all(keys.map((key) => server.client.hget(key, '203.0.113.9')))).filter(Boolean)
  }
  await expect.poll(told, deadline).toEqual(['2'])
  // The first one that comes lets the other worker hear of it.
  places.push(place(other))
  await expect.poll(() => isFull(other), deadline).toBe(true)
  await expect.poll(() => isFull(near), deadline).toBe(true)
  places.shift()?.leave()
  await expect.poll(() => isFull(other), deadline).toBe(false)
  // What a worker had goes with it.
  await near.sharing.stop()
  for (const name of await server.client.keys('*')) expect(await server.client.pttl(name)).toBeGreaterThan(0)
})

const far = { rateLimit: 0.001, burstLimit: 40 }
const plan = {
  id: 'all',
  apiStages: [{ apiId: 'test', stage: 'dev' }],
  keyIds: ['acme'],
  throttle: { ...far, burstLimit: 12 },
}

async function startNode(settings: object): Promise<TestGateway> {
  const gateway = await startGateway(
    { routes: { $connect: { apiKeyRequired: true }, $default: says('served') } },
    {
      settings: { apiKeys: [{ id: 'acme', valueVariable: 'ACME' }], usagePlans: [plan], ...settings },
      env: { ACME: 'canary-acme-0123456789' },
      flags: { redis: server.url, leaseSeconds: '3' },
    },
  )
  onTestFinished(() => gateway.close())
  return gateway
}

async function connect(gateway: TestGateway): Promise<Client> {
  const client = await Client.connect(gateway.ws, { headers: { 'x-api-key': 'canary-acme-0123456789' } })
  onTestFinished(() => client.socket.terminate())
  return client
}

/** Sends messages one after another, each after a pause in which workers hear of each other, until one is refused. */
async function servedBy(client: Client): Promise<number> {
  for (let served = 0; ; served++) {
    client.send('any')
    if ((await client.next()) !== 'served') return served
    await pause(20)
  }
}

test('a fleet has one throttle of an account and of a key', async () => {
  const [near, other] = await Promise.all([startNode({ throttleSettings: far }), startNode({ throttleSettings: far })])
  const clients = await Promise.all([connect(near), connect(other)])
  // The plan is the narrower one; each worker may take all of it once, before it hears of the other.
  const served = (await Promise.all(clients.map(servedBy))).reduce((sum, each) => sum + each, clients.length)
  expect(served).toBeGreaterThanOrEqual(12)
  expect(served).toBeLessThanOrEqual(24)
  const level = async () => Number(String(await server.client.get('postern:limits:{b}:bucket:account')).split(' ')[0])
  await expect.poll(level, deadline).toBeCloseTo(40 - served, 0)
  await expect.poll(() => server.client.zcard('postern:limits:{b}:workers'), deadline).toBe(2)
})

test('without Redis each worker keeps to its part', async () => {
  const open = { usagePlans: [{ ...plan, throttle: undefined }], throttleSettings: far }
  const [near, other] = await Promise.all([startNode(open), startNode(open)])
  const clients = await Promise.all([connect(near), connect(other)])
  await expect.poll(() => server.client.get('postern:limits:{b}:bucket:account'), deadline).toMatch(/^38/)
  onTestFinished(() => server.restart())
  await server.kill()
  for (const client of clients) {
    client.send('any')
    expect(await client.next()).toBe('served')
  }
  for (const gateway of [near, other]) {
    await expect
      .poll(() => gateway.lines.some((line) => line.includes('limits are not shared now')), deadline)
      .toBe(true)
  }
  const served = await Promise.all(clients.map(servedBy))
  // Half of the burst each, less what was taken before.
  for (const each of served) expect(each).toBeLessThanOrEqual(20)
  expect(served[0]).toBeGreaterThan(10)
})
