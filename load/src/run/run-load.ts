import { availableParallelism } from 'node:os'
import type { ErrorKind, LoadResult, RunInfo, SecondResult } from '../contract.ts'
import type { Scenario } from '../scenario/read-scenario.ts'
import { now } from '../worker/clock.ts'
import type { LastWords, Report } from '../worker/plan.ts'
import { createHealthKeeper } from './client-health.ts'
import { fileLimitProblem, openFileLimit } from './file-limit.ts'
import { loadResult } from './load-result.ts'
import { watchProcesses } from './local-processes.ts'
import { createMachineCpu } from './machine-cpu.ts'
import { planWorkers } from './plans.ts'
import { addErrors, createSeries } from './series.ts'
import { foreignHosts, localPorts } from './target-addresses.ts'
import { tryTargets } from './try-targets.ts'
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts'

export interface RunOptions {
  /** Number of worker processes; null for as many as the scenario says. */
  readonly workers: number | null
  /** Whether the person has said that targets that are not loopback are theirs. */
  readonly ownsTarget: boolean
  /** Whether one connection is made to each target first, so that a run against nothing ends before it begins. */
  readonly triesTargets?: boolean
  /** Version of postern. */
  readonly version: string
  /** Called about once a second, in order. */
  readonly onSecond?: (second: SecondResult) => void
}

/** A load test under way. */
export interface LoadRun {
  /** Rejects with `LoadCannotRun` when a target is not there or a worker can't be started; a run that has begun always gives a result. */
  readonly result: Promise<LoadResult>
  /** Ends the phases, drains, and reports. Safe to call twice. */
  stop(): void
  /** Ends the worker processes at once; there is no result. Safe to call twice. */
  kill(): void
}

/** A load test that could not begin. The message says why and what to do. */
export class LoadCannotRun extends Error {
  override readonly name = 'LoadCannotRun'
}

/** Workers start together once all have their plans. */
const headStartMillis = 50
/** A worker that says nothing for so long after its end is lost. */
const silenceMillis = 30_000

/** Throws `LoadCannotRun` where the scenario may not, or can't, be run from here. */
export function startLoad(scenario: Scenario, options: RunOptions): LoadRun {
  const foreign = foreignHosts(scenario)
  if (foreign.length > 0 && !options.ownsTarget) {
    throw new LoadCannotRun(
      `${foreign.join(', ')} is not this machine. A load test can take a service down: ` +
        'if it is yours, say so with --i-own-this-target',
    )
  }
  const wanted = options.workers ?? scenario.definition.workers
  const plans = planWorkers(scenario, wanted === 'auto' ? Math.max(1, availableParallelism() - 1) : wanted)
  const sockets = Math.max(...plans.map(({ clients, postConcurrency }) => clients.length + postConcurrency))
  const senders = plans.filter(({ drivesRest }) => !drivesRest).length
  const problem = fileLimitProblem(sockets, senders, openFileLimit())
  if (problem !== null) throw new LoadCannotRun(problem)

  const workers: WorkerProcess[] = []
  const lastWords: LastWords[] = []
  const ended = new Set<number>()
  const errors: Partial<Record<ErrorKind, number>> = {}
  const errorSamples: { kind: ErrorKind; message: string; count: number }[] = []
  const health = createHealthKeeper(plans.length)
  const machineCpu = createMachineCpu()
  const watch = watchProcesses(localPorts(scenario))
  const series = createSeries(plans.length, scenario.timeline, (second) => options.onSecond?.(second))
  let how: RunInfo['ended'] = 'done'
  let why: string | null = null
  let isKilled = false
  let allEnded: () => void = () => {}
  const end = new Promise<void>((resolve) => {
    allEnded = resolve
  })

  function heard(worker: number, report: Report): void {
    switch (report.type) {
      case 'slice':
        series.add(worker, report.slice)
        health.add(worker, report.slice)
        return
      case 'limit':
        if (how === 'done') {
          how = 'limit'
          why = `limits.messages: ${scenario.definition.limits.messages} messages and requests were sent`
        }
        return stopAll()
      case 'failed':
        return fault(report.message.split('\n')[0] ?? '')
      case 'done':
        lastWords.push(report.last)
        return gone(worker)
      case 'ready':
    }
  }

  function fault(message: string): void {
    addErrors(errors, { worker: 1 })
    errorSamples.push({ kind: 'worker', message, count: 1 })
  }

  function exited(worker: number, exit: string): void {
    if (ended.has(worker)) return
    if (!isKilled) fault(`worker ${worker + 1} ended: ${exit}`)
    gone(worker)
  }

  function gone(worker: number): void {
    ended.add(worker)
    series.ended(worker)
    if (ended.size === plans.length) allEnded()
  }

  function stopAll(): void {
    for (const worker of workers) worker.send({ type: 'stop' })
  }

  function kill(): void {
    isKilled = true
    for (const worker of workers) worker.kill()
  }

  async function start(): Promise<void> {
    const absent = options.triesTargets === true ? await tryTargets(scenario) : []
    if (absent.length > 0) {
      throw new LoadCannotRun(
        [...absent, 'Start the server under load first, or name another with --target'].join('\n'),
      )
    }
    const starting = plans.map((plan, index) =>
      startWorkerProcess(plan, {
        report: (report) => heard(index, report),
        exited: (exit) => exited(index, exit),
      }).then((worker) => {
        workers[index] = worker
        if (isKilled) worker.kill()
      }),
    )
    const outcomes = await Promise.allSettled(starting)
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed === undefined) return
    for (const worker of workers) worker?.kill()
    throw new LoadCannotRun((failed.reason as Error).message, { cause: failed.reason })
  }

  async function run(): Promise<LoadResult> {
    await start()
    const startedAt = Date.now() + headStartMillis
    const at = now() + headStartMillis
    machineCpu()
    for (const worker of workers) worker.send({ type: 'start', at })
    if (how === 'interrupted') stopAll()
    void watch.sample(0)
    const timer = setInterval(() => {
      series.machine(machineCpu())
      void watch.sample(Math.max(0, Math.round((now() - at) / 1000) - 1))
    }, 1000)
    const longest = (scenario.timeline.at(-1)?.end ?? 0) + scenario.definition.settle + silenceMillis
    const guard = setTimeout(kill, longest + silenceMillis)
    await end
    clearInterval(timer)
    clearTimeout(guard)
    series.finish()
    const duration = now() - at
    kill()
    addErrors(errors, series.errors)
    return loadResult({
      scenario,
      series,
      lastWords,
      errors,
      errorSamples,
      client: health.judge(workers, series.seconds),
      processes: watch.results,
      startedAt,
      duration,
      ended: how,
      endedWhy: why,
      version: options.version,
      options: { workers: senders, ownsTarget: options.ownsTarget },
    })
  }

  return {
    result: run(),
    stop() {
      if (how !== 'done') return
      how = 'interrupted'
      why = 'interrupted by the person'
      stopAll()
    },
    kill,
  }
}
