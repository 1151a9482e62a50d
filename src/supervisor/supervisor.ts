import type { Counter, Log } from '../observability/contract.ts'
import { createSlot } from './slot.ts'
import { type SupervisedWorker, WorkerFailure } from './supervised-worker.ts'
import type { SupervisorTimings } from './supervisor-timings.ts'

/** The states of the processes of `--workers`; `waiting` is a name for which none runs. */
export const processStates = ['ready', 'unready', 'starting', 'waiting', 'draining', 'silent'] as const

export interface SupervisorOptions {
  readonly names: readonly string[]
  /** Starts a process under this name. May throw. */
  readonly launch: (name: string) => SupervisedWorker
  readonly restarts: Counter
  readonly log: Log
  /** 0 (inclusive) to 1: jitters when the dead are started again. */
  readonly random: () => number
  readonly timings: SupervisorTimings
}

/** A fixed number of workers: each is started again when it dies, and replaced on demand. */
export interface Supervisor {
  /**
   * Starts all workers; resolves when all serve. Rejects with a `WorkerFailure` when one can't; then none runs any
   * more.
   */
  start(): Promise<void>
  /** Every process that runs, the older ones of a name after the one that serves. */
  readonly processes: readonly SupervisedWorker[]
  /** The number of processes in this state. */
  count(state: (typeof processStates)[number]): number
  /** Whether clients may be sent here, and what each worker has that is not ready. */
  readonly readiness: { readonly ready: boolean; readonly reasons: readonly string[] }
  /** Has all workers read their definitions and tokens anew. */
  reload(): void
  /**
   * Replaces one worker after the other, each draining over `seconds`. One that does not come up ends it, and the
   * others stay as they are. Asked for while it is under way, it is done once more afterwards.
   */
  roll(seconds: number): void
  /**
   * Ends all over `seconds`, and starts none again; resolves with whether all ended in order. Before that, for
   * `delaySeconds`, clients should not be sent here any more, though they are served.
   */
  drain(seconds: number, delaySeconds?: number): Promise<boolean>
  /** Ends all at once, and starts none again. */
  kill(): void
}

export function createSupervisor({ names, launch, ...shared }: SupervisorOptions): Supervisor {
  const { log } = shared
  const slots = names.map((name) => createSlot({ ...shared, name, launch: () => launch(name) }))
  const processes = () => slots.flatMap((slot) => slot.processes)
  let rolling = false
  let rollAgain = false
  let stopping = false

  /** The first one alone: what keeps it from serving would keep them all, and is better said once. */
  async function start(): Promise<void> {
    const [first, ...others] = slots
    try {
      await first?.start()
      await Promise.all(others.map((slot) => slot.start()))
    } catch (error) {
      kill()
      await Promise.all(processes().map(({ exited }) => exited))
      throw error
    }
  }

  async function rollAll(seconds: number): Promise<void> {
    log.info({ workers: names.length, seconds }, 'rolling restart: begins')
    for (const slot of slots) {
      if (stopping) return
      try {
        await slot.replace(seconds)
        if (!stopping) log.info({ worker: slot.name, pid: slot.current?.pid }, 'rolling restart: a worker was replaced')
      } catch (error) {
        if (stopping) return
        const { message, faults } = error instanceof WorkerFailure ? error : { message: String(error), faults: [] }
        const fields = { worker: slot.name, reason: message, ...(faults.length > 0 && { faults }) }
        log.error(fields, 'rolling restart: stopped; the workers that were not replaced go on')
        return
      }
    }
    log.info({ workers: names.length }, 'rolling restart: done')
  }

  async function roll(seconds: number): Promise<void> {
    if (stopping) return
    if (rolling) {
      rollAgain = true
      return log.info({}, 'rolling restart: under way; another one follows it')
    }
    rolling = true
    do {
      rollAgain = false
      await rollAll(seconds)
    } while (rollAgain && !stopping)
    rolling = false
  }

  function kill(): void {
    stopping = true
    for (const slot of slots) slot.kill()
  }

  return {
    start,
    get processes() {
      return processes()
    },
    count(state) {
      if (state === 'waiting') return slots.filter(({ current }) => current === null).length
      return processes().filter((worker) => worker.state === state).length
    },
    get readiness() {
      const serving = slots.map(({ current }) => current)
      const ready = !stopping && serving.some((worker) => worker?.state === 'ready')
      const reasons = slots.flatMap(({ name, current }) =>
        (current === null ? ['died; is started again'] : current.unready).map((reason) => `${name}: ${reason}`),
      )
      return { ready, reasons: [...(stopping ? ['draining'] : []), ...reasons] }
    },
    reload() {
      for (const worker of processes()) worker.reload()
    },
    roll: (seconds) => void roll(seconds),
    async drain(seconds, delaySeconds = 0) {
      stopping = true
      const ends = await Promise.all(slots.map((slot) => slot.drain(seconds, delaySeconds)))
      return ends.every((inOrder) => inOrder)
    },
    kill,
  }
}
