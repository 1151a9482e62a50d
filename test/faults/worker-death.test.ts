import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  type Fleet,
  type Held,
  leaseOf,
  leaseSeconds,
  type Node,
  printAccount,
  startFleet,
  untilGone,
} from '../helpers/fleet.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'
import { storedIds } from '../helpers/stored-records.ts'

let redis: RedisServer
let fleet: Fleet
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.close())
afterEach(() => fleet.close())

const each = 20
const deadline = { timeout: 60_000, interval: 100 }

async function start(): Promise<{ nodes: readonly [Node, Node, Node]; held: Held[][] }> {
  await redis.client.flushall()
  fleet = await startFleet(redis.url, ['a', 'b', 'c'])
  const nodes = fleet.nodes as [Node, Node, Node]
  const held = await Promise.all(nodes.map((node) => fleet.connect(node, each)))
  await expect.poll(storedRecords, deadline).toBe(3 * each)
  return { nodes, held }
}

const storedRecords = async () => (await storedIds(redis.client)).length

const idsOf = (held: readonly Held[]) => held.map(({ id }) => id)
const reported = (ids: readonly string[]) => ids.filter((id) => fleet.disconnects.has(id)).length
const runs = (ids: readonly string[]) => ids.reduce((sum, id) => sum + (fleet.disconnects.get(id)?.length ?? 0), 0)

test('a worker that is killed: 503 while its lease lasts, then 410, and one survivor runs every $disconnect with 1006', async () => {
  const { nodes, held } = await start()
  const [a, b, c] = nodes
  const lost = idsOf(held[0] as Held[])
  a.child.kill('SIGKILL')
  expect(await redis.client.pttl(leaseOf(a))).toBeLessThanOrEqual(leaseSeconds * 1000)
  const [first, second] = await Promise.all([
    untilGone(fleet, redis.client, b, (held[0] as Held[])[0] as Held),
    untilGone(fleet, redis.client, c, (held[0] as Held[])[1] as Held),
  ])
  for (const { statuses } of [first, second]) expect([...statuses].filter((status) => status !== 503)).toEqual([])
  for (const { late } of [first, second]) expect(late).toBe(0)
  await expect.poll(() => reported(lost), deadline).toBe(each)
  await expect.poll(storedRecords, deadline).toBe(2 * each)
  await expect.poll(() => redis.client.hlen('postern:workers'), deadline).toBe(2)
  for (const id of lost) expect(new Set(fleet.disconnects.get(id))).toEqual(new Set(['1006 Worker lost']))
  const buried = async () =>
    (await b.metric('postern_registry_burials_total')) + (await c.metric('postern_registry_burials_total'))
  // Counted when the worker is forgotten already.
  await expect.poll(buried, deadline).toBeGreaterThan(0)
  for (const { id, client } of [...(held[1] as Held[]), ...(held[2] as Held[])]) {
    expect(await fleet.post(id === held[1]?.[0]?.id ? c : b, id, 'hello')).toBe(200)
    expect(await client.next()).toBe('hello')
  }
  printAccount('worker killed', {
    ...{ connections: 3 * each, lost: each, owed: each, run: runs(lost), undertakers: await buried() },
    ...{ 'others told gone': fleet.disconnects.size - each, 'records left over': (await storedRecords()) - 2 * each },
    'milliseconds until 410': Math.round(Math.max(first.took, second.took)),
  })
  expect(await buried()).toBe(1)
  expect(runs(lost)).toBe(each)
  expect(fleet.disconnects.size).toBe(each)
}, 120_000)

test('a worker that stands still past its lease finds itself buried, closes its sockets, and comes back under a new owner id', async () => {
  const { nodes, held } = await start()
  const [a, b, c] = nodes
  const lost = held[0] as Held[]
  const ids = idsOf(lost)
  const before = a.owner()
  a.child.kill('SIGSTOP')
  const { statuses } = await untilGone(fleet, redis.client, b, lost[0] as Held)
  expect([...statuses].filter((status) => status !== 503)).toEqual([])
  await expect.poll(() => reported(ids), deadline).toBe(each)
  // What clients say meanwhile must not reach a backend after their $disconnect; the MOCK would answer it.
  for (const { client } of lost) client.send('a ghost speaks')
  // Waits in the socket of the stopped process: served when it wakes, as a ghost, if it does not notice.
  const ghost = fleet.post(a, ids[1] as string, 'a ghost is served')
  a.child.kill('SIGCONT')
  expect([503, 410]).toContain(await ghost)
  for (const { client } of lost) expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' })
  for (const { client } of lost) expect(client.unread).toEqual([])
  await expect.poll(() => a.owner(), deadline).not.toBe(before)
  for (const node of nodes) expect(await fleet.post(node, ids[2] as string, 'x')).toBe(410)
  const fresh = await fleet.connect(a, 3)
  for (const { id, client } of fresh) {
    await expect.poll(() => fleet.post(c, id, 'welcome back'), deadline).toBe(200)
    expect(await client.next()).toBe('welcome back')
  }
  await expect.poll(storedRecords, deadline).toBe(2 * each + 3)
  printAccount('worker stopped and woken', {
    ...{
      connections: 3 * each,
      lost: each,
      owed: each,
      run: runs(ids),
      'others told gone': fleet.disconnects.size - each,
    },
    'records left over': (await storedRecords()) - 2 * each - 3,
  })
  expect(runs(ids)).toBe(each)
  expect(fleet.disconnects.size).toBe(each)
}, 120_000)

test('an undertaker that dies half-way: the next one runs what is left, and the $disconnects of both', async () => {
  const { nodes, held } = await start()
  const waiting: (() => void)[] = []
  fleet.backend.answer = (_call, response) => void waiting.push(() => response.end())
  nodes[0].child.kill('SIGKILL')
  await expect.poll(() => waiting.length, deadline).toBe(each)
  for (const answer of waiting.splice(0, each / 2)) answer()
  await expect.poll(storedRecords, deadline).toBe(2.5 * each)
  const [key] = await redis.client.keys('*:undertaker')
  const owner = Number(await redis.client.get(key as string))
  const undertaker = nodes.find((node) => node.owner() === owner) as Node
  undertaker.child.kill('SIGKILL')
  fleet.backend.answer = (_call, response) => void response.end()
  const lost = [...idsOf(held[0] as Held[]), ...idsOf(held[nodes.indexOf(undertaker)] as Held[])]
  await expect.poll(() => redis.client.hlen('postern:workers'), deadline).toBe(1)
  await expect.poll(storedRecords, deadline).toBe(each)
  printAccount('undertaker killed', {
    ...{ connections: 3 * each, lost: 2 * each, owed: 2 * each, run: runs(lost), reported: reported(lost) },
    ...{ 'others told gone': fleet.disconnects.size - 2 * each, 'records left over': (await storedRecords()) - each },
  })
  expect(reported(lost)).toBe(2 * each)
  // Those that its backend had answered are not told again.
  expect(runs(lost)).toBe(2.5 * each)
  expect(fleet.disconnects.size).toBe(2 * each)
}, 120_000)

test('a worker that is killed while backends are told of ended connections: a survivor tells those that have not answered', async () => {
  const { nodes, held } = await start()
  const [a] = nodes
  const lost = held[0] as Held[]
  const ids = idsOf(lost)
  const waiting: (() => void)[] = []
  fleet.backend.answer = (_call, response) => void waiting.push(() => response.end())
  for (const { client } of lost) client.close()
  await expect.poll(() => waiting.length, deadline).toBe(each)
  for (const answer of waiting.splice(0, each / 2)) answer()
  await expect.poll(storedRecords, deadline).toBe(2.5 * each)
  a.child.kill('SIGKILL')
  fleet.backend.answer = (_call, response) => void response.end()
  await expect.poll(storedRecords, deadline).toBe(2 * each)
  await expect.poll(() => redis.client.hlen('postern:workers'), deadline).toBe(2)
  const again = ids.filter((id) => fleet.disconnects.get(id)?.includes('1006 Worker lost'))
  printAccount('worker killed while backends are told', {
    ...{ connections: 3 * each, ended: each, owed: each, 'answered before': each / 2, 'told again': again.length },
    ...{ run: runs(ids), 'others told gone': fleet.disconnects.size - each },
    'records left over': (await storedRecords()) - 2 * each,
  })
  expect(again).toHaveLength(each / 2)
  expect(runs(ids)).toBe(1.5 * each)
  expect(fleet.disconnects.size).toBe(each)
}, 120_000)
