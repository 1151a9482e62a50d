import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Group } from '../../src/registry/group-contract.ts'
import { createRecordTable } from '../../src/registry/record-table.ts'
import { allocateConnectionId, randomOwnerId } from '../../src/vocabulary/ids.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'
import { idOf, type RedisWorker, redisWorker } from '../helpers/redis-workers.ts'

const connections = 19_000

let server: RedisServer
let worker: RedisWorker
beforeEach(async () => {
  server = await startRedis()
})
afterEach(async () => {
  await worker.registry.close()
  await server.close()
})

async function join(leaseSeconds: number): Promise<void> {
  worker = redisWorker(server.url, { leaseSeconds, timings: {} })
  await worker.registry.start()
  await expect.poll(() => worker.registry.trouble()).toBeNull()
  // Until it has compared its records with those in Redis.
  await expect.poll(async () => (await commands()).get('hscan') ?? 0).toBeGreaterThan(0)
}

/** How often each command has run, and so those of scripts. */
async function commands(): Promise<Map<string, number>> {
  const info = await server.client.info('commandstats')
  const found = [...info.matchAll(/^cmdstat_([\w|]+):calls=(\d+)/gm)].map(([, name, calls]): [string, number] => [
    name as string,
    Number(calls),
  ])
  return new Map(found.filter(([name]) => name !== 'info'))
}

async function commandsOf(run: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await commands()
  await run()
  const after = await commands()
  const found = [...after].map(([name, calls]): [string, number] => [name, calls - (before.get(name) ?? 0)])
  return Object.fromEntries(found.filter(([, calls]) => calls > 0))
}

const end = async (id: string) => {
  worker.sockets.drop(id)
  await worker.registry.remove(id, Promise.resolve())
}

describe('what a connection costs', () => {
  test('is one command to connect and one to disconnect, and a share of one under load', async () => {
    await join(3_600)
    const one = await commandsOf(async () => {
      for (const socket of await worker.connect(50)) await end(idOf(socket))
    })
    expect(one).toEqual({ hset: 50, hdel: 50 })
    const many = await commandsOf(async () => {
      const records = Array.from({ length: 2_000 }, () => worker.connect(1))
      const sockets = (await Promise.all(records)).flat()
      await Promise.all(sockets.map((socket) => end(idOf(socket))))
    })
    expect((many.hset ?? 0) + (many.hdel ?? 0)).toBeLessThan(40)
    expect(Object.keys(many).sort()).toEqual(['hdel', 'hset'])
  })

  test('is nothing while it is idle: what is said to Redis does not grow with the connections', async () => {
    await join(1)
    const seconds = 3
    await worker.connect(1)
    const one = await commandsOf(() => pause(seconds * 1000))
    await Promise.all(Array.from({ length: 2_000 }, () => worker.connect(1)))
    const idle = await commandsOf(() => pause(seconds * 1000))
    const sum = (counts: Record<string, number>) => Object.values(counts).reduce((total, each) => total + each, 0)
    // A renewal runs ten commands, most of them inside its script; a look for the dead runs some more.
    expect(sum(one)).toBeLessThan(seconds * 3 * 40)
    expect(sum(idle)).toBeLessThan(seconds * 3 * 40)
    expect(Object.keys(idle).filter((name) => !(name in one))).toEqual([])
  })

  test('is less than 500 bytes in Redis', async () => {
    await join(3_600)
    const userAgent =
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36'
    await Promise.all(Array.from({ length: connections }, () => worker.connect(1, { userAgent })))
    const key = `postern:{w:${worker.registry.owner}}:connections`
    expect(await server.client.hlen(key)).toBe(connections)
    const bytes = Number(await server.client.call('MEMORY', 'USAGE', key, 'SAMPLES', '0')) / connections
    process.stdout.write(`a connection in Redis: ${Math.round(bytes)} bytes\n`)
    expect(bytes).toBeLessThan(500)
  })

  test('is less than 300 bytes in its worker, beside the record itself', () => {
    setFlagsFromString('--expose_gc')
    const collect = runInNewContext('gc') as () => void
    const owner = randomOwnerId()
    const usual = { apiId: 'chat', stage: 'dev', connectedAt: 1, sourceIp: '::1', userAgent: null, domainName: 'x' }
    const records = Array.from({ length: connections }, () => ({
      ...{ ...usual, connectionId: allocateConnectionId(owner), authorizer: null, identity: null },
    }))
    const table = createRecordTable()
    collect()
    const before = process.memoryUsage().heapUsed
    for (const record of records) table.add(record)
    collect()
    const bytes = (process.memoryUsage().heapUsed - before) / connections
    process.stdout.write(`a connection in the registry of its worker: ${Math.round(bytes)} bytes\n`)
    expect(table.size).toBe(records.length)
    expect(bytes).toBeLessThan(300)
  })
})

describe('what groups cost', () => {
  const group = (name: string): Group => ({ apiId: 'chat', stage: 'dev', kind: 'group', name })
  const plain = { except: [], filter: null, coalesce: null, failures: 0 }
  let others: RedisWorker[]

  beforeEach(async () => {
    const start = async () => {
      const made = redisWorker(server.url, { leaseSeconds: 3_600, timings: { settling: 0 } })
      await made.registry.start()
      await expect.poll(() => made.registry.trouble()).toBeNull()
      return made
    }
    worker = await start()
    others = [await start(), await start()]
  })
  afterEach(async () => {
    for (const { registry } of others) await registry.close()
  })

  async function joinNew({ connect, registry }: RedisWorker, name: string): Promise<string> {
    const [socket] = await connect(1)
    const id = idOf(socket as never)
    expect(await registry.join(id, group(name))).toBe('joined')
    return id
  }

  test('is two commands to join and two to leave, fewer under load, and none beside other members', async () => {
    const sockets = await worker.connect(300)
    const ids = sockets.map(idOf)
    const { registry } = worker
    const one = await commandsOf(async () => {
      for (const id of ids.slice(0, 50)) await registry.join(id, group(id))
      for (const id of ids.slice(50)) await registry.join(id, group(ids[0] as string))
    })
    expect(one).toEqual({ sadd: 100 })
    const last = await commandsOf(async () => {
      for (const id of ids.slice(1, 50)) await registry.leave(id, group(id))
      for (const id of ids.slice(50)) await registry.leave(id, group(ids[0] as string))
      await expect.poll(() => server.client.scard(`postern:{w:${registry.owner}}:audiences`)).toBe(1)
    })
    expect(last.srem).toBeLessThanOrEqual(98)
    const many = await commandsOf(() => Promise.all(ids.map((id) => registry.join(id, group(`many ${id}`)))))
    expect(many.sadd).toBeLessThan(ids.length + 10)
  })

  test('is three commands for a message to a group on three workers, one within a turn for several', async () => {
    for (const each of [worker, ...others]) await joinNew(each, 'room')
    const send = () => worker.registry.send(group('room'), { data: 'x', binary: false }, plain)
    const rounds = 40
    const found = await commandsOf(async () => {
      for (let i = 0; i < rounds; i++) expect(await send()).toMatchObject({ targets: 3, sent: 3 })
    })
    // The answers come in envelopes of their own.
    expect(found).toEqual({ srandmember: rounds, spublish: 4 * rounds })
    const packed = await commandsOf(() => Promise.all(Array.from({ length: 200 }, send)))
    expect(packed.srandmember).toBe(1)
    expect(packed.spublish).toBeLessThan(40)
  })

  test('is less than 64 bytes in Redis for a membership, with 10,000 groups of 10 on three workers', async () => {
    const [groups, size] = [10_000, 10]
    const all = [worker, ...others]
    const before = await usedMemory()
    await Promise.all(
      all.map(async ({ sockets, registry }, place) => {
        // Each is in 100 groups, and stands in no hash of records.
        const ids: string[] = []
        const joins: unknown[] = []
        for (let name = 0; name < groups; name++) {
          for (let member = 0; member < size; member++) {
            if ((name + member) % all.length !== place) continue
            const use = joins.length
            if (use % 100 === 0) {
              const record = { connectionId: registry.allocateId(), apiId: 'chat', stage: 'dev', connectedAt: 1 }
              const rest = { sourceIp: '::1', userAgent: null, domainName: 'x', authorizer: null, identity: null }
              ids.push(idOf(sockets.open({ ...record, ...rest })))
            }
            joins.push(registry.join(ids.at(-1) as string, group(`room ${name}`)))
          }
        }
        const outcomes = new Set(await Promise.all(joins))
        expect(outcomes).toEqual(new Set(['joined']))
      }),
    )
    const bytes = ((await usedMemory()) - before) / (groups * size)
    process.stdout.write(`a membership in Redis: ${bytes.toFixed(1)} bytes\n`)
    expect(bytes).toBeLessThan(64)
  })

  async function usedMemory(): Promise<number> {
    return Number(/used_memory_dataset:(\d+)/.exec(await server.client.info('memory'))?.[1])
  }
})
