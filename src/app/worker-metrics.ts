import type { Metrics } from '../observability/contract.ts'
import { createMergedMetrics, readSnapshot } from '../observability/merged-metrics.ts'
import type { SupervisedWorker } from '../supervisor/supervised-worker.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'

/** The time between two looks: what a worker counts in between is lost when it is killed. */
const lookInMillis = 10_000
/** The longest that a scrape waits for a worker, which may be frozen; Prometheus gives up after ten seconds. */
const answerInMillis = 1_500
/** The id of the parent's own metrics: older than any worker's. */
const ownId = 0
const ownName = 'supervisor'

/** One `/metrics` for all workers. */
export interface WorkerMetrics {
  /** The metrics of all that answer in time; the counters of the others are as they were last seen. */
  scrape(): Promise<string>
  /** Takes the last metrics that a process gave by itself. */
  take(id: number, name: string, metrics: unknown): void
  /** Takes note that the process has ended: what it counted stays. */
  ended(id: number): void
  close(): void
}

export function createWorkerMetrics({ supervisor, own }: { supervisor: Supervisor; own: Metrics }): WorkerMetrics {
  const merged = createMergedMetrics({
    refused: (metric) => void own.counter('postern_series_refused_total', { metric }).value++,
  })

  function take(id: number, name: string, metrics: unknown): boolean {
    const snapshot = readSnapshot(metrics)
    if (snapshot !== null) merged.update(id, name, snapshot)
    return snapshot !== null
  }

  /** Asks a worker, and says whether it answered. One that is known not to is not waited for. */
  async function look(worker: SupervisedWorker): Promise<boolean> {
    if (worker.state === 'silent' || worker.state === 'starting') return false
    return take(worker.id, worker.name, await worker.ask({ kind: 'metrics' }, answerInMillis))
  }

  /** Asks all workers; resolves with the ids of the processes that answered. */
  async function lookAtAll(): Promise<Set<number>> {
    const { processes } = supervisor
    const answered = await Promise.all(processes.map(look))
    // One that serves has all that it serves in its snapshot; what the others have is in theirs.
    if (answered.includes(true)) merged.forgetScopes()
    return new Set(processes.flatMap(({ id }, i) => (answered[i] === true ? [id] : [])))
  }

  const timer = setInterval(() => void lookAtAll(), lookInMillis)
  timer.unref()
  return {
    async scrape() {
      const present = await lookAtAll()
      // After the others, so that it tells of who did not answer.
      merged.update(ownId, ownName, await own.snapshot())
      return merged.expose(present.add(ownId))
    },
    take,
    ended: merged.end,
    close: () => clearInterval(timer),
  }
}
