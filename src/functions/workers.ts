import type { Log } from '../observability/contract.ts'
import type { OrphanGuard } from '../orphans/orphan-guard.ts'
import { errorSentence, errorText } from '../vocabulary/function-error.ts'
import type { FunctionDefinition } from './contract.ts'
import { loggedError } from './error.ts'
import { type HandlerLocation, locateHandler } from './handler.ts'
import { createMemoryWatch } from './memory-watch.ts'
import { createFunctionOutput } from './output.ts'
import { type FunctionProcess, type ProcessSettings, type ReportedError, startProcess } from './process.ts'
import type { ProcessTrees } from './process-trees.ts'
import { createStartPace } from './start-pace.ts'

/** Processes that start at the same time: a burst of calls must not take every core for a burst of start-ups. */
const maxStarting = 2
/** AWS's limit on loading a function. */
const loadTimeoutInMillis = 10_000
const sweepInMillis = 15_000
/**
 * The idle time after which a process ends; the last one of a function stays longer, so that single calls are quick
 * too.
 */
const idleInMillis = 60_000
const lastIdleInMillis = 900_000

export interface FunctionOptions {
  readonly name: string
  readonly definition: FunctionDefinition
  /** The folder of the api.yaml. */
  readonly directory: string
  readonly settings: Omit<ProcessSettings, keyof HandlerLocation>
  readonly log: Log
  readonly guard: OrphanGuard
  readonly trees: ProcessTrees
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number
}

/** A process of the function. */
export interface FunctionWorker {
  readonly process: FunctionProcess
  state: 'starting' | 'idle' | 'busy'
  /** The request id of the call that runs, or ran last: lines that it prints belong to that. */
  requestId: string | null
  idleSince: number
  loadTimer: NodeJS.Timeout | null
  /** The error of something that the handler left running, from which the process is about to end. */
  broken: ReportedError | null
}

export interface WorkerEvents {
  /** A worker is idle now, or another one may be started. */
  available(): void
  /** No process could load the handler: whoever waits need not. */
  notLoaded(error: ReportedError): void
  /** A call has its result, or its error: `detail` is then what the log gets of it, else null. */
  answered(worker: FunctionWorker, call: number, payload: string, detail: string | null): void
  /** A busy worker is gone; `errorType` and `reason` are as Lambda would say it. */
  lost(worker: FunctionWorker, errorType: string, reason: string): void
  /** Called when no worker is left, not even one on its way out. */
  ended(): void
}

/** The processes of one function: started when calls wait, replaced when they crash, ended when they rest. */
export interface FunctionWorkers {
  /** Takes an idle worker, which is busy from now on; null when there is none. */
  take(requestId: string): FunctionWorker | null
  /** Takes a worker back whose call is over: it is idle, or ends if a reload has passed over it. */
  release(worker: FunctionWorker): void
  /** Takes a worker out of use and kills it. */
  discard(worker: FunctionWorker): void
  /** Notes how many calls wait: starts the workers that are allowed for them, now or when they are. */
  want(calls: number): void
  /** The error of the last load, while it is too early for another. */
  readonly loadError: ReportedError | null
  /** Loads the handler: null once it is loaded, else one sentence that says why not. */
  load(): Promise<string | null>
  /** Lets go of the workers: calls from now on get new processes. */
  reload(): void
  /** Ends the workers that have nothing to do. */
  discardIdle(): void
  /** Whether there is a worker, if only on its way out. */
  readonly any: boolean
  /** Ends all workers, now. */
  destroy(): void
}

export function createFunctionWorkers(options: FunctionOptions, events: WorkerEvents): FunctionWorkers {
  const { definition, directory, log, guard, trees, now } = options
  const output = createFunctionOutput(log)
  const workers = new Set<FunctionWorker>()
  /** The idle workers; the one taken last comes first, so that the rest may get old and end. */
  const idle: FunctionWorker[] = []
  /** Workers on their way out: they end after their call, or are killed already. */
  const leaving = new Set<FunctionWorker>()
  const loads = new Set<(error: string | null) => void>()
  const memory = createMemoryWatch(definition.memoryInMegabytes, () => workers.size + leaving.size > idle.length)
  const pace = createStartPace(now)
  let starting = 0
  let startTimer: NodeJS.Timeout | null = null
  let sweeper: NodeJS.Timeout | null = null

  // --- start ---

  function want(calls: number): void {
    while (isNeeded(calls)) {
      const delay = pace.delay()
      if (delay > 0) {
        startTimer ??= setTimeout(startLater, delay)
        return
      }
      start()
    }
  }

  function isNeeded(calls: number): boolean {
    if (loads.size > 0 && workers.size === 0) return true
    return calls > starting && starting < maxStarting && workers.size < definition.maxConcurrency
  }

  function startLater(): void {
    startTimer = null
    events.available()
  }

  function start(): void {
    const location = locateHandler(directory, definition.handler)
    if (typeof location === 'string') return loadFailed(ownError('Runtime.ImportModuleError', location))
    const worker: FunctionWorker = {
      process: startProcess(
        { ...options.settings, ...location },
        {
          ready: () => ready(worker),
          notLoaded: (error) => notLoaded(worker, error),
          returned(call, result) {
            pace.worked()
            events.answered(worker, call, result, null)
          },
          failed: (call, { text, detail }) => events.answered(worker, call, text, detail),
          broke(error) {
            worker.broken = error
          },
          exited: (how) => exited(worker, how),
        },
        trees,
      ),
      state: 'starting',
      requestId: null,
      idleSince: 0,
      loadTimer: null,
      broken: null,
    }
    const tooLong = ownError(
      'Sandbox.Timedout',
      `${definition.handler} did not load in ${loadTimeoutInMillis / 1000} s`,
    )
    worker.loadTimer = setTimeout(notLoaded, loadTimeoutInMillis, worker, tooLong)
    starting++
    workers.add(worker)
    sweeper ??= setInterval(sweep, sweepInMillis).unref()
    attach(worker)
  }

  function attach(worker: FunctionWorker): void {
    const { pid, output: streams } = worker.process
    if (pid !== null) {
      guard.add(pid)
      memory.watch(pid, () => overMemory(worker))
    }
    if (streams === null) return
    output.read(streams.stdout, 'stdout', () => worker.requestId)
    output.read(streams.stderr, 'stderr', () => worker.requestId)
  }

  function ready(worker: FunctionWorker): void {
    if (!workers.has(worker) || worker.state !== 'starting') return
    starting--
    pace.loaded()
    stopLoadTimer(worker)
    settleLoads(null)
    release(worker)
    events.available()
  }

  function notLoaded(worker: FunctionWorker, error: ReportedError): void {
    if (!workers.has(worker) || worker.state !== 'starting') return
    discard(worker)
    loadFailed(error)
  }

  function loadFailed(error: ReportedError): void {
    log.error({ error: loggedError(error.detail) }, 'the handler of the function can not be loaded')
    settleLoads(errorSentence(error.text))
    // One that has loaded it will serve whoever waits.
    const isLoaded = [...workers].some((worker) => worker.state !== 'starting')
    pace.loadFailed(isLoaded ? null : error)
    if (!isLoaded) events.notLoaded(error)
  }

  function settleLoads(error: string | null): void {
    for (const done of loads) done(error)
    loads.clear()
  }

  // --- work ---

  function take(requestId: string): FunctionWorker | null {
    const worker = idle.pop()
    if (worker === undefined) return null
    worker.state = 'busy'
    worker.requestId = requestId
    memory.callBegan()
    return worker
  }

  function release(worker: FunctionWorker): void {
    if (!workers.has(worker)) return worker.process.kill()
    worker.state = 'idle'
    worker.idleSince = now()
    idle.push(worker)
  }

  function overMemory(worker: FunctionWorker): void {
    const reason = `the process took more memory than memoryInMegabytes (${definition.memoryInMegabytes}) allows`
    const { state } = worker
    discard(worker)
    if (state === 'busy') events.lost(worker, 'Runtime.OutOfMemory', reason)
    else log.error({}, reason)
    events.available()
  }

  // --- end ---

  function discard(worker: FunctionWorker): void {
    forget(worker)
    leaving.add(worker)
    worker.process.kill()
  }

  /** Takes a worker out of use. */
  function forget(worker: FunctionWorker): void {
    stopLoadTimer(worker)
    if (worker.process.pid !== null) memory.forget(worker.process.pid)
    if (workers.delete(worker) && worker.state === 'starting') starting--
    const at = idle.indexOf(worker)
    if (at >= 0) idle.splice(at, 1)
  }

  function exited(worker: FunctionWorker, how: string): void {
    const inUse = workers.has(worker)
    forget(worker)
    leaving.delete(worker)
    if (worker.process.pid !== null) guard.remove(worker.process.pid)
    // V8 aborts when a heap is full.
    const reason = /SIGABRT|SIGTRAP/.test(how) ? `${how}, most likely out of memory` : how
    if (worker.state === 'busy') events.lost(worker, 'Runtime.ExitError', `Runtime exited with error: ${reason}`)
    if (inUse) crashed(worker, reason)
    events.available()
    if (workers.size + leaving.size > 0) return
    if (sweeper !== null) clearInterval(sweeper)
    sweeper = null
    events.ended()
  }

  function crashed({ state, broken }: FunctionWorker, reason: string): void {
    pace.crashed()
    if (state === 'starting') loadFailed(ownError('Runtime.ExitError', `Runtime exited while loading: ${reason}`))
    else if (state === 'idle')
      log.error(
        { reason, ...(broken && { error: loggedError(broken.detail) }) },
        'the process of the function ended between calls',
      )
  }

  function sweep(): void {
    const time = now()
    for (const worker of [...idle]) {
      const limit = workers.size > 1 ? idleInMillis : lastIdleInMillis
      if (time - worker.idleSince >= limit) discard(worker)
    }
  }

  return {
    take,
    release,
    discard,
    want,
    get loadError() {
      return pace.loadError
    },
    get any() {
      return workers.size + leaving.size > 0
    },
    load() {
      for (const worker of workers) if (worker.state !== 'starting') return Promise.resolve(null)
      return new Promise((resolve) => {
        loads.add(resolve)
        if (workers.size === 0) start()
      })
    },
    reload() {
      pace.reset()
      for (const worker of [...workers]) {
        if (worker.state !== 'busy') discard(worker)
        else {
          workers.delete(worker)
          leaving.add(worker)
        }
      }
      events.available()
    },
    discardIdle() {
      for (const worker of [...idle]) discard(worker)
    },
    destroy() {
      if (startTimer !== null) clearTimeout(startTimer)
      for (const worker of [...workers, ...leaving]) discard(worker)
      settleLoads('the gateway stops')
      memory.close()
      output.close()
    },
  }
}

/** An error that is the gateway's to tell: there is nothing more to it for the log. */
function ownError(errorType: string, message: string): ReportedError {
  const text = errorText(errorType, message)
  return { text, detail: text }
}

function stopLoadTimer(worker: FunctionWorker): void {
  if (worker.loadTimer !== null) clearTimeout(worker.loadTimer)
  worker.loadTimer = null
}
