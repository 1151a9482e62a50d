import type { Registry, RegistryOptions } from '../../src/registry/contract.ts'
import { createMemoryRegistry, type MemoryRegistry } from '../../src/registry/memory.ts'
import type { ReportPage } from '../../src/registry/report-contract.ts'
import { GatewayError } from '../../src/vocabulary/errors.ts'
import { ownerOfConnectionId } from '../../src/vocabulary/ids.ts'
import { linkGroups } from './linked-memory-groups.ts'
import type { RegistryStore } from './registry-store.ts'

type State = 'alive' | 'dead' | 'buried'
interface Member {
  readonly registry: MemoryRegistry
  readonly name: string
  state: State
}

/**
 * A fleet within one process, the least that passes the suite: memory registries that call each other. It shows that
 * the fleet's part of the suite can be passed, before the first engine that needs it and beside every later one.
 */
export async function createLinkedMemoryStore(): Promise<RegistryStore> {
  const members = new Map<number, Member>()

  const seen = () => [...members.values()].filter(({ state }) => state !== 'buried').map(({ registry }) => registry)
  const memberOf = (registry: Registry) => members.get(registry.owner) as Member

  function link(own: MemoryRegistry): Registry {
    async function far<Answer>(
      id: string,
      ask: (owner: MemoryRegistry) => Answer | Promise<Answer>,
      gone: Answer,
    ): Promise<Answer | 'unreachable'> {
      const member = members.get(ownerOfConnectionId(id))
      if (member === undefined || member.state === 'buried') return gone
      return member.state === 'dead' ? ('unreachable' as const) : ask(member.registry)
    }
    const isNear = (id: string) => ownerOfConnectionId(id) === own.owner

    const groups = linkGroups(own, {
      all: () =>
        [...members.values()]
          .filter(({ state }) => state !== 'buried')
          .map(({ registry, name, state }) => ({
            reference: { owner: registry.owner, name },
            registry: state === 'dead' ? null : registry,
          })),
      far: (id, ask) => far<ReturnType<typeof ask> | 'gone'>(id, ask, 'gone'),
      isNear,
    })
    return {
      ...own,
      ...groups,
      get(id) {
        if (isNear(id)) return own.get(id)
        return far(id, (owner) => owner.get(id), null).then((found) => {
          if (found === 'unreachable') throw new GatewayError('WORKER_UNREACHABLE')
          return found
        })
      },
      deliver(id, frame, apiId) {
        if (isNear(id)) return own.deliver(id, frame, apiId)
        const copy = typeof frame.data === 'string' ? frame : { ...frame, data: Uint8Array.from(frame.data) }
        return far(id, (owner) => owner.deliver(id, copy, apiId), 'gone')
      },
      deliverIf(id, frame, filter, apiId) {
        if (isNear(id)) return own.deliverIf(id, frame, filter, apiId)
        return far(id, (owner) => owner.deliverIf(id, frame, filter, apiId), 'gone')
      },
      disconnect(id, code, reason, apiId) {
        if (isNear(id)) return own.disconnect(id, code, reason, apiId)
        return far(id, (owner) => owner.disconnect(id, code, reason, apiId), 'gone')
      },
      changeUser(id, change, apiId) {
        if (isNear(id)) return own.changeUser(id, change, apiId)
        return far(id, (owner) => owner.changeUser(id, change, apiId), 'gone')
      },
      async readReport(place, id, cursor, limit) {
        return isNear(id)
          ? own.readReport(place, id, cursor, limit)
          : far<ReportPage | 'gone' | 'unreachable'>(id, (owner) => owner.readReport(place, id, cursor, limit), 'gone')
      },
      async list(filter, cursor, limit) {
        const [, owner, rest] = /^(\d+):(.*)$/.exec(cursor ?? `${seen()[0]?.owner ?? 0}:`) ?? []
        if (owner === undefined || rest === undefined) throw new RangeError('no cursor of this store')
        const place = seen().findIndex((each) => each.owner === Number(owner))
        const asked = seen()[place]
        if (asked === undefined) throw new RangeError('no cursor of this store')
        const page =
          memberOf(asked).state === 'dead'
            ? { connections: [], cursor: null, unanswered: (await asked.workers()).workers, incomplete: false }
            : await asked.list(filter, rest === '' ? null : rest, limit)
        const next = seen()[place + 1]
        if (page.cursor !== null) return { ...page, cursor: `${owner}:${page.cursor}` }
        return { ...page, cursor: next === undefined ? null : `${next.owner}:` }
      },
      async count() {
        const counts = await Promise.all(seen().map((each) => each.count()))
        return { connections: counts.reduce((sum, { connections }) => sum + connections, 0), incomplete: false }
      },
      async workers() {
        const found = await Promise.all(seen().map((each) => each.workers()))
        return { workers: found.flatMap(({ workers }) => workers), incomplete: false }
      },
      async close() {
        memberOf(own).state = 'buried'
      },
    }
  }

  return {
    async join(options: RegistryOptions) {
      const registry = createMemoryRegistry(options)
      members.set(registry.owner, { registry, name: options.name, state: 'alive' })
      return link(registry)
    },
    async kill(registry) {
      memberOf(registry).state = 'dead'
    },
    async outliveLease(registry) {
      memberOf(registry).state = 'buried'
    },
    close: async () => members.clear(),
  }
}
