import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ConnectionRecord } from '../vocabulary/connection.ts'
import type { ConnectionId } from '../vocabulary/ids.ts'
import { matchesFilter } from './connection-filter.ts'
import type { ConnectionFilter, ConnectionPage } from './contract.ts'

/** A record in the order of its arrival. A removed node still knows its place, so that a listing can go on from it. */
interface Node {
  record: ConnectionRecord
  readonly place: number
  earlier: Node | null
  later: Node | null
}

/** Records that a listing looks at before other work of the process gets its turn. */
const recordsPerTurn = 5000

/** The records of one worker in the order of their arrival; keeps what it is given, not a copy. */
export interface RecordTable {
  readonly size: number
  has(id: ConnectionId): boolean
  add(record: ConnectionRecord): void
  /** Gives the record back; null when it was not there. */
  remove(id: ConnectionId): ConnectionRecord | null
  clear(): void
  /** Lists connections as `ConnectionDirectory.list` does; a cursor that is not one of ours rejects with a RangeError. */
  list(filter: ConnectionFilter, cursor: string | null, limit: number): Promise<ConnectionPage>
}

export function createRecordTable(): RecordTable {
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

  function remove(id: ConnectionId): ConnectionRecord | null {
    const node = nodes.get(id)
    if (node === undefined) return null
    nodes.delete(id)
    if (node.earlier === null) first = node.later
    else node.earlier.later = node.later
    if (node.later === null) last = node.earlier
    else node.later.earlier = node.earlier
    // A listing may stand here: it must not hold on to what is removed after this node.
    node.earlier = null
    node.later = null
    return node.record
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
    get size() {
      return nodes.size
    },
    has: (id) => nodes.has(id),
    add,
    remove,
    clear() {
      nodes.clear()
      first = null
      last = null
    },
    list,
  }
}

interface Cursor {
  readonly place: number
  readonly id: ConnectionId
}

const cursorShape = /^(\d{1,15})\.([\w-]{15}=)$/

/** Whether a text has the form of a cursor that `list` gives out. */
export function isRecordCursor(text: string): boolean {
  return cursorShape.test(text)
}

function parseCursor(cursor: string): Cursor {
  const [, place, id] = cursorShape.exec(cursor) ?? []
  if (place === undefined || id === undefined) throw new RangeError('The cursor is not one that a listing gave out')
  return { place: Number(place), id }
}
