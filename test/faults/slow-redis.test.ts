import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fleet, type Held, leaseSeconds, type Node, printAccount, startFleet } from '../helpers/fleet.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'
import { type SlowProxy, startSlowProxy } from '../helpers/slow-proxy.ts'
import { storedIds } from '../helpers/stored-records.ts'

const each = 20
const posters = 32
const deadline = { timeout: 60_000, interval: 100 }
const megabyte = 1024 * 1024

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

async function burials(): Promise<number> {
  const counts = await Promise.all(fleet.nodes.map((node) => node.metric('postern_registry_burials_total')))
  return counts.reduce((sum, count) => sum + count, 0)
}

/** Watches what piles up in a worker, for as long as something runs. */
async function peaksOf(node: Node, run: () => Promise<void>): Promise<{ waiting: number; megabytes: number }> {
  const resident = () => node.metric('process_resident_memory_bytes')
  const before = await resident()
  const peaks = { waiting: 0, megabytes: 0 }
  let over = false
  const running = run().finally(() => {
    over = true
  })
  while (!over) {
    peaks.waiting = Math.max(peaks.waiting, await node.metric('postern_registry_waiting'))
    peaks.megabytes = Math.max(peaks.megabytes, Math.round(((await resident()) - before) / megabyte))
    await pause(200)
  }
  await running
  return peaks
}

const kinds = [
  { what: 'small messages', text: (number: number) => String(number) },
  { what: 'messages of 128 KB', text: (number: number) => String(number).padEnd(128 * 1024, '.') },
]

for (const { what, text } of kinds) {
  test(`Redis answers after 200 ms, ${what}: each that is answered 200 arrives, once and in order, and nothing piles up`, async () => {
    fleet = await startFleet(`redis://127.0.0.1:${wire.port}`, ['a', 'b'])
    const [a, b] = fleet.nodes as [Node, Node]
    const held = await fleet.connect(b, posters)
    wire.delay = 100
    const counts: Record<string, number> = {}
    const sent = held.map((): string[] => [])
    const until = Date.now() + leaseSeconds * 1000
    const peaks = await peaksOf(a, async () => {
      const post = async ({ id }: Held, i: number) => {
        for (let number = 0; Date.now() < until; number++) {
          const status = await fleet.post(a, id, text(number))
          counts[status] = (counts[status] ?? 0) + 1
          if (status === 200) sent[i]?.push(String(number))
        }
      }
      await Promise.all(held.map(post))
    })
    let delivered = 0
    for (const [i, { id, client }] of held.entries()) {
      expect(await fleet.post(b, id, 'the end')).toBe(200)
      const frames: string[] = []
      for (let frame = await client.next(); frame !== 'the end'; frame = await client.next())
        frames.push(frame.replace(/\.+$/, ''))
      expect(frames).toEqual([...new Set(frames)].sort((one, other) => Number(one) - Number(other)))
      expect(sent[i]?.filter((number) => !frames.includes(number))).toEqual([])
      delivered += frames.length
    }
    const brief = await fleet.connect(a, 200)
    for (const { client } of brief) client.close()
    await expect.poll(() => fleet.disconnects.size, deadline).toBe(brief.length)
    await expect.poll(() => storedIds(redis.client), deadline).toEqual(idsOf(held))
    for (const node of [a, b]) {
      await expect.poll(() => node.metric('postern_registry_waiting'), deadline).toBe(0)
      await expect.poll(() => node.metric('postern_registry_unstored_records'), deadline).toBe(0)
    }
    printAccount(`Redis slow by 200 ms, ${what}`, {
      ...{ ...counts, delivered, 'most that waited': peaks.waiting, 'megabytes more': peaks.megabytes },
      ...{ connections: held.length, stored: (await storedIds(redis.client)).length, burials: await burials() },
    })
    // Where this machine stands still for a second, Redis seems to be away for a moment.
    expect(Object.keys(counts).filter((status) => status !== '200' && status !== '503')).toEqual([])
    expect(counts['200'] ?? 0).toBeGreaterThanOrEqual(posters)
    expect(peaks.waiting).toBeLessThanOrEqual(posters)
    expect(peaks.megabytes).toBeLessThan(150)
    expect(await burials()).toBe(0)
  }, 120_000)
}

test('Redis answers after 5 s: it is as if it were away, nothing piles up, and everything is there again after it', async () => {
  fleet = await startFleet(`redis://127.0.0.1:${wire.port}`, ['a', 'b'])
  const [a, b] = fleet.nodes as [Node, Node]
  const [ofA, ofB] = [await fleet.connect(a, each), await fleet.connect(b, each)]
  wire.delay = 2_500
  const counts: Record<string, number> = {}
  const until = Date.now() + 3 * leaseSeconds * 1000
  const meanwhile: Held[] = []
  const large = 'x'.repeat(128 * 1024)
  const peaks = await peaksOf(a, async () => {
    const post = async ({ id }: Held) => {
      while (Date.now() < until) {
        const status = await fleet.post(a, id, large)
        counts[status] = (counts[status] ?? 0) + 1
        await pause(10)
      }
    }
    const local = async () => {
      while (Date.now() < until) {
        for (const { id, client } of ofA) {
          expect(await fleet.post(a, id, 'local')).toBe(200)
          expect(await client.next()).toBe('local')
        }
        meanwhile.push(...(await fleet.connect(a, 5)))
        await pause(1_000)
      }
    }
    await Promise.all([...ofB.map(post), local()])
  })
  wire.delay = 0
  const all = [...ofA, ...ofB, ...meanwhile]
  await expect.poll(() => storedIds(redis.client), deadline).toEqual(idsOf(all))
  for (const { id } of all) {
    for (const node of [a, b]) await expect.poll(() => fleet.post(node, id, 'again'), deadline).toBe(200)
  }
  await pause(2 * leaseSeconds * 1000) // time in which a living worker would be buried
  printAccount('Redis slow by 5 s', {
    ...{ ...counts, 'most that waited': peaks.waiting, 'megabytes more': peaks.megabytes },
    ...{ connections: all.length, stored: (await storedIds(redis.client)).length, burials: await burials() },
  })
  // Each poster has one push under way.
  expect(peaks.waiting).toBeLessThanOrEqual(2 * each)
  expect(peaks.megabytes).toBeLessThan(150)
  expect(counts['410'] ?? 0).toBe(0)
  expect(await burials()).toBe(0)
  expect(fleet.disconnects.size).toBe(0)
}, 120_000)
