import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { freePort } from '../../load/fleet/free-port.ts'
import { builtPostern } from '../helpers/built.ts'
import { Client } from '../helpers/client.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'
import { isAlive, startWorkers, type WorkersProcess } from '../helpers/workers.ts'

vi.setConfig({ testTimeout: 240_000 })

let redis: RedisServer
let workers: WorkersProcess | null = null
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.close())
afterEach(async () => {
  await workers?.close()
  workers = null
  await redis.client.flushall()
})

async function start(count: number, args: string[] = [], env = {}, settings = {}): Promise<WorkersProcess> {
  workers = await startWorkers(['--workers', String(count), '--redis', redis.url, ...args], env, settings)
  return workers
}

const deadline = { timeout: 150_000, interval: 50 }
const noOrphans = ({ seen }: WorkersProcess) => expect.poll(() => [...seen].filter(isAlive), deadline).toEqual([])

describe('several workers', () => {
  test('serve one port, and any of them reaches every client; SIGTERM ends all with 1001, and the parent with 0', async () => {
    const { connect, post, disconnects, metric, child, exited, readyz, lines, pids, logLines } = await start(3, [
      '--drain-seconds',
      '1',
    ])
    expect(pids().size).toBe(3)
    expect(await readyz()).toEqual({ status: 200, ready: true, reasons: [] })
    const clients = await connect(60)
    // Each new call may come to another worker, the owner's or not.
    const statuses = await Promise.all(clients.map(({ id }) => post(id, `for ${id}`)))
    expect(new Set(statuses)).toEqual(new Set([200]))
    for (const { id, client } of clients) expect(await client.next()).toBe(`for ${id}`)

    const connections = 'postern_connections{api="test",stage="dev"}'
    // A worker that answers too late is missing in one of them.
    await expect.poll(() => metric(connections)).toBe(60)
    await expect.poll(() => metric('postern_workers{state="ready"}')).toBe(3)
    await expect.poll(() => metric('postern_connects_total{api="test",outcome="accepted",stage="dev"}')).toBe(60)
    await expect.poll(() => metric('postern_registry_up')).toBe(1)
    for (const name of ['supervisor', 'w-1', 'w-2', 'w-3']) {
      const memory = () => metric(`process_resident_memory_bytes{worker="${name}"}`)
      await expect.poll(memory).toBeGreaterThan(1_000_000)
    }
    // The kernel spreads connections by their addresses, not evenly, but 60 do not all come to one.
    const owners = new Set(clients.map(({ id }) => Buffer.from(id, 'base64url').subarray(0, 3).toString('hex')))
    expect(owners.size).toBeGreaterThan(1)

    child.kill('SIGTERM')
    await Promise.all(clients.map(({ client }) => client.closed))
    expect(await exited).toEqual({ code: 0, signal: null })
    for (const { closes } of clients) expect(closes).toEqual([{ code: 1001, reason: 'Going away' }])
    expect([...disconnects().keys()].sort()).toEqual(clients.map(({ id }) => id).sort())
    expect(new Set([...disconnects().values()].map((codes) => codes.join()))).toEqual(new Set(['1001']))
    expect(new Set(lines.map((line) => JSON.parse(line).name))).toEqual(new Set(['w', 'w-1', 'w-2', 'w-3']))
    expect(
      logLines('drained')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['w-1', 'w-2', 'w-3'])
    await noOrphans(workers as WorkersProcess)
  })

  test('are managed as one, by those who have a token', async () => {
    const authorization = 'Bearer s3cr3t'
    const fleet = await start(2, [], { POSTERN_MANAGEMENT_TOKENS: 's3cr3t' })
    const call = (path: string, init: RequestInit = {}) =>
      fetch(fleet.management + path, { ...init, headers: { authorization, ...init.headers } })
    const [first, ...others] = await fleet.connect(8)
    if (first === undefined) throw new Error('no client')

    for (const path of ['/metrics', '/api/apis', '/api/workers', '/api/connections', '/api/nothing']) {
      expect((await fetch(fleet.management + path)).status, path).toBe(401)
    }
    for (const path of ['/healthz', '/readyz', '/']) expect((await fetch(fleet.management + path)).status).toBe(200)

    const apis = (await (await call('/api/apis')).json()) as { apis: unknown[] }
    expect(apis.apis).toEqual([
      expect.objectContaining({
        apiId: 'test',
        stages: [expect.objectContaining({ stage: 'dev', connections: 8, url: fleet.url })],
      }),
    ])
    const listed = (await (await call('/api/connections?limit=100')).json()) as {
      connections: { connectionId: string }[]
    }
    expect(listed.connections.map(({ connectionId }) => connectionId).sort()).toEqual(
      [first, ...others].map(({ id }) => id).sort(),
    )
    const known = (await (await call('/api/workers')).json()) as { workers: { name: string }[] }
    expect(known.workers.map(({ name }) => name).sort()).toEqual(['w-1', 'w-2'])

    const one = `/api/connections/${encodeURIComponent(first.id)}`
    for (let i = 0; i < 4; i++) expect((await call(one)).status).toBe(200)
    const body = JSON.stringify({ data: 'hällo' })
    const pushed = await call(one, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
    expect(await pushed.json()).toEqual({ outcome: 'sent' })
    expect(await first.client.next()).toBe('hällo')
    expect((await call(one, { method: 'POST', body })).status).toBe(415)
    const large = JSON.stringify({ data: 'x'.repeat(1_200_000) })
    const refused = await call(one, { method: 'POST', body: large, headers: { 'content-type': 'application/json' } })
    expect(refused.status).toBe(413)
    expect((await call(`${one}?code=4001&reason=bye`, { method: 'DELETE' })).status).toBe(204)
    expect(await first.client.closed).toEqual({ code: 4001, reason: 'bye' })
    await expect.poll(async () => (await call(one)).status, deadline).toBe(410)

    const nothing = await call('/api/nothing')
    expect([nothing.status, await nothing.json()]).toEqual([404, { message: 'There is nothing here' }])
    const wrong = await call('/api/connections?colour=red')
    expect([wrong.status, wrong.headers.get('x-content-type-options')]).toEqual([400, 'nosniff'])
    expect((await call('/metrics', { method: 'POST' })).status).toBe(405)
    const head = await call('/api/connections', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  test('read definitions and tokens anew on SIGHUP, all of them, and close nothing', async () => {
    const fleet = await start(2)
    const clients = await fleet.connect(10)
    await fleet.define('the new one')
    fleet.child.kill('SIGHUP')
    await expect.poll(() => fleet.logLines('API deployed').length, deadline).toBe(4)
    for (const { client } of clients) client.send('x')
    for (const { client } of clients) expect(await client.next()).toBe('the new one')
    const pids = fleet.pids()
    await fleet.breakDefinition()
    fleet.child.kill('SIGHUP')
    await expect
      .poll(() => fleet.lines.filter((line) => line.includes('"level":"error"')).length, deadline)
      .toBeGreaterThan(1)
    for (const { client } of clients) client.send('x')
    for (const { client } of clients) expect(await client.next()).toBe('the new one')
    expect(fleet.pids()).toEqual(pids)
    expect(clients.flatMap(({ closes }) => closes)).toEqual([])
  })

  test('take over a changed definition with --watch; their access log comes as it is, in whole lines', async () => {
    const fleet = await start(2, ['--watch'])
    // Longer than what a pipe takes in one piece.
    const padding = 'é'.repeat(1_200)
    await fleet.define('x', { accessLogSettings: { format: `${padding} $context.requestId $context.eventType` } })
    await expect.poll(() => fleet.logLines('API deployed').length, deadline).toBe(4)
    const clients = await Promise.all(Array.from({ length: 20 }, () => Client.connect(fleet.url)))
    for (const client of clients) for (let i = 0; i < 20; i++) client.send('x')
    for (const client of clients) for (let i = 0; i < 20; i++) await client.next()
    const lines = () => fleet.lines.filter((line) => !line.startsWith('{"level":'))
    await expect.poll(() => lines().length, deadline).toBe(20 + 400)
    for (const line of lines()) expect(line).toMatch(/^é{1200} [\w-]{15}= (CONNECT|MESSAGE)$/)
  })
})

describe('a start that can not be', () => {
  async function fails(...args: string[]): Promise<{ code: number; errors: string }> {
    const child = spawn(process.execPath, [builtPostern, 'start', '--management-port', '0', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    const [code] = await once(child, 'close')
    return { code, errors }
  }

  test('on a port that another server has ends with the sentence of a single process', async () => {
    const fleet = await start(2)
    const port = String(fleet.port)
    const [one, several] = await Promise.all([
      fails('routes', '--port', port),
      fails('routes', '--port', port, '--workers', '2', '--redis', redis.url),
    ])
    expect(several).toEqual(one)
    expect(several).toMatchObject({ code: 1, errors: expect.stringContaining('another process listens there') })
    const taken = ['--port', '0', '--management-port', String(fleet.managementPort)]
    expect(await fails('routes', ...taken, '--workers', '2', '--redis', redis.url)).toEqual({
      code: 1,
      errors: expect.stringContaining(`127.0.0.1:${fleet.managementPort}: another process listens there`),
    })
  })

  test.each([
    ['no definitions', ['test/docs']],
    ['TLS files that are none', ['routes', '--tls-certificate', 'package.json', '--tls-key', 'package.json']],
  ])('with %s ends with the words of a single process', async (_, args) => {
    const given = ['--port', '0', '--redis', redis.url, ...args]
    const [one, several] = await Promise.all([fails(...given), fails(...given, '--workers', '3')])
    expect(several).toEqual(one)
    expect(several.code).toBe(1)
    expect(several.errors).not.toBe('')
  })

  test('without the Redis that workers share ends with what to do', async () => {
    const { code, errors } = await fails('routes', '--workers', '2')
    expect(code).toBe(1)
    expect(errors).toContain('--workers: found 2; allowed: 1, or more with redis')
  })
})

test('a Redis that is away does not keep the workers from starting, and /readyz says why', async () => {
  const port = await freePort()
  workers = await startWorkers(['--workers', '2', '--redis', `redis://127.0.0.1:${port}`])
  const redisIsAway = (name: string) => expect.stringContaining(`${name}: Redis (127.0.0.1:${port})`)
  await expect
    .poll(() => workers?.readyz())
    .toEqual({ status: 503, ready: false, reasons: [redisIsAway('w-1'), redisIsAway('w-2')] })
  await expect.poll(() => workers?.metric('postern_workers{state="unready"}')).toBe(2)
})

describe('one process alone', () => {
  test('goes on after SIGUSR2, and says what that needs', async () => {
    workers = await startWorkers([])
    workers.child.kill('SIGUSR2')
    await expect
      .poll(() => workers?.lines.join(''), deadline)
      .toContain('SIGUSR2 replaces workers, and needs --workers')
    const client = await Client.connect(workers.url)
    client.send('x')
    expect(await client.next()).toMatch(/=$/)
    expect(workers.pids().size).toBe(0)
    expect([...(await readMetrics(workers.managementPort)).keys()].filter((name) => name.includes('worker'))).toEqual(
      [],
    )
  })
})
