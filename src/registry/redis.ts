import type { Log, Metrics } from '../observability/contract.ts'
import { keyspaceOf, type RedisClient } from '../store/contract.ts'
import type { ConnectionRecord } from '../vocabulary/connection.ts'
import { allocateConnectionId, type ConnectionId, type OwnerId } from '../vocabulary/ids.ts'
import { within } from '../vocabulary/within.ts'
import type { RegistryOptions, SharedRegistry, WorkerDescription } from './contract.ts'
import { createKeptReports } from './kept-reports.ts'
import { createRecordTable } from './record-table.ts'
import { createDeaths } from './redis/deaths.ts'
import { createRedisDelivery } from './redis/delivery.ts'
import { packEnvelope } from './redis/envelope.ts'
import { createFleetReports } from './redis/fleet-reports.ts'
import { createFleetSurvey } from './redis/fleet-survey.ts'
import { createInbox } from './redis/inbox.ts'
import { fleetKeys } from './redis/keys.ts'
import { createMembership } from './redis/membership.ts'
import { createPeers } from './redis/peers.ts'
import { createReception } from './redis/reception.ts'
import { createRecordAudit } from './redis/record-audit.ts'
import { createRecordStore } from './redis/record-store.ts'
import { createRedisGroups } from './redis/redis-groups.ts'
import { type RegistryTimings, timingsOf } from './redis/registry-timings.ts'
import { createTurns } from './redis/turns.ts'
import { createUndertaker } from './redis/undertaker.ts'
import { withdrawAudiences } from './redis/withdraw-audiences.ts'

export interface RedisRegistryOptions extends RegistryOptions {
  /** The Redis of this process. The registry never closes it. */
  readonly redis: RedisClient
  /** The beginning of every key and channel of the process: `postern:`. */
  readonly keyPrefix: string
  /** Runs the `$disconnect` of a connection whose worker has died. Resolves when its backend has answered. */
  readonly bury: (record: ConnectionRecord) => Promise<void>
  /**
   * Closes every socket of this worker, at once: it was taken for dead. The `$disconnect`s are run by others, but for
   * those that `owes` says.
   */
  readonly buried: (owes: (id: ConnectionId) => boolean) => void
  readonly log: Log
  readonly metrics: Metrics
  readonly random: () => number
  /** Milliseconds that only rise, also while the process is stopped. */
  readonly clock: () => number
  /** Seconds that a worker counts as alive after its last sign of life; the same for the whole fleet. */
  readonly leaseSeconds: number
  readonly timings?: Partial<RegistryTimings>
}

export interface RedisRegistry extends SharedRegistry {
  /** Drops everything without a goodbye, as a crash does. */
  abandon(): void
}

/** Whether the registry serves, takes its leave, or has dropped everything. */
type Life =
  | { readonly kind: 'open' }
  | { readonly kind: 'leaving'; readonly done: Promise<void> }
  | { readonly kind: 'closed' }

/** Milliseconds that closing waits for Redis, and for backends that are told of ended connections. */
const closingMs = 2_000

/** The registry of workers that share a Redis; see docs/reliability.md for what it survives. */
export function createRedisRegistry(options: RedisRegistryOptions): RedisRegistry {
  const { redis, local, localGroups, name, now, log, metrics, random, clock } = options
  const timings: RegistryTimings = { ...timingsOf(options.leaseSeconds), ...options.timings }
  const keys = fleetKeys(keyspaceOf(options.keyPrefix, 'registry', redis.database))
  const startedAt = now()
  const records = createRecordTable()
  let life: Life = { kind: 'open' }
  let cutOff = false

  const membership = createMembership({
    ...{ redis, keys, name, version: options.version, startedAt, timings, log, random, clock, now },
    held,
    dataLost: () => undertaker.dataLost(),
    buried,
  })
  const inbox = createInbox({
    ...{ redis, log, random, retry: timings.retry, commandTimeout: timings.command },
    receive: (bytes) => receive(bytes),
    changed(trouble) {
      const { where } = redis
      if (trouble !== null) log.warn({ redis: where, reason: trouble }, "other workers can't reach this one")
      else if (cutOff) log.info({ redis: where }, 'other workers can reach this one again')
      cutOff = trouble !== null
    },
  })
  const recordStore = createRecordStore({
    ...{ redis, records, log, clock },
    key: () => membership.keys.connections,
    mayWrite: () => membership.certain,
    failed: disturbed,
  })
  const audit = createRecordAudit({ recordStore, failed: disturbed })
  const mayJudge = () => trouble() === null && membership.certain && membership.calm
  const deaths = createDeaths({
    ...{ redis, keys, mayJudge, clock, grave: timings.grave, failed: unquiet },
    own: () => membership.owner,
    reachable: () => trouble() === null,
  })
  const peers = createPeers({
    own: () => membership.owner,
    async publish(to, envelope) {
      try {
        return Number(await redis.run('SPUBLISH', keys.of(to).inbox, envelope))
      } catch (error) {
        unquiet(error as Error)
        throw error
      }
    },
    isDead: deaths.isDead,
    clock,
    answerTimeout: timings.answer,
    answerSeconds: metrics.histogram('postern_registry_answer_seconds', {}),
    unanswered: metrics.counter('postern_registry_unanswered_total', {}),
    published: metrics.counter('postern_registry_envelopes_total', { direction: 'out' }),
  })
  const turns = createTurns()
  const { groups, directory, userStored } = createRedisGroups({
    ...{ redis, keys, local: localGroups, peers, turns, isDead: deaths.has, trouble, log, now, disturbed, unquiet },
    own: () => membership.owner,
    answerTimeout: timings.answer,
    isFrozen: () => membership.frozen,
    isRestored: () => membership.restored,
    mayWrite: () => membership.certain,
  })
  const reports = createKeptReports({ own: () => membership.owner, now })
  const delivery = createRedisDelivery({
    ...{ local, localGroups, peers, turns, trouble, isDead: deaths.has, store: storeChanged },
    own: () => membership.owner,
    isFrozen: () => membership.frozen,
  })
  const receive = createReception({
    ...{ local, localGroups, directory, reports, records, peers, store: storeChanged, metrics, log, clock },
    own: () => membership.owner,
    mayAct: () => membership.certain,
    echoed: inbox.echoed,
  })
  const undertaker = createUndertaker({
    withdraw: (owner) => withdrawAudiences(redis, keys, owner),
    ...{ redis, keys, bury: options.bury, mayJudge, timings, log, random, clock, failed: unquiet },
    own: () => membership.owner,
    certain: () => membership.certain,
    died: deaths.add,
    burials: metrics.counter('postern_registry_burials_total', {}),
    buriedConnections: metrics.counter('postern_registry_buried_connections_total', {}),
  })
  const survey = createFleetSurvey({
    redis,
    keys,
    own: () => membership.owner,
    describeOwn,
    records,
    peers,
    trouble,
    now,
  })
  metrics.gauge('postern_registry_up', {}, () => (trouble() === null ? 1 : 0))
  metrics.gauge('postern_registry_workers', { state: 'alive' }, () => undertaker.seen?.alive ?? Number.NaN)
  metrics.gauge('postern_registry_workers', { state: 'dead' }, () => undertaker.seen?.dead ?? Number.NaN)
  metrics.gauge('postern_registry_waiting', {}, () => peers.depth + turns.waiting)
  metrics.gauge('postern_registry_unstored_records', {}, () => recordStore.unstored)
  metrics.gauge('postern_registry_unstored_groups', {}, () => directory.unstored)

  const unwatch = redis.watch({ disturbed, ready: membership.nudge })

  function isClosed(): boolean {
    return life.kind === 'closed'
  }

  function trouble(): string | null {
    if (isClosed()) return 'the registry is closed'
    const found = membership.trouble ?? inbox.trouble
    return found === null ? null : `Redis (${redis.where}): ${found}`
  }

  /** Takes note that whatever was written last may be lost. */
  function disturbed(error: Error): void {
    if (isClosed()) return
    recordStore.suspend()
    directory.suspend()
    membership.disturbed(error)
  }

  function unquiet(error: Error): void {
    if (!isClosed()) membership.unquiet(error)
  }

  async function storeChanged(record: ConnectionRecord): Promise<void> {
    await Promise.all([store(record), userStored(record)])
  }

  function store(record: ConnectionRecord): Promise<void> {
    records.add(record)
    return recordStore.put(record)
  }

  // --- the lease ---

  function held(stored: number, anew: boolean, askedAt: number): void {
    audit.check(stored, anew, askedAt)
    void directory.check(anew)
    deaths.confirmed(anew)
    void inbox.check(echo()).catch(unquiet)
  }

  /** Whoever buries this worker runs the `$disconnect`s of the records that it found: the others are left to us. */
  function buried(found: number | null, before: OwnerId | null): void {
    const unstored = recordStore.unstoredIds()
    const owesAll = found === null || found < records.size - unstored.size
    log.warn({ connections: records.size }, 'closing the connections that this worker was taken for dead with')
    if (before !== null) deaths.add(before)
    recordStore.clear()
    directory.suspend()
    records.clear()
    peers.drop()
    options.buried((id) => owesAll || unstored.has(id))
    void inbox.listen(membership.keys.inbox)
  }

  function echo(): Buffer {
    const { owner } = membership
    return packEnvelope({ from: owner, serial: 0, to: owner, questions: [], answers: [] })
  }

  // --- the end ---

  async function leave(): Promise<void> {
    // What backends have not been told by then is left to an undertaker.
    await within(recordStore.toldAll(), closingMs).catch(() => {})
    const reachable = trouble() === null
    membership.stop()
    const goodbye = async () => {
      await recordStore.flushed()
      await directory.flushed()
      await undertaker.stop()
      if (!reachable) return
      await membership.leave()
      // Who asked before is still answered; who asks from now on finds nobody who listens, and that we have left.
      await inbox.end()
      await peers.flushed()
    }
    await within(goodbye(), closingMs).catch((error: Error) => {
      log.warn({ reason: error.message }, 'this worker left the fleet without a goodbye')
    })
    drop()
  }

  function drop(): void {
    life = { kind: 'closed' }
    inbox.close()
    peers.drop()
    unwatch()
  }

  function describeOwn(): WorkerDescription {
    const { version } = options
    return {
      owner: membership.owner,
      name,
      version,
      state: 'alive',
      startedAt,
      connections: records.size,
      leaseUntil: null,
    }
  }

  return {
    ...groups,
    ...createFleetReports({ kept: reports, peers, own: () => membership.owner, isDead: deaths.has, trouble }),
    get owner() {
      return membership.owner
    },
    allocateId() {
      let id = allocateConnectionId(membership.owner)
      while (records.has(id)) id = allocateConnectionId(membership.owner)
      return id
    },
    add: store,
    remove(id, told) {
      const record = records.remove(id)
      return record === null ? undefined : recordStore.remove(record, told ?? null)
    },
    get: delivery.get,
    deliver: delivery.deliver,
    deliverIf: delivery.deliverIf,
    disconnect: delivery.disconnect,
    changeUser: delivery.changeUser,
    async list(filter, cursor, limit) {
      return isClosed()
        ? { ...(await records.list(filter, cursor, limit)), unanswered: [], incomplete: false }
        : survey.list(filter, cursor, limit)
    },
    count: async () => (isClosed() ? { connections: records.size, incomplete: false } : survey.count()),
    workers: async () => (isClosed() ? { workers: [describeOwn()], incomplete: false } : survey.workers()),
    doubt: () => membership.doubt(),
    trouble,
    async start() {
      // Why it can't be reached is said by the first try to take the lease.
      await redis.connected().catch(() => {})
      await membership.start()
      await inbox.listen(membership.keys.inbox)
      undertaker.start()
    },
    retire: undertaker.stop,
    settled: peers.settled,
    abandon() {
      membership.stop()
      drop()
      void undertaker.stop()
    },
    close() {
      if (life.kind === 'open') life = { kind: 'leaving', done: leave() }
      return life.kind === 'leaving' ? life.done : Promise.resolve()
    },
  }
}
