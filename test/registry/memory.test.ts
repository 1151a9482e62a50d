import { describe, expect, it } from 'vitest'
import type { RegistryOptions } from '../../src/registry/contract.ts'
import { createMemoryRegistry } from '../../src/registry/memory.ts'
import { createLinkedMemoryStore } from '../conformance/linked-memory-store.ts'
import { describeRegistry } from '../conformance/registry.ts'
import { createLocalSockets } from '../helpers/local-sockets.ts'

const unused = async () => {
  throw new Error('the memory registry is alone')
}

describeRegistry({
  name: 'memory',
  fleet: false,
  createStore: async () => ({
    join: async (options: RegistryOptions) => createMemoryRegistry(options),
    kill: unused,
    outliveLease: unused,
    close: async () => {},
  }),
})

describeRegistry({ name: 'memory registries that call each other', fleet: true, createStore: createLinkedMemoryStore })

describe('memory registry', () => {
  function create() {
    const local = createLocalSockets()
    const options = { local, localGroups: local.groups, name: 'alone', version: '1.2.3', now: () => 1_700_000_000_000 }
    return createMemoryRegistry(options)
  }
  const record = (connectionId: string, apiId = 'chat') => ({
    connectionId,
    apiId,
    stage: 'dev',
    connectedAt: 1,
    sourceIp: '127.0.0.1',
    userAgent: null,
    domainName: 'localhost',
    authorizer: null,
    identity: null,
  })

  it('describes itself as the only worker, whose lease never runs out', async () => {
    const registry = create()
    expect((await registry.workers()).workers).toEqual([
      {
        ...{ owner: registry.owner, name: 'alone', version: '1.2.3', state: 'alive' },
        ...{ startedAt: 1_700_000_000_000, connections: 0, leaseUntil: null },
      },
    ])
  })

  it('lists in the order of arrival and fills every page but the last', async () => {
    const registry = create()
    const ids = Array.from({ length: 25 }, () => registry.allocateId())
    for (const id of ids) registry.add(record(id))
    const first = await registry.list({}, null, 10)
    expect(first.connections.map(({ connectionId }) => connectionId)).toEqual(ids.slice(0, 10))
    const second = await registry.list({}, first.cursor, 10)
    const third = await registry.list({}, second.cursor, 10)
    expect(third.connections.map(({ connectionId }) => connectionId)).toEqual(ids.slice(20))
    expect(third.cursor).toBeNull()
  })

  it('keeps the record itself, and the latest one under an id that is added twice', async () => {
    const registry = create()
    const one = record(registry.allocateId())
    registry.add(one)
    expect((await registry.list({}, null, 1)).connections[0]).toBe(one)
    const two = record(one.connectionId, 'orders')
    registry.add(two)
    expect((await registry.list({}, null, 10)).connections).toEqual([two])
    expect(await registry.count()).toEqual({ connections: 1, incomplete: false })
  })

  it('lets other work have its turn during a long listing, and goes on where it stood', async () => {
    const registry = create()
    const ids = Array.from({ length: 12_000 }, () => registry.allocateId())
    for (const id of ids) registry.add(record(id))
    const last = registry.allocateId()
    registry.add(record(last, 'rare'))
    const listing = registry.list({ apiId: 'rare' }, null, 10)
    // The listing stands at the 5,000th record now; taking it away must not end or repeat anything.
    for (const id of ids.slice(4990, 5010)) registry.remove(id)
    const late = registry.allocateId()
    registry.add(record(late, 'rare'))
    const { connections } = await listing
    expect(connections.map(({ connectionId }) => connectionId)).toEqual([last, late])
  })
})
