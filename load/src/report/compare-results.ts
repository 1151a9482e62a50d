import type { LoadResult } from '../contract.ts'
import { batchMeans, type Estimate, sharedFreedom } from './batch-means.ts'
import { comparability } from './comparability.ts'
import {
  type CountSpec,
  countedFaults,
  errorStrata,
  type FigureGroup,
  type FigureSpec,
  figuresOf,
} from './compared-figures.ts'
import { studentT } from './student-t.ts'

/** One run or several of the same: several say how far equal runs differ. */
export type Runs = readonly [LoadResult, ...LoadResult[]]

/** `same`: no change beyond noise. `unclear`: a change that the runs can neither confirm nor rule out; `why` says it. */
export type Change = 'better' | 'worse' | 'same' | 'unclear'

export interface ComparedFigure {
  readonly group: FigureGroup
  /** `reply p99`, `127.0.0.1:8080: memory`. */
  readonly name: string
  readonly unit: FigureSpec['unit']
  /** The baseline's value, of several runs their median; null where it was not measured. */
  readonly baseline: number | null
  readonly candidate: number | null
  /**
   * Change relative to the baseline, 0.1 for 10 % more; a difference where the unit is `%`; null where there is nothing
   * to relate to.
   */
  readonly change: number | null
  /**
   * The largest change that may be chance, in the measure and with the sign of `change`: a fall of 50 % is as far as a
   * rise of 100 %, so that the two have different noise. Positive for no change; null where the runs are too short to
   * tell.
   */
  readonly noise: number | null
  readonly verdict: Change
  /** A sentence where the verdict needs one. */
  readonly why: string | null
}

export interface Comparison {
  readonly runs: { readonly baseline: number; readonly candidate: number }
  /** Reasons why the figures may not be compared, a sentence each. Empty when nothing speaks against it. */
  readonly warnings: readonly string[]
  /** Differences that are often the very reason to compare: versions, targets. */
  readonly notes: readonly string[]
  readonly figures: readonly ComparedFigure[]
  readonly worse: number
  readonly better: number
}

/** The share of comparisons of equal things in which one figure or more may be called a change. */
const falseAlarms = 0.05
/**
 * The noise from which on nothing is said of a figure: one that can't show a change by half can't show that there is
 * none.
 */
const tooNoisy = 0.5
/** Errors are compared by their share: 0.01 % more is a change, however few they were. */
const errorFloor = 0.0001
const relativeFloor = 0.05

/**
 * Compares the candidate with the baseline, and says of each figure whether it changed by more than noise: more than
 * equal runs would show by chance in one of twenty comparisons (batch means of the seconds, Student's t, Bonferroni's
 * correction for the number of figures), more than 5 %, and more than the runs of one side differ among themselves.
 */
export function compareResults(baseline: Runs, candidate: Runs): Comparison {
  const specs = figuresOf([...baseline, ...candidate])
  const faults = countedFaults.filter(({ of }) => [...baseline, ...candidate].some((run) => of(run) > 0))
  const tail = falseAlarms / (specs.length + faults.length + 1)
  const figures = [
    ...specs.map((spec) => compareFigure(spec, baseline, candidate, tail)),
    compareErrors(baseline, candidate, tail),
    ...faults.map((fault) => compareCount(fault, baseline, candidate, tail)),
  ]
  return {
    runs: { baseline: baseline.length, candidate: candidate.length },
    ...comparability(baseline, candidate),
    figures,
    worse: figures.filter(({ verdict }) => verdict === 'worse').length,
    better: figures.filter(({ verdict }) => verdict === 'better').length,
  }
}

function compareFigure(spec: FigureSpec, baseline: Runs, candidate: Runs, tail: number): ComparedFigure {
  const [a, b] = [baseline, candidate].map((runs) => runs.map(spec.value).filter((value) => value !== null)) as [
    number[],
    number[],
  ]
  const shown = { group: spec.group, name: spec.name, unit: spec.unit, baseline: median(a), candidate: median(b) }
  if (shown.baseline === null || shown.candidate === null || shown.baseline === 0 || shown.candidate === 0) {
    const which = (shown.baseline ?? 0) === 0 ? 'baseline' : 'candidate'
    return { ...shown, change: null, noise: null, verdict: 'unclear', why: `The ${which} has none.` }
  }
  const change = shown.candidate / shown.baseline - 1
  const [from, to] = [estimate(spec, baseline), estimate(spec, candidate)]
  const chance = relativeChance(from, to, tail)
  const noise = chance === null ? null : Math.max(spec.floor, chance, spread(a), spread(b))
  const verdict = judge({ change, inSeconds: to.mean / from.mean - 1, noise, floor: spec.floor, better: spec.better })
  return { ...shown, change, noise: noise === null ? null : onTheSideOf(change, noise), ...verdict }
}

/** A factor of chance, given as the rise, as the rise or the fall that a change has to pass. */
function onTheSideOf(change: number, rise: number): number {
  return change < 0 ? 1 / (1 + rise) - 1 : rise
}

function estimate({ strata }: FigureSpec, runs: Runs): Estimate {
  return batchMeans(runs.flatMap(strata))
}

/** The change that chance alone brings about; null when there are too few seconds to tell. */
function relativeChance(from: Estimate, to: Estimate, tail: number): number | null {
  if (from.freedom === 0 || to.freedom === 0 || from.mean === 0 || to.mean === 0) return null
  const [a, b] = [from.error / from.mean, to.error / to.mean]
  const freedom = sharedFreedom(a, from.freedom, b, to.freedom)
  // The errors are those of logarithms, as a ratio's are.
  return Math.expm1(Math.min(20, studentT(tail, freedom) * Math.hypot(a, b)))
}

interface Judged {
  readonly change: number
  /** The same change, of the means of the seconds. */
  readonly inSeconds: number
  readonly noise: number | null
  readonly floor: number
  readonly better: FigureSpec['better']
}

function judge({ change, inSeconds, noise, floor, better }: Judged): Pick<ComparedFigure, 'verdict' | 'why'> {
  if (!isBeyond(change, floor)) return { verdict: 'same', why: null }
  if (noise === null) return { verdict: 'unclear', why: 'Too few measured seconds to tell a change from chance.' }
  if (!isBeyond(change, noise)) {
    return noise > tooNoisy ? { verdict: 'unclear', why: 'Too noisy: run it longer.' } : { verdict: 'same', why: null }
  }
  if (!isBeyond(inSeconds, noise) || Math.sign(inSeconds) !== Math.sign(change)) {
    return { verdict: 'unclear', why: 'A few seconds make the difference: run it again.' }
  }
  return { verdict: change > 0 === (better === 'higher') ? 'better' : 'worse', why: null }
}

/** Twice as much and half as much are as far away. */
function isBeyond(change: number, noise: number): boolean {
  return Math.abs(Math.log1p(change)) > Math.log1p(noise)
}

/** The distance between the runs of one side: a difference that nobody has made can't be a change. */
function spread(values: readonly number[]): number {
  const least = Math.min(...values)
  return values.length < 2 || least === 0 ? 0 : Math.max(...values) / least - 1
}

function compareErrors(baseline: Runs, candidate: Runs, tail: number): ComparedFigure {
  const [a, b] = [baseline, candidate].map((runs) =>
    shareOf(
      runs,
      ({ totals }) => totals.errors,
      ({ totals }) => totals.operations,
    ),
  ) as [Share, Share]
  const [from, to] = [baseline, candidate].map((runs) => batchMeans(runs.flatMap(errorStrata))) as [Estimate, Estimate]
  // Errors come in bursts, which the seconds show, and one by one, which their number shows: the larger error counts.
  const [errorA, errorB] = [Math.max(from.error, a.error), Math.max(to.error, b.error)]
  const freedom = sharedFreedom(errorA, Math.max(1, from.freedom), errorB, Math.max(1, to.freedom))
  const chance = studentT(tail, freedom) * Math.hypot(errorA, errorB)
  return shareFigure('errors', a, b, Math.max(errorFloor, relativeFloor * a.share, chance))
}

function compareCount({ name, count, of }: CountSpec, baseline: Runs, candidate: Runs, tail: number): ComparedFigure {
  const [a, b] = [shareOf(baseline, count, of), shareOf(candidate, count, of)]
  if (a.count === 0 && b.count > 0 && a.all > 0) {
    const figure = shareFigure(name, a, b, 0)
    return { ...figure, why: `There were none before: ${b.count} now.` }
  }
  const chance = studentT(tail, 1e6) * Math.hypot(a.error, b.error)
  return shareFigure(name, a, b, Math.max(relativeFloor * a.share, chance))
}

interface Share {
  readonly count: number
  readonly all: number
  readonly share: number
  /** Standard error when each came for itself (Poisson), at least as if there had been one. */
  readonly error: number
}

function shareOf(runs: Runs, count: CountSpec['count'], of: CountSpec['of']): Share {
  const [counted, all] = [count, of].map((member) => runs.reduce((sum, run) => sum + member(run), 0)) as [
    number,
    number,
  ]
  const base = Math.max(1, all)
  return { count: counted, all, share: counted / base, error: Math.sqrt(Math.max(1, counted)) / base }
}

function shareFigure(name: string, a: Share, b: Share, noise: number): ComparedFigure {
  const change = b.share - a.share
  const verdict = Math.abs(change) <= noise ? 'same' : change > 0 ? 'worse' : 'better'
  return {
    ...{ group: 'errors', name, unit: '%', baseline: a.share, candidate: b.share },
    ...{ change, noise: change < 0 ? -noise : noise, verdict, why: null },
  }
}

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle]
  if (upper === undefined) return null
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}
