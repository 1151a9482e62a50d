import type { ConnectionRecord } from '../../vocabulary/connection.ts'
import { GatewayError } from '../../vocabulary/errors.ts'
import type { OwnerId } from '../../vocabulary/ids.ts'
import type { ConnectionFilter, ConnectionPage, WorkerDescription } from '../contract.ts'
import { isRecordCursor, type RecordTable } from '../record-table.ts'
import { answerCodes, questionKinds } from './envelope.ts'
import type { FleetKeys } from './keys.ts'
import type { Peers } from './peers.ts'
import { readPage, wireFilter } from './questions.ts'
import { isForeignValue, type Store } from './store.ts'

export interface FleetOptions {
  readonly store: Store
  readonly keys: FleetKeys
  readonly own: () => OwnerId
  readonly describeOwn: () => WorkerDescription
  readonly records: RecordTable
  readonly peers: Peers
  readonly now: () => number
}

/** Questions about all workers. Each rejects with `WORKER_UNREACHABLE` while Redis is away. */
export interface Fleet {
  workers(): Promise<readonly WorkerDescription[]>
  count(): Promise<number>
  list(filter: ConnectionFilter, cursor: string | null, limit: number): Promise<ConnectionPage>
}

export function createFleet({ store, keys, own, describeOwn, records, peers, now }: FleetOptions): Fleet {
  async function run(command: string, ...args: (string | number)[]): Promise<unknown> {
    try {
      return await store.run(command, ...args)
    } catch (cause) {
      if (isForeignValue(cause)) return null
      throw new GatewayError('WORKER_UNREACHABLE', 'Redis did not answer', { cause })
    }
  }

  /** Rising; the dead that are not buried are among them. */
  async function owners(): Promise<OwnerId[]> {
    const known = (((await run('HKEYS', keys.workers)) ?? []) as Buffer[]).map((text) => Number(text.toString()))
    const valid = known.filter((owner) => Number.isInteger(owner) && owner >= 0 && owner < 0x1000000)
    return [...new Set([...valid, own()])].sort((a, b) => a - b)
  }

  async function describe(owner: OwnerId): Promise<WorkerDescription | null> {
    if (owner === own()) return describeOwn()
    const { lease, connections } = keys.of(owner)
    const [value, left, count] = await Promise.all([run('GET', lease), run('PTTL', lease), run('HLEN', connections)])
    if (value === null || count === null || Number(left) < 0) return null
    const { name, startedAt } = readLease(String(value))
    return { owner, name, startedAt, connections: Number(count), leaseUntil: now() + Number(left) }
  }

  /** Worker after worker in the order of their owner ids, until the page is full. */
  async function list(filter: ConnectionFilter, cursor: string | null, limit: number): Promise<ConnectionPage> {
    const start = cursor === null ? { owner: 0, rest: null } : parseCursor(cursor)
    const all = (await owners()).filter((owner) => owner >= start.owner)
    const connections: ConnectionRecord[] = []
    for (const owner of all) {
      const from = owner === start.owner ? start.rest : null
      const page = await listOf(owner, filter, from, limit - connections.length)
      if (page === null) continue
      connections.push(...page.connections)
      if (page.cursor !== null) return { connections, cursor: `${owner}:${page.cursor}` }
      if (connections.length >= limit) {
        return { connections, cursor: owner === all.at(-1) ? null : `${owner + 1}:` }
      }
    }
    return { connections, cursor: null }
  }

  /** Null for a worker that is dead: what it held is gone. */
  async function listOf(
    owner: OwnerId,
    filter: ConnectionFilter,
    cursor: string | null,
    limit: number,
  ): Promise<ConnectionPage | null> {
    if (owner === own()) return records.list(filter, cursor, limit)
    const outcome = await peers.ask(owner, questionKinds.list, '', null, wireFilter(filter), [cursor, limit])
    if (outcome === 'gone') return null
    const page = outcome !== 'unreachable' && outcome[1] === answerCodes.done ? readPage(outcome[2]) : null
    if (page === null) throw new GatewayError('WORKER_UNREACHABLE', `worker ${owner} did not answer`)
    return page
  }

  return {
    async workers() {
      const all = await Promise.all((await owners()).map(describe))
      return all.filter((each) => each !== null)
    },
    async count() {
      const counts = (await owners()).map(async (owner) =>
        owner === own() ? records.size : Number(await run('HLEN', keys.of(owner).connections)),
      )
      return (await Promise.all(counts)).reduce((sum, each) => sum + each, 0)
    },
    list,
  }
}

function readLease(text: string): { name: string; startedAt: number } {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && 'name' in value && 'startedAt' in value) {
      return { name: String(value.name), startedAt: Number(value.startedAt) || 0 }
    }
  } catch {
    // Not ours: named so below.
  }
  return { name: '(unreadable)', startedAt: 0 }
}

function parseCursor(cursor: string): { owner: OwnerId; rest: string | null } {
  const [, owner, rest = ''] = /^(\d{1,8}):(.*)$/.exec(cursor) ?? []
  if (owner === undefined || (rest !== '' && !isRecordCursor(rest))) {
    throw new RangeError('The cursor is not one that a listing gave out')
  }
  return { owner: Number(owner), rest: rest === '' ? null : rest }
}
