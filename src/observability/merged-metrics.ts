import type { MetricSnapshot, MetricsSnapshot, SeriesSnapshot } from './contract.ts'
import { exposeSnapshot, withLabel } from './exposition.ts'

/** The usual limit of series that ended processes leave behind: as many as a metric of one process may have. */
const defaultMaxSeries = 2_000

export interface MergedMetricsOptions {
  /** Series that the processes which have ended may leave behind in one metric. */
  readonly maxSeries?: number
  /** Called for each series that was not kept. */
  readonly refused?: (metric: string) => void
}

/**
 * The metrics of several processes as those of one. What a process counted stays in the sums after its end, so that
 * no counter goes backwards because another process has taken its place; nor because one process has let go of a
 * series that others still have.
 */
export interface MergedMetrics {
  /**
   * Takes the newest snapshot of a process. Ids rise with the age of the processes: the newest says what a metric is.
   */
  update(id: number, worker: string, snapshot: MetricsSnapshot): void
  /** The process has ended: only its counters and histograms go on to count. */
  end(id: number): void
  /**
   * Lets go of what was counted in scopes that no process has any more: of stages that are removed everywhere. To be
   * called when the snapshots are those of processes that serve; between two of them there is none that has a scope.
   */
  forgetScopes(): void
  /**
   * The text of `/metrics`. Counters and histograms are of all processes; gauges, and what has a label `worker`, of
   * those in `present`, and of two with the same name only of the newer.
   */
  expose(present: ReadonlySet<number>): string
}

interface Merging extends Omit<MetricSnapshot, 'series'> {
  readonly series: Map<string, SeriesSnapshot>
}

export function createMergedMetrics(options: MergedMetricsOptions = {}): MergedMetrics {
  const { maxSeries = defaultMaxSeries, refused = () => {} } = options
  const latest = new Map<number, { readonly worker: string; readonly snapshot: MetricsSnapshot }>()
  const ended = new Map<string, Merging>()

  /** Adds to the sums of what has ended the series of a process that `isOver` says it does not go on with. */
  function keep(id: number, isOver: (metric: MetricSnapshot, series: SeriesSnapshot) => boolean): void {
    for (const metric of latest.get(id)?.snapshot ?? []) {
      const over = isCounted(metric) ? metric.series.filter((series) => isOver(metric, series)) : []
      if (over.length === 0) continue
      const merging = mergingOf(ended, metric)
      for (const series of over) {
        if (merging.series.size < maxSeries || merging.series.has(series.labels)) add(merging, series.labels, series)
        else refused(metric.name)
      }
    }
  }

  return {
    update(id, worker, snapshot) {
      const goesOn = continuations(snapshot)
      keep(id, (metric, series) => !goesOn(metric, series))
      latest.set(id, { worker, snapshot })
    },
    end(id) {
      keep(id, () => true)
      latest.delete(id)
    },
    forgetScopes() {
      const scopes = new Set([...latest.values()].flatMap(({ snapshot }) => scopesOf(snapshot)))
      for (const { series } of ended.values()) {
        for (const [labels, { scope }] of series) {
          if (scope !== undefined && !scopes.has(scope)) series.delete(labels)
        }
      }
    },
    expose(present) {
      const merged = new Map([...ended].map(([name, metric]) => [name, { ...metric, series: new Map(metric.series) }]))
      const inOrder = [...latest].sort(([one], [other]) => one - other)
      for (const [id, { worker, snapshot }] of inOrder) {
        for (const metric of snapshot) if (isCounted(metric) || present.has(id)) merge(merged, metric, worker)
      }
      return [...merged.values()]
        .map((metric) => exposeSnapshot({ ...metric, series: [...metric.series.values()] }))
        .join('')
    },
  }
}

/**
 * Whether the metric is summed over processes; `process_*` counters are not, which begin anew with the next process.
 */
function isCounted({ type, merge }: MetricSnapshot): boolean {
  return merge === 'sum' && (type === 'counter' || type === 'histogram')
}

/** Says of each series whether a newer snapshot of its process goes on with it: one that fell has begun anew. */
function continuations(newer: MetricsSnapshot): (metric: MetricSnapshot, series: SeriesSnapshot) => boolean {
  const metrics = new Map(
    newer.map(({ name, series }) => [name, new Map(series.map(({ labels, values }) => [labels, values]))]),
  )
  return ({ name }, { labels, values }) => {
    const now = metrics.get(name)?.get(labels)
    return now !== undefined && values.every((value, i) => (now[i] ?? 0) >= value)
  }
}

function scopesOf(snapshot: MetricsSnapshot): string[] {
  return snapshot.flatMap(({ series }) => series.flatMap(({ scope }) => scope ?? []))
}

function merge(merged: Map<string, Merging>, metric: MetricSnapshot, worker: string): void {
  const merging = mergingOf(merged, metric)
  for (const series of metric.series) {
    if (metric.merge !== 'worker') add(merging, series.labels, series)
    else {
      const labels = withLabel(series.labels, 'worker', worker)
      merging.series.set(`${series.sample}${labels}`, { ...series, labels })
    }
  }
}

/** A metric whose form has changed begins anew: what an older version counted can't be added to it. */
function mergingOf(merged: Map<string, Merging>, metric: MetricSnapshot): Merging {
  const { series: _, ...form } = metric
  const known = merged.get(metric.name)
  const isSame = known?.type === form.type && known.merge === form.merge && known.bounds.join() === form.bounds.join()
  const merging = { ...form, series: isSame ? known.series : new Map() }
  merged.set(metric.name, merging)
  return merging
}

function add(merging: Merging, key: string, series: SeriesSnapshot): void {
  const known = merging.series.get(key)
  const values =
    known === undefined ? series.values : known.values.map((value, i) => join(merging, value, series.values[i] ?? 0))
  merging.series.set(key, { ...series, values })
}

/** Joins two values by the rule of their metric; NaN, what a process says that does not know, gives way to a number. */
function join({ merge }: Merging, one: number, other: number): number {
  if (Number.isNaN(one)) return other
  if (Number.isNaN(other)) return one
  if (merge === 'max') return Math.max(one, other)
  return merge === 'min' ? Math.min(one, other) : one + other
}

/** Reads a snapshot that another process sent; null when it is none. JSON has no NaN: null stands for it. */
export function readSnapshot(value: unknown): MetricsSnapshot | null {
  if (!Array.isArray(value)) return null
  const metrics = value.map(readMetric)
  return metrics.includes(null) ? null : (metrics as MetricSnapshot[])
}

const types = new Set<unknown>(['counter', 'gauge', 'histogram', 'summary'])
const rules = new Set<unknown>(['sum', 'max', 'min', 'worker'])

function readMetric(value: unknown): MetricSnapshot | null {
  const { name, type, help, merge, bounds, series } = (value ?? {}) as Record<keyof MetricSnapshot, unknown>
  if (typeof name !== 'string' || typeof help !== 'string' || !types.has(type) || !rules.has(merge)) return null
  if (!isNumbers(bounds) || !Array.isArray(series)) return null
  const length = bounds.length === 0 ? 1 : bounds.length + 2
  const read = series.map((each) => readSeries(each, length))
  if (read.includes(null)) return null
  return { name, help, bounds, series: read, type, merge } as MetricSnapshot
}

function readSeries(value: unknown, length: number): SeriesSnapshot | null {
  const { sample, scope, labels, values } = (value ?? {}) as Record<keyof SeriesSnapshot, unknown>
  if (typeof labels !== 'string' || !Array.isArray(values) || values.length !== length) return null
  const numbers = values.map((each) => (each === null ? Number.NaN : each))
  if (!isNumbers(numbers) || !isOptionalText(sample) || !isOptionalText(scope)) return null
  return { ...(sample !== undefined && { sample }), ...(scope !== undefined && { scope }), labels, values: numbers }
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'number')
}
