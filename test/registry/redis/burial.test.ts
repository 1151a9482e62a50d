import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type FleetKeys, fleetKeys } from '../../../src/registry/redis/keys.ts'
import { packRecord } from '../../../src/registry/redis/record-codec.ts'
import { endBurial, renewLease } from '../../../src/registry/redis/scripts.ts'
import type { RedisRegistry } from '../../../src/registry/redis.ts'
import { keyspaceOf } from '../../../src/store/contract.ts'
import type { ConnectionRecord } from '../../../src/vocabulary/connection.ts'
import { allocateConnectionId, type OwnerId } from '../../../src/vocabulary/ids.ts'
import { createLocalSockets, type LocalSocket, type LocalSockets } from '../../helpers/local-sockets.ts'
import { quickTimings, type RedisWorkerOptions, redisRegistry, silentLog } from '../../helpers/redis-registry.ts'
import { type RedisServer, startRedis } from '../../helpers/redis-server.ts'
import { type SlowProxy, startSlowProxy } from '../../helpers/slow-proxy.ts'

const deadline = { timeout: 20_000, interval: 20 }
/** Nobody looks for the dead by himself. */
const noSweep = { ...quickTimings, sweep: 3_600_000 }

interface Worker {
  readonly registry: RedisRegistry
  readonly sockets: LocalSockets
  /** Connections of others whose `$disconnect` it ran. */
  readonly undertaken: string[]
  /** Those of its own that it owes, each time that it found itself buried. */
  readonly owed: string[][]
}

let server: RedisServer
let keys: FleetKeys
let fleets = 0
let workers: Worker[]
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.close())
beforeEach(() => {
  keys = fleetKeys(keyspaceOf(`fleet${++fleets}:`, 'registry'))
  workers = []
})
afterEach(() => Promise.all(workers.map(({ registry }) => registry.close())))

async function join(options: RedisWorkerOptions = {}, url = server.url): Promise<Worker> {
  const sockets = createLocalSockets()
  const ids: string[] = []
  const worker: Worker = {
    registry: redisRegistry(url, {
      ...{ local: sockets, name: 'worker', now: Date.now, keyPrefix: keys.workers.replace('workers', '') },
      bury: async ({ connectionId }) => void worker.undertaken.push(connectionId),
      buried: (owes) => void worker.owed.push([...(idsOf.get(worker) ?? [])].filter(owes)),
      ...options,
    }),
    ...{ sockets, undertaken: [], owed: [] },
  }
  idsOf.set(worker, ids)
  await worker.registry.start()
  workers.push(worker)
  return worker
}

const idsOf = new Map<Worker, string[]>()

function recordOf(connectionId: string): ConnectionRecord {
  return {
    ...{ connectionId, apiId: 'chat', stage: 'dev', connectedAt: 1, sourceIp: '127.0.0.1' },
    ...{ userAgent: null, domainName: 'localhost', authorizer: null, identity: null },
  }
}

async function connect(worker: Worker, count: number, stage = 'dev'): Promise<LocalSocket[]> {
  const sockets: LocalSocket[] = []
  for (let i = 0; i < count; i++) {
    const record = { ...recordOf(worker.registry.allocateId()), stage }
    idsOf.get(worker)?.push(record.connectionId)
    await worker.registry.add(record)
    sockets.push(worker.sockets.open(record))
  }
  return sockets
}

const push = ({ registry }: Worker, { description }: LocalSocket) =>
  registry.deliver(description.connectionId, { data: 'x', binary: false })

const keysOfFleet = () => server.client.keys(keys.workers.replace('workers', '*'))

const storedOf = (owner: OwnerId) => server.client.hkeys(keys.of(owner).connections)

/** A worker behind a wire that can be cut, with connections, and one of another worker that is not cut off. */
async function apart(
  count: number,
  options: RedisWorkerOptions = {},
): Promise<{ cutOff: Worker; other: Worker; wire: SlowProxy; sockets: LocalSocket[] }> {
  const wire = await startSlowProxy(server.port)
  const cutOff = await join(options, `redis://127.0.0.1:${wire.port}`)
  closing.push(() => wire.close())
  const sockets = await connect(cutOff, count)
  return { cutOff, other: await join({ timings: noSweep }), wire, sockets }
}
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

describe('a worker whose connections were reported gone', () => {
  test('can not come back under its owner id, though nobody has buried it yet', async () => {
    const { cutOff, other, wire, sockets } = await apart(3)
    const { owner } = cutOff.registry
    wire.cut()
    await server.client.del(keys.of(owner).lease)
    await expect.poll(() => push(other, sockets[0] as LocalSocket), deadline).toBe('gone')
    expect(await server.client.get(keys.of(owner).grave)).toBe('buried 3')
    wire.heal()
    await expect.poll(() => cutOff.registry.owner, deadline).not.toBe(owner)
    // Its records are there: whoever buries it runs their $disconnects.
    expect(cutOff.owed).toEqual([[]])
    expect(await push(cutOff, sockets[1] as LocalSocket)).toBe('gone')
    await expect.poll(() => cutOff.registry.trouble(), deadline).toBeNull()
    expect(await storedOf(owner)).toHaveLength(3)
  })

  test('runs the $disconnects itself whose records its undertaker can not find', async () => {
    const { cutOff, other, wire, sockets } = await apart(3)
    const { owner } = cutOff.registry
    wire.cut()
    await server.client.del(keys.of(owner).lease, keys.of(owner).connections)
    await expect.poll(() => push(other, sockets[0] as LocalSocket), deadline).toBe('gone')
    wire.heal()
    await expect
      .poll(() => cutOff.owed.map((ids) => ids.sort()), deadline)
      .toEqual([[...(idsOf.get(cutOff) ?? [])].sort()])
  })

  test('runs the $disconnects itself of connections that came while it was cut off', async () => {
    const { cutOff, other, wire, sockets } = await apart(3)
    const { owner } = cutOff.registry
    wire.cut()
    await expect.poll(() => cutOff.registry.trouble(), deadline).not.toBeNull()
    const [late] = (await connect(cutOff, 1)) as [LocalSocket]
    await server.client.del(keys.of(owner).lease)
    await expect.poll(() => push(other, sockets[0] as LocalSocket), deadline).toBe('gone')
    wire.heal()
    await expect.poll(() => cutOff.owed, deadline).toEqual([[late.description.connectionId]])
  })

  test('was never heard of: it has a grave before that is said, and can not come under that owner id any more', async () => {
    const other = await join({ timings: noSweep })
    const owner = other.registry.owner ^ 0x5a5a
    const id = allocateConnectionId(owner)
    expect(await other.registry.deliver(id, { data: 'x', binary: false })).toBe('gone')
    expect(await server.client.get(keys.of(owner).grave)).toBe('buried 0')
    expect(await server.client.pttl(keys.of(owner).grave)).toBeGreaterThan(6 * 86_400_000)
  })

  test('was never heard of, one of very many: then it is unreachable, and Redis does not fill with graves', async () => {
    const other = await join({ timings: noSweep })
    const outcomes: string[] = []
    for (let i = 1; i <= 120; i++) {
      const id = allocateConnectionId(other.registry.owner ^ i)
      outcomes.push(await other.registry.deliver(id, { data: 'x', binary: false }))
    }
    expect(outcomes.slice(0, 100)).toEqual(Array(100).fill('gone'))
    expect(outcomes.slice(-10)).toContain('unreachable')
    const graves = (await keysOfFleet()).filter((key) => key.endsWith(':grave'))
    expect(graves.length).toBe(outcomes.filter((outcome) => outcome === 'gone').length)
  })

  test('was away while Redis lost its data: it closes them when it is back, and tells of their end itself', async () => {
    const { cutOff, other, wire, sockets } = await apart(3)
    const { owner } = cutOff.registry
    wire.cut()
    await server.client.del(await keysOfFleet())
    await expect.poll(() => push(other, sockets[0] as LocalSocket), deadline).toBe('gone')
    wire.heal()
    await expect.poll(() => cutOff.registry.owner, deadline).not.toBe(owner)
    expect(cutOff.owed).toEqual([idsOf.get(cutOff)])
    expect(await push(cutOff, sockets[1] as LocalSocket)).toBe('gone')
  })

  test('comes back to a Redis that has lost its grave: it is unreachable until those who know have dug it anew', async () => {
    const { cutOff, other, wire, sockets } = await apart(3, {
      leaseSeconds: 2,
      timings: { ...noSweep, settling: 8_000 },
    })
    const { owner } = cutOff.registry
    wire.cut()
    await expect.poll(() => push(other, sockets[0] as LocalSocket), deadline).toBe('gone')
    await server.client.del(await keysOfFleet())
    wire.heal()
    const third = await join({ timings: noSweep })
    const outcomes = new Set<string>()
    const trace = async () => {
      outcomes.add(await push(third, sockets[1] as LocalSocket))
      return cutOff.registry.owner
    }
    await expect.poll(trace, deadline).not.toBe(owner)
    expect(outcomes).not.toContain('sent')
    expect(cutOff.owed).toEqual([idsOf.get(cutOff)])
    await expect.poll(() => push(third, sockets[1] as LocalSocket), deadline).toBe('gone')
  })

  test('had let them in before it ever reached Redis: it closes them once it does', async () => {
    const wire = await startSlowProxy(server.port)
    closing.push(() => wire.close())
    wire.cut()
    const late = await join({}, `redis://127.0.0.1:${wire.port}`)
    const [socket] = (await connect(late, 1)) as [LocalSocket]
    const { owner } = late.registry
    const other = await join({ timings: noSweep })
    expect(await push(other, socket)).toBe('gone')
    wire.heal()
    await expect.poll(() => late.registry.owner, deadline).not.toBe(owner)
    expect(late.owed).toEqual([idsOf.get(late)])
    await expect.poll(() => late.registry.trouble(), deadline).toBeNull()
    expect(await push(other, socket)).toBe('gone')
  })

  test('is not so on the word of a worker that has lost its own lease', async () => {
    const [far, near] = [await join(), await join({ timings: noSweep })]
    const [socket] = (await connect(far, 1)) as [LocalSocket]
    far.registry.abandon()
    // As FLUSHALL leaves it, or a clock of Redis that was set forward.
    await server.client.del(keys.of(far.registry.owner).lease, keys.of(near.registry.owner).lease)
    expect(await push(near, socket)).toBe('unreachable')
    await expect.poll(() => push(near, socket), deadline).toBe('gone')
  })
})

describe('what a worker wrote before it stood still', () => {
  test('is refused by Redis once it is buried, however late it comes', async () => {
    const [far, near] = [await join(), await join()]
    await connect(far, 3)
    const { owner } = far.registry
    far.registry.abandon()
    await server.client.del(keys.of(owner).lease)
    await expect.poll(() => server.client.hexists(keys.workers, String(owner)), deadline).toBe(0)
    expect(near.undertaken).toHaveLength(3)
    const late = server.client.hset(keys.of(owner).connections, 'id', 'record')
    await expect(late).rejects.toThrow('WRONGTYPE')
    expect(await server.client.pttl(keys.of(owner).connections)).toBeGreaterThan(6 * 86_400_000)
    expect(await near.registry.count()).toEqual({ connections: 0, incomplete: false })
  })

  test('is buried with it when it comes before the burial has ended', async () => {
    const dead = (await join()).registry.owner
    const late = allocateConnectionId(dead)
    await server.client.hset(keys.of(dead).connections, late, packRecord(recordOf(late)))
    await server.client.set(keys.of(dead).undertaker, 'me')
    const args = [keys.of(dead).connections, keys.of(dead).undertaker, 'me', 1000]
    expect(await server.client.eval(endBurial.source, 2, ...args)).toBe(0)
    await server.client.hdel(keys.of(dead).connections, late)
    expect(await server.client.eval(endBurial.source, 2, ...args)).toBe(1)
  })
})

describe('a connection that has ended', () => {
  test('is told of by an undertaker when its worker dies before its backend has answered', async () => {
    const [far, near] = [await join(), await join()]
    const [socket, other] = (await connect(far, 2)) as [LocalSocket, LocalSocket]
    const { owner } = far.registry
    const { connectionId } = socket.description
    far.sockets.drop(connectionId)
    void far.registry.remove(connectionId, new Promise(() => {}))
    far.sockets.drop(other.description.connectionId)
    await far.registry.remove(other.description.connectionId, Promise.resolve())
    expect(await storedOf(owner)).toEqual([connectionId])
    expect(await push(near, socket)).toBe('gone')
    far.registry.abandon()
    await server.client.del(keys.of(owner).lease)
    await expect.poll(() => near.undertaken, deadline).toEqual([connectionId])
  })

  test('is told of as it was last: with what a new token and a backend have said of its client', async () => {
    const told: ConnectionRecord[] = []
    const far = await join()
    await join({ bury: async (record) => void told.push(record) })
    const record = { ...recordOf(far.registry.allocateId()), authorizer: { principalId: 'ada', name: 'old' } }
    await far.registry.add(record)
    far.sockets.open(record)
    const renewed = { ...record, authorizer: { principalId: 'ada', name: 'new' } }
    await far.registry.add(renewed)
    far.sockets.drop(record.connectionId)
    far.sockets.open(renewed)
    expect(await far.registry.changeUser(record.connectionId, { attributes: { plan: 'gold' } })).toBe('changed')
    const { owner } = far.registry
    far.registry.abandon()
    await server.client.del(keys.of(owner).lease)
    await expect.poll(() => told, deadline).toEqual([{ ...renewed, userId: 'ada', attributes: { plan: 'gold' } }])
  })

  test('leaves no record when its worker closes while its backend answers', async () => {
    const far = await join()
    const [socket] = (await connect(far, 1)) as [LocalSocket]
    const { connectionId } = socket.description
    far.sockets.drop(connectionId)
    void far.registry.remove(connectionId, new Promise((resolve) => setTimeout(resolve, 200)))
    const { owner } = far.registry
    await far.registry.close()
    expect(await server.client.type(keys.of(owner).connections)).toBe('string')
    expect(await server.client.hexists(keys.workers, String(owner))).toBe(0)
  })
})

describe('an undertaker', () => {
  async function die(worker: Worker): Promise<OwnerId> {
    const { owner } = worker.registry
    worker.registry.abandon()
    await server.client.del(keys.of(owner).lease)
    return owner
  }

  test('keeps its pace however many workers have died', async () => {
    const dead = [await join({ timings: noSweep }), await join({ timings: noSweep }), await join({ timings: noSweep })]
    for (const worker of dead) await connect(worker, 40)
    const startedAt = performance.now()
    for (const worker of dead) await die(worker)
    const near = await join({ timings: { ...quickTimings, burialsPerSecond: 100 } })
    await expect.poll(() => near.undertaken.length, deadline).toBe(120)
    expect(performance.now() - startedAt).toBeGreaterThan(1_000)
    await expect.poll(() => server.client.hkeys(keys.workers), deadline).toEqual([String(near.registry.owner)])
  })

  test('goes on when a $disconnect fails, and when one is silent', async () => {
    const far = await join({ timings: noSweep })
    await connect(far, 150)
    const [failing, silent] = idsOf.get(far) as [string, string]
    const owner = await die(far)
    const told: string[] = []
    let answer = () => {}
    await join({
      bury: async ({ connectionId }) => {
        told.push(connectionId)
        if (connectionId === failing) throw new Error('the backend is not there')
        if (connectionId === silent) await new Promise<void>((resolve) => (answer = resolve))
      },
    })
    await expect.poll(() => storedOf(owner), deadline).toEqual([silent])
    expect(told.sort()).toEqual([...(idsOf.get(far) ?? [])].sort())
    answer()
    await expect.poll(() => server.client.hexists(keys.workers, String(owner)), deadline).toBe(0)
  })

  test('holds up no other stage for a backend that is silent, in no burial', async () => {
    const [one, two] = [await join({ timings: noSweep }), await join({ timings: noSweep })]
    for (const worker of [one, two]) {
      await connect(worker, 150, 'silent')
      await connect(worker, 50)
    }
    const owners = [await die(one), await die(two)]
    const told: ConnectionRecord[] = []
    await join({
      timings: { ...quickTimings, burial: 60_000 },
      bury: async (record) => {
        told.push(record)
        if (record.stage === 'silent') await new Promise(() => {})
      },
    })
    await expect.poll(() => told.filter(({ stage }) => stage === 'dev').length, deadline).toBe(100)
    // No more of them at a time, however many workers have died.
    expect(told.filter(({ stage }) => stage === 'silent').length).toBe(100)
    for (const owner of owners) expect((await storedOf(owner)).length).toBeGreaterThanOrEqual(150)
  })

  test('waits for a silent backend no longer than it has to', async () => {
    const far = await join({ timings: noSweep })
    await connect(far, 250)
    const owner = await die(far)
    await join({ timings: { ...quickTimings, burial: 100 }, bury: () => new Promise(() => {}) })
    await expect.poll(() => server.client.hexists(keys.workers, String(owner)), deadline).toBe(0)
    expect(await server.client.type(keys.of(owner).connections)).toBe('string')
  })

  test('tells what it has read of a dead worker when Redis loses its data in the middle', async () => {
    const far = await join({ timings: noSweep })
    await connect(far, 300)
    const owner = await die(far)
    const near = await join({
      timings: { ...quickTimings, burialsPerSecond: 200 },
      bury: async ({ connectionId }) => {
        if (near.undertaken.push(connectionId) === 50) await server.client.del(await keysOfFleet())
      },
    })
    await expect.poll(() => near.undertaken.length, deadline).toBe(300)
    expect(near.undertaken.sort()).toEqual([...(idsOf.get(far) ?? [])].sort())
    await expect.poll(() => server.client.type(keys.of(owner).connections), deadline).toBe('string')
    expect(await push(near, { description: { connectionId: near.undertaken[0] } } as LocalSocket)).toBe('gone')
  })

  test('tells it later when it had to stop: Redis was away, and has lost its data since', async () => {
    const wire = await startSlowProxy(server.port)
    closing.push(() => wire.close())
    const far = await join({ timings: noSweep })
    await connect(far, 300)
    const owner = await die(far)
    const near = await join(
      {
        ...{ leaseSeconds: 2, timings: { ...quickTimings, burialsPerSecond: 100 } },
        bury: async ({ connectionId }) => {
          if (near.undertaken.push(connectionId) !== 50) return
          wire.cut()
          await server.client.del(await keysOfFleet())
        },
      },
      `redis://127.0.0.1:${wire.port}`,
    )
    await expect.poll(() => near.registry.trouble(), deadline).not.toBeNull()
    // Its lease has run out by its own clock: it stops in the middle.
    let before = -1
    const isStill = () => {
      const same = before === near.undertaken.length
      before = near.undertaken.length
      return same
    }
    await expect.poll(isStill, { timeout: 20_000, interval: 500 }).toBe(true)
    expect(near.undertaken.length).toBeLessThan(300)
    wire.heal()
    await expect.poll(() => new Set(near.undertaken).size, deadline).toBe(300)
    await expect.poll(() => server.client.type(keys.of(owner).connections), deadline).toBe('string')
  })

  test('hands no more to a backend once another one has taken over', async () => {
    const far = await join({ timings: noSweep })
    await connect(far, 300)
    const owner = await die(far)
    const told: string[] = []
    const said: string[] = []
    const near = await join({
      log: { ...silentLog, info: (_, text) => void said.push(text) },
      timings: { ...quickTimings, burialsPerSecond: 200, undertaker: 300 },
      bury: async ({ connectionId }) => {
        if (told.push(connectionId) === 50) await server.client.set(keys.of(owner).undertaker, 'another')
      },
    })
    // It hears of it with its next renewal, a third of its term later.
    await expect.poll(() => said, deadline).toContain('a burial goes on later, or elsewhere')
    expect(told.length).toBeLessThan(200)
    expect(await server.client.exists(keys.of(owner).connections)).toBe(1)
    expect(near.registry.trouble()).toBeNull()
    await server.client.del(keys.of(owner).undertaker)
    await expect.poll(() => server.client.hexists(keys.workers, String(owner)), deadline).toBe(0)
    expect(new Set(told).size).toBe(300)
    expect(told.length).toBeLessThanOrEqual(400)
  })

  test('steps over what is no record and no worker, and takes it away', async () => {
    const far = await join({ timings: noSweep })
    const [socket] = (await connect(far, 1)) as [LocalSocket]
    const stray = allocateConnectionId(far.registry.owner ^ 1)
    const owner = await die(far)
    const { connections } = keys.of(owner)
    await server.client.hset(connections, {
      ...{ x: 'y', '': '', [stray]: packRecord(recordOf(stray)), [allocateConnectionId(owner)]: 'x' },
      [allocateConnectionId(owner)]: Buffer.alloc(300_000, 0x90),
      [allocateConnectionId(owner)]: Buffer.alloc(100_000, 0x90),
    })
    const junk = ['1e3', '-5', '007', '16777216', '99999999999', 'NaN', '', ' 7', 'x'.repeat(10_000)]
    for (const field of junk) await server.client.hset(keys.workers, field, 'x')
    const near = await join()
    await expect.poll(() => server.client.hkeys(keys.workers), deadline).toEqual([String(near.registry.owner)])
    expect(near.undertaken).toEqual([socket.description.connectionId])
    expect(await server.client.type(connections)).toBe('string')
    expect(near.registry.trouble()).toBeNull()
  })

  test('lets a worker be whose records are not ours', async () => {
    const near = await join()
    await server.client.hset(keys.workers, '7', 'x')
    await server.client.set(keys.of(7).connections, 'not a hash')
    await expect.poll(() => server.client.hexists(keys.workers, '7'), deadline).toBe(0)
    expect(near.registry.trouble()).toBeNull()
  })
})

describe('an owner id', () => {
  test('of a worker that died and is not buried yet is not taken by another one', async () => {
    const dead = (await join()).registry.owner ^ 1
    const { lease, grave, connections, entry } = keys.of(dead)
    await server.client.hset(connections, allocateConnectionId(dead), 'record')
    const take = (had: 'new' | 'lost' | 'held') =>
      server.client.eval(renewLease.source, 4, lease, grave, connections, entry, 'me', 60_000, had, 60_000)
    expect(await take('new')).toEqual(['foreign', -1])
    await server.client.set(entry, 'me')
    // Its own worker may come back: nobody was told that it is dead.
    expect(await take('held')).toEqual(['taken', 1])
    expect(await take('held')).toEqual(['held', 1])
  })

  test('is asked about by its worker until that knows that Redis has lost its data: an answer may be lost too', async () => {
    const { lease, grave, connections, entry } = keys.of(9)
    const take = (had: 'new' | 'lost' | 'held') =>
      server.client.eval(renewLease.source, 4, lease, grave, connections, entry, 'me', 60_000, had, 60_000)
    expect(await take('new')).toEqual(['taken', 0])
    expect(await take('held')).toEqual(['held', 0])
    await server.client.del(lease, entry)
    for (let i = 0; i < 2; i++) expect(await take('held')).toEqual(['lost', 0])
    expect(await take('lost')).toEqual(['held', 0])
    expect(await take('held')).toEqual(['held', 0])
  })
})

describe('keys that somebody else has overwritten', () => {
  test('are made anew by who they belong to, and kill nobody', async () => {
    const [one, two] = [await join({ leaseSeconds: 3 }), await join({ leaseSeconds: 3 })]
    const sockets = [...(await connect(one, 5)), ...(await connect(two, 5))]
    const owners = [one.registry.owner, two.registry.owner]
    const broken = [keys.workers, keys.sweeper]
    for (const owner of owners) broken.push(keys.of(owner).lease, keys.of(owner).connections, keys.of(owner).undertaker)
    for (const key of broken) {
      await server.client.del(key)
      if (key.endsWith('connections') || key.endsWith('workers')) await server.client.set(key, 'x')
      else await server.client.rpush(key, 'x', 'y')
    }
    await expect
      .poll(async () => (await Promise.all(owners.map(storedOf))).map(({ length }) => length), deadline)
      .toEqual([5, 5])
    for (const owner of owners) expect(await server.client.type(keys.of(owner).lease)).toBe('string')
    expect([one.registry.owner, two.registry.owner]).toEqual(owners)
    for (const socket of sockets) await expect.poll(() => push(one, socket), deadline).toBe('sent')
    expect([...one.undertaken, ...two.undertaken]).toEqual([])
  })
})
