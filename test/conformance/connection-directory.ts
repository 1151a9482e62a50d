import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConnectionFilter, FleetPage } from '../../src/registry/contract.ts'
import type { WorkerReference } from '../../src/registry/fleet-contract.ts'
import type { ConnectionRecord } from '../../src/vocabulary/connection.ts'
import { ownerOfConnectionId } from '../../src/vocabulary/ids.ts'
import type { RegistryStore } from './registry-store.ts'
import {
  add,
  byId,
  connect,
  connectMany,
  disconnect,
  foreignId,
  idsOf,
  type Join,
  listAll,
  malformedIds,
  recordIn,
  recordOf,
} from './registry-worker.ts'

/** The promises of `ConnectionDirectory`, as tests that every engine passes. */
export function describeDirectory(join: Join): void {
  describe('who is where', () => {
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

      it('add replaces the record of a connection that is there', async () => {
        const worker = await join()
        const { description } = await connect(worker)
        const { lastActiveAt: _, ...record } = description
        const changed = { ...record, authorizer: { principalId: 'ada' } }
        await worker.registry.add(changed)
        expect((await worker.registry.list({}, null, 10)).connections).toEqual([changed])
        expect(await worker.registry.count()).toEqual({ connections: 1, incomplete: false })
      })

      it('remove may be called twice, and for ids that never were', async () => {
        const worker = await join()
        await connect(worker)
        const { connectionId } = (await connect(worker)).description
        await disconnect(worker, connectionId)
        await worker.registry.remove(connectionId)
        await worker.registry.remove(worker.registry.allocateId())
        for (const id of malformedIds) await worker.registry.remove(id)
        expect(await worker.registry.count()).toEqual({ connections: 1, incomplete: false })
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
        expect(await worker.registry.count()).toEqual({ connections: 0, incomplete: false })
        tell()
        await removed
        await worker.registry.remove(connectionId, told)
        expect(await worker.registry.count()).toEqual({ connections: 0, incomplete: false })
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
        expect(await registry.list({}, null, 10)).toEqual({
          ...{ connections: [], cursor: null, unanswered: [], incomplete: false },
        })
      })

      it('filters by user, token and API key', async () => {
        const worker = await join()
        const a = await add(worker, { authorizer: { principalId: 'ada', jti: 't1' } })
        const b = await add(worker, { authorizer: { principalId: 'ada', jti: 't2' }, identity: { apiKeyId: 'k1' } })
        const c = await add(worker, { authorizer: { principalId: 'bob' }, identity: { apiKeyId: 'k1' } })
        await add(worker, { authorizer: null, identity: null })
        const rows: [ConnectionFilter, string[]][] = [
          [{ principalId: 'ada' }, [a, b]],
          [{ tokenId: 't2' }, [b]],
          [{ apiKeyId: 'k1' }, [b, c]],
          [{ principalId: 'bob', tokenId: 't1' }, []],
          [{ principalId: 'constructor' }, []],
        ]
        for (const [filter, ids] of rows) {
          const listed = idsOf(await listAll(worker.registry, filter, 1000))
          expect([...listed].sort(), JSON.stringify(filter)).toEqual([...ids].sort())
        }
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
  })
}

/** The promises of `ConnectionDirectory` that take several workers to be seen. */
export function describeDirectoryOfFleet(join: Join, storeOf: () => RegistryStore): void {
  describe('who is where, among several workers', () => {
    it('have owners of their own', async () => {
      const all = await Promise.all(Array.from({ length: 5 }, () => join()))
      expect(new Set(all.map(({ registry }) => registry.owner)).size).toBe(5)
    })

    it('list and count the connections of all, each exactly once, from every worker', async () => {
      const all = [await join(), await join(), await join()]
      const ids: string[] = []
      for (const worker of all) ids.push(...(await connectMany(worker, 11)))
      for (const { registry } of all) {
        for (const limit of [1, 10, 1000]) {
          expect(idsOf(await listAll(registry, {}, limit)).sort()).toEqual([...ids].sort())
        }
        expect(await registry.count()).toEqual({ connections: 33, incomplete: false })
      }
    })

    it('list the connections of a user, a token or an API key, and of nobody else, from every worker', async () => {
      const all = [await join(), await join()] as const
      const members: Partial<ConnectionRecord>[] = [
        { authorizer: { principalId: 'ada', jti: 't1' } },
        { authorizer: { principalId: 'bob', jti: 't2' }, identity: { apiKeyId: 'k1' } },
        { authorizer: { principalId: 'bob' }, userId: 'carl', attributes: { room: 'attic' } },
        { authorizer: null, userId: 'ada', attributes: null },
      ]
      const ids: string[][] = []
      for (const each of members) ids.push([await add(all[0], each), await add(all[1], each)])
      const [a = [], b = [], c = [], d = []] = ids
      const rows: [ConnectionFilter, string[]][] = [
        [{ principalId: 'ada' }, a],
        [{ tokenId: 't2' }, b],
        [{ apiKeyId: 'k1' }, b],
        [{ userId: 'ada' }, [...a, ...d]],
        [{ userId: 'bob' }, b],
        [{ userId: 'carl' }, c],
        [{ userId: 'nobody' }, []],
      ]
      for (const [filter, wanted] of rows) {
        for (const { registry } of all) {
          const found = idsOf(await listAll(registry, filter, 3)).sort()
          expect(found, JSON.stringify(filter)).toEqual([...wanted].sort())
        }
      }
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
  })
}
