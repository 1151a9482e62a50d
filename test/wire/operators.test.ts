import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import type { Io } from '../../src/cli/io.ts'
import { run } from '../../src/cli/run.ts'
import { allocateConnectionId } from '../../src/vocabulary/ids.ts'
import { type Fleet, type Held, type Node, startFleet } from '../helpers/fleet.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'

let redis: RedisServer
let fleet: Fleet
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.close())
beforeEach(async () => {
  await redis.client.flushall()
  fleet = await startFleet(redis.url, ['a', 'b', 'c'], { POSTERN_TRUSTED_PROXIES: '127.0.0.1/32' })
})
afterEach(() => fleet.close())

/** Connections enough for several pages in each worker (200), and in the command line (1000). */
const each = 420
const deadline = { timeout: 60_000, interval: 100 }

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs `postern …` as somebody at a terminal does, against the management port of a node. */
async function postern(at: Node | number, ...args: string[]): Promise<Ran> {
  const port = typeof at === 'number' ? at : at.managementPort
  let out = ''
  let err = ''
  const io: Pick<Io, 'stdout' | 'stderr' | 'env'> = {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: { POSTERN_MANAGEMENT_URL: `http://127.0.0.1:${port}` },
  }
  const code = await run(args, io as Io)
  return { code, out, err }
}

function nodes(): readonly [Node, Node, Node] {
  return fleet.nodes as [Node, Node, Node]
}

function linesOf({ out }: Ran): string[] {
  return out.split('\n').filter((line) => line !== '')
}

function idsOf(ran: Ran): string[] {
  return linesOf(ran).map((line) => (JSON.parse(line) as { connectionId: string }).connectionId)
}

interface Worker {
  readonly name: string
  readonly state: string
  readonly connections: number
}

async function workersOf(node: Node): Promise<Worker[]> {
  return linesOf(await postern(node, 'workers', '--json')).map((line) => JSON.parse(line) as Worker)
}

function heldIds(...held: readonly (readonly Held[])[]): string[] {
  return held.flat().map(({ id }) => id)
}

test('a listing finds every connection once, by every filter and through any worker, and never makes Redis look through its keys', async () => {
  const [a, b, c] = nodes()
  const one = await fleet.connect(a, each, { path: 'chat/dev' })
  const two = await fleet.connect(b, each, { path: 'chat/prod', headers: { 'User-Agent': 'Robot/2.0' } })
  const three = await fleet.connect(c, each, { path: 'other/dev', headers: { 'X-Forwarded-For': '203.0.113.9' } })
  // Not in the millisecond of the last one before it.
  await pause(2)
  const between = new Date().toISOString()
  const late = await fleet.connect(b, 3)
  await redis.client.config('RESETSTAT')
  const filters: readonly [flags: string, expected: readonly string[]][] = [
    ['', heldIds(one, two, three, late)],
    ['--api other', heldIds(three)],
    ['--stage prod', heldIds(two)],
    ['--user-agent robot', heldIds(two)],
    ['--source-ip 203.0.113.9', heldIds(three)],
    ['--since 1h', heldIds(one, two, three, late)],
    [`--since ${between}`, heldIds(late)],
    ['--api chat --stage dev --source-ip 127.0.0.1', heldIds(one, late)],
    ['--api other --stage prod', []],
  ]
  for (const [i, [flags, expected]] of filters.entries()) {
    const args = ['--json', '--limit', '100000', ...flags.split(' ').filter((word) => word !== '')]
    const ran = await postern(nodes()[i % 3] as Node, 'connections', 'list', ...args)
    expect([flags, ran.code, ran.err]).toEqual([flags, 0, ''])
    expect(idsOf(ran).sort(), flags).toEqual([...expected].sort())
  }
  const part = await postern(c, 'connections', 'list', '--limit', '1100')
  expect(part.err).toBe('there are more than these 1100; --limit shows more\n')
  const [head, ...rows] = linesOf(part)
  expect(head).toMatch(/^CONNECTION ID {5}API/)
  expect(new Set(rows.map((row) => row.split(' ')[0])).size).toBe(1100)

  const called = [...(await redis.client.info('commandstats')).matchAll(/^cmdstat_([\w|]+):/gm)].map(([, name]) => name)
  expect(called).toContain('spublish')
  for (const name of ['keys', 'scan', 'hgetall', 'hvals', 'smembers', 'lrange', 'sort']) {
    expect(called).not.toContain(name)
  }
}, 120_000)

/** A proxy between the command line and a management port, which does something before the second page is asked for. */
async function beforeSecondPage(node: Node, act: () => Promise<unknown>): Promise<number> {
  let pages = 0
  const server = createServer(async (request, response) => {
    if (++pages === 2) await act()
    const answer = await fetch(`http://127.0.0.1:${node.managementPort}${request.url}`)
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

test('a worker that dies in the middle of a listing is named, and the others are listed; then it is seen dead, and buried', async () => {
  const held = new Map<Node, Held[]>()
  for (const node of nodes()) held.set(node, await fleet.connect(node, each))
  const all = await postern(nodes()[0], 'workers')
  expect(linesOf(all).at(-1)).toBe(`3 workers, ${3 * each} connections`)
  expect(linesOf(all).filter((line) => line.includes(' * '))).toEqual([expect.stringMatching(/^a \* /)])

  // Listings go in the order of owner ids: the first one is under way when the second page is asked for.
  const [victim, asked, other] = nodes().toSorted((x, y) => x.owner() - y.owner()) as [Node, Node, Node]
  const name = ['a', 'b', 'c'][fleet.nodes.indexOf(victim)] as string
  const waiting: (() => void)[] = []
  fleet.backend.answer = (_call, response) => void waiting.push(() => response.end())
  const port = await beforeSecondPage(asked, async () => {
    victim.child.kill('SIGKILL')
    await victim.exited
  })
  const broken = await postern(port, 'connections', 'list', '--json', '--limit', '100000')
  expect(broken.code).toBe(1)
  expect(broken.err).toBe(
    `postern: worker ${name} (${victim.owner()}) did not answer: its connections are missing here\n`,
  )
  const found = idsOf(broken)
  expect(new Set(found).size).toBe(found.length)
  const living = heldIds(held.get(asked) as Held[], held.get(other) as Held[])
  expect(found.filter((id) => living.includes(id)).sort()).toEqual([...living].sort())
  expect(found.length - living.length).toBe(200)

  await expect
    .poll(async () => (await workersOf(asked)).find((worker) => worker.name === name), deadline)
    .toMatchObject({ state: 'burying', connections: each })
  const during = await postern(other, 'workers')
  expect(linesOf(during).at(-1)).toBe(
    `2 workers, ${2 * each} connections; 1 dead, $disconnect owed to ${each} connections`,
  )
  const dead = async () =>
    (await Promise.all([asked, other].map((node) => node.metric('postern_registry_workers{state="dead"}')))).sort()
  await expect.poll(dead, deadline).toEqual([1, Number.NaN])
  // Its connections are gone, and no longer missing.
  const after = await postern(asked, 'connections', 'list', '--json', '--limit', '100000')
  expect([after.code, after.err, idsOf(after).length]).toEqual([0, '', 2 * each])

  fleet.backend.answer = (_call, response) => void response.end()
  for (const answer of waiting) answer()
  await expect
    .poll(async () => linesOf(await postern(asked, 'workers')).at(-1), deadline)
    .toBe(`2 workers, ${2 * each} connections`)
  const sum = async (metric: string) => (await asked.metric(metric)) + (await other.metric(metric))
  // Counted when the worker is forgotten already.
  await expect.poll(() => sum('postern_registry_burials_total'), deadline).toBe(1)
  await expect.poll(() => sum('postern_registry_buried_connections_total'), deadline).toBe(each)
}, 120_000)

test('a worker that stands still is named by every command that needs it, and keeps none of the others from answering', async () => {
  const [a, b, c] = nodes()
  const held = [await fleet.connect(a, 5), await fleet.connect(b, 5), await fleet.connect(c, 5)] as const
  b.child.kill('SIGSTOP')
  // Longer than this test: it is to be silent, not dead.
  await redis.client.pexpire(`postern:{w:${b.owner()}}:lease`, 300_000)
  const listed = await postern(a, 'connections', 'list', '--json')
  expect(listed.code).toBe(1)
  expect(listed.err).toBe(`postern: worker b (${b.owner()}) did not answer: its connections are missing here\n`)
  expect(idsOf(listed).sort()).toEqual(heldIds(held[0], held[2]).sort())
  const [id] = heldIds(held[1]) as [string]
  for (const args of [
    ['get', id],
    ['send', id, 'hello'],
    ['close', id],
  ]) {
    expect(await postern(c, 'connections', ...args)).toEqual({
      code: 1,
      out: '',
      err: `postern: Worker b (${b.owner()}), which holds the connection, did not answer; try again\n`,
    })
  }
  expect(await a.metric('postern_registry_unanswered_total')).toBe(1)
  expect(await c.metric('postern_registry_unanswered_total')).toBe(3)
  b.child.kill('SIGCONT')
  await expect.poll(async () => (await postern(a, 'connections', 'list')).code, deadline).toBe(0)
}, 120_000)

test('while Redis is away every command says so, and when it is back all is well', async () => {
  const [a, b] = nodes()
  const [held] = (await fleet.connect(b, 1)) as [Held]
  await redis.kill()
  const said = /^postern: Other workers can't be reached: Redis \(127\.0\.0\.1:\d+\): .+\n$/
  await expect.poll(() => a.metric('postern_registry_up'), deadline).toBe(0)
  for (const args of [['workers'], ['connections', 'list'], ['connections', 'get', held.id]]) {
    expect(await postern(a, ...args)).toEqual({ code: 1, out: '', err: expect.stringMatching(said) })
  }
  const ready = await fetch(`http://127.0.0.1:${a.managementPort}/readyz`)
  expect([ready.status, await ready.json()]).toEqual([
    503,
    { ready: false, reasons: [expect.stringMatching(/^Redis \(127\.0\.0\.1:\d+\): /)] },
  ])
  await redis.restart()
  await expect.poll(async () => linesOf(await postern(a, 'workers')).at(-1), deadline).toBe('3 workers, 1 connection')
  await expect.poll(async () => (await postern(a, 'connections', 'get', held.id)).code, deadline).toBe(0)
  expect(await a.metric('postern_registry_up')).toBe(1)
}, 120_000)

test('the metrics of the registry tell what goes on', async () => {
  const [a, b, c] = nodes()
  const [held] = (await fleet.connect(b, 2)) as [Held]
  const registry = async (node: Node) =>
    new Map([...(await readMetrics(node.managementPort))].filter(([name]) => name.startsWith('postern_registry_')))
  expect(await b.metric('postern_connections{api="chat",stage="dev"}')).toBe(2)
  for (const node of nodes()) {
    const metrics = await registry(node)
    expect(metrics.get('postern_registry_up')).toBe(1)
    expect(metrics.get('postern_registry_unanswered_total')).toBe(0)
  }
  // One looks for the dead; the others leave it to that one.
  for (const [state, count] of [
    ['alive', 3],
    ['dead', 0],
  ]) {
    const seen = async () => {
      const found = await Promise.all(
        nodes().map(async (node) => (await registry(node)).get(`postern_registry_workers{state="${state}"}`)),
      )
      return found.filter((value) => !Number.isNaN(value))
    }
    await expect.poll(seen, deadline).toEqual([count])
  }
  for (let i = 0; i < 10; i++) expect(await fleet.post(a, held.id, 'hello')).toBe(200)
  const [asking, asked] = [await registry(a), await registry(b)]
  expect(asking.get('postern_registry_answer_seconds_count')).toBe(10)
  expect(asking.get('postern_registry_answer_seconds_sum')).toBeGreaterThan(0)
  expect(asking.get('postern_registry_envelopes_total{direction="out"}')).toBe(10)
  expect(asked.get('postern_registry_envelopes_total{direction="in"}')).toBe(10)
  for (const metrics of [asking, asked]) {
    expect(metrics.get('postern_registry_waiting')).toBe(0)
    expect(metrics.get('postern_registry_unstored_records')).toBe(0)
  }

  c.child.kill('SIGSTOP')
  await redis.client.pexpire(`postern:{w:${c.owner()}}:lease`, 300_000)
  const posts = Array.from({ length: 3 }, () => fleet.post(a, allocateConnectionId(c.owner()), 'are you there?'))
  await expect.poll(() => a.metric('postern_registry_waiting'), { ...deadline, interval: 10 }).toBe(3)
  expect(await Promise.all(posts)).toEqual([503, 503, 503])
  expect(await a.metric('postern_registry_unanswered_total')).toBe(3)

  await redis.client.call('SPUBLISH', `postern:{w:${a.owner()}}:inbox`, 'not from us')
  const refused = async () =>
    [...(await registry(a))].filter(([name]) => name.startsWith('postern_registry_envelopes_refused_total'))
  await expect.poll(refused, deadline).toEqual([[expect.stringMatching(/\{reason="(encoding|schema)"\}$/), 1]])
}, 120_000)
