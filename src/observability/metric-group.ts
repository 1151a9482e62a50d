import type { BucketHistogram } from './bucket-histogram.ts'
import type { Counter, MetricGroup } from './contract.ts'
import type { LabelValues } from './exposition.ts'
import type { GaugeReaders, Held, SeriesTable } from './series-table.ts'

export interface MetricGroupOptions {
  readonly table: SeriesTable
  /** The scope that `Metrics.group` was given; null for the process itself, which is never closed. */
  readonly scope: string | null
  /** The group above, which is let go of with this one. */
  readonly parent?: { letGo(): void }
}

/** Creates a group over a table of series; see the contract for what it promises. */
export function createMetricGroup({ table, scope, parent }: MetricGroupOptions): MetricGroup {
  let held: Held | null = new Map()
  let closed = false
  /** The number of those who need the series: this group until it is closed, and the groups below it. */
  let users = 1

  function letGo(): void {
    users--
    if (users > 0 || held === null) return
    for (const release of held.values()) release()
    held = null
    parent?.letGo()
  }

  return {
    counter: (name: string, labels: LabelValues) => table.hold('counter', name, labels, held, scope) as Counter,
    histogram: (name: string, labels: LabelValues) =>
      table.hold('histogram', name, labels, held, scope) as BucketHistogram,
    gauge(name: string, labels: LabelValues, read: () => number) {
      const gauge = table.hold('gauge', name, labels, held, scope) as GaugeReaders
      if (held === null) return
      gauge.readers.delete(held)
      gauge.readers.set(held, read)
    },
    group(below) {
      users++
      const group = createMetricGroup({ table, scope: below, parent: { letGo } })
      if (held === null) group.close()
      return group
    },
    close() {
      if (closed) return
      closed = true
      letGo()
    },
  }
}
