import Table from 'cli-table3'
import type { Measurement } from './measure.ts'
import type { Limit, Row } from './rows.ts'

/** A row's measurements of both sides, round by round. */
export interface RowResult {
  readonly row: Row
  readonly gateway: readonly Measurement[]
  readonly baseline: readonly Measurement[]
}

/** A row as it is shown: medians over the rounds. */
export interface Line {
  readonly name: string
  readonly title: string
  readonly unit: Row['unit']
  readonly gateway: Summary
  readonly baseline: Summary
  /** Gateway over baseline. */
  readonly ratio: number
  readonly budget: number | null
  /** Whether the budget is one for the ratio, and not for the gateway's own value. */
  readonly budgetIsRatio: boolean
  readonly withinBudget: boolean | null
  /** The figures that are counted besides. */
  readonly limits: readonly (Limit & { readonly value: number; readonly kept: boolean; readonly baseline?: number })[]
}

type Figures = Omit<Measurement, 'counted'>
export type Summary = { readonly [member in keyof Figures]: number } & { readonly spread: number }

/** Medians, ratio and verdict of a row. */
export function summarize({ row, gateway, baseline }: RowResult): Line {
  const [ours, theirs] = [summary(gateway), summary(baseline)]
  const ratio = ours.value / theirs.value
  const budgetIsRatio = row.unit !== 'bytes' || row.budgetIsRatio === true
  const compared = budgetIsRatio ? ratio : ours.value
  return {
    name: row.name,
    title: row.title,
    unit: row.unit,
    gateway: ours,
    baseline: theirs,
    ratio,
    budget: row.budget,
    budgetIsRatio,
    withinBudget: row.budget === null ? null : compared <= row.budget,
    limits: (row.limits ?? []).map((limit) => judged(limit, gateway, ours.value, theirs.value)),
  }
}

function judged(limit: Limit, rounds: readonly Measurement[], ours: number, theirs: number): Line['limits'][number] {
  const { of, atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY } = limit
  const verdict = (value: number) => ({ ...limit, value, kept: value <= atMost && value >= atLeast })
  if (of === 'beyond') return verdict(ours - theirs)
  if (of === 'perCore') return { ...verdict(microsOfSecond / ours), baseline: microsOfSecond / theirs }
  return verdict(median(rounds.map((round) => (of === 'rate' ? round.rate : (round.counted[of] ?? Number.NaN)))))
}

const microsOfSecond = 1_000_000

/** Renders what rows count besides, a line each with its line feed; empty when none does. */
export function limitsTable(lines: readonly Line[]): string {
  return lines.flatMap((line) => line.limits.map((limit) => `${line.title}: ${limitText(limit)}\n`)).join('')
}

function limitText({ title, value, atMost, atLeast, kept, baseline }: Line['limits'][number]): string {
  const bound = atMost === undefined ? `≥ ${atLeast?.toLocaleString('en-US')}` : `≤ ${atMost.toLocaleString('en-US')}`
  const beside = baseline === undefined ? '' : `; the baseline ${shown(baseline)}`
  return `${shown(value)} ${title} (${bound}${kept ? '' : ' MISSED'}${beside})`
}

/** A number with digits behind the point where it is small. */
function shown(value: number): string {
  const size = Math.abs(value)
  return value.toLocaleString('en-US', { maximumFractionDigits: size < 0.01 ? 4 : size < 10 ? 2 : 0 })
}

/** The table for a terminal. */
export function terminalTable(lines: readonly Line[]): string {
  const table = new Table({ head: columns, style: { head: [], border: [] } })
  for (const line of lines) table.push(cells(line))
  return table.toString()
}

/** The same table in Markdown. */
export function markdownTable(lines: readonly Line[]): string {
  const rule = columns.map((_, i) => (i === 0 ? '---' : '--:'))
  return [columns, rule, ...lines.map(cells)].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

const columns = [
  'operation',
  'gateway',
  'baseline',
  'ratio',
  'budget',
  '± gw / base',
  'rate gw / base',
  'p50 gw / base',
  'p99 gw / base',
  'core used gw / base',
]

function cells({ title, gateway, baseline, ratio, budget, budgetIsRatio, withinBudget, unit }: Line): string[] {
  const isBytes = unit === 'bytes'
  const value = (of: Summary) => (isBytes ? `${of.value.toFixed(0)} B` : `${of.value.toFixed(2)} µs CPU`)
  const limit = budget === null ? '' : budgetIsRatio ? `≤ ${budget.toFixed(2)}` : `≤ ${budget} B`
  const pair = (show: (of: Summary) => string) => `${show(gateway)} / ${show(baseline)}`
  return [
    title,
    value(gateway),
    value(baseline),
    ratio.toFixed(2),
    withinBudget === false ? `${limit} MISSED` : limit,
    pair((of) => `${(of.spread * 100).toFixed(0)} %`),
    pair((of) => `${Math.round(of.rate).toLocaleString('en-US')}/s`),
    pair((of) => micros(of.p50)),
    pair((of) => micros(of.p99)),
    pair((of) => (Number.isNaN(of.load) ? '–' : of.load.toFixed(2))),
  ]
}

/** Microseconds as milliseconds. */
export function micros(value: number): string {
  return Number.isNaN(value) ? '–' : `${(value / 1000).toFixed(2)} ms`
}

/** Medians over the rounds; `spread` is half the distance between the best and the worst, as a share of the median. */
export function summary(rounds: readonly Measurement[]): Summary {
  const of = (member: keyof Figures) => median(rounds.map((round) => round[member]))
  const values = rounds.map(({ value }) => value)
  const value = of('value')
  return {
    ...{ value, rate: of('rate'), load: of('load'), p50: of('p50'), p99: of('p99') },
    ...{ answerP50: of('answerP50'), answerP99: of('answerP99') },
    spread: (Math.max(...values) - Math.min(...values)) / 2 / value,
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}
