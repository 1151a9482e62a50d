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
}
