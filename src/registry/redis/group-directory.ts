import type { Log } from '../../observability/contract.ts'
import { isForeignValue, type RedisClient } from '../../store/contract.ts'
import type { OwnerId } from '../../vocabulary/ids.ts'
import type { Audience, LocalGroups } from '../group-contract.ts'
import { type AudienceHash, isAudienceHash } from './audience-hash.ts'
import { type Deferred, deferred } from './deferred.ts'
import type { FleetKeys } from './keys.ts'
import { readSet } from './scripts.ts'
import { takeBatch } from './take-batch.ts'

export interface GroupDirectoryOptions {
  readonly redis: RedisClient
  readonly keys: FleetKeys
  readonly own: () => OwnerId
  readonly local: LocalGroups
  readonly hashOf: (audience: Audience) => AudienceHash
  /** Whether the worker holds its lease without doubt: one that may be buried must not write. */
  readonly mayWrite: () => boolean
  readonly log: Log
  /** Called when a write failed; `rewrite` is owed from then on. */
  readonly failed: (error: Error) => void
}

/** Keeps in Redis which groups and users have connections on this worker, behind by a moment. */
export interface GroupDirectory {
  /** Number of groups and users of this worker that Redis may not have yet. */
  readonly unstored: number
  /**
   * The entry of a group or user of this worker: null when Redis has it, else resolves with whether it has come to have
   * it.
   */
  stored(audience: Audience): Promise<boolean> | null
  /**
   * Takes note of whether an audience stands in Redis, and mends what should be otherwise. True when its entry was there
   * and is lost.
   */
  found(audience: Audience, listed: boolean): boolean
  /** Compares what Redis holds with what it has to hold; `anew` when something may have been lost. Never rejects. */
  check(anew: boolean): Promise<void>
  /** Writes no change from now on: a rewrite will find them. */
  suspend(): void
  /** Resolves when everything is written or has failed. */
  flushed(): Promise<void>
}

/** Entries that are written at a time. */
const batchSize = 500
/** Entries that are written anew with each check, in turn: what a failover has lost, or somebody has deleted, comes back. */
const patrolSize = 100

type Changes = Map<AudienceHash, boolean>

/** Whether changes are written: none, each as it comes, or so that Redis has exactly what this worker holds. */
type Mode = 'suspended' | 'following' | 'equal'

export function createGroupDirectory(options: GroupDirectoryOptions): GroupDirectory {
  const { redis, keys, own, local, hashOf, mayWrite, log, failed } = options
  /** Changes that wait to be written, and those that are on their way. */
  const dirty: Changes = new Map()
  let flying: Changes = new Map()
  let mode: Mode = 'suspended'
  let suspensions = 0
  /** Number of groups and users that have connections here, and of changes of that. */
  let held = 0
  let changes = 0
  let writing: Promise<void> | null = null
  let rewriting: Promise<void> | null = null
  /** Hashes of what a rewrite has found here so far; null while there is none. */
  let wanted: Set<AudienceHash> | null = null
  /** Waits for a change of an entry to be written, or given up. */
  const waiting = new Map<AudienceHash, Deferred>()
  let patrol: IterableIterator<Audience> | null = null

  local.watch({
    appeared(audience) {
      held++
      change(hashOf(audience), true)
    },
    vanished(audience) {
      held--
      change(hashOf(audience), false)
    },
  })

  function change(hash: AudienceHash, isHeld: boolean): void {
    changes++
    if (isHeld) wanted?.add(hash)
    else wanted?.delete(hash)
    if (mode === 'suspended') return
    dirty.set(hash, isHeld)
    writing ??= new Promise((resolve) => setImmediate(resolve)).then(writeChanges)
  }

  async function writeChanges(): Promise<void> {
    while (dirty.size > 0) {
      const batch = takeBatch(dirty, batchSize)
      flying = batch
      try {
        await write(batch)
      } catch (error) {
        stop(error as Error)
      }
      flying = new Map()
      if (waiting.size > 0) for (const hash of batch.keys()) if (!dirty.has(hash)) release(hash)
    }
    writing = null
  }

  function release(hash: AudienceHash): void {
    waiting.get(hash)?.resolve()
    waiting.delete(hash)
  }

  async function write(batch: ReadonlyMap<AudienceHash, boolean>): Promise<void> {
    if (!mayWrite()) throw new Error('the lease is in doubt')
    const owner = String(own())
    const { audiences } = keys.of(own())
    const added: AudienceHash[] = []
    const removed: AudienceHash[] = []
    for (const [hash, isHeld] of batch) (isHeld ? added : removed).push(hash)
    // Sent in one go: one command for each, and one more for all that are added, or removed.
    await Promise.all([
      added.length > 0 && add(audiences, added),
      removed.length > 0 && redis.run('SREM', audiences, ...removed).catch(forgive),
      ...added.map((hash) => add(keys.owners(hash), [owner])),
      ...removed.map((hash) => redis.run('SREM', keys.owners(hash), owner).catch(forgive)),
    ])
  }

  /** Adds to a set of ours; what somebody else has put there instead is removed. */
  async function add(key: string, members: readonly string[]): Promise<void> {
    try {
      await redis.run('SADD', key, ...members)
    } catch (error) {
      if (!isForeignValue(error)) throw error
      log.error({ key }, 'a key of the fleet holds what Postern never wrote; it is removed')
      await redis.run('DEL', key)
      await redis.run('SADD', key, ...members)
    }
  }

  /** Stops writing: another try begins with everything. */
  function stop(error: Error): void {
    suspend()
    failed(error)
  }

  function suspend(): void {
    if (mode !== 'suspended') suspensions++
    mode = 'suspended'
    dirty.clear()
    patrol = null
    for (const hash of waiting.keys()) release(hash)
  }

  async function writeAll(): Promise<void> {
    if (mode === 'suspended') mode = 'following'
    const before = suspensions
    wanted = new Set()
    let batch: Changes = new Map()
    for (const audience of local.audiences()) {
      const hash = hashOf(audience)
      wanted.add(hash)
      batch.set(hash, true)
      if (batch.size < batchSize) continue
      await write(batch)
      checkCourse(before)
      batch = new Map()
    }
    if (batch.size > 0) await write(batch)
    checkCourse(before)
    const stale = await removeStale(wanted, before)
    mode = 'equal'
    if (stale > 0) log.info({ stale }, 'entries of groups that have no member here any more were removed')
  }

  /** A rewrite ends here when it was suspended meanwhile. */
  function checkCourse(before: number): void {
    if (suspensions !== before) throw new Error('the lease is in doubt')
  }

  async function removeStale(wanted: ReadonlySet<AudienceHash>, before: number): Promise<number> {
    const { audiences } = keys.of(own())
    let cursor = '0'
    let removed = 0
    do {
      const reply = await redis.runScript(readSet, [audiences], cursor, batchSize)
      checkCourse(before)
      const [after, ...found] = (reply as (Buffer | string)[]).map(String)
      cursor = after ?? '0'
      const stale = found.filter((hash) => !wanted.has(hash))
      const [ours, foreign] = [stale.filter(isAudienceHash), stale.filter((hash) => !isAudienceHash(hash))]
      if (ours.length > 0) await write(new Map(ours.map((hash) => [hash, false])))
      if (foreign.length > 0) await redis.run('SREM', audiences, ...foreign)
      removed += stale.length
    } while (cursor !== '0')
    return removed
  }

  function rewrite(): Promise<void> {
    rewriting ??= writeAll()
      .catch(stop)
      .finally(() => {
        rewriting = null
        wanted = null
      })
    return rewriting
  }

  function isQuiet(): boolean {
    return mode === 'equal' && dirty.size === 0 && flying.size === 0
  }

  /** Writes some of the entries anew. */
  async function walk(): Promise<void> {
    patrol ??= local.audiences()
    const batch: Changes = new Map()
    for (let i = 0; i < patrolSize; i++) {
      const { done, value } = patrol.next()
      if (done === true) {
        patrol = null
        break
      }
      batch.set(hashOf(value), true)
    }
    if (batch.size > 0) await write(batch)
  }

  async function waitFor(hash: AudienceHash): Promise<boolean> {
    const before = suspensions
    if (mode === 'suspended') return false
    if (!dirty.has(hash) && !flying.has(hash)) {
      await rewriting
      return mode === 'equal' && suspensions === before
    }
    const write = waiting.get(hash) ?? deferred()
    waiting.set(hash, write)
    await write.promise
    return suspensions === before
  }

  return {
    get unstored() {
      return mode === 'suspended' ? held : dirty.size + flying.size
    },
    stored(audience) {
      const hash = hashOf(audience)
      return mode === 'equal' && !dirty.has(hash) && !flying.has(hash) ? null : waitFor(hash)
    },
    found(audience, listed) {
      const hash = hashOf(audience)
      const isHeld = local.isHeld(audience)
      if (isHeld === listed || !isQuiet()) return false
      change(hash, isHeld)
      return isHeld
    },
    async check(anew) {
      if (anew || mode === 'suspended') return rewrite()
      try {
        if (mode !== 'equal') return
        await walk()
        const before = changes
        const quiet = isQuiet()
        const stored = Number(await redis.run('SCARD', keys.of(own()).audiences))
        if (quiet && isQuiet() && changes === before && stored !== held) await rewrite()
      } catch (error) {
        if (isForeignValue(error)) return rewrite()
        stop(error as Error)
      }
    },
    suspend,
    async flushed() {
      await writing
    },
  }
}

/** Lets pass that a key holds no set: then nothing of ours is to be removed from it. */
function forgive(error: unknown): void {
  if (!isForeignValue(error)) throw error
}
