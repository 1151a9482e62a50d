import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
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
import { type SlowProxy, startSlowProxy } from '../helpers/slow-proxy.ts'
import { storedIds } from '../helpers/stored-records.ts'

const each = 20
const lease = leaseSeconds * 1000
const deadline = { timeout: 60_000, interval: 100 }

let redis: RedisServer
let wire: SlowProxy
let fleet: Fleet
beforeEach(async () => {
  redis = await startRedis()
  wire = await startSlowProxy(redis.port)
})
afterEach(async () => {
  await fleet.close()
  await wire.close()
  await redis.close()
})

const idsOf = (held: readonly Held[]) => held.map(({ id }) => id).sort()
const runs = (ids: readonly string[]) => ids.reduce((sum, id) => sum + (fleet.disconnects.get(id)?.length ?? 0), 0)
const reported = (ids: readonly string[]) => ids.filter((id) => fleet.disconnects.has(id)).length
const behindTheWire = () => `redis://127.0.0.1:${wire.port}`

async function sumOf(metric: string): Promise<number> {
  const values = await Promise.all(fleet.nodes.map((node) => node.metric(metric)))
  return values.reduce((sum, value) => sum + value, 0)
}

test('a worker that is cut off from Redis: 410 at the others within one lease, local all the time, and on a new owner id when it is back', async () => {
  fleet = await startFleet(redis.url, ['b', 'c'])
  const a = await fleet.add('a', behindTheWire())
  const [b, c] = fleet.nodes as [Node, Node]
  const [lost, ofB] = [await fleet.connect(a, each), await fleet.connect(b, each)]
  await expect.poll(() => storedIds(redis.client), deadline).toEqual(idsOf([...lost, ...ofB]))
  await pause(lease) // until every worker has seen enough to judge who is dead
  const before = a.owner()
  const remote = ofB[0] as Held
  wire.cut()
  expect(await redis.client.pttl(leaseOf(a))).toBeLessThanOrEqual(lease)
  const { statuses, late: lateAnswers, took } = await untilGone(fleet, redis.client, b, lost[0] as Held)
  // It may have been reached, and its answer lost, in the moment in which the wire was cut.
  expect([...statuses].filter((status) => status !== 503)).toEqual([])
  expect(lateAnswers).toBe(0)
  expect(await fleet.post(a, remote.id, 'x')).toBe(503)
  for (const { id, client } of lost) {
    expect(await fleet.post(a, id, 'local')).toBe(200)
    expect(await client.next()).toBe('local')
  }
  const late = await fleet.connect(a, 3)
  await expect.poll(() => reported(idsOf(lost)), deadline).toBe(each)
  await expect.poll(() => storedIds(redis.client), deadline).toEqual(idsOf(ofB))
  for (const { client } of lost) expect(client.socket.readyState).toBe(1)
  wire.heal()
  for (const { client } of [...lost, ...late]) {
    expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' })
  }
  await expect.poll(() => a.owner(), deadline).not.toBe(before)
  // Nobody but a knew of those that came while it was cut off: it tells of their end itself.
  await expect.poll(() => reported(idsOf(late)), deadline).toBe(late.length)
  for (const node of fleet.nodes) expect(await fleet.post(node, lost[1]?.id as string, 'x')).toBe(410)
  const fresh = await fleet.connect(a, 3)
  for (const { id, client } of fresh) {
    await expect.poll(() => fleet.post(c, id, 'welcome back'), deadline).toBe(200)
    expect(await client.next()).toBe('welcome back')
  }
  await expect.poll(() => storedIds(redis.client), deadline).toEqual(idsOf([...ofB, ...fresh]))
  // Counted when the worker is forgotten already.
  await expect.poll(() => sumOf('postern_registry_burials_total'), deadline).toBeGreaterThan(0)
  const burials = await sumOf('postern_registry_burials_total')
  printAccount('worker cut off from Redis', {
    ...{ connections: lost.length + late.length + ofB.length, lost: lost.length + late.length },
    ...{ owed: lost.length + late.length, run: runs(idsOf([...lost, ...late])), undertakers: burials },
    'others told gone': fleet.disconnects.size - lost.length - late.length,
    'records left over': (await storedIds(redis.client)).length - ofB.length - fresh.length,
    'milliseconds until 410': Math.round(took),
  })
  expect(runs(idsOf([...lost, ...late]))).toBe(lost.length + late.length)
  expect(fleet.disconnects.size).toBe(lost.length + late.length)
  expect(burials).toBe(1)
}, 120_000)

test('a network that swallows everything between all workers and Redis: each push arrives at most once and in order, and nobody is buried', async () => {
  fleet = await startFleet(behindTheWire(), ['a', 'b'])
  const [a, b] = fleet.nodes as [Node, Node]
  const held = await fleet.connect(b, each)
  await expect.poll(() => storedIds(redis.client), deadline).toEqual(idsOf(held))
  const [target] = held as [Held]
  const counts: Record<string, number> = {}
  const answered: number[] = []
  let goesOn = true
  const posting = (async () => {
    for (let number = 0; goesOn; number++) {
      const status = await fleet.post(a, target.id, String(number))
      counts[status] = (counts[status] ?? 0) + 1
      if (status === 200) answered.push(number)
      await pause(20)
    }
  })()
  const meanwhile: Held[] = []
  for (let round = 0; round < 2; round++) {
    await pause(1_000)
    wire.cut()
    await expect
      .poll(async () => (await fetch(`http://127.0.0.1:${a.managementPort}/readyz`)).status, deadline)
      .toBe(503)
    for (const { id, client } of held.slice(1)) {
      expect(await fleet.post(b, id, 'local')).toBe(200)
      expect(await client.next()).toBe('local')
    }
    meanwhile.push(...(await fleet.connect(b, 5)))
    await pause(round * 2 * lease)
    wire.heal()
    await expect.poll(() => storedIds(redis.client), deadline).toEqual(idsOf([...held, ...meanwhile]))
    const sofar = answered.length
    await expect.poll(() => answered.length, deadline).toBeGreaterThan(sofar)
  }
  await pause(2 * lease) // time in which a living worker would be buried
  goesOn = false
  await posting
  const frames: number[] = []
  await expect.poll(() => fleet.post(a, target.id, 'end'), deadline).toBe(200)
  for (let text = await target.client.next(); text !== 'end'; text = await target.client.next())
    frames.push(Number(text))
  const burials = await sumOf('postern_registry_burials_total')
  printAccount('network swallows everything', {
    ...{ connections: held.length + meanwhile.length, stored: (await storedIds(redis.client)).length, burials },
    ...{ posted: Object.values(counts).reduce((sum, count) => sum + count, 0), ...counts, frames: frames.length },
    'answered 200 and not delivered': answered.filter((number) => !frames.includes(number)).length,
  })
  expect(frames).toEqual([...new Set(frames)].sort((x, y) => x - y))
  expect(answered.filter((number) => !frames.includes(number))).toEqual([])
  expect(Object.keys(counts).sort()).toEqual(['200', '503'])
  expect(burials + fleet.disconnects.size).toBe(0)
}, 120_000)

test('a worker that dies while Redis is away: nobody else is buried for it, and it is as soon as that is certain', async () => {
  fleet = await startFleet(redis.url, ['a', 'b', 'c'])
  const [a, b, c] = fleet.nodes as [Node, Node, Node]
  const held = await Promise.all([a, b, c].map((node) => fleet.connect(node, each)))
  const [lost, ...alive] = held as [Held[], Held[], Held[]]
  await expect.poll(() => storedIds(redis.client), deadline).toEqual(idsOf(held.flat()))
  redis.child.kill('SIGSTOP')
  await expect.poll(() => fleet.post(b, lost[0]?.id as string, 'x'), deadline).toBe(503)
  a.child.kill('SIGKILL')
  await pause(2 * lease)
  redis.child.kill('SIGCONT')
  await expect.poll(() => reported(idsOf(lost)), deadline).toBe(each)
  await expect.poll(() => fleet.post(b, lost[0]?.id as string, 'x'), deadline).toBe(410)
  await expect.poll(() => storedIds(redis.client), deadline).toEqual(idsOf(alive.flat()))
  for (const { id, client } of alive.flat()) {
    expect(await fleet.post(b, id, 'hello')).toBe(200)
    expect(await client.next()).toBe('hello')
  }
  const buried = async () => {
    const counts = await Promise.all([b, c].map((node) => node.metric('postern_registry_burials_total')))
    return counts.reduce((sum, count) => sum + count, 0)
  }
  await expect.poll(buried, deadline).toBeGreaterThan(0)
  const burials = await buried()
  printAccount('worker killed while Redis is away', {
    ...{ connections: 3 * each, lost: each, owed: each, run: runs(idsOf(lost)), undertakers: burials },
    'others told gone': fleet.disconnects.size - each,
    'records left over': (await storedIds(redis.client)).length - 2 * each,
  })
  expect(burials).toBe(1)
  expect(runs(idsOf(lost))).toBe(each)
  expect(fleet.disconnects.size).toBe(each)
}, 120_000)
