import type { RedisClient } from '../../store/contract.ts'
import type { OwnerId } from '../../vocabulary/ids.ts'
import type { FleetKeys } from './keys.ts'
import { declareDead } from './scripts.ts'

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

/** The deaths that are known: which workers are dead. */
export interface Deaths {
  /** Whether a worker is known to be dead, without asking. */
  has(owner: OwnerId): boolean
  /** Takes note of a death that this worker knows of by itself. */
  add(owner: OwnerId): void
  /** Asks Redis. A worker that may still come back under its owner id is not dead. Never rejects. */
  isDead(owner: OwnerId): Promise<boolean>
}

const maxKnown = 10_000
/** Milliseconds that a death is kept in mind: far less than a grave lasts, after which the owner id may be another's. */
const memoryMs = 3_600_000

export function createDeaths(options: DeathsOptions): Deaths {
  const { redis, keys, own, reachable, mayJudge, clock, grave, failed } = options
  /** Times at which each dead worker was found dead, oldest first. */
  const known = new Map<OwnerId, number>()

  function add(owner: OwnerId): void {
    const at = clock()
    for (const [oldest, since] of known) {
      if (known.size < maxKnown && at - since < memoryMs) break
      known.delete(oldest)
    }
    known.set(owner, at)
  }

  function has(owner: OwnerId): boolean {
    const since = known.get(owner)
    return since !== undefined && clock() - since < memoryMs
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
    const verdict = await redis.runScript(declareDead, [lease, key, connections], grave, Number(seen))
    if (String(verdict) === 'dead') add(owner)
    return String(verdict) !== 'alive'
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
  }
}
