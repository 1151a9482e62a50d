import type { MergeRule, metricTable } from './metric-table.ts'

/**
 * A structured log; the members of `fields` never hold secrets. A level that is off costs a call of an empty function.
 */
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

/** A distribution of values, counted by bucket. */
export interface Histogram {
  /** Counts one value, in the metric's base unit (seconds, bytes). */
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
 * Makes series of the metrics in `observability/metric-table.ts`, whose names, labels and closed lists of values the
 * compiler checks; a name or a label that it could not see throws.
 */
export interface SeriesMaker {
  /** Asking twice for the same name and labels gives the same series, whoever asks. */
  counter<Name extends CounterName>(name: Name, labels: Labels<Name>): Counter
  histogram<Name extends HistogramName>(name: Name, labels: Labels<Name>): Histogram
  /**
   * A number that is read at scrape time. A second one of the same name and labels replaces the first; when a group
   * that replaced another's is closed first, the other's is read again.
   */
  gauge<Name extends GaugeName>(name: Name, labels: Labels<Name>, read: () => number): void
}

/**
 * Series with one end: those of a stage go with the stage. A series that several groups asked for goes with the last
 * of them, so that one that is removed and comes back meanwhile goes on counting.
 */
export interface MetricGroup extends SeriesMaker {
  /** A group that keeps this one: its series stay until this one and all groups below it are closed. */
  group(scope: string): MetricGroup
  /** Gives up the series. What is asked for later is counted nowhere. Safe to call twice. */
  close(): void
}

/** The process's metrics. A series that is made here, and not by a group, stays as long as the process. */
export interface Metrics extends SeriesMaker {
  /** `scope` says in snapshots what the series belong to: `chat/dev`. Groups one after the other may have the same. */
  group(scope: string): MetricGroup
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
  /** The upper bounds of a histogram's buckets where it is merged; empty for every other metric. */
  readonly bounds: readonly number[]
  readonly series: readonly SeriesSnapshot[]
}

export interface SeriesSnapshot {
  /** The name of the sample where it is not the one of its metric: `nodejs_gc_duration_seconds_count`. */
  readonly sample?: string
  /** The labels as text, `{api="chat",stage="dev"}`; empty without any. */
  readonly labels: string
  /** The scope of the group that made the series: a stage, `chat/dev`, or an API. Absent when it is the process's. */
  readonly scope?: string
  /** The value; of a histogram that is merged, the count of each bucket and at last the sum. */
  readonly values: readonly number[]
}
