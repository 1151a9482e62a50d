import type { Log } from '../../observability/contract.ts'
import { isForeignValue, type RedisClient, RedisUnfit } from '../../store/contract.ts'
import { type OwnerId, randomOwnerId } from '../../vocabulary/ids.ts'
import { type Deferred, deferred } from './deferred.ts'
import type { FleetKeys, WorkerKeys } from './keys.ts'
import { leaveFleet, renewLease } from './scripts.ts'
import type { Timings } from './timings.ts'

export interface MembershipOptions {
  readonly redis: RedisClient
  readonly keys: FleetKeys
  readonly name: string
  readonly version: string
  readonly startedAt: number
  readonly timings: Timings
  readonly log: Log
  readonly random: () => number
  /** Milliseconds that only rise, also while the process is stopped. */
  readonly clock: () => number
  /** Milliseconds since 1970: they go on while the machine sleeps. */
  readonly now: () => number
  /**
   * Told with each renewal: how many records were stored when it was asked for, by the clock at `askedAt`; `anew`
   * when some may have been lost since the last one.
   */
  readonly held: (stored: number, anew: boolean, askedAt: number) => void
  /**
   * Told when others have taken this worker for dead: how many of its records they found, null when nobody knows. It
   * has a new owner id by then.
   */
  readonly buried: (found: number | null, before: OwnerId) => void
}

/** This worker's place in the fleet: its owner id, and the lease that proves that it lives. */
export interface Membership {
  readonly owner: OwnerId
  readonly keys: WorkerKeys
  /** Null while the lease is held and renewed, else why not. */
  readonly trouble: string | null
  /** Whether the lease can't have run out yet: whoever is not sure of it may be buried already. */
  readonly certain: boolean
  /** Whether Redis has been undisturbed for so long that a missing lease proves a death. */
  readonly calm: boolean
  /**
   * Whether the process has stood still for so long that it may have been buried meanwhile and can't know yet:
   * then not even local connections may be served.
   */
  readonly frozen: boolean
  /** Null while not frozen; else resolves when it is known what became of the lease, or that nobody can say so soon. */
  doubt(): Promise<void> | null
  /** One try to join. Rejects only with `RedisUnfit`; goes on trying otherwise. */
  start(): Promise<void>
  /** Records may have been lost in Redis: see soon whether the lease still stands. */
  disturbed(error: Error): void
  /** Redis, or a part of it, did not do what it was asked: nobody is declared dead for one lease. */
  unquiet(error: Error): void
  /** Redis can be reached again: renew now. */
  nudge(): void
  /** Gives up the lease; resolves with how many records are left. Rejects when Redis is away. */
  leave(): Promise<number>
  stop(): void
}

const longestTick = 1_000
const soon = 100
const fresh = 1_000

export function createMembership(options: MembershipOptions): Membership {
  const { redis, keys, name, version, startedAt, timings, log, random, clock, now, held, buried } = options
  let owner = randomOwnerId()
  let value = leaseValue()
  let heldBefore = false
  let trouble: string | null = 'has not answered yet'
  let unfit: RedisUnfit | null = null
  let fit = false
  let confirmedAt = Number.NEGATIVE_INFINITY
  // Whoever is new has not seen what was before: others may be on their way back after an outage.
  let disturbedAt = clock()
  let anew = true
  let fenced = false
  /** How often the process has stood still: what was asked for before the last time proves nothing after it. */
  let standstills = 0
  let doubt: Deferred | null = null
  let [aliveAt, aliveTime] = [clock(), now()]
  let beating: Promise<void> | null = null
  let urgent = false
  let timer: NodeJS.Timeout | null = null
  let stopped = false
  // Renewals are at most `renewal` apart: a shorter standstill can't have cost the lease.
  const tick = Math.min(longestTick, timings.lease / 10)
  const standstill = timings.lease - timings.renewal - tick

  function leaseValue(): string {
    return JSON.stringify({ name, startedAt, version, token: random().toString(36).slice(2) })
  }

  const watch = setInterval(() => {
    if (clock() - aliveAt > standstill) standsStill()
    else isFrozen()
    aliveAt = clock()
    aliveTime = now()
  }, tick)
  watch.unref()

  /** By the time of day, since the other clock may stop with the machine; one that is set forward costs a renewal. */
  function isFrozen(): boolean {
    if (stopped) return false
    if (!fenced && now() - aliveTime > standstill) standsStill()
    return fenced
  }

  function standsStill(): void {
    fenced = true
    standstills++
    doubt ??= deferred()
    setTimeout(endDoubt, 2 * timings.command).unref()
    aliveAt = clock()
    aliveTime = now()
    log.warn({}, 'the process stood still; its lease is in doubt until Redis confirms it')
    nudge()
  }

  function endDoubt(): void {
    doubt?.resolve()
    doubt = null
  }

  function beat(): Promise<void> {
    beating ??= renew().then((pause) => {
      beating = null
      plan(urgent ? 0 : pause)
      urgent = false
    })
    return beating
  }

  /** Resolves with the milliseconds until the next one. */
  async function renew(): Promise<number> {
    try {
      await hold(owner)
    } catch (error) {
      if (error instanceof RedisUnfit) unfit = error
      if (!stopped) fail(error as Error)
    }
    return trouble === null ? timings.renewal * (0.8 + 0.2 * random()) : timings.retry * (0.2 + 0.8 * random())
  }

  async function hold(asked: OwnerId): Promise<void> {
    const own = keys.of(asked)
    if (!fit) await checkFitness(own.inbox)
    const [at, before] = [clock(), standstills]
    const [reply] = await Promise.all([
      redis.runScript(renewLease, [own.lease, own.grave, own.connections], value, timings.lease, heldBefore ? 0 : 1),
      // Leases in other parts of a Cluster prove nothing while those are not well.
      redis.pulse().catch(unquiet),
    ])
    const [status, stored] = reply as [Buffer, number]
    if (stopped) return
    if (!/^(held|taken)$/.test(status.toString())) return reborn(status.toString(), Number(stored))
    // A lease that was held before has its name there already, unless all was lost.
    await nameIn(asked).catch((error: Error) => {
      if (!heldBefore || status.toString() === 'taken') throw error
      unquiet(error)
    })
    if (stopped) return
    isFrozen()
    if (before !== standstills || clock() - at >= timings.lease) urgent = true
    else confirm(at, Number(stored), status.toString() === 'taken')
  }

  async function nameIn(asked: OwnerId): Promise<void> {
    try {
      await redis.run('HSET', keys.workers, String(asked), name)
    } catch (error) {
      if (!isForeignValue(error)) throw error
      log.error({ key: keys.workers }, 'a key of the fleet holds what Postern never wrote; it is removed')
      await redis.run('DEL', keys.workers)
      await redis.run('HSET', keys.workers, String(asked), name)
    }
  }

  async function checkFitness(inbox: string): Promise<void> {
    const advice = await redis.fitness(inbox)
    if (advice !== null) log.warn({ redis: redis.where }, advice)
    fit = true
    unfit = null
  }

  function confirm(at: number, stored: number, taken: boolean): void {
    // A lease that is lost before its time: so may be all others.
    if (taken && clock() - confirmedAt < timings.lease) disturbedAt = clock()
    confirmedAt = at
    heldBefore = true
    fenced = false
    const lost = anew || taken
    anew = false
    if (trouble !== null) log.info({ owner, redis: redis.where }, 'Redis is reached; the lease is held')
    trouble = null
    held(stored, lost, at)
    endDoubt()
  }

  function fail(error: Error): void {
    disturbedAt = clock()
    anew = true
    const text = `can't be used: ${error.message}`
    if (trouble !== text) log.warn({ redis: redis.where, reason: error.message }, "Redis can't be used; trying again")
    trouble = text
  }

  /** The old owner id is spent: whoever posts to one of its connections is told that they are gone. */
  function reborn(status: string, found: number): void {
    const old = owner
    do owner = randomOwnerId()
    while (owner === old)
    value = leaseValue()
    heldBefore = false
    confirmedAt = Number.NEGATIVE_INFINITY
    anew = true
    fenced = false
    urgent = true
    log.warn({ owner: old, newOwner: owner, status }, 'this worker was taken for dead; it goes on under a new owner id')
    trouble = 'was told that this worker is dead'
    buried(found < 0 ? null : found, old)
    endDoubt()
  }

  function unquiet(error: Error): void {
    disturbedAt = clock()
    log.debug({ err: error }, 'Redis did not do what it was asked')
  }

  function plan(delay: number): void {
    if (timer !== null) clearTimeout(timer)
    if (!stopped) timer = setTimeout(() => void beat(), delay)
  }

  function nudge(): void {
    if (beating === null) plan(0)
    else urgent = true
  }

  return {
    get owner() {
      return owner
    },
    get keys() {
      return keys.of(owner)
    },
    get trouble() {
      return trouble
    },
    get certain() {
      return clock() - confirmedAt < timings.lease && !isFrozen()
    },
    get calm() {
      return clock() - disturbedAt >= timings.settling
    },
    get frozen() {
      return isFrozen()
    },
    doubt: () => (isFrozen() && doubt !== null ? doubt.promise : null),
    async start() {
      const first = owner
      await beat()
      if (unfit !== null) throw unfit
      // The owner id was another's.
      if (owner !== first) await beat()
    },
    disturbed(error) {
      if (stopped) return
      disturbedAt = clock()
      anew = true
      log.debug({ err: error }, 'Redis was disturbed')
      if (beating === null) plan(soon * random())
    },
    unquiet(error) {
      if (stopped) return
      unquiet(error)
      // It may be away altogether; one that has just confirmed the lease is not.
      if (beating === null && clock() - confirmedAt > fresh) plan(soon * random())
    },
    nudge,
    async leave() {
      const own = keys.of(owner)
      const left = Number(
        await redis.runScript(leaveFleet, [own.lease, own.grave, own.connections], value, timings.grave),
      )
      if (left === 0) await redis.run('HDEL', keys.workers, String(owner))
      return left
    },
    stop() {
      stopped = true
      endDoubt()
      clearInterval(watch)
      if (timer !== null) clearTimeout(timer)
    },
  }
}
