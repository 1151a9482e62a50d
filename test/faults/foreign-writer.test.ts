import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Packr } from 'msgpackr'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Fleet, type Held, leaseSeconds, type Node, printAccount, startFleet } from '../helpers/fleet.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'
import { storedIds } from '../helpers/stored-records.ts'

const each = 20
const deadline = { timeout: 60_000, interval: 100 }
const packr = new Packr({ useRecords: false })

let redis: RedisServer
let fleet: Fleet
beforeEach(async () => {
  redis = await startRedis()
})
afterEach(async () => {
  await fleet.close()
  await redis.close()
})

const idsOf = (held: readonly Held[]) => held.map(({ id }) => id).sort()

async function refused(nodes: readonly Node[]): Promise<number> {
  const metrics = await Promise.all(nodes.map(({ managementPort }) => readMetrics(managementPort)))
  return metrics
    .flatMap((found) => [...found])
    .filter(([name]) => name.startsWith('postern_registry_envelopes_refused_total'))
    .reduce((sum, [, value]) => sum + value, 0)
}

/** Junk that a worker may find in its inbox when others may write there. */
function junkFor(to: number, id: string): Buffer[] {
  const arrayOf = (count: number, ...items: number[]) => {
    const head = Buffer.alloc(5, 0xdd)
    head.writeUInt32BE(count, 1)
    return Buffer.concat([head, Buffer.alloc(count * items.length, Buffer.from(items))])
  }
  const from = 0x123456
  const question = (...members: unknown[]) => packr.pack([1, from, 1, to, [members], []])
  return [
    ...[Buffer.from('hello'), Buffer.from('{"json":true}'), Buffer.alloc(300_000, 0x91), Buffer.alloc(9_000_000)],
    ...[arrayOf(7_000_000, 0x80), arrayOf(1_000_000, 0xd6, 0xff, 1, 2, 3, 4), Buffer.alloc(1, 0xc1)],
    ...Array.from({ length: 20 }, (_, i) => randomBytes(1 << (i % 16))),
    packr.pack([2, from, 1, to, [], []]),
    packr.pack([1, to, 1, to, [], []]),
    packr.pack([1, from, -1, to, [], []]),
    packr.pack([1, from, 1, to, Array.from({ length: 50_000 }, (_, i) => [i, 3, id, null]), []]),
    question(1, 2, id, null, 77, 'x'),
    question(2, 2, id, null, 1000, 'x'.repeat(5_000)),
    question(3, 0, id, null, Buffer.alloc(500_000)),
    question(4, 4, '', null, [], [null, -1]),
    question(5, 4, '', null, ['chat', 7, {}], ['1.x', 'many']),
    question(6, 99, 'id', null, { __proto__: null, constructor: 1 }),
  ]
}

/** All that came to a client until now. */
async function framesOf({ id, client }: Held, node: Node): Promise<string[]> {
  expect(await fleet.post(node, id, 'the end')).toBe(200)
  const frames: string[] = []
  for (let text = await client.next(); text !== 'the end'; text = await client.next()) frames.push(text)
  return frames
}

test('a foreign writer in the same Redis: nobody dies of it, nothing of it is taken, and every push that is answered 200 has arrived', async () => {
  fleet = await startFleet(redis.url, ['a', 'b'])
  const [a, b] = fleet.nodes as [Node, Node]
  const held = await fleet.connect(b, each)
  await expect.poll(() => storedIds(redis.client), deadline).toEqual(idsOf(held))
  const owners = fleet.nodes.map((node) => node.owner())
  const startedAt = Date.now()
  let written = 0
  let slowest = 0
  const counts: Record<string, number> = {}
  let goesOn = true
  const writing = (async () => {
    while (goesOn) {
      for (const owner of owners) {
        for (const bytes of junkFor(owner, held[0]?.id as string)) {
          await redis.client.call('SPUBLISH', `postern:{w:${owner}}:inbox`, bytes)
          written++
        }
        const key = (name: string) => `postern:{w:${owner}}:${name}`
        await redis.client.hset(key('connections'), randomBytes(11).toString('base64url').padEnd(16, '='), 'junk')
        await redis.client.rpush(key('undertaker'), 'x')
      }
      for (const field of ['nonsense', '1e3', '-7', '16777216']) await redis.client.hset('postern:workers', field, 'x')
      await redis.client.del('postern:sweeper')
      await redis.client.rpush('postern:sweeper', 'x')
      await pause(50) // unpacking what is refused takes time too
    }
  })()
  const answered: string[] = []
  let posted = 0
  while (Date.now() - startedAt < 2 * leaseSeconds * 1000) {
    const at = performance.now()
    const status = await fleet.post(a, held[1]?.id as string, String(posted))
    slowest = Math.max(slowest, performance.now() - at)
    counts[status] = (counts[status] ?? 0) + 1
    if (status === 200) answered.push(String(posted))
    posted++
  }
  goesOn = false
  await writing
  const frames = await framesOf(held[1] as Held, b)
  expect(frames).toEqual([...new Set(frames)].sort((one, other) => Number(one) - Number(other)))
  expect(answered.filter((text) => !frames.includes(text))).toEqual([])
  // Twice in a row the count of its records is not what a worker expects: then it writes them anew.
  await expect.poll(() => storedIds(redis.client), deadline).toEqual(idsOf(held))
  printAccount('foreign writer', {
    ...{ 'envelopes written': written, 'envelopes refused': await refused(fleet.nodes), ...counts },
    ...{ posted, delivered: frames.length, 'slowest answer in ms': Math.round(slowest) },
    ...{ connections: held.length, stored: (await storedIds(redis.client)).length, dead: fleet.disconnects.size },
  })
  // On a machine that is too busy with the flood an answer may come too late; nothing else may go wrong.
  expect(Object.keys(counts).filter((status) => status !== '200' && status !== '503')).toEqual([])
  expect(answered.length).toBeGreaterThan(posted / 2)
  expect(fleet.nodes.map(({ child }) => child.exitCode)).toEqual([null, null])
  expect(fleet.nodes.map((node) => node.owner())).toEqual(owners)
  await expect.poll(() => refused(fleet.nodes), deadline).toBeGreaterThan(written / 2)
  expect(fleet.disconnects.size).toBe(0)
  for (const { client } of held) expect(client.socket.readyState).toBe(1)
}, 120_000)
