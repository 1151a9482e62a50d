import { setTimeout as pause } from 'node:timers/promises'
import type { Counter, Log } from '../../observability/contract.ts'
import type { RedisClient } from '../../store/contract.ts'
import type { ConnectionRecord } from '../../vocabulary/connection.ts'
import { type ConnectionId, type OwnerId, ownerOfConnectionId } from '../../vocabulary/ids.ts'
import { within } from '../../vocabulary/within.ts'
import type { Estate, Estates } from './estates.ts'
import type { FleetKeys } from './keys.ts'
import { createPlaces } from './places.ts'
import { maxRecordBytes, unpackRecord } from './record-codec.ts'
import type { RegistryTimings } from './registry-timings.ts'
import { readRecords } from './scripts.ts'

export interface LastRitesOptions {
  readonly redis: RedisClient
  readonly keys: FleetKeys
  readonly estates: Estates
  /** Asked before each record: whether this worker still is the undertaker of that one. */
  readonly mayGoOn: (owner: OwnerId) => boolean
  readonly stopped: AbortSignal
  readonly bury: (record: ConnectionRecord) => Promise<void>
  readonly timings: RegistryTimings
  readonly log: Log
  readonly clock: () => number
  readonly buriedConnections: Counter
}

export interface LastRites {
  /**
   * Runs the `$disconnect` of every connection that a dead worker held, and removes each record after it has run: so
   * it runs at least once, whoever dies in between. Resolves with how many, when none is under way any more, and whether
   * those are all: it may have had to stop. Rejects when Redis fails, after what was read is told.
   */
  run(owner: OwnerId): Promise<{ readonly count: number; readonly whole: boolean }>
}

const page = 100
/**
 * `$disconnect`s of one stage under way, of however many dead workers: a stage whose backend is silent fills its own
 * places, and holds up nobody else.
 */
const parallelPerStage = 100
/**
 * Bytes of records that are read ahead: all of a worker at once, since what is read can be told when Redis has lost it,
 * and the records of a silent stage do not stand in front of others.
 */
const maxReadBytes = 64 * 1024 * 1024
/** Milliseconds over which the pace is kept. */
const stride = 100

export function createLastRites(options: LastRitesOptions): LastRites {
  const { redis, keys, estates, mayGoOn, stopped, bury, timings, log, clock, buriedConnections } = options
  const perStride = Math.max(1, Math.floor((timings.burialsPerSecond * stride) / 1000))
  const places = createPlaces(parallelPerStage)
  let strideEnds = 0
  let inStride = 0
  let readBytes = 0

  async function keepPace(): Promise<void> {
    const at = clock()
    if (at >= strideEnds) {
      strideEnds = at + stride
      inStride = 0
    }
    if (++inStride <= perStride) return
    await pause(strideEnds - at, undefined, { signal: stopped }).catch(() => {})
    return keepPace()
  }

  async function tell(record: ConnectionRecord): Promise<void> {
    // One that is silent for longer has been told: it has the request.
    await within(bury(record), timings.burial).catch((error: unknown) =>
      log.error({ connectionId: record.connectionId, err: error }, '$disconnect failed'),
    )
    buriedConnections.value++
  }

  return {
    async run(owner) {
      const { connections } = keys.of(owner)
      const estate = estates.of(owner)
      const removals = createRemovals((ids) => redis.run('HDEL', connections, ...ids))
      let failure: Error | null = null
      let count = 0
      let cursor = '0'
      let ownBytes = 0

      /** Takes away the record of a connection that has been told. */
      async function remove(id: ConnectionId): Promise<void> {
        estate.told.add(id)
        try {
          await removals.add(id)
          estate.told.delete(id)
        } catch (error) {
          failure ??= error as Error
        }
      }

      async function readPage(): Promise<void> {
        const reply = await redis.runScript(readRecords, [connections], cursor, page, maxRecordBytes)
        const [next, foreign, ...entries] = reply as [Buffer, number, ...Buffer[]]
        if (Number(foreign) > 0) log.warn({ owner, entries: Number(foreign) }, 'what can be no record was removed')
        cursor = String(next)
        for (const [id, packed] of pairs(entries)) {
          const record = ownerOfConnectionId(id) === owner ? unpackRecord(id, packed) : null
          if (record === null) {
            log.warn({ owner, connectionId: id }, 'a record can not be read; its $disconnect is lost')
            buriedConnections.value++
            count++
          }
          // A scan may give a record twice (Redis documentation, "SCAN", "Scan guarantees").
          if (record === null || estate.told.has(id)) void remove(id)
          else estate.left.set(id, record)
          ownBytes += packed.length
          readBytes += packed.length
        }
      }

      /** Reads on, up to the end or to what may be read ahead. */
      async function readAhead(): Promise<void> {
        do await readPage()
        while (cursor !== '0' && readBytes < maxReadBytes && mayGoOn(owner))
      }

      /** Tells the records of one stage, in its places; leaves the rest when this worker may not go on. */
      async function tellStage(stage: string, records: readonly ConnectionRecord[]): Promise<void> {
        const underWay: Promise<void>[] = []
        for (const record of records) {
          await places.take(stage)
          await keepPace()
          if (!mayGoOn(owner)) {
            places.give(stage)
            break
          }
          estate.left.delete(record.connectionId)
          estate.told.add(record.connectionId)
          count++
          underWay.push(
            tell(record)
              .finally(() => places.give(stage))
              .then(() => remove(record.connectionId)),
          )
        }
        await Promise.all(underWay)
      }

      // What others have told since it was read is no longer there; after a loss nothing is.
      if (!estate.lost) estate.left.clear()
      do {
        try {
          await readAhead()
          await Promise.all([...byStage(estate)].map(([stage, records]) => tellStage(stage, records)))
        } finally {
          readBytes -= ownBytes
          ownBytes = 0
        }
      } while (cursor !== '0' && mayGoOn(owner))
      if (failure !== null) throw failure
      return { count, whole: estate.left.size === 0 }
    },
  }
}

function byStage({ left }: Estate): Map<string, ConnectionRecord[]> {
  const stages = new Map<string, ConnectionRecord[]>()
  for (const record of left.values()) {
    const stage = `${record.apiId}/${record.stage}`
    const records = stages.get(stage)
    if (records === undefined) stages.set(stage, [record])
    else records.push(record)
  }
  return stages
}

function pairs(flat: readonly Buffer[]): (readonly [string, Buffer])[] {
  const found: (readonly [string, Buffer])[] = []
  for (let i = 0; i + 1 < flat.length; i += 2) found.push([String(flat[i]), flat[i + 1] as Buffer])
  return found
}

/** Removes what is added within a turn in one go: the sooner, the fewer are told twice when the undertaker dies. */
function createRemovals(remove: (ids: readonly string[]) => Promise<unknown>) {
  let waiting: string[] = []
  let next: Promise<unknown> | null = null
  return {
    /** Resolves when it is removed. */
    async add(id: string): Promise<void> {
      waiting.push(id)
      next ??= new Promise((resolve) => setImmediate(resolve)).then(() => {
        const ids = waiting
        waiting = []
        next = null
        return remove(ids)
      })
      await next
    },
  }
}
