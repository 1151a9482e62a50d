import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Counter, Histogram, Log, MetricSnapshot, Metrics } from './contract.ts'
import { exposeMetric, type LabelValues, labelText, snapshotSeries, withLabel } from './exposition.ts'
import { type MetricRow, metricTable } from './metric-table.ts'

/** Labels come from definitions, which an operator may reload for ever: past this a metric takes no more series. */
const defaultMaxSeries = 2_000

export interface MetricsOptions {
  /** Gets one warning for each metric that reaches its cap; asked for then, since the log's destination has a metric too. */
  readonly log?: () => Log
  /** Series that one metric may have. */
  readonly maxSeries?: number
  /** Shown by `postern_build_info`. */
  readonly version?: string
  /** Whether to add `process_*` and `nodejs_*`, which watch the garbage collector and the event loop of this process. */
  readonly processMetrics?: boolean
}

/**
 * See the contract. Counters and buckets are our own: an increment is a field's, some 4 ns, where prom-client takes 170
 * for a counter with labels; prom-client contributes what it knows of the process.
 */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const { log, maxSeries = defaultMaxSeries, version, processMetrics = true } = options
  const families = new Map<string, Family>()
  const processRegistry = processMetrics ? createProcessRegistry() : null
  const refused = (metric: string): void => {
    counter('postern_series_refused_total', { metric }).value++
  }

  function series<S>(type: MetricRow['type'], name: string, labels: LabelValues, make: (row: MetricRow) => S): S {
    let family = families.get(name)
    if (family === undefined) {
      family = createFamily(name)
      families.set(name, family)
    }
    if (family.row.type !== type) throw new Error(`${name} is a ${family.row.type}, not a ${type}`)
    const key = labelText(name, family.labelNames, labels)
    const known = family.series.get(key)
    if (known !== undefined) return known as S
    const made = make(family.row)
    if (family.series.size < maxSeries) {
      family.series.set(key, made)
      return made
    }
    refused(name)
    if (!family.full)
      log?.().warn({ metric: name, maxSeries }, 'a metric has too many series; further ones are not kept')
    family.full = true
    return made
  }

  function counter(name: string, labels: LabelValues): Counter {
    return series('counter', name, labels, () => ({ value: 0 }))
  }

  function gauge(name: string, labels: LabelValues, read: () => number): void {
    series<{ read: () => number }>('gauge', name, labels, () => ({ read })).read = read
  }

  if (version !== undefined) gauge('postern_build_info', { version, node: process.version }, () => 1)

  return {
    counter,
    gauge,
    histogram: (name, labels) => series('histogram', name, labels, (row) => new BucketHistogram(row.buckets)),
    async scrape() {
      const own = [...families].map(([name, { row, series }]) => exposeMetric(name, row, series)).join('')
      return processRegistry === null ? own : `${own}${await processRegistry.metrics()}`
    },
    async snapshot() {
      const own = [...families].map(([name, { row, series }]): MetricSnapshot => {
        const { type, help, merge, buckets } = row
        return { name, type, help, merge, bounds: buckets, series: snapshotSeries(type, series) }
      })
      return processRegistry === null ? own : [...own, ...(await processSnapshot(processRegistry))]
    },
  }
}

interface Family {
  readonly row: MetricRow
  readonly labelNames: readonly string[]
  /** By the text of the labels. */
  readonly series: Map<string, unknown>
  /** Whether a series was refused already. */
  full: boolean
}

function createFamily(name: string): Family {
  const rows: Readonly<Record<string, MetricRow>> = metricTable
  const row = Object.hasOwn(rows, name) ? rows[name] : undefined
  if (row === undefined) throw new Error(`${name} is not in observability/metric-table.ts`)
  return { row, labelNames: Object.keys(row.labels), series: new Map(), full: false }
}

/** Counts by bucket, and their sum; the last count is of values above every bound. */
export class BucketHistogram implements Histogram {
  readonly bounds: readonly number[]
  readonly counts: number[]
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Array(bounds.length + 1).fill(0)
  }

  // From below: most values lie in the first few buckets, where this beats halving.
  observe(value: number): void {
    if (!(value >= 0)) return // NaN would spoil the sum for ever; a duration below 0 is a clock that was set
    const { bounds, counts } = this
    let i = 0
    while (i < bounds.length && value > (bounds[i] as number)) i++
    ;(counts[i] as number)++
    this.sum += value
  }
}

function createProcessRegistry(): Registry {
  const registry = new Registry()
  // Its 10 ms default would wake an idle process a hundred times a second.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 50 })
  return registry
}

/** What is known of one process makes no sense as a sum. */
async function processSnapshot(registry: Registry): Promise<MetricSnapshot[]> {
  const metrics = (await registry.getMetricsAsJSON()) as unknown as PromMetric[]
  return metrics.map(({ name, help, type, values }) => ({
    ...{ name, help, type, merge: 'worker', bounds: [] },
    series: values.map(({ metricName = name, labels, value }) => ({
      sample: metricName,
      labels: Object.entries(labels).reduce((text, [label, each]) => withLabel(text, label, String(each)), ''),
      values: [value],
    })),
  }))
}

/** As it is: prom-client's own types leave out the names of values, and have numbers for the types. */
interface PromMetric {
  readonly name: string
  readonly help: string
  readonly type: MetricSnapshot['type']
  readonly values: readonly {
    readonly metricName?: string
    readonly labels: Readonly<Record<string, string | number>>
    readonly value: number
  }[]
}
