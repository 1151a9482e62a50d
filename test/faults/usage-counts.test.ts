import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import { openRedisClient } from '../../src/store/redis/client.ts'
import { createRedisUsageStore } from '../../src/usage/redis/redis-store.ts'
import { createUsageLedger, type UsageLedger } from '../../src/usage/usage-ledger.ts'
import { parseRedisAddress } from '../../src/vocabulary/redis-address.ts'
import { Client } from '../helpers/client.ts'
import { definitionFolder } from '../helpers/definition-folder.ts'
import { says } from '../helpers/definitions.ts'
import { minimalApi, startGateway, type TestGateway } from '../helpers/postern.ts'
import { startProcess } from '../helpers/process.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'

const value = 'canary-acme-0123456789'
const limit = 200

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server?.close())
beforeEach(() => server.client.flushall())

const settings = {
  apiKeys: [{ id: 'acme', valueVariable: 'ACME' }],
  usagePlans: [
    { id: 'all', apiStages: [{ apiId: 'test', stage: 'dev' }], keyIds: ['acme'], quota: { limit, period: 'MONTH' } },
  ],
}

const definition = { routes: { $connect: { apiKeyRequired: true }, $default: says('served') } }

async function startNode(given: object = settings, isInFleet = true): Promise<TestGateway> {
  const flags: Record<string, string> = isInFleet ? { redis: server.url, leaseSeconds: '3' } : {}
  const gateway = await startGateway(definition, { settings: given, env: { ACME: value }, flags })
  onTestFinished(() => gateway.close())
  return gateway
}

async function connect(gateway: Pick<TestGateway, 'ws'>): Promise<Client> {
  const client = await Client.connect(gateway.ws, { headers: { 'x-api-key': value } })
  onTestFinished(() => client.socket.terminate())
  return client
}

/** Sends messages one after another until one is refused; how many were served. */
async function useUp(client: Client): Promise<number> {
  for (let served = 0; ; served++) {
    client.send('any')
    if ((await client.next()) !== 'served') return served
  }
}

const field = JSON.stringify(['all', 'acme'])

/** The count in Redis, once it is so high. */
async function countOf(atLeast: number): Promise<number> {
  while (true) {
    const [key] = await server.client.keys('postern:usage:quota/*')
    const count = key === undefined ? 0 : Number(await server.client.hget(key, field))
    if (count >= atLeast) return count
    await pause(50)
  }
}

/** The times at which messages were served, sent one after another with a pause, until the quota is used up. */
async function servedUntilRefused(client: Client): Promise<number[]> {
  const times: number[] = []
  while (true) {
    client.send('any')
    if ((await client.next()) !== 'served') return times
    times.push(Date.now())
    await pause(10)
  }
}

test('a fleet has one quota, but for what others serve within the interval', async () => {
  const [near, far] = await Promise.all([startNode(), startNode()])
  const clients = await Promise.all([connect(near), connect(far)])
  const served = (await Promise.all(clients.map(servedUntilRefused))).flat().sort((one, other) => one - other)
  const total = served.length + clients.length
  expect(total).toBeGreaterThanOrEqual(limit)
  // All of them are counted, once.
  expect(await countOf(total)).toBe(total)
  // Two hand-overs, one of each node, are between a count and the other's knowing of it; the rest is the machine's.
  const [usedUpAt = 0, lastAt = 0] = [served[limit - clients.length - 1], served.at(-1)]
  expect(lastAt - usedUpAt).toBeLessThan(2_000 + 8_000)
  const late = await startNode()
  await expect(connect(late)).rejects.toThrow('429')
  // Keys of quotas go by themselves.
  for (const key of await server.client.keys('postern:usage:*'))
    expect(await server.client.pttl(key)).toBeGreaterThan(0)
  expect((await server.client.keys('*')).join()).not.toContain('canary')
})

test('without Redis a node goes on with what it knows and its own, and hands it over later', async () => {
  const node = await startNode()
  const client = await connect(node)
  client.send('any')
  await client.next()
  await countOf(2)
  await server.kill()
  expect(await useUp(client)).toBe(limit - 2)
  await server.restart()
  // What Redis has lost, this node's first two, is not given again: neither to it nor in what it hands over.
  expect(await countOf(limit - 2)).toBe(limit - 2)
  client.send('any')
  expect(await client.next()).toContain('Limit Exceeded')
})

test.each(['Redis', 'a file'])(
  'of a process that is killed %s keeps all but what it counted in its last second',
  async (place) => {
    const isRedis = place === 'Redis'
    const folder = definitionFolder({ 'apis/test/api.yaml': stringify({ ...minimalApi, ...definition }) })
    const [file, usageFile] = [join(folder, 'postern.yaml'), join(folder, 'usage.json')]
    const given = isRedis ? settings : { ...settings, usageFile }
    await writeFile(file, stringify(given))
    const redis = isRedis ? ['--redis', server.url, '--lease-seconds', '3'] : []
    const node = await startProcess([join(folder, 'apis'), '--config', file, ...redis], { ACME: value })
    onTestFinished(() => void node.child.kill('SIGKILL'))
    const client = await connect({ ws: `ws://127.0.0.1:${node.port}/test/dev` })
    const send = async (times: number) => {
      for (let i = 0; i < times; i++) {
        client.send('any')
        expect(await client.next()).toBe('served')
      }
    }
    const counted = async (): Promise<number> => {
      if (isRedis) return countOf(0)
      const read = JSON.parse(await readFile(usageFile, 'utf8').catch(() => '{"buckets":{}}'))
      const bucket = Object.entries(read.buckets).find(([name]) => name.startsWith('quota/'))?.[1]
      return (bucket as { counts: Record<string, number> } | undefined)?.counts[field] ?? 0
    }
    await send(20)
    while ((await counted()) < 21) await pause(50)
    await send(30)
    node.child.kill('SIGKILL')
    await node.exited
    const left = await counted()
    expect(left).toBeGreaterThanOrEqual(21)
    expect(left).toBeLessThanOrEqual(51)
    // Whoever comes after it goes on from there.
    const next = await startNode(given, isRedis)
    expect(await useUp(await connect(next))).toBe(limit - left - 1)
  },
)

async function openLedger(loseAnswer: () => boolean): Promise<{ ledger: UsageLedger; close(): void }> {
  const address = parseRedisAddress(server.url)?.address
  if (address === undefined) throw new Error('no address')
  const redis = await openRedisClient({
    ...{ address, password: null, sentinelPassword: null, ca: null, name: 'test', commandTimeout: 2_000, retry: 100 },
    random: Math.random,
  })
  await redis.connected()
  onTestFinished(() => redis.close())
  const store = createRedisUsageStore({ redis, keyPrefix: 'test:' })
  const ledger = createUsageLedger({
    ...store,
    async add(batch) {
      const totals = await store.add(batch)
      if (loseAnswer()) throw new Error('the answer was lost')
      return totals
    },
  })
  return { ledger, close: () => redis.close() }
}

test('a count whose answer was lost is added once', async () => {
  let losses = 3
  const bucket = { name: 'quota/DAY/x', end: Date.now() + 60_000, keptUntil: Date.now() + 60_000 }
  const [lossy, other] = await Promise.all([openLedger(() => losses-- > 0), openLedger(() => false)])
  const cell = lossy.ledger.cell(bucket, 'acme')
  for (let i = 0; i < 5; i++) cell.add()
  for (let i = 0; i < 3; i++) await expect(lossy.ledger.sync(0)).rejects.toThrow('lost')
  cell.add()
  await lossy.ledger.sync(0)
  expect(cell.total).toBe(6)
  await other.ledger.load(bucket)
  expect(other.ledger.cell(bucket, 'acme').total).toBe(6)
})
