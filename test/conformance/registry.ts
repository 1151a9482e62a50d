import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type {
  ConnectionFilter,
  FleetPage,
  Registry,
  RegistryOptions,
  WorkerReference,
} from '../../src/registry/contract.ts'
import type { ConnectionRecord } from '../../src/vocabulary/connection.ts'
import { allocateConnectionId, allocateRequestId, ownerOfConnectionId } from '../../src/vocabulary/ids.ts'
import { createLocalSockets, type LocalSocket, type LocalSockets } from '../helpers/local-sockets.ts'

/** The place that workers of one fleet share: made anew and empty for every test. */
export interface RegistryStore {
  join(options: RegistryOptions): Promise<Registry>
  /** Ends a worker without a goodbye, as SIGKILL does. Its lease runs on. */
  kill(registry: Registry): Promise<void>
  /** Resolves once the lease of a killed worker has run out. */
  outliveLease(registry: Registry): Promise<void>
  close(): Promise<void>
}

/** A store without `fleet` holds one worker; `kill` and `outliveLease` are then never called. */
export interface RegistryEngine {
  readonly name: string
  readonly fleet: boolean
  createStore(): Promise<RegistryStore>
}

interface Worker {
  readonly registry: Registry
  readonly sockets: LocalSockets
}

/** The promises of `registry/contract.ts`, as tests that every engine passes. */
export function describeRegistry(engine: RegistryEngine): void {
  let store: RegistryStore
  let workers: Worker[]

  async function join(name = 'worker'): Promise<Worker> {
    const sockets = createLocalSockets()
    const worker = { registry: await store.join({ local: sockets, name, version: '1.2.3', now: Date.now }), sockets }
    workers.push(worker)
    return worker
  }

  beforeEach(async () => {
    workers = []
    store = await engine.createStore()
  })

  afterEach(async () => {
    await Promise.all(workers.map(({ registry }) => registry.close()))
    await store.close()
  })

  describe(`registry contract: ${engine.name}`, () => {
    describe('ids', () => {
      it('are well-formed and carry the owner of the worker, an integer of 24 bits', async () => {
        const { registry } = await join()
        expect(registry.owner).toBeGreaterThanOrEqual(0)
        expect(registry.owner).toBeLessThan(2 ** 24)
        for (let i = 0; i < 100; i++) expect(ownerOfConnectionId(registry.allocateId())).toBe(registry.owner)
      })

      it('are never given twice', async () => {
        const { registry } = await join()
        const ids = new Set(Array.from({ length: 20_000 }, () => registry.allocateId()))
        expect(ids.size).toBe(20_000)
      })
    })

    describe('add, get and remove', () => {
      it('get finds a connection once add is done, with what its worker alone knows', async () => {
        const { registry, sockets } = await join()
        const record = recordOf(registry)
        sockets.open(record, record.connectedAt + 5)
        await registry.add(record)
        expect(await registry.get(record.connectionId)).toEqual({ ...record, lastActiveAt: record.connectedAt + 5 })
      })

      it('get gives null for a removed connection, one that never was, and a malformed id', async () => {
        const worker = await join()
        const { connectionId } = (await connect(worker)).description
        await disconnect(worker, connectionId)
        expect(await worker.registry.get(connectionId)).toBeNull()
        expect(await worker.registry.get(worker.registry.allocateId())).toBeNull()
        expect(await worker.registry.get(foreignId(worker))).toBeNull()
        for (const id of malformedIds) expect(await worker.registry.get(id)).toBeNull()
      })

      it('remove may be called twice, and for ids that never were', async () => {
        const worker = await join()
        await connect(worker)
        const { connectionId } = (await connect(worker)).description
        await disconnect(worker, connectionId)
        await worker.registry.remove(connectionId)
        await worker.registry.remove(worker.registry.allocateId())
        for (const id of malformedIds) await worker.registry.remove(id)
        expect(await worker.registry.count()).toBe(1)
      })

      it('remove makes a connection gone at once, also while its backend is told', async () => {
        const worker = await join()
        const { connectionId } = (await connect(worker)).description
        worker.sockets.drop(connectionId)
        let tell = () => {}
        const told = new Promise<void>((resolve) => {
          tell = resolve
        })
        const removed = worker.registry.remove(connectionId, told)
        expect(await worker.registry.get(connectionId)).toBeNull()
        expect((await worker.registry.list({}, null, 10)).connections).toEqual([])
        expect(await worker.registry.count()).toBe(0)
        tell()
        await removed
        await worker.registry.remove(connectionId, told)
        expect(await worker.registry.count()).toBe(0)
      })

      it('is in no doubt about its connections as long as it runs', async () => {
        expect((await join()).registry.doubt()).toBeNull()
      })

      it('answers about connections of this worker without a promise', async () => {
        const worker = await join()
        const { connectionId, apiId } = (await connect(worker)).description
        expect(worker.registry.get(connectionId)).toMatchObject({ connectionId })
        expect(worker.registry.deliver(connectionId, { data: 'now', binary: false }, apiId)).toBe('sent')
        expect(worker.registry.disconnect(connectionId, null, null, apiId)).toBe('closed')
        expect(worker.registry.deliver(connectionId, { data: 'now', binary: false }, apiId)).toBe('gone')
      })
    })

    describe('list', () => {
      it('gives every record as it was added', async () => {
        const worker = await join()
        const members: Partial<ConnectionRecord>[] = [
          {},
          { userAgent: null, domainName: '127.0.0.1:8080/chat', sourceIp: '2001:db8::7' },
          { authorizer: { principalId: 'user-7', tenant: 'é😀', constructor: 'x', empty: '' } },
          { userAgent: '"quoted" \\ and | odd', stage: 'v2_-' },
        ]
        const records = []
        for (const each of members) records.push(recordIn(await connect(worker, each)))
        const listed = await listAll(worker.registry, {}, 3)
        expect(byId(listed)).toEqual(byId(records))
      })

      it('gives every record exactly once in pages of any size, in a stable order', async () => {
        const worker = await join()
        const ids = await connectMany(worker, 37)
        const whole = idsOf(await listAll(worker.registry, {}, 1000))
        expect([...whole].sort()).toEqual([...ids].sort())
        for (const limit of [1, 2, 7, 36, 37, 38]) {
          expect(idsOf(await listAll(worker.registry, {}, limit))).toEqual(whole)
        }
      })

      it('gives an empty page without a cursor while there is no connection', async () => {
        const { registry } = await join()
        expect(await registry.list({}, null, 10)).toEqual({ connections: [], cursor: null, unanswered: [] })
      })

      it('filters by API, stage, address, User-Agent and time, and by several at once', async () => {
        const worker = await join()
        const a = await add(worker, { apiId: 'a', stage: 'dev', sourceIp: '10.0.0.1', connectedAt: 1000 })
        const b = await add(worker, { apiId: 'a', stage: 'prod', userAgent: 'Mozilla/5.0 (X11)', connectedAt: 2000 })
        const c = await add(worker, { apiId: 'b', stage: 'dev', userAgent: null, sourceIp: '::1', connectedAt: 3000 })
        const rows: [ConnectionFilter, string[]][] = [
          [{ apiId: 'a' }, [a, b]],
          [{ stage: 'dev' }, [a, c]],
          [{ apiId: 'a', stage: 'dev' }, [a]],
          [{ sourceIp: '::1' }, [c]],
          [{ userAgent: 'mozilla' }, [b]],
          [{ userAgent: '(x11)' }, [b]],
          [{ since: 2000 }, [b, c]],
          [{ since: 2001, apiId: 'a' }, []],
          [{ apiId: 'A' }, []],
          [{ apiId: undefined, stage: undefined }, [a, b, c]],
        ]
        for (const [filter, ids] of rows) {
          for (const limit of [1, 1000]) {
            const listed = idsOf(await listAll(worker.registry, filter, limit))
            expect([...listed].sort(), JSON.stringify(filter)).toEqual([...ids].sort())
          }
        }
      })

      it('has a connection that lives through the whole listing exactly once, whatever comes and goes', async () => {
        const steps = fc.array(fc.record({ adds: fc.nat(4), removes: fc.array(fc.nat(), { maxLength: 6 }) }), {
          minLength: 12,
          maxLength: 12,
        })
        const worker = await join()
        await fc.assert(
          fc.asyncProperty(steps, fc.integer({ min: 1, max: 5 }), async (turns, limit) => {
            const before = await connectMany(worker, 20)
            const living = new Set(before)
            const seen: string[] = []
            let cursor: string | null = null
            for (let turn = 0; turn === 0 || cursor !== null; turn++) {
              const page = await worker.registry.list({}, cursor, limit)
              seen.push(...idsOf(page.connections))
              cursor = page.cursor
              const { adds, removes } = turns[turn] ?? { adds: 0, removes: [] }
              await connectMany(worker, adds)
              for (const remove of removes) {
                // The page's own last entry is the likeliest to be lost: the cursor may point at it.
                const victim = remove % 2 === 0 ? seen.at(-1) : before[remove % before.length]
                if (victim === undefined) continue
                living.delete(victim)
                await disconnect(worker, victim)
              }
            }
            expect(new Set(seen).size).toBe(seen.length)
            for (const id of living) expect(seen).toContain(id)
            for (const record of await listAll(worker.registry, {}, 1000)) await disconnect(worker, record.connectionId)
          }),
          { numRuns: 20 },
        )
      })

      it('throws a RangeError for a cursor that is none of ours', async () => {
        const worker = await join()
        await connectMany(worker, 3)
        for (const cursor of ['', 'x', '0', '-1', '../..', 'null', '\0', 'A'.repeat(5000), '{"a":1}']) {
          await expect(worker.registry.list({}, cursor, 10), cursor).rejects.toThrow(RangeError)
        }
      })
    })

    describe('deliver', () => {
      it('hands over text and bytes as they are', async () => {
        const worker = await join()
        const socket = await connect(worker)
        const id = socket.description.connectionId
        expect(await worker.registry.deliver(id, { data: 'é😀\0', binary: false })).toBe('sent')
        expect(await worker.registry.deliver(id, { data: '', binary: false })).toBe('sent')
        expect(await worker.registry.deliver(id, { data: Uint8Array.of(0, 255, 128), binary: true })).toBe('sent')
        expect(socket.frames.map(textOrBytes)).toEqual(['é😀\0', '', [0, 255, 128]])
        expect(socket.frames.map(({ binary }) => binary)).toEqual([false, false, true])
      })

      it('keeps the order of the calls and delivers each at most once', async () => {
        const worker = await join()
        const socket = await connect(worker)
        await expectInOrder(worker.registry, socket)
      })

      it('says gone for a removed connection, one that never was, and a malformed id', async () => {
        const worker = await join()
        const { connectionId } = (await connect(worker)).description
        await disconnect(worker, connectionId)
        const ids = [connectionId, worker.registry.allocateId(), foreignId(worker), ...malformedIds]
        for (const id of ids) expect(await worker.registry.deliver(id, { data: 'x', binary: false }), id).toBe('gone')
      })

      it('says full, and hands nothing over, while too much waits for the client', async () => {
        const worker = await join()
        const socket = await connect(worker)
        socket.full = true
        const id = socket.description.connectionId
        expect(await worker.registry.deliver(id, { data: 'x', binary: false })).toBe('full')
        expect(socket.frames).toEqual([])
      })

      it('says gone for a connection of another API than the named one', async () => {
        const worker = await join()
        const socket = await connect(worker, { apiId: 'chat' })
        const id = socket.description.connectionId
        expect(await worker.registry.deliver(id, { data: 'x', binary: false }, 'orders')).toBe('gone')
        expect(await worker.registry.deliver(id, { data: 'y', binary: false }, 'chat')).toBe('sent')
        expect(socket.frames.map(textOrBytes)).toEqual(['y'])
      })
    })

    describe('disconnect', () => {
      it('closes with the given code and reason, or with none for what DELETE usually does', async () => {
        const worker = await join()
        const usual = await connect(worker)
        const chosen = await connect(worker)
        expect(await worker.registry.disconnect(usual.description.connectionId, null, null)).toBe('closed')
        expect(await worker.registry.disconnect(chosen.description.connectionId, 4001, 'bye é')).toBe('closed')
        expect(usual.closed).toEqual({ code: null, reason: null })
        expect(chosen.closed).toEqual({ code: 4001, reason: 'bye é' })
      })

      it('says gone where there is nothing to close', async () => {
        const worker = await join()
        const socket = await connect(worker, { apiId: 'chat' })
        const id = socket.description.connectionId
        expect(await worker.registry.disconnect(id, null, null, 'orders')).toBe('gone')
        expect(socket.closed).toBeNull()
        expect(await worker.registry.disconnect(id, null, null)).toBe('closed')
        for (const gone of [id, worker.registry.allocateId(), foreignId(worker), ...malformedIds]) {
          expect(await worker.registry.disconnect(gone, 4000, 'x'), gone).toBe('gone')
        }
      })
    })

    describe('workers', () => {
      it('count and describe themselves, with a lease that has not run out', async () => {
        const from = Date.now()
        const worker = await join('north')
        await connectMany(worker, 3)
        expect(await worker.registry.count()).toBe(3)
        const [only, ...others] = await worker.registry.workers()
        expect(others).toEqual([])
        expect(only).toMatchObject({
          ...{ owner: worker.registry.owner, name: 'north', connections: 3, version: '1.2.3', state: 'alive' },
        })
        expect(only?.startedAt).toBeGreaterThanOrEqual(from)
        if (only?.leaseUntil !== null) expect(only?.leaseUntil).toBeGreaterThan(Date.now())
        expect(worker.registry.trouble()).toBeNull()
      })

      it('still serve their own connections after close, which may be called twice', async () => {
        const worker = await join()
        const socket = await connect(worker)
        const id = socket.description.connectionId
        await worker.registry.close()
        await worker.registry.close()
        expect(worker.registry.get(id)).toMatchObject({ connectionId: id })
        expect(worker.registry.deliver(id, { data: 'x', binary: false })).toBe('sent')
        expect(worker.registry.disconnect(id, null, null)).toBe('closed')
        await worker.registry.remove(id)
      })
    })

    if (engine.fleet) describeFleet(() => store, join)
  })
}

function describeFleet(storeOf: () => RegistryStore, join: (name?: string) => Promise<Worker>): void {
  describe('several workers', () => {
    it('have owners of their own', async () => {
      const all = await Promise.all(Array.from({ length: 5 }, () => join()))
      expect(new Set(all.map(({ registry }) => registry.owner)).size).toBe(5)
    })

    it('find, reach and close the connections of each other', async () => {
      const [near, far] = [await join(), await join()]
      const socket = await connect(far, { apiId: 'chat' })
      const record = recordIn(socket)
      const id = record.connectionId
      expect(await near.registry.get(id)).toEqual(socket.description)
      expect(await near.registry.deliver(id, { data: 'é😀', binary: false })).toBe('sent')
      expect(await near.registry.deliver(id, { data: 'x', binary: false }, 'orders')).toBe('gone')
      expect(await near.registry.disconnect(id, 4001, 'bye', 'orders')).toBe('gone')
      socket.full = true
      expect(await near.registry.deliver(id, { data: 'x', binary: false }, 'chat')).toBe('full')
      expect(await near.registry.disconnect(id, 4001, 'bye', 'chat')).toBe('closed')
      expect(await near.registry.get(id)).toBeNull()
      expect(await near.registry.deliver(id, { data: 'x', binary: false })).toBe('gone')
      expect(socket.frames.map(textOrBytes)).toEqual(['é😀'])
      expect(socket.closed).toEqual({ code: 4001, reason: 'bye' })
    })

    it('keep the order of one caller, at most once each', async () => {
      const [near, far] = [await join(), await join()]
      await expectInOrder(near.registry, await connect(far))
    })

    it("read a frame's bytes before deliver returns", async () => {
      const [near, far] = [await join(), await join()]
      const socket = await connect(far)
      const data = Uint8Array.of(1, 2, 3)
      const outcome = near.registry.deliver(socket.description.connectionId, { data, binary: true })
      data.fill(9)
      expect(await outcome).toBe('sent')
      expect(socket.frames.map(textOrBytes)).toEqual([[1, 2, 3]])
    })

    it('list and count the connections of all, each exactly once, from every worker', async () => {
      const all = [await join(), await join(), await join()]
      const ids: string[] = []
      for (const worker of all) ids.push(...(await connectMany(worker, 11)))
      for (const { registry } of all) {
        for (const limit of [1, 10, 1000]) {
          expect(idsOf(await listAll(registry, {}, limit)).sort()).toEqual([...ids].sort())
        }
        expect(await registry.count()).toBe(33)
      }
    })

    it('know each other by name, and no longer once one has closed', async () => {
      const [near, far] = [await join('near'), await join('far')]
      await connectMany(far, 2)
      const known = await near.registry.workers()
      expect(known.map(({ name, connections }) => `${name} ${connections}`).sort()).toEqual(['far 2', 'near 0'])
      const { connectionId } = (await connect(far)).description
      await far.registry.close()
      const living = (await near.registry.workers()).filter(({ state }) => state === 'alive')
      expect(living.map(({ name }) => name)).toEqual(['near'])
      expect(await near.registry.deliver(connectionId, { data: 'x', binary: false })).toBe('gone')
    })

    it('list what the others hold when one does not answer, and name that one', async () => {
      const all = [await join('near'), await join('silent'), await join('far')] as const
      const [near, silent] = all
      const ids: string[] = []
      for (const worker of all) if (worker !== silent) ids.push(...(await connectMany(worker, 3)))
      await connectMany(silent, 3)
      await storeOf().kill(silent.registry)
      const found: string[] = []
      const unanswered: WorkerReference[] = []
      let cursor: string | null = null
      do {
        const page: FleetPage = await near.registry.list({}, cursor, 2)
        found.push(...idsOf(page.connections))
        unanswered.push(...page.unanswered)
        cursor = page.cursor
      } while (cursor !== null)
      expect(found.sort()).toEqual(ids.sort())
      expect(unanswered).toMatchObject([{ owner: silent.registry.owner, name: 'silent' }])
      expect(unanswered).toHaveLength(1)
    })

    it('call a dead worker unreachable while its lease lasts, and its connections gone after that', async () => {
      const [near, far] = [await join('near'), await join('far')]
      const { connectionId } = (await connect(far)).description
      await storeOf().kill(far.registry)
      expect(await near.registry.deliver(connectionId, { data: 'x', binary: false })).toBe('unreachable')
      expect(await near.registry.disconnect(connectionId, null, null)).toBe('unreachable')
      await expect(near.registry.get(connectionId)).rejects.toMatchObject({ code: 'WORKER_UNREACHABLE' })
      await storeOf().outliveLease(far.registry)
      expect(await near.registry.deliver(connectionId, { data: 'x', binary: false })).toBe('gone')
      expect(await near.registry.disconnect(connectionId, null, null)).toBe('gone')
      expect(await near.registry.get(connectionId)).toBeNull()
      // Who buries the dead, and when, is the engine's own affair: it ends with nothing left of them.
      await expect.poll(() => near.registry.count(), { timeout: 10_000 }).toBe(0)
      expect((await near.registry.list({}, null, 10)).connections).toEqual([])
      const names = async () => (await near.registry.workers()).map(({ name }) => name)
      await expect.poll(names, { timeout: 10_000 }).toEqual(['near'])
    })
  })
}

// --- what the tests say again and again ---

const malformedIds = [
  '',
  'x',
  'AAAAAAAAAAAAAAA=',
  '00000000-0000-4000-8000-000000000000',
  `${'A'.repeat(5000)}=`,
  'A%00=',
  allocateRequestId(),
]

/** A well-formed id of a worker that never was. */
function foreignId({ registry }: Worker): string {
  return allocateConnectionId(registry.owner ^ 0x5a5a5a)
}

function recordOf(registry: Registry, members: Partial<ConnectionRecord> = {}): ConnectionRecord {
  return {
    connectionId: registry.allocateId(),
    apiId: 'chat',
    stage: 'dev',
    connectedAt: 1_759_651_750_119,
    sourceIp: '203.0.113.9',
    userAgent: 'demo/1.0',
    domainName: 'gateway.example',
    authorizer: null,
    ...members,
  }
}

/** In the gateway's order: the record is there before the socket opens. */
async function connect({ registry, sockets }: Worker, members?: Partial<ConnectionRecord>): Promise<LocalSocket> {
  const record = recordOf(registry, members)
  await registry.add(record)
  return sockets.open(record)
}

async function add(worker: Worker, members: Partial<ConnectionRecord>): Promise<string> {
  return (await connect(worker, members)).description.connectionId
}

async function connectMany(worker: Worker, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < count; i++) ids.push(await add(worker, { connectedAt: 1_759_651_750_000 + i }))
  return ids
}

async function disconnect({ registry, sockets }: Worker, id: string): Promise<void> {
  sockets.drop(id)
  await registry.remove(id)
}

function recordIn({ description: { lastActiveAt: _, ...record } }: LocalSocket): ConnectionRecord {
  return record
}

async function listAll(registry: Registry, filter: ConnectionFilter, limit: number): Promise<ConnectionRecord[]> {
  const all: ConnectionRecord[] = []
  let cursor: string | null = null
  do {
    const page = await registry.list(filter, cursor, limit)
    expect(page.connections.length).toBeLessThanOrEqual(limit)
    all.push(...page.connections)
    cursor = page.cursor
  } while (cursor !== null)
  return all
}

function idsOf(records: readonly ConnectionRecord[]): string[] {
  return records.map(({ connectionId }) => connectionId)
}

function byId(records: readonly ConnectionRecord[]): Record<string, ConnectionRecord> {
  return Object.fromEntries(records.map((record) => [record.connectionId, record]))
}

function textOrBytes({ data, binary }: { data: string | Uint8Array; binary: boolean }): string | number[] {
  if (binary) return [...Buffer.from(data)]
  return Buffer.from(data).toString()
}

async function expectInOrder(registry: Registry, socket: LocalSocket): Promise<void> {
  const texts = Array.from({ length: 200 }, (_, i) => `frame ${i}`)
  const id = socket.description.connectionId
  const outcomes = await Promise.all(texts.map((data) => registry.deliver(id, { data, binary: false })))
  expect(new Set(outcomes)).toEqual(new Set(['sent']))
  expect(socket.frames.map(textOrBytes)).toEqual(texts)
}
