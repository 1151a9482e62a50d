import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { createMetrics } from '../../src/observability/metrics.ts'
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
  // One that has just come knows as soon as any of the others has noticed.
  await expect.poll(async () => (await listed(late)).incomplete, deadline).toBe(true)
  const early: unknown[] = []
  const look = async () => {
    const page = await listed(late)
    if (!page.incomplete && page.ids.length < ids.length) early.push(page)
    return page
  }
  await expect.poll(async () => (await look()).ids, deadline).toEqual(ids)
  expect((await look()).incomplete).toBe(true)
  await expect.poll(look, deadline).toEqual({ incomplete: false, ids })
  // At no time was a part of the connections told for the whole.
  expect(early).toEqual([])
})

test.each([
  ['count', async ({ registry }: RedisWorker) => registry.count()],
  [
    'look at the workers',
    async ({ registry }: RedisWorker) => {
      const { workers, incomplete } = await registry.workers()
      return { connections: workers.reduce((sum, { connections }) => sum + connections, 0), incomplete }
    },
  ],
])(
  'a %s right after Redis has lost its data says that workers may be missing, until all have had the time to come back',
  async (_, look) => {
    const [near, far] = [await join('near'), await join('far')]
    await near.connect(3)
    await far.connect(4)
    const whole = { connections: 7, incomplete: false }
    expect(await look(near)).toEqual(whole)
    await server.client.flushall()
    expect(await look(near)).toEqual({ connections: 3, incomplete: true })
    const late = await join('late')
    // One that has just come knows as soon as any of the others has noticed.
    await expect.poll(async () => (await look(late)).incomplete, deadline).toBe(true)
    const early: unknown[] = []
    const lookAgain = async () => {
      const all = [await look(near), await look(late)]
      early.push(...all.filter(({ connections, incomplete }) => !incomplete && connections < 7))
      return all
    }
    await expect.poll(lookAgain, deadline).toEqual([whole, whole])
    expect(early).toEqual([])
  },
)

test('the metric of the workers is not known while some may be missing, since Redis has lost its data', async () => {
  await join('near')
  await join('far')
  await server.client.flushall()
  await expect.poll(async () => (await server.client.keys('*:coming-back')).length, deadline).toBe(1)
  const metrics = createMetrics({ processMetrics: false })
  const late = redisWorker(server.url, { name: 'late', leaseSeconds: 3, timings: { sweep: 20 }, metrics })
  onTestFinished(() => late.registry.close())
  await late.registry.start()
  const alive = new Set<string>()
  const look = async () => {
    const [, value = ''] = /^postern_registry_workers\{state="alive"\} (.*)$/m.exec(await metrics.scrape()) ?? []
    return alive.add(value)
  }
  await expect.poll(look, deadline).toContain('3')
  expect([...alive]).toEqual(['NaN', '3'])
})

test('a worker that was killed is called dead as soon as nobody listens for it, with what is left of its lease', async () => {
  const [near, far] = [await join('near'), await join('far')]
  await far.connect(2)
  const states = async () =>
    (await near.registry.workers()).workers
      .filter(({ name }) => /near|far/.test(name))
      .map(({ name, state, connections }) => `${name} ${state} ${connections}`)
      .sort()
  expect(await states()).toEqual(['far alive 2', 'near alive 0'])
  far.registry.abandon()
  expect(await states()).toEqual(['far dead 2', 'near alive 0'])
  const dead = (await near.registry.workers()).workers.find(({ state }) => state === 'dead')
  expect(dead?.leaseUntil).toBeGreaterThan(Date.now())
})
