import { type ErrorKind, type LatencyName, type LoadResult, latencyNames, type SecondResult } from '../contract.ts'
import type { ChartSeries, Fold, TimeAxis, TimeChart, Values } from './chart-spec.ts'
import { latencyMeanings } from './report-tables.ts'

/** The charts of a result by what they are about; without those that would be empty. */
export interface ResultCharts {
  readonly axis: TimeAxis
  readonly latency: readonly TimeChart[]
  readonly traffic: readonly TimeChart[]
  readonly connections: readonly TimeChart[]
  readonly errors: readonly TimeChart[]
  readonly client: readonly TimeChart[]
  readonly target: readonly TimeChart[]
}

const maxErrorKinds = 6
const maxProcesses = 6

export function resultCharts(result: LoadResult): ResultCharts {
  const { seconds, phases } = result
  return {
    axis: { seconds: Math.max(1, seconds.length), phases },
    latency: latencyNames.flatMap((name) => latencyChart(result, name)),
    traffic: trafficCharts(seconds),
    connections: connectionCharts(seconds),
    errors: errorCharts(result),
    client: clientCharts(seconds),
    target: targetCharts(result),
  }
}

type Of = (second: SecondResult) => number | null

const usual = { kind: 'lines', scale: 'linear', atLeast: 0, limit: null } as const

/** No chart where no second has a value above 0. */
function chart(parts: Partial<TimeChart> & Pick<TimeChart, 'id' | 'title' | 'unit' | 'series'>): TimeChart[] {
  const made = { ...usual, ...parts }
  return made.series.some(({ values }) => values.some((each) => each !== null && each > 0)) ? [made] : []
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB'] as const

/** Draws sizes in the unit that fits most of them, so that the axis has round numbers. */
function byteChart({ unit, series, ...parts }: Pick<TimeChart, 'id' | 'title' | 'unit' | 'series'>): TimeChart[] {
  const most = series.reduce(
    (max, { values }) => values.reduce<number>((top, each) => Math.max(top, each ?? 0), max),
    0,
  )
  const power = Math.min(byteUnits.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, most)) / 10)))
  const scaled = series.map((each) => ({
    ...each,
    values: each.values.map((value) => (value === null ? null : value / 1024 ** power)),
  }))
  return chart({ ...parts, unit: `${byteUnits[power]}, ${unit}`, series: scaled })
}

function line(seconds: readonly SecondResult[], name: string, of: Of, fold: Fold = 'mean'): ChartSeries {
  return { name, values: seconds.map(of), fold }
}

function latencyChart({ seconds, thresholds }: LoadResult, name: LatencyName): TimeChart[] {
  const series = (['p50', 'p90', 'p99', 'max'] as const).map((member) =>
    line(seconds, member, ({ latencies }) => latencies[name]?.[member] ?? null, 'max'),
  )
  const { name: shown } = latencyMeanings[name]
  const title = `${shown.charAt(0).toUpperCase()}${shown.slice(1)} latency`
  const limit = limitOf(
    thresholds.map(({ threshold }) => threshold),
    name,
  )
  return chart({ id: `latency-${name}`, title, unit: 'ms', series, scale: 'auto', limit })
}

const millisOf: Readonly<Record<string, number>> = { us: 0.001, µs: 0.001, ms: 1, s: 1000 }

/** The upper limit that a threshold sets for a latency: `reply.p99 < 50 ms`, and `p99 < 50 ms`, which means replies. */
function limitOf(thresholds: readonly string[], name: LatencyName): TimeChart['limit'] {
  for (const threshold of thresholds) {
    const [, kind = 'reply', statistic, amount, unit = ''] =
      /^\s*(?:([A-Za-z]+)\.)?(p\d+(?:\.\d+)?|max)\s*<=?\s*(\d+(?:\.\d+)?)\s*(us|µs|ms|s)\s*$/.exec(threshold) ?? []
    if (statistic === undefined || kind !== name) continue
    const value = Number(amount) * (millisOf[unit] ?? 1)
    return { value, name: `limit of ${statistic}` }
  }
  return null
}

function trafficCharts(seconds: readonly SecondResult[]): TimeChart[] {
  const unit = 'a second'
  return [
    ...chart({
      ...{ id: 'messages', title: 'Messages', unit },
      series: [
        line(seconds, 'sent', (each) => each.messages.out),
        line(seconds, 'received', (each) => each.messages.in),
      ],
    }),
    ...chart({
      ...{ id: 'pushes', title: 'Pushes through @connections', unit },
      series: [
        line(seconds, 'posted', (each) => each.pushes.posted),
        line(seconds, 'received', (each) => each.pushes.received),
      ],
    }),
    ...chart({
      ...{ id: 'fan-out', title: 'Fan-out', unit: 'frames a second' },
      series: [
        line(seconds, 'expected', (each) => each.fanOut.expected),
        line(seconds, 'received', (each) => each.fanOut.received),
      ],
    }),
    ...chart({
      ...{ id: 'rest', title: 'REST requests', unit },
      series: [line(seconds, 'answered', (each) => each.rest.requests)],
    }),
    ...byteChart({
      ...{ id: 'bytes', title: 'Bytes', unit },
      series: [line(seconds, 'sent', (each) => each.bytes.out), line(seconds, 'received', (each) => each.bytes.in)],
    }),
  ]
}

function connectionCharts(seconds: readonly SecondResult[]): TimeChart[] {
  return [
    ...chart({
      ...{ id: 'open', title: 'Connections', unit: 'at the end of each second' },
      series: [
        line(seconds, 'open', (each) => each.connections.open, 'last'),
        line(seconds, 'opening', (each) => each.connections.opening, 'max'),
      ],
    }),
    ...chart({
      ...{ id: 'handshakes', title: 'Opened and closed', unit: 'a second' },
      series: [
        line(seconds, 'opened', (each) => each.connections.opened),
        line(seconds, 'closed', (each) => each.connections.closed),
        line(seconds, 'failed', (each) => each.connections.failed),
      ],
    }),
  ]
}

function errorCharts({ seconds, errors }: LoadResult): TimeChart[] {
  const kinds = (Object.entries(errors) as [ErrorKind, number][]).sort(([, a], [, b]) => b - a).map(([kind]) => kind)
  const shown = kinds.slice(0, kinds.length > maxErrorKinds ? maxErrorKinds - 1 : maxErrorKinds)
  const others = kinds.filter((kind) => !shown.includes(kind))
  const series = shown.map((kind) => line(seconds, kind, (each) => each.errors[kind] ?? 0))
  const rest = line(seconds, 'others', (each) => others.reduce((sum, kind) => sum + (each.errors[kind] ?? 0), 0))
  return chart({
    ...{ id: 'errors', title: 'Errors by kind', unit: 'a second', kind: 'stacked bars' },
    series: others.length === 0 ? series : [...series, rest],
  })
}

function clientCharts(seconds: readonly SecondResult[]): TimeChart[] {
  const asPercent = (share: number | null) => (share === null ? null : share * 100)
  return [
    ...chart({
      ...{ id: 'lag', title: 'Event loop lag', unit: 'ms, the worst worker', scale: 'auto' },
      series: [
        line(seconds, 'p99', (each) => each.client.lagP99, 'max'),
        line(seconds, 'max', (each) => each.client.lagMax, 'max'),
      ],
    }),
    ...chart({
      ...{ id: 'client-cpu', title: 'CPU of client and machine', unit: '%', atLeast: 100 },
      series: [
        line(seconds, 'busiest worker, of a core', (each) => asPercent(each.client.cpu), 'max'),
        line(seconds, 'machine, of all cores', (each) => asPercent(each.machineCpu), 'max'),
      ],
    }),
  ]
}

function targetCharts({ processes, seconds }: LoadResult): TimeChart[] {
  const shown = processes.slice(0, maxProcesses)
  const series = (of: (sample: (typeof shown)[number]['samples'][number]) => number): ChartSeries[] =>
    shown.map((process) => ({
      name: `${process.name} (${process.pid})`,
      values: bySecond(process.samples, seconds.length, of),
      fold: 'max',
    }))
  const unit = processes.length > shown.length ? `the first ${shown.length} of ${processes.length} processes` : null
  return [
    ...chart({
      ...{
        id: 'target-cpu',
        title: 'CPU',
        unit: ['% of a core', unit].filter(Boolean).join(', '),
        atLeast: 100,
      },
      series: series(({ cpu }) => cpu * 100),
    }),
    ...byteChart({
      ...{ id: 'target-memory', title: 'Memory', unit: ['resident', unit].filter(Boolean).join(', ') },
      series: series(({ memoryBytes }) => memoryBytes),
    }),
  ]
}

/** Samples come about once a second: one of two in a second is the higher, and one missing is as the one before. */
function bySecond<Sample extends { readonly second: number }>(
  samples: readonly Sample[],
  count: number,
  of: (sample: Sample) => number,
): Values {
  const values: (number | null)[] = Array.from({ length: count }, () => null)
  for (const sample of samples) {
    const at = Math.floor(sample.second)
    if (at < count) values[at] = Math.max(values[at] ?? 0, of(sample))
  }
  return values.map((value, at) =>
    value === null && (values[at + 1] ?? null) !== null ? (values[at - 1] ?? null) : value,
  )
}
