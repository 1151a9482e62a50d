import { createTokenBucket } from '../../limits/token-bucket.ts'
import type { RedisClient } from '../../store/contract.ts'
import type { OwnerId } from '../../vocabulary/ids.ts'
import type { FleetKeys } from './keys.ts'
import { memoryShare } from './registry-timings.ts'
import { declareDead, keepGrave } from './scripts.ts'

export interface DeathsOptions {
  readonly redis: RedisClient
  readonly keys: FleetKeys
  readonly own: () => OwnerId
  /** Whether Redis can be asked at all. */
  readonly reachable: () => boolean
  /** Whether this worker is alive beyond doubt, and Redis has been undisturbed: then a missing lease proves a death. */
  readonly mayJudge: () => boolean
  /** Milliseconds that only rise. */
  readonly clock: () => number
  /** Milliseconds for which the owner id of a dead worker is not used again. */
  readonly grave: number
  /** Called when Redis failed, or has lost the lease of this worker. */
  readonly failed: (error: Error) => void
}

/**
 * The deaths that are known: which workers are dead. Nobody is told that a connection is gone for the death of its
 * worker unless that has a grave in Redis: a worker that comes back finds it, and closes what it holds.
 */
export interface Deaths {
  /** Whether a worker is known to be dead, without asking. */
  has(owner: OwnerId): boolean
  /** Takes note of a death that this worker knows of by itself. */
  add(owner: OwnerId): void
  /** Asks Redis. A worker that may still come back under its owner id is not dead. Never rejects. */
  isDead(owner: OwnerId): Promise<boolean>
  /**
   * Takes a confirmed renewal of this worker: when Redis may have lost something since the one before (`anew`), digs
   * the graves anew of all that are known to be dead.
   */
  confirmed(anew: boolean): void
}

const maxKnown = 10_000
/**
 * Graves a second, and at once, that one worker digs for owner ids of which Redis knows nothing: whoever may post can
 * make up sixteen million of them, and a grave lasts for days. Beyond that such a worker is unreachable.
 */
const strangersPerSecond = 1
const strangersAtOnce = 100
/** Graves that are dug anew at a time. */
const batch = 100

export function createDeaths(options: DeathsOptions): Deaths {
  const { redis, keys, own, reachable, mayJudge, clock, grave, failed } = options
  /** Times at which each dead worker was found dead, oldest first. */
  const known = new Map<OwnerId, number>()
  /** Milliseconds that a death is kept in mind: less than its grave lasts, after which the owner id may be another's. */
  const memory = grave * memoryShare
  const strangers = createTokenBucket(strangersPerSecond, strangersAtOnce)
  /** Whether graves may be missing in Redis, and whether they are being dug anew. */
  let owed = false
  let digging = false

  function add(owner: OwnerId): void {
    const at = clock()
    for (const [oldest, since] of known) {
      if (known.size < maxKnown && at - since < memory) break
      known.delete(oldest)
    }
    known.delete(owner)
    known.set(owner, at)
  }

  function has(owner: OwnerId): boolean {
    const since = known.get(owner)
    return since !== undefined && clock() - since < memory
  }

  async function look(owner: OwnerId): Promise<boolean> {
    const { lease, grave: key } = keys.of(owner)
    const [alive, dead] = (await redis.run('MGET', lease, key)) as (Buffer | null)[]
    if (dead !== null) {
      add(owner)
      return true
    }
    return alive === null && mayJudge() && declare(owner)
  }

  async function declare(owner: OwnerId): Promise<boolean> {
    const [held, seen] = await Promise.all([
      redis.run('EXISTS', keys.of(own()).lease),
      redis.run('HEXISTS', keys.workers, String(owner)),
    ])
    // A Redis that has lost our lease may have lost all of them.
    if (Number(held) !== 1) throw new Error('the lease of this worker is not there')
    if (!mayJudge()) return false
    const { lease, grave: key, connections } = keys.of(owner)
    const may = Number(seen) === 1 || strangers.take(clock()) ? 1 : 0
    const verdict = String(await redis.runScript(declareDead, [lease, key, connections], grave, may))
    if (verdict === 'dead') add(owner)
    return verdict === 'dead'
  }

  async function keepGraves(): Promise<void> {
    const owners = [...known.keys()].filter(has)
    for (let i = 0; i < owners.length; i += batch) {
      await Promise.all(
        owners.slice(i, i + batch).map((owner) => {
          const { grave: key, connections } = keys.of(owner)
          return redis.runScript(keepGrave, [key, connections], grave)
        }),
      )
    }
  }

  return {
    has,
    add,
    async isDead(owner) {
      if (!reachable()) return false
      try {
        return await look(owner)
      } catch (error) {
        failed(error as Error)
        return false
      }
    },
    confirmed(anew) {
      owed ||= anew
      if (!owed || digging) return
      owed = false
      digging = true
      void keepGraves()
        .catch((error: Error) => {
          owed = true
          failed(error)
        })
        .finally(() => {
          digging = false
        })
    },
  }
}
