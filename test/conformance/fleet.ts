import { describe, expect, it } from 'vitest'
import { connect, connectMany, type Join } from './registry-worker.ts'

/** The promises of `Fleet`, as tests that every engine passes. */
export function describeFleet(join: Join): void {
  describe('the fleet', () => {
    describe('workers', () => {
      it('are in no doubt about their connections as long as they run', async () => {
        expect((await join()).registry.doubt()).toBeNull()
      })

      it('count and describe themselves, with a lease that has not run out', async () => {
        const from = Date.now()
        const worker = await join('north')
        await connectMany(worker, 3)
        expect(await worker.registry.count()).toEqual({ connections: 3, incomplete: false })
        const { workers, incomplete } = await worker.registry.workers()
        const [only, ...others] = workers
        expect([others, incomplete]).toEqual([[], false])
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
  })
}

/** The promises of `Fleet` that take several workers to be seen. */
export function describeFleetOfMany(join: Join): void {
  describe('the fleet, among several workers', () => {
    it('know each other by name, and no longer once one has closed', async () => {
      const [near, far] = [await join('near'), await join('far')]
      await connectMany(far, 2)
      const { workers: known, incomplete } = await near.registry.workers()
      expect(incomplete).toBe(false)
      expect(known.map(({ name, connections }) => `${name} ${connections}`).sort()).toEqual(['far 2', 'near 0'])
      const { connectionId } = (await connect(far)).description
      await far.registry.close()
      const living = (await near.registry.workers()).workers.filter(({ state }) => state === 'alive')
      expect(living.map(({ name }) => name)).toEqual(['near'])
      expect(await near.registry.deliver(connectionId, { data: 'x', binary: false })).toBe('gone')
    })
  })
}
