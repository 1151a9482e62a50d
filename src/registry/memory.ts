import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ConnectionDescription, ConnectionRecord } from '../vocabulary/connection.ts'
import type { Frame, SendOutcome } from '../vocabulary/frames.ts'
import { allocateConnectionId, type ConnectionId, randomOwnerId } from '../vocabulary/ids.ts'
import { matchesFilter } from './connection-filter.ts'
import type { ConnectionFilter, ConnectionPage, Registry, RegistryOptions } from './contract.ts'

/** A record in the order of its arrival. A removed node still knows its place, so that a listing can go on from it. */
interface Node {
  record: ConnectionRecord
  readonly place: number
  earlier: Node | null
  later: Node | null
}

/** How many records a listing looks at before other work of the process gets its turn. */
const recordsPerTurn = 5000

/** A registry that never has to wait: what the contract allows to be a promise is a plain value here. */
export interface MemoryRegistry extends Registry {
  add(record: ConnectionRecord): void
  remove(id: ConnectionId): void
  get(id: ConnectionId): ConnectionDescription | null
  deliver(id: ConnectionId, frame: Frame, apiId?: string): SendOutcome
  disconnect(id: ConnectionId, code: number | null, reason: string | null, apiId?: string): 'closed' | 'gone'
}

/**
 * The registry of a worker that is alone: every connection is its own. It keeps the record that it is given,
 * not a copy, and some hundred bytes beside it.
 */
export function createMemoryRegistry({ local, name, now }: RegistryOptions): MemoryRegistry {
  const owner = randomOwnerId()
  const startedAt = now()
  const nodes = new Map<ConnectionId, Node>()
  let first: Node | null = null
  let last: Node | null = null
  let places = 0

  function add(record: ConnectionRecord): void {
    const known = nodes.get(record.connectionId)
    if (known !== undefined) {
      known.record = record
      return
    }
    const node: Node = { record, place: ++places, earlier: last, later: null }
    if (last === null) first = node
    else last.later = node
    last = node
    nodes.set(record.connectionId, node)
  }

  function remove(id: ConnectionId): void {
    const node = nodes.get(id)
    if (node === undefined) return
    nodes.delete(id)
    if (node.earlier === null) first = node.later
    else node.earlier.later = node.later
    if (node.later === null) last = node.earlier
    else node.later.earlier = node.earlier
    // A listing may stand here: it must not hold on to what is removed after this node.
    node.earlier = null
    node.later = null
  }

  /** The first node behind a place: at once while the connection there is open, else by walking. */
  function behind({ place, id }: Cursor): Node | null {
    const node = nodes.get(id)
    if (node?.place === place) return node.later
    let next = first
    while (next !== null && next.place <= place) next = next.later
    return next
  }

  async function list(filter: ConnectionFilter, cursor: string | null, limit: number): Promise<ConnectionPage> {
    const connections: ConnectionRecord[] = []
    let seen = 0
    for (let node = cursor === null ? first : behind(parseCursor(cursor)); node !== null; ) {
      const here: Cursor = { place: node.place, id: node.record.connectionId }
      if (matchesFilter(node.record, filter) && connections.push(node.record) === limit) {
        return { connections, cursor: node.later === null ? null : `${here.place}.${here.id}` }
      }
      if (++seen % recordsPerTurn === 0) {
        await nextTurn()
        node = behind(here)
      } else node = node.later
    }
    return { connections, cursor: null }
  }

  return {
    owner,
    allocateId() {
      let id = allocateConnectionId(owner)
      while (nodes.has(id)) id = allocateConnectionId(owner)
      return id
    },
    add,
    remove,
    get: (id) => local.describe(id),
    list,
    count: async () => nodes.size,
    deliver: (id, frame, apiId) => local.send(id, frame, apiId),
    disconnect: (id, code, reason, apiId) => (local.close(id, code, reason, apiId) ? 'closed' : 'gone'),
    workers: async () => [{ owner, name, startedAt, connections: nodes.size, leaseUntil: null }],
    trouble: () => null,
    close: async () => {},
  }
}

interface Cursor {
  readonly place: number
  readonly id: ConnectionId
}

const cursorShape = /^(\d{1,15})\.([\w-]{15}=)$/

function parseCursor(cursor: string): Cursor {
  const [, place, id] = cursorShape.exec(cursor) ?? []
  if (place === undefined || id === undefined) throw new RangeError('The cursor is not one that a listing gave out')
  return { place: Number(place), id }
}
