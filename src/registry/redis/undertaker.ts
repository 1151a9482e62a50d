import { setTimeout as pause } from 'node:timers/promises'
import type { Counter, Log } from '../../observability/contract.ts'
import type { RedisClient } from '../../store/contract.ts'
import type { ConnectionRecord } from '../../vocabulary/connection.ts'
import type { OwnerId } from '../../vocabulary/ids.ts'
import { createEstates } from './estates.ts'
import type { FleetKeys } from './keys.ts'
import { createLastRites } from './last-rites.ts'
import { readOwners } from './owners.ts'
import type { RegistryTimings } from './registry-timings.ts'
import { beginBurial, endBurial, giveUpRole, keepRole } from './scripts.ts'

export interface UndertakerOptions {
  readonly redis: RedisClient
  readonly keys: FleetKeys
  readonly own: () => OwnerId
  /** Whether this worker may judge who is dead: it is alive beyond doubt, and Redis has been undisturbed. */
  readonly mayJudge: () => boolean
  /** Whether this worker is alive beyond doubt: what it has read of a dead one it tells also while Redis is disturbed. */
  readonly certain: () => boolean
  /** Runs the `$disconnect` of one connection of a dead worker; resolves when its backend has answered. */
  readonly bury: (record: ConnectionRecord) => Promise<void>
  /** Takes a dead worker away from all groups. Rejects when Redis fails. */
  readonly withdraw: (owner: OwnerId) => Promise<void>
  readonly timings: RegistryTimings
  readonly log: Log
  readonly random: () => number
  /** Milliseconds that only rise, also while the process is stopped. */
  readonly clock: () => number
  /** Called with a worker that has its grave. */
  readonly died: (owner: OwnerId) => void
  /** Called when Redis failed. */
  readonly failed: (error: Error) => void
  readonly burials: Counter
  readonly buriedConnections: Counter
}

/** The workers that the last look found: with a lease, and without one but not buried yet. */
export interface Seen {
  readonly alive: number
  readonly dead: number
}

/** Looks for dead workers and settles what they owe. One worker of a fleet looks; one worker buries each dead one. */
export interface Undertaker {
  /**
   * The findings of the last look; null when this worker is not the one that looks, or workers may be missing, since
   * Redis has lost its data.
   */
  readonly seen: Seen | null
  start(): void
  /** Takes note that Redis has lost its data: what this worker has read of the dead is known to nobody else. */
  dataLost(): void
  /** Resolves when nothing of it is under way; a burial that is not done is left to others. */
  stop(): Promise<void>
}

/** The part of this worker in the search for the dead: none, or the search itself, with whose lease was missing last. */
type Role =
  | { readonly kind: 'bystander' }
  | { readonly kind: 'sweeper'; readonly missing: ReadonlySet<OwnerId>; readonly seen: Seen | null }

const nobody: ReadonlySet<OwnerId> = new Set()

/** Silence of the worker that looks, in sweeps, after which another one looks. */
const sweeperTerms = 2.5

export function createUndertaker(options: UndertakerOptions): Undertaker {
  const { redis, keys, own, mayJudge, certain, timings, log, random, clock, died, failed, burials } = options
  const stopping = new AbortController()
  let role: Role = { kind: 'bystander' }
  let looking: Promise<void> | null = null
  let stopped: Promise<void> | null = null
  /** The time until which this worker is the undertaker of each one that it buries. */
  const heldUntil = new Map<OwnerId, number>()
  /** The burials under way: side by side, since one may have to wait for a backend; all of them keep one pace. */
  const underWay = new Map<OwnerId, Promise<void>>()
  const estates = createEstates(clock)
  const rites = createLastRites({
    ...options,
    estates,
    mayGoOn: (owner) => !stopping.signal.aborted && certain() && clock() < (heldUntil.get(owner) ?? 0),
    stopped: stopping.signal,
  })

  async function sweep(): Promise<void> {
    const term = Math.ceil(timings.sweep * sweeperTerms)
    if (mayJudge()) for (const owner of estates.orphaned()) undertake(owner)
    if (!mayJudge() || Number(await redis.runScript(keepRole, [keys.sweeper], String(own()), term)) !== 1) {
      role = { kind: 'bystander' }
      return
    }
    const { owners, incomplete } = await readOwners(redis, keys, own)
    const leases = await Promise.all(owners.map((owner) => redis.run('EXISTS', keys.of(owner).lease)))
    const gone = owners.filter((owner, i) => Number(leases[i]) === 0 && owner !== own())
    // Twice in a row: a worker whose part of a Cluster was away for a moment may just be coming back.
    const before = role.kind === 'sweeper' ? role.missing : nobody
    const dead = gone.filter((owner) => before.has(owner))
    role = {
      kind: 'sweeper',
      missing: new Set(gone),
      seen: incomplete ? null : { alive: owners.length - gone.length, dead: gone.length },
    }
    if (!mayJudge()) return
    for (const owner of dead) undertake(owner)
  }

  function undertake(owner: OwnerId): void {
    if (underWay.has(owner)) return
    const burial = buryWorker(owner).finally(() => {
      underWay.delete(owner)
      heldUntil.delete(owner)
    })
    underWay.set(owner, burial)
  }

  /** Never rejects. */
  async function buryWorker(owner: OwnerId): Promise<void> {
    const renewal = setInterval(() => void hold(owner).catch(failed), timings.undertaker / 3)
    try {
      if (!(await begin(owner))) return
      const worker = String((await redis.run('HGET', keys.workers, String(owner))) ?? '')
      log.warn({ worker, owner }, 'a worker has died; running its $disconnects')
      const startedAt = clock()
      await options.withdraw(owner)
      const { count, whole } = await rites.run(owner)
      if (!whole || !(await close(owner)))
        return log.info({ worker, owner, connections: count }, 'a burial goes on later, or elsewhere')
      await forget(owner)
      burials.value++
      const milliseconds = Math.round(clock() - startedAt)
      log.info({ worker, owner, connections: count, milliseconds }, 'a dead worker is buried')
    } catch (error) {
      log.warn({ owner, err: error }, 'a burial was interrupted; it will be taken up again')
      failed(error as Error)
    } finally {
      clearInterval(renewal)
      if (stopping.signal.aborted) await giveUp(keys.of(owner).undertaker)
    }
  }

  /** Ends a burial that has left nothing; false when another undertaker has taken over, or something has come in. */
  async function close(owner: OwnerId): Promise<boolean> {
    const { connections, undertaker } = keys.of(owner)
    const end = () => redis.runScript(endBurial, [connections, undertaker], String(own()), timings.grave)
    if (Number(await end()) === 1) return true
    // Redis may have lost the role with all its data; if nobody has taken it, it is ours once more.
    return (await hold(owner)) === 'mine' && Number(await end()) === 1
  }

  /** Whether there is something to bury, and for this worker. */
  async function begin(owner: OwnerId): Promise<boolean> {
    if (stopping.signal.aborted || !mayJudge()) return false
    const answer = await hold(owner)
    if (answer === 'foreign') {
      log.error({ owner }, 'a dead worker can not be buried: its keys hold what Postern never wrote')
    }
    if (answer === 'foreign' || answer === 'done') await forget(owner)
    else if (answer === 'alive') estates.drop(owner)
    return answer === 'mine'
  }

  /** Becomes the undertaker, or stays it, for one more term. */
  async function hold(owner: OwnerId): Promise<string> {
    const { lease, grave, undertaker, connections } = keys.of(owner)
    const askedAt = clock()
    const touched = [lease, grave, undertaker, connections]
    const answer = String(await redis.runScript(beginBurial, touched, String(own()), timings.undertaker, timings.grave))
    if (answer === 'mine') died(owner)
    if (answer === 'mine') heldUntil.set(owner, askedAt + timings.undertaker)
    else heldUntil.delete(owner)
    return answer
  }

  async function forget(owner: OwnerId): Promise<void> {
    estates.drop(owner)
    await redis.run('HDEL', keys.workers, String(owner))
  }

  async function giveUp(role: string): Promise<void> {
    await redis.runScript(giveUpRole, [role], String(own())).catch(() => {})
  }

  async function look(): Promise<void> {
    while (!stopping.signal.aborted) {
      await pause(timings.sweep * (0.9 + 0.2 * random()), undefined, { signal: stopping.signal }).catch(() => {})
      if (!stopping.signal.aborted) await sweep().catch(failed)
    }
  }

  return {
    get seen() {
      return role.kind === 'sweeper' ? role.seen : null
    },
    start() {
      looking ??= look()
    },
    dataLost: estates.lost,
    stop() {
      stopped ??= end()
      return stopped
    },
  }

  async function end(): Promise<void> {
    stopping.abort()
    await looking
    await Promise.all(underWay.values())
    if (looking !== null) await giveUp(keys.sweeper)
  }
}
