import type { Log } from '../../observability/contract.ts'
import type { RedisClient } from '../../store/contract.ts'
import type { ConnectionRecord } from '../../vocabulary/connection.ts'
import type { ConnectionId } from '../../vocabulary/ids.ts'
import type { RecordTable } from '../record-table.ts'
import { deferred } from './deferred.ts'
import { packRecord } from './record-codec.ts'
import { readRecordIds } from './scripts.ts'

export interface RecordStoreOptions {
  readonly redis: RedisClient
  readonly records: RecordTable
  /** Hash of this worker's records. */
  readonly key: () => string
  /** Whether the worker holds its lease without doubt: one that may be buried must not write. */
  readonly mayWrite: () => boolean
  readonly log: Log
  /** Milliseconds that only rise. */
  readonly clock: () => number
  /** A write failed; `rewrite` is owed. */
  readonly failed: (error: Error) => void
}

/** Keeps the records in Redis equal to those of the table, behind it by a moment. */
export interface RecordStore {
  /** Records that Redis may not have yet. */
  readonly unstored: number
  /** How many records Redis has to have; null when some may not be there, or something has changed since that time. */
  expectedSince(time: number): number | null
  /** Resolves once Redis has it; at once when Redis is away. */
  put(record: ConnectionRecord): Promise<void>
  /**
   * Of a connection that has just left the table. Its record stays until `told` has settled: if this worker dies
   * before that, its undertaker tells the backend.
   */
  remove(record: ConnectionRecord, told: Promise<unknown> | null): Promise<void>
  /** The connections of the table whose records Redis may not have. */
  unstoredIds(): Set<ConnectionId>
  /** From now on changes are not written: `rewrite` will find them. */
  suspend(): void
  /** Writes all records anew, takes away those that are no more, and goes on with each change. Rejects when it fails. */
  rewrite(): Promise<void>
  /** Resolves when everything is written or has failed. */
  flushed(): Promise<void>
  /** Resolves when no backend is still to be told of an ended connection. */
  toldAll(): Promise<void>
  /** The worker has another owner id, and no connections. */
  clear(): void
}

const batchSize = 1_000
const pageSize = 500
const done = Promise.resolve()

export function createRecordStore(options: RecordStoreOptions): RecordStore {
  const { redis, records, key, mayWrite, log, clock, failed } = options
  /** Null is a removal. */
  let dirty = new Map<ConnectionId, ConnectionRecord | null>()
  let flying = new Map<ConnectionId, ConnectionRecord | null>()
  /** Ended, but their backends have not been told yet. */
  const ending = new Map<ConnectionId, ConnectionRecord>()
  let toldAll = deferred()
  let touchedAt = Number.NEGATIVE_INFINITY
  let open = false
  let scheduled = false
  let flushing = false
  let flush = done
  let settled = false
  let rewriting: Promise<void> | null = null
  /** Told with the end of the next flush. */
  let next = deferred()

  function change(id: ConnectionId, record: ConnectionRecord | null): Promise<void> {
    touchedAt = clock()
    dirty.set(id, record)
    if (!open) return done
    if (!scheduled && !flushing) {
      scheduled = true
      setImmediate(start)
    }
    return next.promise
  }

  function forget(id: ConnectionId): Promise<void> {
    if (open) return change(id, null)
    dirty.delete(id)
    return done
  }

  function start(): void {
    scheduled = false
    if (flushing) return
    flushing = true
    flush = run()
  }

  async function run(): Promise<void> {
    try {
      while (dirty.size > 0 && open) {
        if (!mayWrite()) return stop(new Error('the lease is in doubt'))
        flying = takeBatch()
        // Those whose change is in a later batch are told then.
        const told = dirty.size === 0 ? next : null
        if (told !== null) next = deferred()
        try {
          await write(flying)
        } catch (error) {
          for (const [id, record] of flying) if (!dirty.has(id) && isOurs(id)) dirty.set(id, record)
          flying = new Map()
          told?.resolve()
          return stop(error as Error)
        }
        flying = new Map()
        touchedAt = clock()
        told?.resolve()
      }
      // A rewrite may have stored what was waited for.
      next.resolve()
      next = deferred()
    } finally {
      // At once, not after a turn: the next change has to begin another one.
      flushing = false
    }
  }

  /** Not so for what was under way when the owner id changed. */
  function isOurs(id: ConnectionId): boolean {
    return records.has(id) || ending.has(id)
  }

  function stop(error: Error): void {
    suspend()
    failed(error)
  }

  function takeBatch(): Map<ConnectionId, ConnectionRecord | null> {
    if (dirty.size <= batchSize) {
      const batch = dirty
      dirty = new Map()
      return batch
    }
    const batch = new Map<ConnectionId, ConnectionRecord | null>()
    for (const [id, record] of dirty) {
      batch.set(id, record)
      dirty.delete(id)
      if (batch.size === batchSize) break
    }
    return batch
  }

  async function write(batch: ReadonlyMap<ConnectionId, ConnectionRecord | null>): Promise<void> {
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
    open = false
    settled = false
    next.resolve()
    next = deferred()
    // Removals need not be kept: `rewrite` compares. So no more is held than there are connections.
    for (const [id, record] of dirty) if (record === null) dirty.delete(id)
  }

  async function writeAll(): Promise<void> {
    open = true
    const stored = key()
    let cursor: string | null = null
    do {
      const page = await records.list({}, cursor, pageSize)
      if (!open || !mayWrite()) throw new Error('the lease is in doubt')
      cursor = page.cursor
      // A long page takes several turns, in which some of it may have ended.
      const living = page.connections.filter(({ connectionId }) => records.has(connectionId))
      if (living.length === 0) continue
      await write(new Map(living.map((record) => [record.connectionId, record])))
      for (const record of living) if (dirty.get(record.connectionId) === record) dirty.delete(record.connectionId)
    } while (cursor !== null)
    if (!open || !mayWrite()) throw new Error('the lease is in doubt')
    await write(new Map(ending))
    const stale = await removeStale(stored)
    settled = open
    touchedAt = clock()
    if (stale > 0) log.info({ stale }, 'records that are of no connection any more were removed')
    start()
  }

  async function removeStale(stored: string): Promise<number> {
    let cursor = '0'
    let removed = 0
    do {
      const reply = await redis.runScript(readRecordIds, [stored], cursor, pageSize)
      if (!open || !mayWrite()) throw new Error('the lease is in doubt')
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
      return dirty.size + flying.size
    },
    expectedSince(time) {
      const quiet = settled && dirty.size === 0 && flying.size === 0 && touchedAt < time
      return quiet ? records.size + ending.size : null
    },
    put: (record) => change(record.connectionId, record),
    remove(record, told) {
      if (told === null) return forget(record.connectionId)
      ending.set(record.connectionId, record)
      const gone = () => {
        // The owner id may have changed meanwhile: then it is no longer ours to remove.
        if (!ending.delete(record.connectionId)) return
        if (ending.size === 0) toldAll.resolve()
        return forget(record.connectionId)
      }
      return told.then(gone, gone)
    },
    unstoredIds: () => new Set([...dirty.keys(), ...flying.keys()].filter((id) => records.has(id))),
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
      if (scheduled) start()
      await flush
    },
    async toldAll() {
      if (ending.size === 0) return
      toldAll = deferred()
      await toldAll.promise
    },
    clear() {
      suspend()
      dirty.clear()
      ending.clear()
      toldAll.resolve()
    },
  }
}
