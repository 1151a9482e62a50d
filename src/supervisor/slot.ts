import type { Counter, Log } from '../observability/contract.ts'
import { backoff } from './backoff.ts'
import { type SupervisedWorker, type WorkerExit, WorkerFailure } from './supervised-worker.ts'
import type { SupervisorTimings } from './supervisor-timings.ts'

export interface SlotOptions {
  readonly name: string
  /** Starts a process under this name. May throw when the machine can't start one. */
  readonly launch: () => SupervisedWorker
  readonly restarts: Counter
  readonly log: Log
  readonly random: () => number
  readonly timings: SupervisorTimings
}

/** The place of one worker: the process that serves, those that come and go, and another one when it dies. */
export interface Slot {
  readonly name: string
  /** The process that serves; null while it waits to be started again. */
  readonly current: SupervisedWorker | null
  /** The processes that run under this name. */
  readonly processes: readonly SupervisedWorker[]
  /** The first start. Rejects with a `WorkerFailure`; nothing is tried again then. */
  start(): Promise<void>
  /**
   * Another process takes the place, and the one before drains over `seconds`. Resolves when that has ended. Rejects
   * with a `WorkerFailure` when the other one does not become ready; the one before then stays.
   */
  replace(seconds: number): Promise<void>
  /** Ends all over `seconds`, after serving on for `delaySeconds`; resolves with whether all ended in order. */
  drain(seconds: number, delaySeconds: number): Promise<boolean>
  kill(): void
}

export function createSlot({ name, launch, restarts, log, random, timings }: SlotOptions): Slot {
  const leaving = new Set<SupervisedWorker>()
  let current: SupervisedWorker | null = null
  let candidate: SupervisedWorker | null = null
  let timer: NodeJS.Timeout | null = null
  let failures = 0
  let stopped = false

  function serve(worker: SupervisedWorker): void {
    current = worker
    void worker.exited.then((exit) => {
      if (current === worker) died(worker.pid, exit)
    })
  }

  function died(pid: number | null, { code, signal, listenedFor, failure }: Omit<WorkerExit, 'inOrder'>): void {
    current = null
    if (stopped) return
    if (listenedFor >= timings.lived) failures = 0
    const reason = failure === null ? {} : { reason: failure.message, faults: failure.faults }
    const delay = backoff(failures++, random, timings)
    const seconds = { listenedForSeconds: Math.round(listenedFor / 1000), retryInSeconds: delay / 1000 }
    log.error({ worker: name, pid, code, signal, ...reason, ...seconds }, 'a worker ended; it is started again')
    // One that is to take its place is on its way already.
    if (candidate === null) startAfter(delay)
  }

  function startAfter(delay: number): void {
    timer = setTimeout(() => {
      timer = null
      restarts.value++
      startAgain()
    }, delay)
  }

  function startAgain(): void {
    try {
      const worker = launch()
      serve(worker)
      const late = setTimeout(() => {
        log.error({ worker: name, pid: worker.pid }, 'a worker does not come up; it is killed')
        worker.kill()
      }, timings.start)
      void worker.listening.catch(() => {}).finally(() => clearTimeout(late))
    } catch (error) {
      died(null, { code: null, signal: null, listenedFor: 0, failure: new WorkerFailure((error as Error).message) })
    }
  }

  async function start(): Promise<void> {
    const worker = launched()
    current = worker
    await worker.listening
    serve(worker)
  }

  function launched(): SupervisedWorker {
    try {
      return launch()
    } catch (error) {
      throw new WorkerFailure(`${name} could not be started: ${(error as Error).message}`)
    }
  }

  async function replace(seconds: number): Promise<void> {
    if (timer !== null) clearTimeout(timer)
    timer = null
    try {
      candidate = launched()
      await candidate.ready(timings.ready)
    } catch (error) {
      await giveUp()
      throw error
    }
    const fresh = candidate
    candidate = null
    if (stopped) return
    const old = current
    serve(fresh)
    failures = 0
    if (old === null) return
    leaving.add(old)
    old.handOver(seconds)
    await endOf(old, seconds)
    leaving.delete(old)
  }

  /** The candidate ends; whatever serves goes on. */
  async function giveUp(): Promise<void> {
    const failed = candidate
    failed?.kill()
    await failed?.exited
    candidate = null
    if (current === null && timer === null && !stopped) startAfter(backoff(failures++, random, timings))
  }

  async function endOf(worker: SupervisedWorker, seconds: number): Promise<boolean> {
    const kill = () => {
      log.error({ worker: name, pid: worker.pid }, 'a worker did not drain in time; it is killed')
      worker.kill()
    }
    const late = setTimeout(kill, seconds * 1000 + timings.grace)
    let watch = setTimeout(killFrozen, seconds * 1000 + timings.silentGrace)
    function killFrozen(): void {
      if (worker.frozen) kill()
      else watch = setTimeout(killFrozen, timings.tick)
    }
    const { inOrder } = await worker.exited
    for (const each of [late, watch]) clearTimeout(each)
    return inOrder
  }

  const processes = () => [current, candidate, ...leaving].filter((each) => each !== null)

  return {
    name,
    get current() {
      return current
    },
    get processes() {
      return processes()
    },
    start,
    replace,
    async drain(seconds, delaySeconds) {
      stopped = true
      if (timer !== null) clearTimeout(timer)
      const ends = processes().map((worker) => {
        worker.drain(seconds, delaySeconds)
        return endOf(worker, delaySeconds + seconds)
      })
      return (await Promise.all(ends)).every((inOrder) => inOrder)
    },
    kill() {
      stopped = true
      if (timer !== null) clearTimeout(timer)
      for (const worker of processes()) worker.kill()
    },
  }
}
