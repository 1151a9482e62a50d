import { setTimeout as pause } from 'node:timers/promises'
import { isForeignValue, type RedisClient } from '../../store/contract.ts'
import type { ConnectionRecord } from '../../vocabulary/connection.ts'
import { GatewayError } from '../../vocabulary/errors.ts'
import type { OwnerId } from '../../vocabulary/ids.ts'
import { matchesFilter } from '../connection-filter.ts'
import type {
  ConnectionFilter,
  ConnectionPage,
  FleetCount,
  FleetPage,
  FleetWorkers,
  WorkerDescription,
} from '../contract.ts'
import { isRecordCursor, type RecordTable } from '../record-table.ts'
import { answerCodes, questionKinds } from './envelope.ts'
import type { FleetKeys } from './keys.ts'
import { type KnownOwners, readOwners } from './owners.ts'
import type { Peers } from './peers.ts'
import { readPage, wireFilter } from './questions.ts'

export interface FleetSurveyOptions {
  readonly redis: RedisClient
  readonly keys: FleetKeys
  readonly own: () => OwnerId
  readonly describeOwn: () => WorkerDescription
  readonly records: RecordTable
  readonly peers: Peers
  /** The trouble of the registry, as `Fleet.trouble`. */
  readonly trouble: () => string | null
  readonly now: () => number
}

/** The questions about all workers. Each rejects with `WORKER_UNREACHABLE`, and says why, while Redis is away. */
export interface FleetSurvey {
  workers(): Promise<FleetWorkers>
  count(): Promise<FleetCount>
  list(filter: ConnectionFilter, cursor: string | null, limit: number): Promise<FleetPage>
}

/** Milliseconds that one page may go from worker to worker: who asked for it waits. */
const pageMs = 2_000
/** Milliseconds in which a worker that is alive listens anew when its connection to Redis has ended. */
const listenAnewMs = 500

export function createFleetSurvey(options: FleetSurveyOptions): FleetSurvey {
  const { redis, keys, own, describeOwn, records, peers, trouble, now } = options

  async function run(command: string, ...args: (string | number)[]): Promise<unknown> {
    try {
      return await redis.run(command, ...args)
    } catch (cause) {
      return isForeignValue(cause) ? null : unanswered(cause)
    }
  }

  function unanswered(cause: unknown): never {
    throw new GatewayError('WORKER_UNREACHABLE', trouble() ?? `Redis (${redis.where}) did not answer`, { cause })
  }

  /** Rejects in trouble: other workers can't be blamed for what lies between us and them. */
  function refuseInTrouble(): void {
    const found = trouble()
    if (found !== null) throw new GatewayError('WORKER_UNREACHABLE', found)
  }

  function known(): Promise<KnownOwners> {
    return readOwners(redis, keys, own).catch(unanswered)
  }

  /** Whether somebody listens for a worker: a process that was killed does not, though its lease still lasts. */
  async function isListening(inbox: string): Promise<boolean> {
    for (let left = 2; left > 0; left--) {
      if (Number(await run('SPUBLISH', inbox, '')) > 0) return true
      // It may just be listening anew.
      if (left > 1) await pause(listenAnewMs)
    }
    return false
  }

  /** The name that a worker has left; that of a living one is in its lease too. */
  async function nameOf(owner: OwnerId): Promise<string> {
    return String((await run('HGET', keys.workers, String(owner))) ?? unnamed)
  }

  /** Describes a worker; null when it was buried meanwhile. */
  async function describe(owner: OwnerId): Promise<WorkerDescription | null> {
    const { lease, undertaker, connections: records, inbox } = keys.of(owner)
    const [value, left, busy, count, name] = await Promise.all([
      run('GET', lease),
      run('PTTL', lease),
      run('EXISTS', undertaker),
      run('HLEN', records),
      run('HGET', keys.workers, String(owner)),
    ])
    const lasts = Number(left)
    if (owner === own()) return { ...describeOwn(), leaseUntil: now() + Math.max(0, lasts) }
    if (count === null) return null // not ours
    const connections = Number(count)
    if (value !== null && lasts > 0) {
      const leaseUntil = now() + lasts
      const state = (await isListening(inbox)) ? 'alive' : 'dead'
      return { owner, state, ...readLease(String(value)), connections, leaseUntil }
    }
    if (name === null) return null
    const state = Number(busy) === 1 ? 'burying' : 'dead'
    return { owner, name: String(name), state, version: null, startedAt: null, connections, leaseUntil: null }
  }

  /** Lists worker after worker in the order of their owner ids, until the page is full. */
  async function list(filter: ConnectionFilter, cursor: string | null, limit: number): Promise<FleetPage> {
    const start = cursor === null ? { owner: 0, rest: null } : parseCursor(cursor)
    refuseInTrouble()
    const { owners, incomplete } = await known()
    const all = owners.filter((owner) => owner >= start.owner)
    const connections: ConnectionRecord[] = []
    const until = now() + pageMs
    for (const owner of all) {
      const from = owner === start.owner ? start.rest : null
      const page = await listOf(owner, filter, from, limit - connections.length)
      const behind = owner === all.at(-1) ? null : `${owner + 1}:`
      if (page === 'unreachable') {
        const name = await nameOf(owner)
        refuseInTrouble()
        return { connections, cursor: behind, unanswered: [{ owner, name }], incomplete }
      }
      if (page !== 'gone') {
        connections.push(...page.connections)
        if (page.cursor !== null) return { connections, cursor: `${owner}:${page.cursor}`, unanswered: [], incomplete }
      }
      if (connections.length >= limit || now() > until)
        return { connections, cursor: behind, unanswered: [], incomplete }
    }
    return { connections, cursor: null, unanswered: [], incomplete }
  }

  /** Lists the connections of one worker; `gone` when it is dead: so is what it held. */
  async function listOf(
    owner: OwnerId,
    filter: ConnectionFilter,
    cursor: string | null,
    limit: number,
  ): Promise<ConnectionPage | 'gone' | 'unreachable'> {
    if (owner === own()) return records.list(filter, cursor, limit)
    const outcome = await peers.ask(owner, questionKinds.list, '', null, wireFilter(filter), [cursor, limit])
    if (typeof outcome === 'string') return outcome
    const page = outcome[1] === answerCodes.done ? readPage(outcome[2], owner, limit) : null
    if (page === null) return 'unreachable'
    // A worker of an earlier version does not know every member of a filter.
    return { ...page, connections: page.connections.filter((record) => matchesFilter(record, filter)) }
  }

  return {
    async workers() {
      const { owners, incomplete } = await known()
      const workers = await Promise.all(owners.map(describe))
      return { workers: workers.filter((each) => each !== null), incomplete }
    },
    async count() {
      const { owners, incomplete } = await known()
      const counts = owners.map(async (owner) =>
        owner === own() ? records.size : Number(await run('HLEN', keys.of(owner).connections)),
      )
      return { connections: (await Promise.all(counts)).reduce((sum, each) => sum + each, 0), incomplete }
    },
    list,
  }
}

const unnamed = '(unnamed)'

function readLease(text: string): { name: string; version: string | null; startedAt: number | null } {
  try {
    const { name, version, startedAt } = (JSON.parse(text) ?? {}) as Record<string, unknown>
    return {
      name: typeof name === 'string' ? name : unnamed,
      version: typeof version === 'string' ? version : null,
      startedAt: typeof startedAt === 'number' ? startedAt : null,
    }
  } catch {
    return { name: unnamed, version: null, startedAt: null }
  }
}

function parseCursor(cursor: string): { owner: OwnerId; rest: string | null } {
  const [, owner, rest = ''] = /^(\d{1,8}):(.*)$/.exec(cursor) ?? []
  if (owner === undefined || (rest !== '' && !isRecordCursor(rest))) {
    throw new RangeError('The cursor is not one that a listing gave out')
  }
  return { owner: Number(owner), rest: rest === '' ? null : rest }
}
