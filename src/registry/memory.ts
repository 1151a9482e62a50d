import type { ConnectionDescription, ConnectionRecord } from '../vocabulary/connection.ts'
import type { UserChange } from '../vocabulary/connection-user.ts'
import type { Frame, SelectedOutcome, SendOutcome } from '../vocabulary/frames.ts'
import { allocateConnectionId, type ConnectionId, randomOwnerId } from '../vocabulary/ids.ts'
import type { Registry, RegistryOptions } from './contract.ts'
import type { Groups } from './group-contract.ts'
import { createKeptReports, placeOfCursor } from './kept-reports.ts'
import { createMemoryGroups, type MemoryGroups } from './memory-groups.ts'
import { createRecordTable } from './record-table.ts'

/** A registry that never has to wait: what the contract allows to be a promise is a plain value here. */
export interface MemoryRegistry extends MemoryGroups, Omit<Registry, keyof Groups> {
  add(record: ConnectionRecord): void
  remove(id: ConnectionId): void
  get(id: ConnectionId): ConnectionDescription | null
  deliver(id: ConnectionId, frame: Frame, apiId?: string): SendOutcome
  deliverIf(id: ConnectionId, frame: Frame, filter: string, apiId?: string): SelectedOutcome<SendOutcome>
  disconnect(id: ConnectionId, code: number | null, reason: string | null, apiId?: string): 'closed' | 'gone'
  changeUser(id: ConnectionId, change: UserChange, apiId?: string): 'changed' | 'gone'
}

/**
 * The registry of a worker that is alone: every connection is its own. It keeps the record that it is given,
 * not a copy, and some hundred bytes beside it.
 */
export function createMemoryRegistry({ local, localGroups, name, version, now }: RegistryOptions): MemoryRegistry {
  const owner = randomOwnerId()
  const startedAt = now()
  const records = createRecordTable()
  const reports = createKeptReports({ own: () => owner, now })

  return {
    ...createMemoryGroups(localGroups),
    keepReport: reports.keep,
    readReport: async (place, id, cursor, limit) => reports.read(place, id, placeOfCursor(cursor), limit) ?? 'gone',
    owner,
    allocateId() {
      let id = allocateConnectionId(owner)
      while (records.has(id)) id = allocateConnectionId(owner)
      return id
    },
    add: records.add,
    remove: (id) => void records.remove(id),
    get: (id) => local.describe(id),
    list: async (filter, cursor, limit) => ({
      ...(await records.list(filter, cursor, limit)),
      unanswered: [],
      incomplete: false,
    }),
    count: async () => ({ connections: records.size, incomplete: false }),
    deliver: (id, frame, apiId) => local.send(id, frame, apiId),
    deliverIf: localGroups.sendIf,
    disconnect: (id, code, reason, apiId) => (local.close(id, code, reason, apiId) ? 'closed' : 'gone'),
    changeUser(id, change, apiId) {
      const changed = local.changeUser(id, change, apiId)
      if (changed === null) return 'gone'
      records.add(changed)
      return 'changed'
    },
    workers: async () => ({
      workers: [{ owner, name, version, state: 'alive', startedAt, connections: records.size, leaseUntil: null }],
      incomplete: false,
    }),
    doubt: () => null,
    trouble: () => null,
    close: async () => {},
  }
}
