import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'
import { idOf, type RedisWorker, redisWorker } from '../helpers/redis-workers.ts'

const deadline = { timeout: 20_000, interval: 20 }

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.close())
beforeEach(async () => void (await server.client.flushall()))

async function join(name: string): Promise<RedisWorker> {
  const worker = redisWorker(server.url, { name, leaseSeconds: 3, timings: { sweep: 3_600_000 } })
  onTestFinished(() => worker.registry.close())
  await worker.registry.start()
  expect(worker.registry.trouble()).toBeNull()
  return worker
}

test('a listing right after Redis has lost its data says that workers may be missing, until all have had the time to come back', async () => {
  const [near, far] = [await join('near'), await join('far')]
  const ids = [...(await near.connect(3)), ...(await far.connect(3))].map(idOf).sort()
  const listed = async ({ registry }: RedisWorker) => {
    const { connections, incomplete } = await registry.list({}, null, 100)
    return { incomplete, ids: connections.map(({ connectionId }) => connectionId).sort() }
  }
  expect(await listed(near)).toEqual({ incomplete: false, ids })
  await server.client.flushall()
  expect((await listed(near)).incomplete).toBe(true)
  const late = await join('late')
  const seen: string[] = []
  const look = async () => {
    const page = await listed(late)
    if (!page.incomplete) seen.push(page.ids.join())
    return page
  }
  await expect.poll(async () => (await look()).ids, deadline).toEqual(ids)
  expect((await look()).incomplete).toBe(true)
  await expect.poll(look, deadline).toEqual({ incomplete: false, ids })
})

test('a worker that was killed is called dead as soon as nobody listens for it, with what is left of its lease', async () => {
  const [near, far] = [await join('near'), await join('far')]
  await far.connect(2)
  const states = async () =>
    (await near.registry.workers())
      .filter(({ name }) => /near|far/.test(name))
      .map(({ name, state, connections }) => `${name} ${state} ${connections}`)
      .sort()
  expect(await states()).toEqual(['far alive 2', 'near alive 0'])
  far.registry.abandon()
  expect(await states()).toEqual(['far dead 2', 'near alive 0'])
  const dead = (await near.registry.workers()).find(({ state }) => state === 'dead')
  expect(dead?.leaseUntil).toBeGreaterThan(Date.now())
})
