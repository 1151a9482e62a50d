import type { Log } from '../../observability/contract.ts'
import type { RedisClient } from '../../store/contract.ts'
import type { ConnectionRecord } from '../../vocabulary/connection.ts'
import type { ConnectionId } from '../../vocabulary/ids.ts'
import type { RecordTable } from '../record-table.ts'
import { type Deferred, deferred } from './deferred.ts'
import { packRecord } from './record-codec.ts'
import { readRecordIds } from './scripts.ts'
import { takeBatch } from './take-batch.ts'
import { createUntold } from './untold.ts'

export interface RecordStoreOptions {
  readonly redis: RedisClient
  readonly records: RecordTable
  /** The key of the hash with this worker's records. */
  readonly key: () => string
  /** Whether the worker holds its lease without doubt: one that may be buried must not write. */
  readonly mayWrite: () => boolean
  readonly log: Log
  /** Milliseconds that only rise. */
  readonly clock: () => number
  /** Called when a write failed; `rewrite` is owed from then on. */
  readonly failed: (error: Error) => void
}

/** Keeps the records in Redis equal to those of the table, behind it by a moment. */
export interface RecordStore {
  /** Number of records that Redis may not have yet. */
  readonly unstored: number
  /**
   * Number of records that Redis has to have; null when some may not be there, or something has changed since that
   * time.
   */
  expectedSince(time: number): number | null
  /** Stores a record; resolves once Redis has it, at once when Redis is away. */
  put(record: ConnectionRecord): Promise<void>
  /**
   * Removes the record of a connection that has just left the table. It stays until `told` has settled: if this worker
   * dies before that, its undertaker tells the backend.
   */
  remove(record: ConnectionRecord, told: Promise<unknown> | null): Promise<void>
  /** The connections of the table whose records Redis may not have. */
  unstoredIds(): Set<ConnectionId>
  /** Writes no change from now on: `rewrite` will find them. */
  suspend(): void
  /** Writes all records anew, takes away those that are no more, and goes on with each change. Rejects when it fails. */
  rewrite(): Promise<void>
  /** Resolves when everything is written or has failed. */
  flushed(): Promise<void>
  /** Resolves when no backend is still to be told of an ended connection. */
  toldAll(): Promise<void>
  /** Forgets everything: the worker has another owner id, and no connections. */
  clear(): void
}

const batchSize = 1_000
const pageSize = 500
const done = Promise.resolve()

/** The changes that records are to get; null is a removal. */
type Changes = Map<ConnectionId, ConnectionRecord | null>
type ReadonlyChanges = ReadonlyMap<ConnectionId, ConnectionRecord | null>

/** Whether changes are written: none, each as it comes, or so that Redis has exactly the records of the table. */
type Mode = 'suspended' | 'following' | 'equal'

/** The writer of the changes: one at a time, with the batch that is on its way. */
type Writer = { readonly kind: 'idle' } | { readonly kind: 'scheduled' } | Writing

interface Writing {
  readonly kind: 'writing'
  /** The changes that are on their way. */
  batch: ReadonlyChanges
  readonly end: Deferred
}

const nothing: ReadonlyChanges = new Map()

export function createRecordStore(options: RecordStoreOptions): RecordStore {
  const { redis, records, key, mayWrite, log, clock, failed } = options
  /** Changes that wait to be written. */
  const dirty: Changes = new Map()
  const untold = createUntold()
  /** Time when Redis, or what it has to have, changed last. */
  let touchedAt = Number.NEGATIVE_INFINITY
  let mode: Mode = 'suspended'
  let writer: Writer = { kind: 'idle' }
  let rewriting: Promise<void> | null = null
  /** Resolved with the end of the next write. */
  let next = deferred()

  function change(id: ConnectionId, record: ConnectionRecord | null): Promise<void> {
    touchedAt = clock()
    dirty.set(id, record)
    if (!isFollowing()) return done
    if (writer.kind === 'idle') {
      writer = { kind: 'scheduled' }
      setImmediate(start)
    }
    return next.promise
  }

  function forget(id: ConnectionId): Promise<void> {
    if (isFollowing()) return change(id, null)
    dirty.delete(id)
    return done
  }

  function start(): void {
    if (writer.kind === 'writing') return
    const mine: Writing = { kind: 'writing', batch: nothing, end: deferred() }
    writer = mine
    void run(mine)
  }

  async function run(mine: Writing): Promise<void> {
    try {
      while (dirty.size > 0 && isFollowing()) {
        if (!mayWrite()) return stop(new Error('the lease is in doubt'))
        const batch = takeBatch(dirty, batchSize)
        mine.batch = batch
        // Those whose change is in a later batch are told then.
        const told = dirty.size === 0 ? next : null
        if (told !== null) next = deferred()
        try {
          await write(batch)
        } catch (error) {
          for (const [id, record] of batch) if (!dirty.has(id) && isOurs(id)) dirty.set(id, record)
          mine.batch = nothing
          told?.resolve()
          return stop(error as Error)
        }
        mine.batch = nothing
        touchedAt = clock()
        told?.resolve()
      }
      // A rewrite may have stored what was waited for.
      next.resolve()
      next = deferred()
    } finally {
      // At once, not after a turn: the next change has to begin another one.
      writer = { kind: 'idle' }
      mine.end.resolve()
    }
  }

  function isFollowing(): boolean {
    return mode !== 'suspended'
  }

  function flying(): ReadonlyChanges {
    return writer.kind === 'writing' ? writer.batch : nothing
  }

  /** Whether a connection is this worker's; not so what was under way when the owner id changed. */
  function isOurs(id: ConnectionId): boolean {
    return records.has(id) || untold.has(id)
  }

  function stop(error: Error): void {
    suspend()
    failed(error)
  }

  async function write(batch: ReadonlyChanges): Promise<void> {
    const put: (string | Buffer)[] = []
    const remove: string[] = []
    for (const [id, record] of batch) {
      if (record === null) remove.push(id)
      else put.push(id, packRecord(record))
    }
    // Sent in one go: two commands at most, however many records.
    await Promise.all([
      put.length > 0 && redis.run('HSET', key(), ...put),
      remove.length > 0 && redis.run('HDEL', key(), ...remove),
    ])
  }

  function suspend(): void {
    mode = 'suspended'
    next.resolve()
    next = deferred()
    // Removals need not be kept: `rewrite` compares. So no more is held than there are connections.
    for (const [id, record] of dirty) if (record === null) dirty.delete(id)
  }

  async function writeAll(): Promise<void> {
    if (mode === 'suspended') mode = 'following'
    const stored = key()
    let cursor: string | null = null
    do {
      const page = await records.list({}, cursor, pageSize)
      checkCourse()
      cursor = page.cursor
      // A long page takes several turns, in which some of it may have ended.
      const living = page.connections.filter(({ connectionId }) => records.has(connectionId))
      if (living.length === 0) continue
      await write(new Map(living.map((record) => [record.connectionId, record])))
      for (const record of living) if (dirty.get(record.connectionId) === record) dirty.delete(record.connectionId)
    } while (cursor !== null)
    checkCourse()
    await write(untold.records())
    const stale = await removeStale(stored)
    if (isFollowing()) mode = 'equal'
    touchedAt = clock()
    if (stale > 0) log.info({ stale }, 'records that are of no connection any more were removed')
    start()
  }

  /** A rewrite ends here when it was suspended meanwhile. */
  function checkCourse(): void {
    if (!isFollowing() || !mayWrite()) throw new Error('the lease is in doubt')
  }

  async function removeStale(stored: string): Promise<number> {
    let cursor = '0'
    let removed = 0
    do {
      const reply = await redis.runScript(readRecordIds, [stored], cursor, pageSize)
      checkCourse()
      const [after, foreign, ...ids] = (reply as (Buffer | number)[]).map(String)
      cursor = after ?? '0'
      const stale = ids.filter((id) => !isOurs(id))
      removed += Number(foreign)
      if (stale.length > 0) await redis.run('HDEL', stored, ...stale)
      removed += stale.length
    } while (cursor !== '0')
    return removed
  }

  return {
    get unstored() {
      return dirty.size + flying().size
    },
    expectedSince(time) {
      const quiet = mode === 'equal' && dirty.size === 0 && flying().size === 0 && touchedAt < time
      return quiet ? records.size + untold.size : null
    },
    put: (record) => change(record.connectionId, record),
    remove(record, told) {
      if (told === null) return forget(record.connectionId)
      untold.add(record)
      // The owner id may have changed meanwhile: then it is no longer ours to remove.
      const gone = () => (untold.remove(record.connectionId) ? forget(record.connectionId) : undefined)
      return told.then(gone, gone)
    },
    unstoredIds: () => new Set([...dirty.keys(), ...flying().keys()].filter((id) => records.has(id))),
    suspend,
    rewrite() {
      rewriting ??= writeAll()
        .catch((error: Error) => {
          suspend()
          throw error
        })
        .finally(() => {
          rewriting = null
        })
      return rewriting
    },
    async flushed() {
      if (writer.kind === 'scheduled') start()
      if (writer.kind === 'writing') await writer.end.promise
    },
    toldAll: untold.none,
    clear() {
      suspend()
      dirty.clear()
      untold.clear()
    },
  }
}
