import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { freePort } from '../../load/fleet/free-port.ts'
import { builtPostern } from '../helpers/built.ts'
import { Client } from '../helpers/client.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'
import { isAlive, startWorkers, type WorkersProcess } from '../helpers/workers.ts'

vi.setConfig({ testTimeout: 300_000 })

let redis: RedisServer
let workers: WorkersProcess | null = null
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.close())
afterEach(async () => {
  await workers?.close()
  workers = null
})

const deadline = { timeout: 200_000, interval: 50 }
async function start(count: number, ...args: string[]): Promise<WorkersProcess> {
  workers = await startWorkers(['--workers', String(count), '--redis', redis.url, ...args])
  return workers
}
const ownerOf = (id: string) => Buffer.from(id, 'base64url').subarray(0, 3).toString('hex')
const noOrphans = ({ seen }: WorkersProcess) => expect.poll(() => [...seen].filter(isAlive), deadline).toEqual([])

test('a worker that is killed is started again; the others hold their clients, and every $disconnect of its own is run', async () => {
  const fleet = await start(3, '--lease-seconds', '3')
  const clients = await fleet.connect(60)
  const accepted = () => fleet.metric('postern_connects_total{api="test",outcome="accepted",stage="dev"}')
  await expect.poll(accepted).toBe(60)
  const killed = fleet.pids().get('w-2') as number
  process.kill(killed, 'SIGKILL')
  await expect.poll(() => fleet.logLines('a worker ended; it is started again').length, deadline).toBe(1)
  expect(fleet.logLines('a worker ended; it is started again')[0]).toMatchObject({
    ...{ level: 'error', name: 'w', worker: 'w-2', pid: killed, code: null, signal: 'SIGKILL' },
    retryInSeconds: expect.any(Number),
  })
  expect(await accepted()).toBe(60)
  await expect.poll(() => fleet.metric('postern_workers{state="ready"}'), deadline).toBe(3)
  expect(fleet.pids().get('w-2')).not.toBe(killed)
  expect(await fleet.metric('postern_worker_restarts_total')).toBe(1)
  expect(await accepted()).toBe(60)

  const lost = clients.filter(({ closes }) => closes.length > 0)
  expect(new Set(lost.map(({ id }) => ownerOf(id))).size).toBeLessThanOrEqual(1)
  expect(lost.length).toBeLessThan(60)
  for (const { closes } of lost) expect(closes).toEqual([{ code: 1006, reason: '' }])
  await expect.poll(() => [...fleet.disconnects().keys()].sort(), deadline).toEqual(lost.map(({ id }) => id).sort())
  expect(new Set([...fleet.disconnects().values()].flat())).toEqual(new Set(lost.length === 0 ? [] : ['1006']))
  for (const { id, client, closes } of clients) {
    if (closes.length > 0) continue
    expect(await fleet.post(id, 'still there')).toBe(200)
    expect(await client.next()).toBe('still there')
  }
})

test('when the parent is killed no worker outlives it: each ends its clients with 1001 and goes', async () => {
  const fleet = await start(2)
  const clients = await fleet.connect(20)
  fleet.child.kill('SIGKILL')
  await Promise.all(clients.map(({ client }) => client.closed))
  for (const { closes } of clients) expect(closes).toEqual([{ code: 1001, reason: 'Going away' }])
  await noOrphans(fleet)
  expect([...fleet.disconnects().keys()].sort()).toEqual(clients.map(({ id }) => id).sort())
  expect(new Set([...fleet.disconnects().values()].map((codes) => codes.join()))).toEqual(new Set(['1001']))
})

test('Ctrl-C, which a terminal sends to all of them, ends all in order with 0', async () => {
  const fleet = await start(2)
  const clients = await fleet.connect(10)
  for (const pid of fleet.pids().values())
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const) process.kill(pid, signal)
  for (const { id, client } of clients) {
    expect(await fleet.post(id, 'still there')).toBe(200)
    expect(await client.next()).toBe('still there')
  }
  for (const pid of [fleet.child.pid as number, ...fleet.pids().values()]) process.kill(pid, 'SIGINT')
  expect(await fleet.exited).toEqual({ code: 0, signal: null })
  for (const { closes } of clients) expect(closes).toEqual([{ code: 1001, reason: 'Going away' }])
  await noOrphans(fleet)
})

test('a second signal does not wait for anything, and leaves nothing behind', async () => {
  const fleet = await start(2, '--drain-seconds', '0')
  fleet.backend.answer = () => {}
  const clients = await fleet.connect(4)
  fleet.child.kill('SIGTERM')
  await Promise.all(clients.map(({ client }) => client.closed))
  // Their backend never answers.
  expect([...fleet.seen].filter(isAlive)).not.toEqual([])
  fleet.child.kill('SIGINT')
  expect(await fleet.exited).toEqual({ code: 1, signal: null })
  await noOrphans(fleet)
})

test('a frozen worker holds up neither probes nor metrics nor the API, and is ready again when it wakes', async () => {
  const fleet = await start(2, '--lease-seconds', '60')
  await fleet.connect(20)
  const total = 'postern_connects_total{api="test",outcome="accepted",stage="dev"}'
  await expect.poll(() => fleet.metric(total)).toBe(20)
  const frozen = fleet.pids().get('w-1') as number
  process.kill(frozen, 'SIGSTOP')
  const startedAt = performance.now()
  expect(await fleet.metric('postern_workers{state="silent"}')).toBe(1)
  expect(performance.now() - startedAt).toBeLessThan(20_000)
  // What it has counted so far is not forgotten, but nobody knows how many connections it has now.
  expect(await fleet.metric(total)).toBe(20)
  expect(await fleet.metric('process_resident_memory_bytes{worker="w-1"}')).toBeUndefined()
  expect(await fleet.metric('postern_connections{api="test",stage="dev"}')).toBeLessThanOrEqual(20)
  const ready = await fleet.readyz()
  expect(ready).toEqual({ status: 200, ready: true, reasons: ['w-1: does not answer'] })
  for (let i = 0; i < 4; i++) expect((await fetch(`${fleet.management}/api/close-reasons`)).status).toBe(200)
  expect((await fetch(`${fleet.management}/api/apis`)).status).toBe(200)
  await expect.poll(() => fleet.logLines('a worker does not answer').length, deadline).toBe(1)
  expect(fleet.logLines('a worker does not answer')[0]).toMatchObject({ level: 'warn', worker: 'w-1', seconds: 10 })
  process.kill(frozen, 'SIGCONT')
  await expect.poll(() => fleet.metric('postern_workers{state="ready"}'), deadline).toBe(2)
  await expect.poll(() => fleet.metric(total)).toBe(20)
  await expect.poll(async () => (await fleet.readyz()).reasons).toEqual([])
})

test('what the runtime of a worker writes to standard error is a log line with its name', async () => {
  const fleet = await start(2)
  // Node.js then opens its debugger, or says that its port is taken.
  process.kill(fleet.pids().get('w-2') as number, 'SIGUSR1')
  await expect.poll(() => fleet.logLines('a worker wrote to its standard error').length, deadline).toBeGreaterThan(0)
  expect(fleet.logLines('a worker wrote to its standard error')[0]).toMatchObject({
    ...{ level: 'error', name: 'w', worker: 'w-2', stderr: expect.stringMatching(/debugger|inspector/i) },
  })
  expect(fleet.errors.join('')).not.toMatch(/debugger|inspector/i)
})

test('a reader of standard output that has stopped to read holds up nobody', async () => {
  const fleet = await start(1)
  await fleet.define('pong', { accessLogSettings: { format: `$context.requestId ${'x'.repeat(3_000)}` } })
  const [port, managementPort] = [await freePort(), await freePort()]
  const flags = [
    '--port',
    String(port),
    '--management-port',
    String(managementPort),
    '--workers',
    '2',
    '--redis',
    redis.url,
  ]
  const child = spawn(process.execPath, [builtPostern, 'start', fleet.directory, ...flags], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const metric = async (name: string) => {
    const text = await (await fetch(`http://127.0.0.1:${managementPort}/metrics`)).text()
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
  }
  try {
    const isReady = async () => (await fetch(`http://127.0.0.1:${managementPort}/readyz`).catch(() => null))?.status
    await expect.poll(isReady, deadline).toBe(200)
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => Client.connect(`ws://127.0.0.1:${port}/test/dev`)),
    )
    // 30 MB of log: more than the pipe, the worker and the parent hold together.
    for (let round = 0; round < 50; round++) {
      for (const client of clients) for (let i = 0; i < 10; i++) client.send('ping')
      for (const client of clients) for (let i = 0; i < 10; i++) expect(await client.next()).toBe('pong')
    }
    await expect.poll(() => metric('postern_log_lines_dropped_total{log="gateway"}'), deadline).toBeGreaterThan(0)
    expect(await metric('process_resident_memory_bytes{worker="supervisor"}')).toBeLessThan(500_000_000)
    for (const client of clients) client.close()
  } finally {
    child.kill('SIGTERM')
    child.stdout.resume()
    await once(child, 'exit')
  }
})
