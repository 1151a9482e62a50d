import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Log, MetricSnapshot, Metrics } from './contract.ts'
import { exposeMetric, snapshotSeries, withLabel } from './exposition.ts'
import { createMetricGroup } from './metric-group.ts'
import { createSeriesTable } from './series-table.ts'

/** The most series of one metric: its labels come from definitions, which an operator may reload for ever. */
const defaultMaxSeries = 2_000

export interface MetricsOptions {
  /**
   * Gives the log that gets one warning for each metric at its cap; asked late, since the log's destination counts too.
   */
  readonly log?: () => Log
  /** The most series that one metric may have. */
  readonly maxSeries?: number
  /** The version of Postern that `postern_build_info` shows; without one it is not made. */
  readonly version?: string
  /**
   * Whether to add `process_*` and `nodejs_*`, which watch the garbage collector and the event loop of this process.
   */
  readonly processMetrics?: boolean
}

/**
 * Creates the metrics of a process; see the contract for what they promise. Counters and buckets are our own: an
 * increment is a field's, some 4 ns, where prom-client takes 170 for a counter with labels; prom-client contributes
 * what it knows of the process.
 */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const { log, maxSeries = defaultMaxSeries, version, processMetrics = true } = options
  const processRegistry = processMetrics ? createProcessRegistry() : null
  const table = createSeriesTable({
    maxSeries,
    refused(metric, isFirst) {
      counter('postern_series_refused_total', { metric }).value++
      if (isFirst) log?.().warn({ metric, maxSeries }, 'a metric has too many series; further ones are not kept')
    },
  })
  const { counter, histogram, gauge } = createMetricGroup({ table, scope: null })
  if (version !== undefined) gauge('postern_build_info', { version, node: process.version }, () => 1)

  return {
    counter,
    gauge,
    histogram,
    // Not below the process's own series, which are never given up and would keep it.
    group: (scope) => createMetricGroup({ table, scope }),
    async scrape() {
      const own = [...table.families].map(([name, { row, series }]) => exposeMetric(name, row, series)).join('')
      return processRegistry === null ? own : `${own}${await processRegistry.metrics()}`
    },
    async snapshot() {
      const own = [...table.families].map(([name, { row, series }]): MetricSnapshot => {
        const { type, help, merge, buckets } = row
        return { name, type, help, merge, bounds: buckets, series: snapshotSeries(type, series) }
      })
      return processRegistry === null ? own : [...own, ...(await processSnapshot(processRegistry))]
    },
  }
}

function createProcessRegistry(): Registry {
  const registry = new Registry()
  // Its 10 ms default would wake an idle process a hundred times a second.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 50 })
  return registry
}

/** The metrics of the process in prom-client's registry, one series for each worker: they make no sense as a sum. */
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

/** A metric as prom-client gives it: its own types leave out the names of values, and have numbers for the types. */
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
