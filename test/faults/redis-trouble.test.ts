import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fleet, type Held, leaseSeconds, type Node, printAccount, startFleet } from '../helpers/fleet.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'
import { storedIds } from '../helpers/stored-records.ts'

let redis: RedisServer
let fleet: Fleet
beforeEach(async () => {
  redis = await startRedis()
})
afterEach(async () => {
  await fleet.close()
  await redis.close()
})

const each = 20
const deadline = { timeout: 60_000, interval: 100 }
const outage = 2 * leaseSeconds * 1000

const idsOf = (held: readonly Held[]) => held.map(({ id }) => id).sort()

async function burials(): Promise<number> {
  const counts = await Promise.all(fleet.nodes.map((node) => node.metric('postern_registry_burials_total')))
  return counts.reduce((sum, count) => sum + count, 0)
}

test('a worker that stands still while Redis loses its data: 410 at the other, and nothing but 410 ever after', async () => {
  fleet = await startFleet(redis.url, ['a', 'b'])
  const [a, b] = fleet.nodes as [Node, Node]
  const [lost, kept] = [await fleet.connect(a, each), await fleet.connect(b, each)]
  await expect.poll(async () => (await storedIds(redis.client)).length, deadline).toBe(2 * each)
  const before = a.owner()
  const { id } = lost[0] as Held
  a.child.kill('SIGSTOP')
  await redis.client.flushall()
  const first = new Set<number>()
  for (let status = 0; status !== 410; first.add(status)) status = await fleet.post(b, id, 'x')
  expect([...first].filter((status) => status !== 503)).toEqual([410])
  // The grave is lost as well; the other knows of it.
  await redis.client.flushall()
  const after: Record<string, number> = {}
  let goesOn = true
  const posting = (async () => {
    for (let i = 0; goesOn; i++) {
      const status = await fleet.post(i % 2 === 0 ? a : b, id, 'a ghost is served')
      after[status] = (after[status] ?? 0) + 1
      await pause(20)
    }
  })()
  a.child.kill('SIGCONT')
  for (const { client } of lost) expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' })
  await expect.poll(() => a.owner(), deadline).not.toBe(before)
  await expect.poll(() => fleet.disconnects.size, deadline).toBe(each)
  await expect.poll(() => storedIds(redis.client), deadline).toEqual(idsOf(kept))
  goesOn = false
  await posting
  for (const node of fleet.nodes) expect(await fleet.post(node, id, 'x')).toBe(410)
  const run = idsOf(lost).reduce((sum, each) => sum + (fleet.disconnects.get(each)?.length ?? 0), 0)
  printAccount('worker stopped while Redis loses its data', {
    ...{ connections: 2 * each, lost: each, owed: each, run, 'others told gone': fleet.disconnects.size - each },
    ...Object.fromEntries(Object.entries(after).map(([status, count]) => [`${status} after the first 410`, count])),
    burials: await burials(),
  })
  expect(Object.keys(after).filter((status) => status !== '410' && status !== '503')).toEqual([])
  expect(run).toBe(each)
  for (const { client } of lost) expect(client.unread).toEqual([])
}, 120_000)

const outages: [string, () => Promise<void>, () => Promise<void>][] = [
  [
    'stopped for two leases',
    async () => void redis.child.kill('SIGSTOP'),
    async () => void redis.child.kill('SIGCONT'),
  ],
  ['killed, and back empty after two leases', () => redis.kill(), () => redis.restart()],
]

for (const [what, begin, end] of outages) {
  test(`Redis ${what}: everything local goes on, pushes to others fail at once, nobody is buried, every record comes back`, async () => {
    fleet = await startFleet(redis.url, ['a', 'b'])
    const [a, b] = fleet.nodes as [Node, Node]
    const [ofA, ofB] = [await fleet.connect(a, each), await fleet.connect(b, each)]
    await expect.poll(async () => (await storedIds(redis.client)).length, deadline).toBe(2 * each)
    await begin()
    const startedAt = performance.now()
    const remote = ofB[0] as Held
    await expect.poll(() => fleet.post(a, remote.id, 'x'), deadline).toBe(503)
    await expect
      .poll(async () => (await fetch(`http://127.0.0.1:${a.managementPort}/readyz`)).status, deadline)
      .toBe(503)
    const took: number[] = []
    for (let i = 0; i < 50; i++) {
      const at = performance.now()
      expect(await fleet.post(a, remote.id, 'x')).toBe(503)
      took.push(performance.now() - at)
    }
    // Whoever waited for Redis would take a second each time; a machine that stands still meets some of them.
    const [slow = 0, slowest = 0] = [took.toSorted((x, y) => x - y)[44], Math.max(...took)]
    expect(slow).toBeLessThan(500)
    for (const { id, client } of ofA) {
      expect(await fleet.post(a, id, 'local')).toBe(200)
      expect(await client.next()).toBe('local')
    }
    const meanwhile = [...(await fleet.connect(a, each)), ...(await fleet.connect(b, each))]
    const brief = await fleet.connect(a, each)
    const ended = [...brief, ...ofA.slice(0, each / 2)]
    for (const { client } of ended) client.close()
    await expect.poll(() => fleet.disconnects.size, deadline).toBe(ended.length)
    await pause(outage - (performance.now() - startedAt))
    await end()
    const living = idsOf([...ofA.slice(each / 2), ...ofB, ...meanwhile])
    await expect.poll(() => storedIds(redis.client), deadline).toEqual(living)
    for (const { id, client } of [...ofB, ...meanwhile]) {
      await expect.poll(() => fleet.post(a, id, 'again'), deadline).toBe(200)
      expect(await client.next()).toBe('again')
    }
    // Time in which a living worker that was not back yet would be buried.
    await pause(2 * leaseSeconds * 1000)
    printAccount(`Redis ${what}`, {
      ...{
        'connections alive': living.length,
        stored: (await storedIds(redis.client)).length,
        burials: await burials(),
      },
      ...{ 'disconnects owed': ended.length, run: fleet.disconnects.size, 'slowest 503 in ms': Math.round(slowest) },
    })
    expect(await burials()).toBe(0)
    expect(await storedIds(redis.client)).toEqual(living)
    expect(fleet.disconnects.size).toBe(ended.length)
    for (const { client } of [...ofB, ...meanwhile]) expect(client.socket.readyState).toBe(1)
  }, 120_000)
}
