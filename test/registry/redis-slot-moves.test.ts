import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createMetrics } from '../../src/observability/metrics.ts'
import type { Group } from '../../src/registry/group-contract.ts'
import type { LocalSocket } from '../helpers/local-sockets.ts'
import { type RedisCluster, type RedisServer, startRedisCluster } from '../helpers/redis-server.ts'
import { idOf, type RedisWorker, redisWorker } from '../helpers/redis-workers.ts'

const leaseSeconds = 3
const room: Group = { apiId: 'chat', stage: 'dev', kind: 'group', name: 'room' }
const deadline = { timeout: 60_000, interval: 50 }

let cluster: RedisCluster
let workers: RedisWorker[]
const rejections: unknown[] = []
const keepRejection = (reason: unknown) => void rejections.push(reason)
beforeEach(async () => {
  process.on('unhandledRejection', keepRejection)
  cluster = await startRedisCluster()
  workers = [0, 1].map(() =>
    redisWorker(cluster.url, {
      leaseSeconds,
      timings: { sweep: 500 },
      metrics: createMetrics({ processMetrics: false }),
    }),
  )
  await Promise.all(workers.map(({ registry }) => registry.start()))
})
afterEach(async () => {
  await Promise.all(workers.map(({ registry }) => registry.close()))
  await cluster.close()
  process.off('unhandledRejection', keepRejection)
})

const idOfNode = async ({ client }: RedisServer) => String(await client.call('CLUSTER', 'MYID'))

/** As `redis-cli --cluster reshard` does it, key by key. */
async function moveSlot(slot: number, from: RedisServer, to: RedisServer): Promise<void> {
  const [fromId, toId] = [await idOfNode(from), await idOfNode(to)]
  await to.client.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId)
  await from.client.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId)
  for (;;) {
    const [key] = (await from.client.call('CLUSTER', 'GETKEYSINSLOT', slot, 1)) as string[]
    if (key === undefined) break
    await from.client.call('MIGRATE', '127.0.0.1', to.port, key, 0, 5_000)
    await pause(200) // between two keys of a worker a script finds one here and one there
  }
  await pause(500)
  for (const { client } of [to, from, ...cluster.nodes]) await client.call('CLUSTER', 'SETSLOT', slot, 'NODE', toId)
}

/** The key of the room's entry, and who has it. */
async function entryOfRoom(): Promise<[string, RedisServer]> {
  for (const node of cluster.nodes) {
    const [key] = await node.client.keys('postern:{a:*')
    if (key !== undefined) return [key, node]
  }
  throw new Error('the room has no entry')
}

test('a slot that moves from one master of a Cluster to another, under load: nobody is buried, no record and no membership is lost, pushes go on', async () => {
  const [near, far] = workers as [RedisWorker, RedisWorker]
  const owners = workers.map(({ registry }) => registry.owner)
  const sockets = await far.connect(50)
  const members = sockets.map(idOf)
  for (const id of members) await expect.poll(() => near.registry.join(id, room), deadline).toBe('joined')
  await pause(leaseSeconds * 1000)
  const slot = Number(await cluster.nodes[0]?.client.call('CLUSTER', 'KEYSLOT', `{w:${far.registry.owner}}`))
  const counts = await Promise.all(
    cluster.nodes.map(async ({ client }) =>
      Number(await client.exists(`postern:{w:${far.registry.owner}}:lease`).catch(() => 0)),
    ),
  )
  const from = cluster.nodes[counts.indexOf(1)] as RedisServer
  const to = cluster.nodes.find((node) => node !== from) as RedisServer
  const [entry, entryAt] = await entryOfRoom()
  const entrySlot = Number(await from.client.call('CLUSTER', 'KEYSLOT', entry))
  const outcomes: Record<string, number> = {}
  const sent: string[] = []
  let goesOn = true
  const pushing = (async () => {
    for (let number = 0; goesOn; number++) {
      const outcome = await near.push(sockets[0] as LocalSocket, String(number))
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      if (outcome === 'sent') sent.push(String(number))
      sockets.push(...(await far.connect(1)))
      await pause(5)
    }
  })()
  for (const [moved, source, target] of [
    [slot, from, to],
    [slot, to, from],
    [entrySlot, entryAt, cluster.nodes.find((node) => node !== entryAt) as RedisServer],
  ] as const) {
    await moveSlot(moved, source, target)
    const before = sent.length
    await expect.poll(() => sent.length, deadline).toBeGreaterThan(before + 10)
  }
  await pause(2 * leaseSeconds * 1000) // time in which a living worker would be buried
  goesOn = false
  await pushing
  const hash = `postern:{w:${far.registry.owner}}:connections`
  await expect.poll(async () => (await from.client.hkeys(hash)).sort(), deadline).toEqual(sockets.map(idOf).sort())
  for (const { registry } of workers) {
    const counted = () => registry.countAll(room)
    await expect.poll(counted, deadline).toEqual({ connections: members.length, unanswered: [], incomplete: false })
  }
  expect((await entryOfRoom())[1]).not.toBe(entryAt)
  process.stdout.write(`slot moved: ${JSON.stringify(outcomes)}\n`)
  const frames = sockets[0]?.frames.map(({ data }) => String(data)) ?? []
  expect(frames).toEqual([...new Set(frames)].sort((a, b) => Number(a) - Number(b)))
  expect(frames).toEqual(expect.arrayContaining(sent))
  expect(outcomes.gone ?? 0).toBe(0)
  expect(workers.map(({ registry }) => registry.owner)).toEqual(owners)
  expect(workers.flatMap(({ undertaken, owed }) => [...undertaken, ...owed])).toEqual([])
  expect(rejections).toEqual([])
}, 120_000)
