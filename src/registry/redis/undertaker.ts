import { setTimeout as pause } from 'node:timers/promises'
import type { Counter, Log } from '../../observability/contract.ts'
import type { ConnectionRecord } from '../../vocabulary/connection.ts'
import type { OwnerId } from '../../vocabulary/ids.ts'
import type { FleetKeys } from './keys.ts'
import { unpackRecord } from './record-codec.ts'
import { beginBurial, endBurial, giveUpRole, keepRole } from './scripts.ts'
import { isForeignValue, type Store } from './store.ts'
import type { Timings } from './timings.ts'

export interface UndertakerOptions {
  readonly store: Store
  readonly keys: FleetKeys
  readonly own: () => OwnerId
  /** Whether this worker may judge who is dead: it is alive beyond doubt, and Redis has been undisturbed. */
  readonly mayJudge: () => boolean
  /** Runs the `$disconnect` of one connection of a dead worker; resolves when its backend has answered. */
  readonly bury: (record: ConnectionRecord) => Promise<void>
  readonly timings: Timings
  readonly log: Log
  readonly random: () => number
  readonly failed: (error: Error) => void
  readonly burials: Counter
  readonly buriedConnections: Counter
}

export interface Seen {
  readonly alive: number
  /** Not buried yet. */
  readonly dead: number
}

/** Looks for dead workers and settles what they owe. One worker of a fleet looks; one worker buries each dead one. */
export interface Undertaker {
  /** What the last look found; null when this worker is not the one that looks. */
  readonly seen: Seen | null
  start(): void
  /** Resolves when nothing of it is under way; a burial that is not done is left to others. */
  stop(): Promise<void>
}

const page = 100
const parallel = 32
/** Silence of the worker that looks, in sweeps, after which another one looks. */
const sweeperTerms = 2.5

export function createUndertaker(options: UndertakerOptions): Undertaker {
  const { store, keys, own, mayJudge, bury, timings, log, random, failed, burials, buriedConnections } = options
  let missing = new Set<OwnerId>()
  let seen: Seen | null = null
  let timer: NodeJS.Timeout | null = null
  let stopped = false
  let running: Promise<void> | null = null
  const burying = new Map<OwnerId, Promise<void>>()

  async function sweep(): Promise<void> {
    if (!mayJudge()) {
      missing.clear()
      return
    }
    const term = Math.ceil(timings.sweep * sweeperTerms)
    if (Number(await store.run('EVAL', keepRole, 1, keys.sweeper, String(own()), term)) !== 1) {
      missing.clear()
      seen = null
      return
    }
    const owners = ((await store.run('HKEYS', keys.workers)) as Buffer[]).map(Number).filter(Number.isSafeInteger)
    const leases = await Promise.all(owners.map((owner) => store.run('EXISTS', keys.of(owner).lease)))
    const gone = owners.filter((owner, i) => Number(leases[i]) === 0 && owner !== own())
    // Twice in a row: a worker whose part of a Cluster was away for a moment may just be coming back.
    const dead = gone.filter((owner) => missing.has(owner))
    missing = new Set(gone)
    seen = { alive: owners.length - gone.length, dead: gone.length }
    if (!mayJudge()) return
    for (const owner of dead) if (!burying.has(owner)) burying.set(owner, buryWorker(owner))
  }

  async function buryWorker(owner: OwnerId): Promise<void> {
    try {
      if (!(await hold(owner))) return
      const worker = String((await store.run('HGET', keys.workers, String(owner))) ?? '')
      log.warn({ worker, owner }, 'a worker has died; running its $disconnects')
      const startedAt = Date.now()
      let connections = 0
      let left = true
      while (left && !stopped) {
        connections += await buryRecords(owner)
        const { connections: records, undertaker } = keys.of(owner)
        left = Number(await store.run('EVAL', endBurial, 2, records, undertaker, String(own()))) !== 1
        if (left && !(await hold(owner))) return
      }
      if (left) return
      await store.run('HDEL', keys.workers, String(owner))
      burials.value++
      log.info({ worker, owner, connections, milliseconds: Date.now() - startedAt }, 'a dead worker is buried')
    } catch (error) {
      if (isForeignValue(error)) return await forget(owner, error)
      log.warn({ owner, err: error }, 'a burial was interrupted; it will be taken up again')
      failed(error as Error)
    } finally {
      burying.delete(owner)
      if (stopped) await giveUp(owner)
    }
  }

  /** Whether this worker is the undertaker, for one more term. */
  async function hold(owner: OwnerId): Promise<boolean> {
    const { lease, grave, undertaker } = keys.of(owner)
    const args = [lease, grave, undertaker, String(own()), timings.undertaker, timings.grave]
    return String(await store.run('EVAL', beginBurial, 3, ...args)) === 'mine'
  }

  async function forget(owner: OwnerId, error: unknown): Promise<void> {
    log.error({ owner, err: error }, 'a dead worker can not be buried: its keys hold what Postern never wrote')
    await store.run('HDEL', keys.workers, String(owner)).catch(failed)
  }

  async function giveUp(owner: OwnerId): Promise<void> {
    await store.run('EVAL', giveUpRole, 1, keys.of(owner).undertaker, String(own())).catch(() => {})
  }

  async function buryRecords(owner: OwnerId): Promise<number> {
    const { connections } = keys.of(owner)
    let cursor = '0'
    let count = 0
    do {
      const reply = (await store.run('HSCAN', connections, cursor, 'COUNT', page)) as [Buffer, Buffer[]]
      cursor = reply[0].toString()
      for (const chunk of chunksOf(pairs(reply[1]), page)) {
        if (stopped || !(await keepHold(owner))) throw new Error('another undertaker has taken over')
        await buryChunk(owner, chunk)
        count += chunk.length
      }
    } while (cursor !== '0')
    return count
  }

  async function keepHold(owner: OwnerId): Promise<boolean> {
    return mayJudge() && (await hold(owner))
  }

  /** Each record goes when its `$disconnect` has run: so it runs at least once, whoever dies in between. */
  async function buryChunk(owner: OwnerId, chunk: readonly (readonly [id: string, packed: Buffer])[]): Promise<void> {
    const paced = pause((chunk.length / timings.burialsPerSecond) * 1000)
    // A backend may be slow: others must not think that this undertaker is dead too.
    const renewal = setInterval(() => void hold(owner).catch(() => {}), timings.undertaker / 3)
    const waiting = [...chunk]
    const settled = createRemovals((ids) => store.run('HDEL', keys.of(owner).connections, ...ids))
    const work = async () => {
      for (let next = waiting.shift(); next !== undefined && !stopped; next = waiting.shift()) {
        const [id, packed] = next
        const record = unpackRecord(id, packed)
        if (record === null) log.warn({ owner, connectionId: id }, 'a record can not be read; its $disconnect is lost')
        else await bury(record)
        buriedConnections.value++
        settled.add(id)
      }
    }
    try {
      await Promise.all(Array.from({ length: parallel }, work))
    } finally {
      clearInterval(renewal)
      await settled.flushed()
    }
    await paced
  }

  function plan(): void {
    if (stopped) return
    timer = setTimeout(
      () => {
        running = sweep()
          .catch(failed)
          .finally(() => {
            running = null
            plan()
          })
      },
      timings.sweep * (0.9 + 0.2 * random()),
    )
  }

  return {
    get seen() {
      return seen
    },
    start: plan,
    async stop() {
      stopped = true
      if (timer !== null) clearTimeout(timer)
      await running
      await Promise.all(burying.values())
      await store.run('EVAL', giveUpRole, 1, keys.sweeper, String(own())).catch(() => {})
    },
  }
}

/** Removes what is added within a turn in one go: the sooner, the fewer are told twice when the undertaker dies. */
function createRemovals(remove: (ids: readonly string[]) => Promise<unknown>) {
  const waiting: string[] = []
  let last: Promise<unknown> = Promise.resolve()
  return {
    add(id: string): void {
      if (waiting.push(id) > 1) return
      const next = new Promise((resolve) => setImmediate(resolve)).then(() => remove(waiting.splice(0)))
      last = Promise.all([last, next])
      // Whoever flushes hears of it.
      last.catch(() => {})
    },
    flushed: () => last,
  }
}

function pairs(flat: readonly Buffer[]): (readonly [string, Buffer])[] {
  const found: (readonly [string, Buffer])[] = []
  for (let i = 0; i + 1 < flat.length; i += 2) found.push([String(flat[i]), flat[i + 1] as Buffer])
  return found
}

/** A small hash comes as a whole, whatever was asked for. */
function chunksOf<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size))
}
