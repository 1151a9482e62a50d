import { describe, expect, it } from 'vitest'
import { userIdOf } from '../../src/vocabulary/connection-user.ts'
import type { RegistryStore } from './registry-store.ts'
import {
  connect,
  disconnect,
  foreignId,
  type Join,
  listAll,
  malformedIds,
  type RegistryWorker,
} from './registry-worker.ts'

const attributes = { plan: 'gold', constructor: 'é😀\0', empty: '' }

/** What a worker says of a connection's user: when it is looked up, and in a listing. */
async function seenBy({ registry }: RegistryWorker, id: string) {
  const found = await registry.get(id)
  const listed = (await listAll(registry, {}, 100)).find(({ connectionId }) => connectionId === id)
  return [found, listed].map((record) => record && [userIdOf(record), record.attributes ?? null])
}

/** The promises of `ConnectionUsers`, as tests that every engine passes. */
export function describeUsers(join: Join): void {
  describe('the user of a connection', () => {
    it('is changed, with its attributes or alone, and taken away again', async () => {
      const worker = await join()
      const { registry } = worker
      const { connectionId: id } = (await connect(worker, { authorizer: { principalId: 'ada' } })).description
      expect(await seenBy(worker, id)).toEqual([
        ['ada', null],
        ['ada', null],
      ])
      expect(await registry.changeUser(id, { attributes })).toBe('changed')
      expect(await seenBy(worker, id)).toEqual([
        ['ada', attributes],
        ['ada', attributes],
      ])
      expect(await registry.changeUser(id, { userId: '../*{x}' }, 'chat')).toBe('changed')
      expect(await seenBy(worker, id)).toEqual([
        ['../*{x}', attributes],
        ['../*{x}', attributes],
      ])
      expect(await registry.changeUser(id, { userId: null, attributes: null })).toBe('changed')
      expect(await seenBy(worker, id)).toEqual([
        [null, null],
        [null, null],
      ])
    })

    it('is gone with its connection, and for another API', async () => {
      const worker = await join()
      const { connectionId: id } = (await connect(worker)).description
      expect(await worker.registry.changeUser(id, { userId: 'ada' }, 'orders')).toBe('gone')
      expect(await seenBy(worker, id)).toEqual([
        [null, null],
        [null, null],
      ])
      await disconnect(worker, id)
      for (const gone of [id, worker.registry.allocateId(), foreignId(worker), ...malformedIds]) {
        expect(await worker.registry.changeUser(gone, { userId: 'ada' }), gone).toBe('gone')
      }
      expect((await worker.registry.count()).connections).toBe(0)
    })
  })
}

/** The promises of `ConnectionUsers` that take several workers to be seen. */
export function describeUsersInFleet(join: Join, storeOf: () => RegistryStore): void {
  describe('the user of a connection, among several workers', () => {
    it('is changed through any of them, seen by all once that is answered, and the last change stays', async () => {
      const [near, far] = [await join('near'), await join('far')]
      const { connectionId: id } = (await connect(far, { apiId: 'chat' })).description
      expect(await near.registry.changeUser(id, { userId: 'ada' }, 'orders')).toBe('gone')
      const changes = Array.from({ length: 20 }, (_, i) => near.registry.changeUser(id, { userId: `user ${i}` }))
      expect(new Set(await Promise.all(changes))).toEqual(new Set(['changed']))
      expect(await near.registry.changeUser(id, { attributes }, 'chat')).toBe('changed')
      for (const worker of [near, far]) {
        expect(await seenBy(worker, id)).toEqual([
          ['user 19', attributes],
          ['user 19', attributes],
        ])
      }
      await storeOf().kill(far.registry)
      expect(await near.registry.changeUser(id, { userId: 'ada' })).toBe('unreachable')
      await storeOf().outliveLease(far.registry)
      expect(await near.registry.changeUser(id, { userId: 'ada' })).toBe('gone')
    })
  })
}
