import type { Log } from '../../observability/contract.ts'
import { type OwnerId, randomOwnerId } from '../../vocabulary/ids.ts'
import { checkCapability, RedisUnfit } from './capability.ts'
import type { FleetKeys, WorkerKeys } from './keys.ts'
import { leaveFleet, renewLease } from './scripts.ts'
import type { Store } from './store.ts'
import type { Timings } from './timings.ts'

export interface MembershipOptions {
  readonly store: Store
  readonly keys: FleetKeys
  readonly name: string
  readonly version: string
  readonly startedAt: number
  readonly timings: Timings
  readonly log: Log
  readonly random: () => number
  /** Milliseconds that only rise, also while the process is stopped. */
  readonly clock: () => number
  /** Told with each renewal; `anew` when records may have been lost since the last one. */
  readonly held: (stored: number, anew: boolean) => void
  /** Told when others have taken this worker for dead. It has a new owner id by then. */
  readonly buried: () => void
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
  /** One try to join. Rejects only with `RedisUnfit`; goes on trying otherwise. */
  start(): Promise<void>
  /** Something went wrong with Redis: see soon whether the lease still stands. */
  disturbed(error: Error): void
  /** Redis can be reached again: renew now. */
  nudge(): void
  /** Gives up the lease; resolves with how many records are left. Rejects when Redis is away. */
  leave(): Promise<number>
  stop(): void
}

const tick = 1_000
const soon = 100

export function createMembership(options: MembershipOptions): Membership {
  const { store, keys, name, version, startedAt, timings, log, random, clock, held, buried } = options
  let owner = randomOwnerId()
  let value = leaseValue()
  let trouble: string | null = 'has not answered yet'
  let unfit: RedisUnfit | null = null
  let fit = false
  let confirmedAt = Number.NEGATIVE_INFINITY
  let disturbedAt = Number.NEGATIVE_INFINITY
  let anew = true
  let fenced = false
  let aliveAt = clock()
  let beating: Promise<void> | null = null
  let timer: NodeJS.Timeout | null = null
  let stopped = false
  // Renewals are at most `renewal` apart: a shorter standstill can't have cost the lease.
  const standstill = Math.max(tick * 2, timings.lease - timings.renewal - tick)

  function leaseValue(): string {
    return JSON.stringify({ name, startedAt, version, token: random().toString(36).slice(2) })
  }

  const watch = setInterval(() => {
    isFrozen()
    aliveAt = clock()
  }, tick)
  watch.unref()

  function isFrozen(): boolean {
    if (fenced) return true
    if (clock() - aliveAt <= standstill) return false
    fenced = true
    aliveAt = clock()
    log.warn({}, 'the process stood still; its lease is in doubt until Redis confirms it')
    nudge()
    return true
  }

  function beat(): Promise<void> {
    beating ??= renew().finally(() => {
      beating = null
    })
    return beating
  }

  async function renew(): Promise<void> {
    const asked = owner
    const own = keys.of(asked)
    const at = clock()
    try {
      if (!fit) await checkFitness(own.inbox)
      const reply = await store.run('EVAL', renewLease, 3, own.lease, own.grave, own.connections, value, timings.lease)
      const [status, stored] = reply as [Buffer, number]
      if (stopped || asked !== owner) return
      if (!/^(held|taken)$/.test(status.toString())) return reborn(status.toString())
      await store.run('HSET', keys.workers, String(asked), name)
      confirm(at, Number(stored), status.toString() === 'taken')
    } catch (error) {
      if (stopped) return
      if (error instanceof RedisUnfit) unfit = error
      fail(error as Error)
    } finally {
      plan(trouble === null ? timings.renewal * (0.8 + 0.2 * random()) : timings.retry * (0.2 + 0.8 * random()))
    }
  }

  async function checkFitness(inbox: string): Promise<void> {
    const uptime = await checkCapability(store, inbox)
    // A Redis that has just started may have lost the leases of workers that come back in a moment.
    if (uptime * 1000 < timings.settling) disturbedAt = clock()
    fit = true
    unfit = null
  }

  function confirm(at: number, stored: number, taken: boolean): void {
    confirmedAt = at
    fenced = false
    aliveAt = clock()
    const lost = anew || taken
    anew = false
    if (trouble !== null) log.info({ owner, redis: store.where }, 'Redis is reached; the lease is held')
    trouble = null
    held(stored, lost)
  }

  function fail(error: Error): void {
    disturbedAt = clock()
    anew = true
    const text = `can't be used: ${error.message}`
    if (trouble !== text) log.warn({ redis: store.where, reason: error.message }, "Redis can't be used; trying again")
    trouble = text
  }

  /** The old owner id is spent: whoever posts to one of its connections is told that they are gone. */
  function reborn(status: string): void {
    const old = owner
    do owner = randomOwnerId()
    while (owner === old)
    value = leaseValue()
    confirmedAt = Number.NEGATIVE_INFINITY
    anew = true
    log.warn({ owner: old, newOwner: owner, status }, 'this worker was taken for dead; it goes on under a new owner id')
    trouble = 'was told that this worker is dead'
    buried()
    fenced = false
    plan(0)
  }

  function plan(delay: number): void {
    if (timer !== null) clearTimeout(timer)
    if (!stopped) timer = setTimeout(() => void beat(), delay)
  }

  function nudge(): void {
    if (beating === null) plan(0)
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
    async start() {
      await beat()
      // Its owner id may have been another's.
      if (beating !== null) await beating
      if (unfit !== null) throw unfit
    },
    disturbed(error) {
      if (stopped) return
      disturbedAt = clock()
      anew = true
      log.debug({ err: error }, 'Redis was disturbed')
      if (beating === null) plan(soon * random())
    },
    nudge,
    async leave() {
      const own = keys.of(owner)
      const left = Number(
        await store.run('EVAL', leaveFleet, 3, own.lease, own.grave, own.connections, value, timings.grave),
      )
      if (left === 0) await store.run('HDEL', keys.workers, String(owner))
      return left
    },
    stop() {
      stopped = true
      clearInterval(watch)
      if (timer !== null) clearTimeout(timer)
    },
  }
}
