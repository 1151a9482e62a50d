import { type ChildProcess, spawn } from 'node:child_process'
import type { Log } from '../observability/contract.ts'
import { createBoundedLines } from './bounded-lines.ts'
import { createHeartbeat } from './heartbeat.ts'
import { type Order, readStatus, readWorkerReport, type StartOrder, type WorkerQuestion } from './protocol.ts'
import { createStderrReport } from './stderr-report.ts'
import type { SupervisorTimings } from './supervisor-timings.ts'
import { createWorkerQuestions } from './worker-questions.ts'

/** The length at which lines are cut. The longest of ours, a log line of errors with causes, has a tenth of this. */
const maxLineLength = 1024 * 1024
/** The time that the last words of a process that has ended may take to arrive. */
const lastWordsInMillis = 1_000

export interface SupervisedWorkerOptions {
  /** Rises with each process that this parent starts. */
  readonly id: number
  readonly name: string
  /** The executable and its arguments. */
  readonly program: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly order: StartOrder
  readonly log: Log
  readonly timings: SupervisorTimings
  /** Takes each line that the worker writes to its standard output, with its line feed. */
  readonly write: (line: string) => void
  /** Takes the worker's last metrics, before it ends in order. */
  readonly goodbye: (metrics: unknown) => void
}

/** A process by what it does; the supervisor knows one more state, of a name for which none runs. */
export type ProcessState = 'starting' | 'ready' | 'unready' | 'draining' | 'silent'

export interface WorkerExit {
  readonly code: number | null
  readonly signal: string | null
  /**
   * Whether nothing is lost with it: it ended by itself with code 0, was killed when it had said goodbye, which is said
   * once all is done, or had never listened.
   */
  readonly inOrder: boolean
  /** The time for which it had listened, in milliseconds; 0 when it never did. */
  readonly listenedFor: number
  /** The reason why it could not start, as far as it said so; else null. */
  readonly failure: WorkerFailure | null
}

/** A worker can't start. `faults` are those of settings or definitions, as the worker sent them. */
export class WorkerFailure extends Error {
  override readonly name = 'WorkerFailure'
  readonly faults: readonly object[]

  constructor(message: string, faults: readonly object[] = []) {
    super(message)
    this.faults = faults
  }
}

/** A child process that serves the shared port. No method throws. */
export interface SupervisedWorker {
  readonly id: number
  readonly name: string
  readonly pid: number | null
  readonly state: ProcessState
  /** Whether it has not answered for so long that no load of the machine explains it. */
  readonly frozen: boolean
  /** The scheme of the URL under which clients reach it; null before it listens. */
  readonly scheme: 'ws' | 'wss' | null
  /** The reasons why no client should be sent to it; empty when it is ready. */
  readonly unready: readonly string[]
  /** Resolves when it listens and has said how it is. Rejects with a `WorkerFailure`. */
  readonly listening: Promise<void>
  /** Resolves when the process and its pipes are gone. */
  readonly exited: Promise<WorkerExit>
  /**
   * Waits for the worker: resolves when clients may be sent to it. Rejects with a `WorkerFailure`, also when that takes
   * too long.
   */
  ready(timeoutInMillis: number): Promise<void>
  /** Asks the worker; resolves with its answer, or undefined when none comes in time. Never rejects. */
  ask(question: WorkerQuestion, timeoutInMillis: number): Promise<unknown>
  reload(): void
  /** After `delaySeconds`, in which it serves all but sends callers away, the worker drains and ends. */
  drain(seconds: number, delaySeconds: number): void
  /** The worker leaves new connections to the others at once, drains and ends. */
  handOver(seconds: number): void
  /** Ends the process at once, with SIGKILL. */
  kill(): void
}

export function createSupervisedWorker(options: SupervisedWorkerOptions): SupervisedWorker {
  const { id, name, order } = options
  const child = spawnWorker(options)
  const { pid = null } = child
  const log = options.log.child({ worker: name, pid })
  const questions = createWorkerQuestions((number, question) => send({ kind: 'ask', id: number, question }))
  const heartbeat = createHeartbeat({
    log,
    timings: options.timings,
    ask: () => questions.ask({ kind: 'status' }, null),
    heard,
  })
  let scheme: 'ws' | 'wss' | null = null
  let listeningSince: number | null = null
  let unready: readonly string[] = ['starting']
  let leaving = false
  let failure: WorkerFailure | null = null
  let saidGoodbye = false
  let over = false

  const listening = promise<void>()
  const becameReady = promise<void>()
  // Whoever cares awaits them.
  for (const each of [listening, becameReady]) each.promise.catch(() => {})

  const stdout = createBoundedLines(maxLineLength, options.write)
  const stderr = createStderrReport(log, {})
  child.stdout?.on('data', stdout.add)
  child.stderr?.on('data', stderr.add)
  for (const stream of [child.stdout, child.stderr]) stream?.on('error', () => {})
  child.on('message', take)
  const exited = exitOf(child).then(({ code, signal, error }) => {
    over = true
    heartbeat.close()
    questions.close()
    stdout.end()
    stderr.end()
    const how = error?.message ?? (signal === null ? `with code ${code}` : `by ${signal}`)
    const gone = failure ?? new WorkerFailure(`${name} ended ${how} before it was ready`)
    listening.reject(gone)
    becameReady.reject(gone)
    const listenedFor = listeningSince === null ? 0 : performance.now() - listeningSince
    const inOrder = code === 0 || (code === null && saidGoodbye) || listeningSince === null
    return { code, signal, inOrder, listenedFor, failure: error === null ? failure : new WorkerFailure(error.message) }
  })
  send(order)

  function send(message: Order): void {
    // A channel that is closed belongs to a process that ends, which is told elsewhere.
    child.send?.(message, undefined, undefined, () => {})
  }

  function take(message: unknown): void {
    const report = over ? null : readWorkerReport(message)
    if (report === null) return log.debug({}, 'a message of a worker was not understood')
    if (report.kind === 'answer') return questions.answered(report.id, report.answer)
    if (report.kind === 'goodbye') {
      // It is asked nothing more: on a busy machine a process may take seconds to be gone.
      saidGoodbye = true
      heartbeat.close()
      return options.goodbye(report.metrics)
    }
    if (report.kind === 'failed') {
      failure = new WorkerFailure(report.message, report.faults)
      return
    }
    scheme = report.scheme
    listeningSince ??= performance.now()
    heartbeat.begin()
  }

  function heard(answer: unknown): void {
    unready = readStatus(answer)?.unready ?? ['does not say how it is']
    listening.resolve()
    if (unready.length === 0) becameReady.resolve()
  }

  return {
    ...{ id, name, pid, exited, listening: listening.promise },
    get state() {
      if (heartbeat.silent) return 'silent'
      if (leaving) return 'draining'
      if (listeningSince === null) return 'starting'
      return unready.length === 0 ? 'ready' : 'unready'
    },
    get frozen() {
      return heartbeat.frozen
    },
    get scheme() {
      return scheme
    },
    get unready() {
      return heartbeat.silent ? ['does not answer'] : unready
    },
    ready(timeoutInMillis) {
      const timer = setTimeout(() => {
        const seconds = timeoutInMillis / 1000
        becameReady.reject(new WorkerFailure(`${name} was not ready after ${seconds} seconds: ${unready.join('; ')}`))
      }, timeoutInMillis)
      return becameReady.promise.finally(() => clearTimeout(timer))
    },
    async ask(question, timeoutInMillis) {
      const answer = await questions.ask(question, timeoutInMillis)
      if (answer === undefined && question.kind !== 'request') heartbeat.suspect()
      return answer
    },
    reload: () => send({ kind: 'reload' }),
    drain(seconds, delaySeconds) {
      leaving = true
      send({ kind: 'drain', seconds, delaySeconds })
    },
    handOver(seconds) {
      leaving = true
      send({ kind: 'hand-over', seconds })
    },
    kill: () => void child.kill('SIGKILL'),
  }
}

/** A failed spawn shows in the event `error`, whether Node.js throws or not. */
function spawnWorker({ program, environment }: SupervisedWorkerOptions): ChildProcess {
  const [executable = '', ...args] = program
  return spawn(executable, args, { env: { ...environment }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
}

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  /** The process could not be started at all. */
  readonly error: Error | null
}

/** The end of a process, told after its last line and last message, unless something else holds the pipes. */
function exitOf(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, signal: null, error })
    })
    child.on('close', (code, signal) => resolve({ code, signal, error: null }))
    child.on('exit', (code, signal) => {
      setTimeout(() => resolve({ code, signal, error: null }), lastWordsInMillis).unref()
    })
  })
}

interface Settleable<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(error: Error): void
}

function promise<T>(): Settleable<T> {
  let resolve: (value: T) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const made = new Promise<T>((...settle) => {
    resolve = settle[0]
    reject = settle[1]
  })
  return { promise: made, resolve, reject }
}
