import { setTimeout as pause } from 'node:timers/promises'
import type { Counter, Log } from '../../observability/contract.ts'
import type { RedisClient } from '../../store/contract.ts'
import type { ConnectionRecord } from '../../vocabulary/connection.ts'
import { type ConnectionId, type OwnerId, ownerOfConnectionId } from '../../vocabulary/ids.ts'
import type { FleetKeys } from './keys.ts'
import { maxRecordBytes, unpackRecord } from './record-codec.ts'
import type { RegistryTimings } from './registry-timings.ts'
import { readRecords } from './scripts.ts'

export interface LastRitesOptions {
  readonly redis: RedisClient
  readonly keys: FleetKeys
  /** Asked before each record: whether this worker still is the undertaker. */
  readonly mayGoOn: () => boolean
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
   * it runs at least once, whoever dies in between. Resolves with how many, when none is under way any more: all of
   * them, or those until it might not go on. Rejects when Redis fails.
   */
  run(owner: OwnerId): Promise<number>
}

const page = 100
/** `$disconnect`s under way: a backend that is slow or silent must not hold up all others. */
const parallel = 100
/** Milliseconds over which the pace is kept. */
const stride = 100

export function createLastRites(options: LastRitesOptions): LastRites {
  const { redis, keys, mayGoOn, stopped, bury, timings, log, clock, buriedConnections } = options
  const perStride = Math.max(1, Math.floor((timings.burialsPerSecond * stride) / 1000))
  let strideEnds = 0
  let inStride = 0

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

  async function tell(owner: OwnerId, id: ConnectionId, packed: Buffer): Promise<void> {
    const record = ownerOfConnectionId(id) === owner ? unpackRecord(id, packed) : null
    if (record === null) log.warn({ owner, connectionId: id }, 'a record can not be read; its $disconnect is lost')
    else await bury(record).catch((error: unknown) => log.error({ connectionId: id, err: error }, '$disconnect failed'))
    buriedConnections.value++
  }

  return {
    async run(owner) {
      const { connections } = keys.of(owner)
      /**
       * Connections from the beginning of their `$disconnect` until their record is gone. A scan may give a record
       * twice (Redis documentation, "SCAN", "Scan guarantees").
       */
      const underWay = new Set<ConnectionId>()
      const removals = createRemovals((ids) => redis.run('HDEL', connections, ...ids))
      let failure: Error | null = null
      let ended = () => {}
      let count = 0
      let cursor = '0'

      async function begin(id: ConnectionId, packed: Buffer): Promise<void> {
        count++
        underWay.add(id)
        await tell(owner, id, packed)
        await removals.add(id).catch((error: Error) => {
          failure ??= error
        })
        underWay.delete(id)
        ended()
      }

      async function untilFewerThan(limit: number): Promise<void> {
        while (underWay.size >= limit) {
          await new Promise<void>((resolve) => {
            ended = resolve
          })
        }
      }

      async function readPage(): Promise<(readonly [ConnectionId, Buffer])[]> {
        const reply = await redis.runScript(readRecords, [connections], cursor, page, maxRecordBytes)
        const [next, foreign, ...entries] = reply as [Buffer, number, ...Buffer[]]
        if (Number(foreign) > 0) log.warn({ owner, entries: Number(foreign) }, 'what can be no record was removed')
        cursor = String(next)
        return pairs(entries)
      }

      /** Runs the `$disconnect`s of one page of records; false when this worker may not go on. */
      async function runPage(): Promise<boolean> {
        for (const [id, packed] of await readPage()) {
          if (underWay.has(id)) continue
          await keepPace()
          await untilFewerThan(parallel)
          if (failure !== null || !mayGoOn()) return false
          void begin(id, packed)
        }
        return true
      }

      try {
        while ((await runPage()) && cursor !== '0');
      } finally {
        await untilFewerThan(1)
      }
      if (failure !== null) throw failure
      return count
    },
  }
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
