import type { MergeRule, metricTable } from './metric-table.ts'

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

type Table = typeof metricTable
type Rows<Type> = { readonly [Name in keyof Table as Table[Name]['type'] extends Type ? Name : never]: Table[Name] }

export type CounterName = keyof Rows<'counter'>
export type HistogramName = keyof Rows<'histogram'>
export type GaugeName = keyof Rows<'gauge'>
type MetricName = keyof Table

type LabelOf<Name extends MetricName> = keyof Table[Name]['labels']
type AnyLabel = { [Name in MetricName]: LabelOf<Name> }[MetricName]
type ValueOf<Label> = Label extends { readonly values: readonly (infer Value)[] | null } ? Value : never

/**
 * The labels of one series of a metric: all that its row in the table has and none of the others, each with one of the
 * values that the row allows. The values are bounded: api, stage, route, and names from our own tables.
 */
export type Labels<Name extends MetricName> = {
  readonly [Label in LabelOf<Name>]: ValueOf<Table[Name]['labels'][Label]>
} & { readonly [Label in Exclude<AnyLabel, LabelOf<Name>>]?: never }

/**
 * The process's metrics. Names, labels and closed lists of values are those of `observability/metric-table.ts`; a name
 * or a label that the compiler was talked into throws. Asking twice for the same name and labels gives the same series,
 * so that a reload goes on counting.
 */
export interface Metrics {
  counter<Name extends CounterName>(name: Name, labels: Labels<Name>): Counter
  histogram<Name extends HistogramName>(name: Name, labels: Labels<Name>): Histogram
  /** Read at scrape time. A second gauge of the same name and labels replaces the first. */
  gauge<Name extends GaugeName>(name: Name, labels: Labels<Name>, read: () => number): void
  /** The text of `/metrics`, Prometheus exposition format 0.0.4. */
  scrape(): Promise<string>
  /** Everything as it is now, for the process that merges the metrics of several. */
  snapshot(): Promise<MetricsSnapshot>
}

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary'

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
