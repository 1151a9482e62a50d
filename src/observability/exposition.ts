import type { Counter, MetricSnapshot, SeriesSnapshot } from './contract.ts'
import type { MetricRow } from './metric-table.ts'

/** The labels of a series by name, whatever the metric. */
export type LabelValues = Readonly<Record<string, unknown>>

/**
 * The labels of a series as `{api="chat",stage="dev"}`, empty without any: made once for each series. Throws when
 * they are not exactly the ones of the table, which is a fault of the caller.
 */
export function labelText(metric: string, names: readonly string[], labels: LabelValues): string {
  const given = Object.keys(labels)
  if (given.length !== names.length || names.some((name) => !Object.hasOwn(labels, name))) {
    throw new Error(`${metric} has the labels ${names.join(', ') || '(none)'}, not ${given.join(', ') || '(none)'}`)
  }
  return braced(names.map((name) => `${name}="${escapeLabel(String(labels[name]))}"`))
}

/** The series of one metric, by the text of their labels. */
export type SeriesByLabels = ReadonlyMap<string, { readonly value: unknown; readonly scope: string | null }>

interface Buckets {
  readonly bounds: readonly number[]
  readonly counts: readonly number[]
  readonly sum: number
}

/** One metric in the Prometheus text format 0.0.4; empty when it has no series. */
export function exposeMetric(name: string, row: MetricRow, series: SeriesByLabels): string {
  if (series.size === 0) return ''
  let text = head(name, row.help, row.type)
  for (const [labels, { value: one }] of series) {
    if (row.type === 'counter') text += `${name}${labels} ${number((one as Counter).value)}\n`
    else if (row.type === 'gauge') text += `${name}${labels} ${number(readGauge(one as { read: () => number }))}\n`
    else text += exposeHistogram(name, labels, one as Buckets)
  }
  return `${text}\n`
}

function exposeHistogram(name: string, labels: string, { bounds, counts, sum }: Buckets): string {
  const inner = labels.slice(1, -1)
  const withBound = (bound: string): string => braced(inner === '' ? [`le="${bound}"`] : [inner, `le="${bound}"`])
  let text = ''
  let total = 0
  counts.forEach((count, i) => {
    total += count
    const bound = bounds[i]
    text += `${name}_bucket${withBound(bound === undefined ? '+Inf' : number(bound))} ${total}\n`
  })
  return `${text}${name}_sum${labels} ${number(sum)}\n${name}_count${labels} ${total}\n`
}

/** The series of one metric as another process merges them. */
export function snapshotSeries(type: MetricRow['type'], series: SeriesByLabels): SeriesSnapshot[] {
  return [...series].map(([labels, { value, scope }]) => ({
    labels,
    ...(scope !== null && { scope }),
    values: valuesOf(type, value),
  }))
}

function valuesOf(type: MetricRow['type'], value: unknown): number[] {
  if (type === 'counter') return [(value as Counter).value]
  if (type === 'gauge') return [readGauge(value as { read: () => number })]
  const { counts, sum } = value as Buckets
  return [...counts, sum]
}

/** One metric of a snapshot in the text format; empty when it has no series. */
export function exposeSnapshot({ name, help, type, bounds, series }: MetricSnapshot): string {
  if (series.length === 0) return ''
  let text = head(name, help, type)
  for (const { sample = name, labels, values } of series) {
    if (bounds.length === 0) text += `${sample}${labels} ${number(values[0] as number)}\n`
    else text += exposeHistogram(name, labels, { bounds, counts: values.slice(0, -1), sum: values.at(-1) as number })
  }
  return `${text}\n`
}

/** The labels with one more. */
export function withLabel(labels: string, name: string, value: string): string {
  const pair = `${name}="${escapeLabel(value)}"`
  return braced(labels === '' ? [pair] : [labels.slice(1, -1), pair])
}

function head(name: string, help: string, type: string): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`
}

/** A gauge that throws must not cost the operator all the others. */
function readGauge(gauge: { read: () => number }): number {
  try {
    return gauge.read()
  } catch {
    return Number.NaN
  }
}

function braced(pairs: readonly string[]): string {
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}

function escapeHelp(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}
