import {
  type DeliveryAccount,
  type LatencyName,
  type LoadResult,
  latencyNames,
  type SecondResult,
} from '../contract.ts'
import type { Strata } from './batch-means.ts'
import { latencyMeanings } from './report-tables.ts'

export type FigureGroup = 'latency' | 'rate' | 'errors' | 'target'

/** A figure that runs are compared by. */
export interface FigureSpec {
  readonly group: FigureGroup
  readonly name: string
  readonly unit: 'ms' | '/s' | '%' | 'µs' | 'cores' | 'bytes'
  readonly better: 'lower' | 'higher'
  /** A smaller change is none, whatever the noise says. */
  readonly floor: number
  /** The figure of one run; null where it was not measured. */
  readonly value: (run: LoadResult) => number | null
  /** The same figure of one run, second by second. */
  readonly strata: (run: LoadResult) => Strata
}

/** A frame that may not be: counted, not measured. */
export interface CountSpec {
  readonly name: string
  readonly count: (run: LoadResult) => number
  readonly of: (run: LoadResult) => number
}

const floor = 0.05
/** Garbage is collected when it is, so that the peaks of equal runs differ by more than other figures. */
const memoryFloor = 0.2

/** Every figure that at least one of the runs has. */
export function figuresOf(runs: readonly LoadResult[]): FigureSpec[] {
  const specs = [...latencyNames.flatMap((name) => latencyFigures(runs, name)), ...rateFigures, ...targetFigures(runs)]
  return specs.filter(({ value }) => runs.some((run) => (value(run) ?? 0) > 0))
}

/** The value of each measured second, apart by phase, seconds without one left out. */
function strataOf(run: LoadResult, of: (second: SecondResult) => number | null): Strata {
  return run.phases.flatMap(({ measured }, phase) => {
    if (!measured) return []
    const values = run.seconds.flatMap((second) => (second.phase === phase ? (of(second) ?? []) : []))
    return [values]
  })
}

/** The percentile of all, and what stands for it second by second: the slowest of a second for the slowest of all. */
const percentiles = [
  ['p50', 'p50', 'p50', 2],
  ['p90', 'p90', 'p90', 10],
  ['p99', 'p99', 'p99', 100],
  ['p99.9', 'p999', 'max', 1000],
] as const

function latencyFigures(runs: readonly LoadResult[], name: LatencyName): FigureSpec[] {
  const counts = runs.map(({ latencies }) => latencies[name]?.count ?? 0).filter((count) => count > 0)
  return percentiles.flatMap(([shown, member, inSecond, needed]): FigureSpec[] => {
    if (counts.some((count) => count < needed)) return []
    return [
      {
        ...{ group: 'latency', name: `${latencyMeanings[name].name} ${shown}`, unit: 'ms', better: 'lower', floor },
        value: ({ latencies }) => latencies[name]?.[member] ?? null,
        strata: (run) => strataOf(run, ({ latencies }) => latencies[name]?.[inSecond] ?? null),
      },
    ]
  })
}

function rateFigure(name: string, member: keyof LoadResult['totals']['rates'], of: (second: SecondResult) => number) {
  const value = ({ totals }: LoadResult) => totals.rates[member]
  const strata = (run: LoadResult) => strataOf(run, of)
  return { group: 'rate', name, unit: '/s', better: 'higher', floor, value, strata } as const
}

const rateFigures: readonly FigureSpec[] = [
  rateFigure('messages sent', 'messagesOut', ({ messages }) => messages.out),
  rateFigure('messages received', 'messagesIn', ({ messages }) => messages.in),
  rateFigure('pushes received', 'pushes', ({ pushes }) => pushes.received),
  rateFigure('REST requests', 'rest', ({ rest }) => rest.requests),
  rateFigure('handshakes', 'handshakes', ({ connections }) => connections.opened),
]

/** Everything that was done in a second. */
export function operationsOf({ connections, messages, pushes, rest }: SecondResult): number {
  return connections.opened + connections.failed + messages.out + messages.in + pushes.posted + rest.requests
}

/** Fewer operations a second than this say nothing of what one costs. */
const busy = 1

function targetFigures(runs: readonly LoadResult[]): FigureSpec[] {
  const isBusy = runs.every((run) => mean(strataOf(run, operationsOf).flat()) >= busy)
  return commonNames(runs).flatMap((name): FigureSpec[] => {
    const shown = name ?? 'target'
    const cpu = (run: LoadResult) => bySecond(run, name, ({ cpu: cores }) => cores)
    const memory = (run: LoadResult) => bySecond(run, name, ({ memoryBytes }) => memoryBytes)
    return [
      isBusy ? cpuPerOperation(shown, cpu) : cpuInUse(shown, cpu),
      {
        ...{ group: 'target', name: `${shown}: memory`, unit: 'bytes', better: 'lower', floor: memoryFloor },
        value: (run) =>
          [...memory(run).values()].reduce<number | null>((most, each) => Math.max(most ?? 0, each), null),
        strata: (run) => secondsOf(run, memory(run)),
      },
    ]
  })
}

function secondsOf(run: LoadResult, values: ReadonlyMap<number, number>): Strata {
  return strataOf(run, ({ second }) => values.get(second) ?? null)
}

type BySecond = (run: LoadResult) => ReadonlyMap<number, number>

function cpuPerOperation(shown: string, cpu: BySecond): FigureSpec {
  const microseconds = 1_000_000
  return {
    ...{ group: 'target', name: `${shown}: CPU an operation`, unit: 'µs', better: 'lower', floor },
    value: (run) => {
      const used = cpu(run)
      const seconds = run.seconds.filter(({ second, phase }) => run.phases[phase]?.measured && used.has(second))
      const operations = seconds.reduce((sum, each) => sum + operationsOf(each), 0)
      const cores = seconds.reduce((sum, { second }) => sum + (used.get(second) ?? 0), 0)
      return operations === 0 ? null : (cores / operations) * microseconds
    },
    strata: (run) => {
      const used = cpu(run)
      return strataOf(run, (second) => {
        const [cores, operations] = [used.get(second.second), operationsOf(second)]
        return cores === undefined || operations < busy ? null : (cores / operations) * microseconds
      })
    },
  }
}

function cpuInUse(shown: string, cpu: BySecond): FigureSpec {
  const strata = (run: LoadResult) => secondsOf(run, cpu(run))
  const value = (run: LoadResult) => (run.processes.length === 0 ? null : mean(strata(run).flat()))
  return { group: 'target', name: `${shown}: CPU`, unit: 'cores', better: 'lower', floor, value, strata }
}

/** The names that all runs know; where ports differ from run to run, all processes together (null). */
function commonNames(runs: readonly LoadResult[]): (string | null)[] {
  const names = runs.map(({ processes }) => new Set(processes.map(({ name }) => name)))
  const [first, ...others] = names
  const common = [...(first ?? [])].filter((name) => others.every((each) => each.has(name)))
  if (common.length > 0) return common
  return names.every((each) => each.size > 0) ? [null] : []
}

/** Sums the processes of a name in each second, since a worker is one of several. */
function bySecond(
  run: LoadResult,
  name: string | null,
  of: (sample: LoadResult['processes'][number]['samples'][number]) => number,
): ReadonlyMap<number, number> {
  const values = new Map<number, number>()
  for (const process of run.processes) {
    if (name !== null && process.name !== name) continue
    let before = -1
    for (const sample of process.samples) {
      const second = Math.floor(sample.second)
      // Two samples of one process in a second are not two processes.
      if (second !== before) values.set(second, (values.get(second) ?? 0) + of(sample))
      before = second
    }
  }
  return values
}

const delivered = (run: LoadResult, member: keyof DeliveryAccount) =>
  (run.delivery.pushes?.[member] ?? 0) + (run.delivery.fanOut?.[member] ?? 0)

/** Frames that no chance brings about: none may be lost, doubled or overtaken. */
export const countedFaults: readonly CountSpec[] = [
  { name: 'lost', count: (run) => delivered(run, 'lost'), of: (run) => delivered(run, 'expected') },
  { name: 'duplicated', count: (run) => delivered(run, 'duplicated'), of: (run) => delivered(run, 'expected') },
  { name: 'out of order', count: (run) => delivered(run, 'outOfOrder'), of: (run) => delivered(run, 'expected') },
]

/** Errors as a share of operations, second by second, of the whole run: those of a ramp count too. */
export function errorStrata(run: LoadResult): Strata {
  return run.phases.map((_, phase) =>
    run.seconds.flatMap((second) => {
      if (second.phase !== phase) return []
      const errors = Object.values(second.errors).reduce((sum, each) => sum + each, 0)
      return [errors / Math.max(1, operationsOf(second) - second.messages.in)]
    }),
  )
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, each) => sum + each, 0) / values.length
}
