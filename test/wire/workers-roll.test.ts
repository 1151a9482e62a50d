import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { Client } from '../helpers/client.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'
import { isAlive, startWorkers, type WorkersClient, type WorkersProcess } from '../helpers/workers.ts'

vi.setConfig({ testTimeout: 300_000 })

let redis: RedisServer
let workers: WorkersProcess
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.close())
afterEach(() => workers.close())

const deadline = { timeout: 200_000, interval: 50 }
const begun = 'rolling restart: begins'
const done = 'rolling restart: done'
const stopped = 'rolling restart: stopped; the workers that were not replaced go on'
const says = (message: string, count = 1) => expect.poll(() => workers.logLines(message).length, deadline).toBe(count)

const start = async (count: number, ...args: string[]) => {
  workers = await startWorkers(['--workers', String(count), '--redis', redis.url, ...args])
}

/** Connects again and again, and is patient: a connection that meets a listener as it closes is reset, and tried anew. */
async function keepConnecting(stop: { now: boolean }): Promise<{ connected: WorkersClient[]; longestGap: number }> {
  const connected: WorkersClient[] = []
  let longestGap = 0
  let last = performance.now()
  while (!stop.now) {
    try {
      connected.push(...(await workers.connect(1)))
      longestGap = Math.max(longestGap, performance.now() - last)
      last = performance.now()
    } catch {
      // Told by the gap.
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return { connected, longestGap }
}

test('SIGUSR2 replaces three workers under load: each client is closed with 1001 once, each $disconnect runs once, new ones are always let in', async () => {
  await start(3, '--drain-seconds', '2')
  const before = workers.pids()
  const clients = await workers.connect(60)
  const counted = async () =>
    (await workers.metric('postern_connects_total{api="test",outcome="accepted",stage="dev"}')) ?? 0
  const stop = { now: false }
  const newcomers = keepConnecting(stop)
  const counts: number[] = []
  const fewestReady: number[] = []
  const watch = async () => {
    while (!stop.now) {
      counts.push(await counted())
      fewestReady.push((await workers.metric('postern_workers{state="ready"}')) ?? 0)
      expect((await workers.readyz()).status).toBe(200)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  const watching = watch()

  workers.child.kill('SIGUSR2')
  await says(done)
  stop.now = true
  await watching
  const { connected, longestGap } = await newcomers

  await Promise.all(clients.map(({ client }) => client.closed))
  for (const { closes } of clients) expect(closes).toEqual([{ code: 1001, reason: 'Going away' }])
  for (const [name, pid] of workers.pids()) expect(pid).not.toBe(before.get(name))
  expect([...before.values()].filter(isAlive)).toEqual([])
  expect(workers.logLines('rolling restart: a worker was replaced').map(({ worker }) => worker)).toEqual([
    'w-1',
    'w-2',
    'w-3',
  ])

  // Those that were let in by an old worker were closed with it, and the others are still there.
  const open = connected.filter(({ client }) => client.socket.readyState === client.socket.OPEN)
  const closed = [...clients, ...connected.filter((each) => !open.includes(each))]
  for (const { closes } of closed) expect(closes).toEqual([{ code: 1001, reason: 'Going away' }])
  const owed = closed.map(({ id }) => id).sort()
  await expect.poll(() => [...workers.disconnects().keys()].sort(), deadline).toEqual(owed)
  expect(new Set([...workers.disconnects().values()].map((codes) => codes.join()))).toEqual(new Set(['1001']))
  expect(longestGap).toBeLessThan(10_000)
  expect(connected.length).toBeGreaterThan(10)

  // One /metrics for all: nothing is forgotten with the workers that have gone.
  expect(counts).toEqual([...counts].sort((a, b) => a - b))
  expect(await counted()).toBe(60 + connected.length)
  expect(await workers.metric('postern_connections{api="test",stage="dev"}')).toBe(open.length)
  expect(await workers.metric('postern_closes_total{api="test",reason="shuttingDown",stage="dev"}')).toBe(closed.length)
  expect(Math.min(...fewestReady)).toBe(3)
  expect(await workers.metric('postern_worker_restarts_total')).toBe(0)
  for (const { id, client } of open) {
    expect(await workers.post(id, 'still there')).toBe(200)
    expect(await client.next()).toBe('still there')
  }
})

test('a rolling restart takes over definitions and settings; faults in either stop it and keep what runs', async () => {
  await start(2, '--drain-seconds', '1')
  const before = workers.pids()
  const [client] = await workers.connect(1)

  await workers.configure({ maxConnections: 'many' })
  workers.child.kill('SIGUSR2')
  await says(stopped)
  expect(workers.logLines(stopped)[0]).toMatchObject({ worker: 'w-1', reason: 'the settings have faults' })
  expect(JSON.stringify(workers.logLines(stopped)[0])).toContain('maxConnections')

  await workers.configure({})
  await workers.breakDefinition()
  workers.child.kill('SIGUSR2')
  await says(stopped, 2)
  expect(workers.logLines(stopped)[1]).toMatchObject({
    worker: 'w-1',
    reason: expect.stringContaining('can be served'),
  })
  expect(workers.pids()).toEqual(before)
  expect(client?.closes).toEqual([])
  expect((await workers.readyz()).reasons).toEqual([])

  await workers.define('from the new one')
  await workers.configure({ maxConnections: 1, port: 1, workers: 7, workerName: 'other' })
  workers.child.kill('SIGUSR2')
  // Signals that come together may be one.
  await says(begun, 3)
  workers.child.kill('SIGUSR2')
  await says(done)
  expect([...workers.pids().keys()]).toEqual(expect.arrayContaining(['w-1', 'w-2']))
  await says(done, 2)
  expect(await client?.client.closed).toEqual({ code: 1001, reason: 'Going away' })
  const fresh = await Client.connect(workers.url)
  fresh.send('x')
  expect(await fresh.next()).toBe('from the new one')
  const refusals = await Promise.all(
    Array.from({ length: 8 }, () =>
      Client.connect(workers.url).then(
        () => 0,
        () => 1,
      ),
    ),
  )
  // One for each worker, the first included.
  expect(refusals.filter((refused) => refused === 1).length).toBeGreaterThanOrEqual(7)
})
