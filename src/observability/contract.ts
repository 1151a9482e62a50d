/** A structured log; the members of `fields` never hold secrets. A level that is off costs a call of an empty function. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child(fields: object): Log
}

/** A number that only grows. The hot path says `counter.value++` and nothing else. */
export interface Counter {
  value: number
}

export interface Histogram {
  /** In the metric's base unit (seconds, bytes). */
  observe(value: number): void
}

/** The labels of one series; their values are bounded: api, stage, route, and names from our own tables. */
export type Labels = Readonly<Record<string, string>>

/**
 * The process's metrics. Asking twice for the same name and labels gives the same series, so that a reload goes on
 * counting; a name that is not in `observability/metric-table.ts` throws.
 */
export interface Metrics {
  counter(name: string, labels: Labels): Counter
  histogram(name: string, labels: Labels): Histogram
  /** Read at scrape time. A second gauge of the same name and labels replaces the first. */
  gauge(name: string, labels: Labels, read: () => number): void
  /** The text of `/metrics`, Prometheus exposition format 0.0.4. */
  scrape(): Promise<string>
  /** Everything as it is now, for the process that merges the metrics of several. */
  snapshot(): Promise<MetricsSnapshot>
}

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary'

/**
 * What becomes of a metric that several workers have: one series with the sum, the largest or the smallest of their
 * values, or a series for each with a label `worker`.
 */
export type MergeRule = 'sum' | 'max' | 'min' | 'worker'

export type MetricsSnapshot = readonly MetricSnapshot[]

/** One metric of one process. It describes itself, since the process that merges may be of another version. */
export interface MetricSnapshot {
  readonly name: string
  readonly type: MetricType
  readonly help: string
  readonly merge: MergeRule
  /** Of the buckets of a histogram that is merged; else empty. */
  readonly bounds: readonly number[]
  readonly series: readonly SeriesSnapshot[]
}

export interface SeriesSnapshot {
  /** Name of the sample where it is not the one of its metric: `nodejs_gc_duration_seconds_count`. */
  readonly sample?: string
  /** `{api="chat",stage="dev"}`, empty without any. */
  readonly labels: string
  /** The value; of a histogram that is merged, the count of each bucket and at last the sum. */
  readonly values: readonly number[]
}
