import { describe, expect, it } from 'vitest'
import type { RegistryStore } from './registry-store.ts'
import {
  connect,
  disconnect,
  expectInOrder,
  foreignId,
  type Join,
  malformedIds,
  recordIn,
  textOrBytes,
} from './registry-worker.ts'

/** The promises of `Delivery`, as tests that every engine passes. */
export function describeDelivery(join: Join): void {
  describe('delivery', () => {
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

    describe('deliverIf', () => {
      it('reaches the connections that a filter is true of, as they are now, and says of others that they are left out', async () => {
        const worker = await join()
        const { registry } = worker
        const socket = await connect(worker, { userAgent: 'demo/1.0' })
        const id = socket.description.connectionId
        const send = (data: string, filter: string) => registry.deliverIf(id, { data, binary: false }, filter, 'chat')
        expect(await send('a', "userAgent startsWith 'demo'")).toBe('sent')
        expect(await send('b', "attributes.plan = 'gold'")).toBe('leftOut')
        expect(await registry.changeUser(id, { userId: 'ada', attributes: { plan: 'gold' } })).toBe('changed')
        expect(await send('c', "attributes.plan = 'gold' and userId = 'ada'")).toBe('sent')
        expect(await send('d', "not userId = 'ada'")).toBe('leftOut')
        socket.full = true
        expect(await send('e', 'userId exists')).toBe('full')
        expect(await send('f', 'not userId exists')).toBe('leftOut')
        expect(socket.frames.map(textOrBytes)).toEqual(['a', 'c'])
      })

      it('says gone where deliver does, whatever the filter', async () => {
        const worker = await join()
        const { registry } = worker
        const socket = await connect(worker, { apiId: 'chat' })
        const id = socket.description.connectionId
        const frame = { data: 'x', binary: false }
        for (const filter of ['userId exists', 'not userId exists']) {
          expect(await registry.deliverIf(id, frame, filter, 'orders')).toBe('gone')
          for (const gone of [registry.allocateId(), foreignId(worker), ...malformedIds])
            expect(await registry.deliverIf(gone, frame, filter), gone).toBe('gone')
        }
        await disconnect(worker, id)
        expect(await registry.deliverIf(id, frame, 'not userId exists')).toBe('gone')
        expect(socket.frames).toEqual([])
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
  })
}

/** The promises of `Delivery` that take several workers to be seen. */
export function describeDeliveryInFleet(join: Join, storeOf: () => RegistryStore): void {
  describe('delivery, among several workers', () => {
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

    it('hand on the key under which a message replaces one that waits', async () => {
      const [near, far] = [await join(), await join()]
      const socket = await connect(far)
      const id = socket.description.connectionId
      for (const coalesce of ['GOOG', null]) {
        for (const { registry } of [near, far])
          expect(await registry.deliver(id, { data: 'x', binary: false, coalesce })).toBe('sent')
      }
      expect(socket.frames.map(({ coalesce = null }) => coalesce)).toEqual(['GOOG', 'GOOG', null, null])
    })

    it('apply a filter where the connection is, in the order of all that one caller delivers', async () => {
      const [near, far] = [await join(), await join()]
      const socket = await connect(far)
      const id = socket.description.connectionId
      expect(await far.registry.changeUser(id, { attributes: { plan: 'gold' } })).toBe('changed')
      const filters = ["attributes.plan = 'gold'", "attributes.plan = 'tin'", null]
      const outcomes = Array.from({ length: 60 }, (_, i) => {
        const frame = { data: Buffer.from(`${i}`), binary: i % 2 === 0, coalesce: 'k' }
        const filter = filters[i % 3] ?? null
        return filter === null ? near.registry.deliver(id, frame) : near.registry.deliverIf(id, frame, filter)
      })
      expect(await Promise.all(outcomes)).toEqual(Array(20).fill(['sent', 'leftOut', 'sent']).flat())
      const due = Array.from({ length: 60 }, (_, i) => i).filter((i) => i % 3 !== 1)
      expect(socket.frames.map(({ data }) => Number(Buffer.from(data).toString()))).toEqual(due)
      expect(socket.frames.map(({ binary }) => binary)).toEqual(due.map((i) => i % 2 === 0))
      expect(new Set(socket.frames.map(({ coalesce }) => coalesce))).toEqual(new Set(['k']))
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

    it('call a dead worker unreachable while its lease lasts, and its connections gone after that', async () => {
      const [near, far] = [await join('near'), await join('far')]
      const { connectionId } = (await connect(far)).description
      await storeOf().kill(far.registry)
      expect(await near.registry.deliver(connectionId, { data: 'x', binary: false })).toBe('unreachable')
      expect(await near.registry.deliverIf(connectionId, { data: 'x', binary: false }, 'userId exists')).toBe(
        'unreachable',
      )
      expect(await near.registry.disconnect(connectionId, null, null)).toBe('unreachable')
      await expect(near.registry.get(connectionId)).rejects.toMatchObject({ code: 'WORKER_UNREACHABLE' })
      await storeOf().outliveLease(far.registry)
      expect(await near.registry.deliver(connectionId, { data: 'x', binary: false })).toBe('gone')
      expect(await near.registry.deliverIf(connectionId, { data: 'x', binary: false }, 'userId exists')).toBe('gone')
      expect(await near.registry.disconnect(connectionId, null, null)).toBe('gone')
      expect(await near.registry.get(connectionId)).toBeNull()
      // Who buries the dead, and when, is the engine's own affair: it ends with nothing left of them.
      await expect.poll(async () => (await near.registry.count()).connections, { timeout: 10_000 }).toBe(0)
      expect((await near.registry.list({}, null, 10)).connections).toEqual([])
      const names = async () => (await near.registry.workers()).workers.map(({ name }) => name)
      await expect.poll(names, { timeout: 10_000 }).toEqual(['near'])
    })
  })
}
