import { BucketHistogram } from './bucket-histogram.ts'
import type { Counter } from './contract.ts'
import { type LabelValues, labelText } from './exposition.ts'
import { type MetricRow, metricTable } from './metric-table.ts'

/** A gauge's readers, by who holds the series; the newest is asked. */
export class GaugeReaders {
  readonly readers = new Map<Held, () => number>()

  read(): number {
    return [...this.readers.values()].at(-1)?.() ?? Number.NaN
  }
}

export type SeriesValue = Counter | BucketHistogram | GaugeReaders

/** One series of a metric: its value, and how many hold it. */
export interface MetricSeries {
  readonly value: SeriesValue
  /** The scope of the group that asked first; null when the process itself holds the series. */
  scope: string | null
  holders: number
}

/** All series of one metric, by the text of their labels. */
export interface Family {
  readonly row: MetricRow
  readonly labelNames: readonly string[]
  readonly series: Map<string, MetricSeries>
  /** Whether a series was refused already. */
  full: boolean
}

/** The series that one holder asked for, each with the way to let go of it. */
export type Held = Map<MetricSeries, () => void>

export interface SeriesTableOptions {
  readonly maxSeries: number
  /** Called for each series that is not kept, with whether it is the first one of its metric. */
  readonly refused: (metric: string, isFirst: boolean) => void
}

/** The series of a process by name and labels. Each stays as long as someone holds it. */
export interface SeriesTable {
  readonly families: ReadonlyMap<string, Family>
  /**
   * The series of this name and these labels, from now on in `held` too; made when there is none. A spare one, which
   * nobody sees, when the metric has its most series or `held` is null. Throws when the table of metrics has no such
   * name, type and labels.
   */
  hold(type: MetricRow['type'], name: string, labels: LabelValues, held: Held | null, scope: string | null): SeriesValue
}

export function createSeriesTable({ maxSeries, refused }: SeriesTableOptions): SeriesTable {
  const families = new Map<string, Family>()

  function familyOf(name: string, type: MetricRow['type']): Family {
    const family = families.get(name) ?? createFamily(name)
    families.set(name, family)
    if (family.row.type !== type) throw new Error(`${name} is a ${family.row.type}, not a ${type}`)
    return family
  }

  return {
    families,
    hold(type, name, labels, held, scope) {
      const family = familyOf(name, type)
      const key = labelText(name, family.labelNames, labels)
      const known = family.series.get(key)
      const series = known ?? { value: newValue(family.row), scope, holders: 0 }
      if (held === null) return series.value
      if (known === undefined && family.series.size >= maxSeries) {
        refused(name, !family.full)
        family.full = true
        return series.value
      }
      family.series.set(key, series)
      if (scope === null) series.scope = null
      if (held.has(series)) return series.value
      series.holders++
      held.set(series, () => {
        if (series.value instanceof GaugeReaders) series.value.readers.delete(held)
        series.holders--
        if (series.holders === 0) family.series.delete(key)
      })
      return series.value
    },
  }
}

function createFamily(name: string): Family {
  const rows: Readonly<Record<string, MetricRow>> = metricTable
  const row = Object.hasOwn(rows, name) ? rows[name] : undefined
  if (row === undefined) throw new Error(`${name} is not in observability/metric-table.ts`)
  return { row, labelNames: Object.keys(row.labels), series: new Map(), full: false }
}

function newValue({ type, buckets }: MetricRow): SeriesValue {
  if (type === 'counter') return { value: 0 }
  return type === 'gauge' ? new GaugeReaders() : new BucketHistogram(buckets)
}
