import type { Log } from '../../observability/contract.ts'
import { isForeignValue, type RedisClient, RedisUnfit } from '../../store/contract.ts'
import { type OwnerId, randomOwnerId } from '../../vocabulary/ids.ts'
import type { FleetKeys, WorkerKeys } from './keys.ts'
import { confirmedAtOf, type Place, troubleOf } from './place.ts'
import { memoryShare, type RegistryTimings } from './registry-timings.ts'
import { createRenewalLoop } from './renewal-loop.ts'
import { leaveFleet, renewLease } from './scripts.ts'
import { createStandstill } from './standstill.ts'

export interface MembershipOptions {
  readonly redis: RedisClient
  readonly keys: FleetKeys
  readonly name: string
  readonly version: string
  readonly startedAt: number
  readonly timings: RegistryTimings
  readonly log: Log
  readonly random: () => number
  /** Milliseconds that only rise, also while the process is stopped. */
  readonly clock: () => number
  /** Milliseconds since 1970: they go on while the machine sleeps. */
  readonly now: () => number
  /**
   * Called with each renewal: how many records were stored when it was asked for, by the clock at `askedAt`; `anew`
   * when some may have been lost since the last one.
   */
  readonly held: (stored: number, anew: boolean, askedAt: number) => void
  /** Called when this worker finds that Redis has lost its data; once for each time, as far as that can be told. */
  readonly dataLost: () => void
  /**
   * Called when others have taken this worker for dead, with how many of its records they found, null when nobody knows.
   * The worker has a new owner id by then. `before` is the one that is spent; null when it is another worker's.
   */
  readonly buried: (found: number | null, before: OwnerId | null) => void
}

/** This worker's place in the fleet: its owner id, and the lease that proves that it lives. */
export interface Membership {
  readonly owner: OwnerId
  readonly keys: WorkerKeys
  /** The reason why the lease is not held and renewed; null while it is. */
  readonly trouble: string | null
  /** Whether the lease can't have run out yet: whoever is not sure of it may be buried already. */
  readonly certain: boolean
  /** Whether Redis has been undisturbed for so long that a missing lease proves a death. */
  readonly calm: boolean
  /**
   * Whether Redis has been undisturbed for so long that every worker has written anew what it had lost, also one that
   * waited for a lease before it was back.
   */
  readonly restored: boolean
  /**
   * Whether the process has stood still for so long that it may have been buried meanwhile and can't know yet:
   * then not even local connections may be served.
   */
  readonly frozen: boolean
  /**
   * The end of the doubt about the lease after a standstill: null while there is none; else resolves when it is known
   * what became of the lease, or that nobody can say so soon.
   */
  doubt(): Promise<void> | null
  /** Tries once to join. Rejects only with `RedisUnfit`; goes on trying otherwise. */
  start(): Promise<void>
  /** Takes note that records may have been lost in Redis, and sees soon whether the lease still stands. */
  disturbed(error: Error): void
  /** Takes note that Redis, or a part of it, did not do what it was asked: nobody is declared dead for one lease. */
  unquiet(error: Error): void
  /** Renews now: Redis can be reached again. */
  nudge(): void
  /** Gives up the lease; resolves with how many records are left. Rejects when Redis is away. */
  leave(): Promise<number>
  /** Renews no more. The lease runs on until it is given up or runs out. */
  stop(): void
}

/** The identity of this worker until it is buried: then it goes on under another one. */
interface Identity {
  readonly owner: OwnerId
  /** The value of its lease, which no other worker writes. */
  readonly value: string
  /** The last moment in which nobody can have called it dead: its beginning, then each confirmed renewal. */
  readonly spoken: Moment
}

/** A moment by both clocks: one may stop with the machine, the other may be set. */
interface Moment {
  readonly at: number
  readonly time: number
}

/** Whether Redis was asked what it can do, and what came of it. */
type Fitness = 'unknown' | 'fit' | RedisUnfit

/** Times of settling after which what others have lost in Redis stands there again: to come back, to wait, to write. */
const restoredAfter = 3
const longestTick = 1_000
const soon = 100
const fresh = 1_000
const lostData = 'has lost its data; whether others took this worker for dead meanwhile shows within a lease'

export function createMembership(options: MembershipOptions): Membership {
  const { redis, keys, name, version, startedAt, timings, log, random, clock, now, held, dataLost, buried } = options
  let identity: Identity = { owner: randomOwnerId(), value: leaseValue(), spoken: moment() }
  let place: Place = { kind: 'joining', trouble: 'has not answered yet' }
  let fitness: Fitness = 'unknown'
  // Whoever is new has not seen what was before: others may be on their way back after an outage.
  const begunAt = clock()
  let disturbedAt = begunAt
  /** Whether the last renewal found that Redis has lost its data: the next one says that this is known. */
  let toldOfLoss = false
  const loop = createRenewalLoop(renew)
  // Renewals are at most `renewal` apart: a shorter standstill can't have cost the lease.
  const tick = Math.min(longestTick, timings.lease / 10)
  const standstill = createStandstill({
    ...{ tick, longest: timings.lease - timings.renewal - tick, patience: 2 * timings.command, clock, now },
    found() {
      log.warn({}, 'the process stood still; its lease is in doubt until Redis confirms it')
      loop.nudge()
    },
  })

  function moment(): Moment {
    return { at: clock(), time: now() }
  }

  function leaseValue(): string {
    return JSON.stringify({ name, startedAt, version, token: random().toString(36).slice(2) })
  }

  /** Resolves with the milliseconds until the next renewal. */
  async function renew(): Promise<number> {
    try {
      await hold(identity)
    } catch (error) {
      if (error instanceof RedisUnfit) fitness = error
      if (!loop.stopped) fail(error as Error)
    }
    return troubleOf(place) === null ? timings.renewal * (0.8 + 0.2 * random()) : timings.retry * (0.2 + 0.8 * random())
  }

  async function hold({ owner, value }: Identity): Promise<void> {
    const { lease, grave, connections, entry, inbox } = keys.of(owner)
    if (fitness !== 'fit') await checkFitness(inbox)
    const [asked, before, isNew] = [moment(), standstill.count, place.kind === 'joining']
    const { at } = asked
    const touched = [lease, grave, connections, entry]
    const had = isNew ? 'new' : toldOfLoss ? 'lost' : 'held'
    const [reply] = await Promise.all([
      redis.runScript(renewLease, touched, value, timings.lease, had, timings.grave),
      // Leases in other parts of a Cluster prove nothing while those are not well.
      redis.pulse().catch(unquiet),
    ])
    const [found, stored] = reply as [Buffer, number]
    const status = found.toString()
    if (loop.stopped) return
    if (!/^(held|taken|lost)$/.test(status)) return startAnew(status, Number(stored))
    const wasCertain = isCertain()
    toldOfLoss = status === 'lost'
    const isBack = toldOfLoss || (status === 'taken' && place.kind === 'returning')
    if (isBack && !wasCertain) comeBack(at)
    if (toldOfLoss) {
      dataLost()
      redis.run('SET', keys.comingBack, String(owner), 'PX', timings.lease).catch(unquiet)
    }
    // A lease that is lost before its time: so may be all others. At once: whoever is asked next must know of it.
    if (toldOfLoss || (status === 'taken' && wasCertain)) disturbedAt = clock()
    if (isOutlived()) return giveUpName()
    // A lease that was held before has its name there already, unless all was lost.
    await nameIn(owner).catch((error: Error) => {
      if (isNew || status !== 'held') throw error
      unquiet(error)
    })
    if (loop.stopped) return
    standstill.isFrozen()
    if (before !== standstill.count || clock() - at >= timings.lease) return loop.nudge()
    if (place.kind === 'returning' && at - place.since < timings.settling) place = { ...place, trouble: lostData }
    else confirm(asked, Number(stored), status !== 'held')
  }

  /** Whether the lease can't have run out yet. */
  function isCertain(): boolean {
    return clock() - confirmedAtOf(place) < timings.lease && !standstill.isFrozen()
  }

  /** Whether a grave that was dug for this worker may have come to its end, or been forgotten by who dug it. */
  function isOutlived(): boolean {
    const { at, time } = identity.spoken
    return Math.max(clock() - at, now() - time) >= timings.grave * memoryShare
  }

  /** Leaves an owner id that has been silent for too long, as if it had been buried. */
  async function giveUpName(): Promise<void> {
    await nameIn(identity.owner)
    startAnew('silent for too long', await leave())
  }

  async function leave(): Promise<number> {
    const { owner, value } = identity
    const { lease, grave, connections, entry } = keys.of(owner)
    const left = Number(await redis.runScript(leaveFleet, [lease, grave, connections, entry], value, timings.grave))
    if (left === 0) await redis.run('HDEL', keys.workers, String(owner))
    return left
  }

  async function nameIn(owner: OwnerId): Promise<void> {
    try {
      await redis.run('HSET', keys.workers, String(owner), name)
    } catch (error) {
      if (!isForeignValue(error)) throw error
      log.error({ key: keys.workers }, 'a key of the fleet holds what Postern never wrote; it is removed')
      await redis.run('DEL', keys.workers)
      await redis.run('HSET', keys.workers, String(owner), name)
    }
  }

  async function checkFitness(inbox: string): Promise<void> {
    for (const advice of await redis.fitness(inbox)) log.warn({ redis: redis.where }, advice)
    fitness = 'fit'
  }

  // --- from one place to the next ---

  function confirm(asked: Moment, stored: number, anew: boolean): void {
    const before = place
    const { at } = asked
    place = { kind: 'member', confirmedAt: at, intact: true }
    identity = { ...identity, spoken: asked }
    const { owner } = identity
    if (troubleOf(before) !== null) log.info({ owner, redis: redis.where }, 'Redis is reached; the lease is held')
    standstill.lift()
    held(stored, anew || before.kind !== 'member' || !before.intact, at)
  }

  /** Waits, with the lease in hand: for the others this worker lives, but is unreachable. */
  function comeBack(since: number): void {
    if (place.kind !== 'returning') log.warn({ owner: identity.owner, redis: redis.where }, `Redis ${lostData}`)
    place = { kind: 'returning', confirmedAt: confirmedAtOf(place), since, trouble: lostData }
  }

  function fail(error: Error): void {
    disturbedAt = clock()
    const trouble = `can't be used: ${error.message}`
    if (troubleOf(place) !== trouble) {
      log.warn({ redis: redis.where, reason: error.message }, "Redis can't be used; trying again")
    }
    if (place.kind === 'member') place = { kind: 'doubtful', confirmedAt: place.confirmedAt, trouble }
    else place = { ...place, trouble }
  }

  /** Goes on under a new owner id: whoever posts to a connection of the old one is told that it is gone. */
  function startAnew(status: string, found: number): void {
    const { owner: old } = identity
    let owner = old
    do owner = randomOwnerId()
    while (owner === old)
    identity = { owner, value: leaseValue(), spoken: moment() }
    place = { kind: 'joining', trouble: 'was told that this worker is dead' }
    loop.nudge()
    log.warn({ owner: old, newOwner: owner, status }, 'this worker was taken for dead; it goes on under a new owner id')
    standstill.lift()
    buried(found < 0 ? null : found, status === 'foreign' ? null : old)
  }

  function unquiet(error: Error): void {
    disturbedAt = clock()
    log.debug({ err: error }, 'Redis did not do what it was asked')
  }

  return {
    get owner() {
      return identity.owner
    },
    get keys() {
      return keys.of(identity.owner)
    },
    get trouble() {
      return troubleOf(place)
    },
    get certain() {
      return isCertain()
    },
    get calm() {
      return clock() - disturbedAt >= timings.settling
    },
    get restored() {
      const settlings = disturbedAt === begunAt ? 1 : restoredAfter
      return clock() - disturbedAt >= settlings * timings.settling
    },
    get frozen() {
      return standstill.isFrozen()
    },
    doubt: standstill.doubt,
    async start() {
      const { owner } = identity
      await loop.renew()
      if (fitness instanceof RedisUnfit) throw fitness
      // The owner id was another's.
      if (identity.owner !== owner) await loop.renew()
    },
    disturbed(error) {
      if (loop.stopped) return
      disturbedAt = clock()
      if (place.kind === 'member') place = { ...place, intact: false }
      log.debug({ err: error }, 'Redis was disturbed')
      loop.within(soon * random())
    },
    unquiet(error) {
      if (loop.stopped) return
      unquiet(error)
      // It may be away altogether; one that has just confirmed the lease is not.
      if (clock() - confirmedAtOf(place) > fresh) loop.within(soon * random())
    },
    nudge: loop.nudge,
    leave,
    stop() {
      loop.stop()
      standstill.stop()
    },
  }
}
