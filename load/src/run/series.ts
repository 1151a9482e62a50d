import type { Histogram } from 'hdr-histogram-js'
import { type ErrorKind, type LatencyName, latencyNames, type SecondResult } from '../contract.ts'
import { addCounts, createHistogram, secondLatency } from '../histogram.ts'
import type { TimedPhase } from '../scenario/timeline.ts'
import { type Counters, noCounters, type Slice } from '../worker/plan.ts'

/** The reports of all workers, merged second by second. */
export interface RunSeries {
  add(worker: number, slice: Slice): void
  /** A worker tells nothing any more; seconds don't wait for it. */
  ended(worker: number): void
  /** Nothing comes any more: what is left of seconds is closed as it is. */
  finish(): void
  /** A share of all cores that were busy in the second that ends now. */
  machine(busy: number): void
  readonly seconds: readonly SecondResult[]
  readonly totals: Counters
  readonly errors: Readonly<Partial<Record<ErrorKind, number>>>
  readonly peak: number
  /** Connections that the last phase that keeps any wanted at its end, and that were not open. */
  readonly missing: number
  /** Latencies of the measured phases. */
  readonly latencies: Readonly<Record<LatencyName, Histogram>>
  /** Traffic of the measured phases that rates are made from, and how long these phases were, in milliseconds. */
  readonly traffic: RateBase
  readonly openings: RateBase
}

export interface RateBase {
  readonly counters: Counters
  duration: number
}

interface Draft {
  phase: number
  /** The longest slice, in milliseconds. */
  longest: number
  readonly told: Set<number>
  readonly counters: Counters
  readonly errors: Partial<Record<ErrorKind, number>>
  readonly latencies: Map<LatencyName, Histogram>
  readonly gauges: Map<number, { open: number; opening: number }>
  /** Most connections open at a time, of each worker. */
  readonly peaks: Map<number, number>
  lagP99: number
  lagMax: number
  cpu: number
}

/** `onSecond` is called in order, once all workers have told of a second. */
export function createSeries(
  workers: number,
  timeline: readonly TimedPhase[],
  onSecond: (second: SecondResult) => void,
): RunSeries {
  const drafts: Draft[] = []
  const seconds: SecondResult[] = []
  const machines: number[] = []
  const live = new Set(Array.from({ length: workers }, (_, index) => index))
  const totals: Counters = { ...noCounters }
  const errors: Partial<Record<ErrorKind, number>> = {}
  const latencies = Object.fromEntries(latencyNames.map((name) => [name, createHistogram()])) as Record<
    LatencyName,
    Histogram
  >
  const traffic = { counters: { ...noCounters }, duration: 0 }
  const openings = { counters: { ...noCounters }, duration: 0 }
  const last = new Map<number, { open: number; opening: number }>()
  /** Connections that each worker, by its index, had open when the last phase that keeps any was over. */
  const kept = new Map<number, number>()
  let keeping = -1
  let peak = 0

  function draftOf(second: number): Draft {
    while (drafts.length <= second) drafts.push(newDraft(drafts.at(-1)?.phase ?? 0))
    return drafts[second] as Draft
  }

  function add(worker: number, slice: Slice): void {
    // A worker that was late tells of a second that the others closed long ago: it counts in the next open one.
    const draft = draftOf(Math.max(slice.second, seconds.length))
    // A second belongs to the phase that has most of it.
    if (slice.duration > draft.longest) {
      draft.longest = slice.duration
      draft.phase = slice.phase
    }
    draft.gauges.set(worker, { open: slice.open, opening: slice.opening })
    draft.peaks.set(worker, Math.max(draft.peaks.get(worker) ?? 0, slice.peak))
    draft.lagP99 = Math.max(draft.lagP99, slice.lagP99)
    draft.lagMax = Math.max(draft.lagMax, slice.lagMax)
    draft.cpu = Math.max(draft.cpu, slice.cpu)
    addAll(draft.counters, slice.counters)
    addAll(totals, slice.counters)
    addErrors(draft.errors, slice.errors)
    addErrors(errors, slice.errors)
    addLatencies(draft, slice)
    if (slice.measured && !slice.settling) addRates(slice)
    if (!slice.settling && timeline[slice.phase]?.kind !== 'drain') {
      keeping = Math.max(keeping, slice.phase)
      kept.set(worker, slice.open)
    }
    if (slice.isLast) draft.told.add(worker)
    close()
  }

  function addLatencies(draft: Draft, { latencies: counted, measured }: Slice): void {
    for (const name of latencyNames) {
      const counts = counted[name]
      if (counts === undefined) continue
      const histogram = draft.latencies.get(name) ?? createHistogram()
      draft.latencies.set(name, histogram)
      addCounts(histogram, counts)
      if (measured) addCounts(latencies[name], counts)
    }
  }

  /** Workers run side by side: each adds its part of the time. */
  function addRates({ phase, counters, duration }: Slice): void {
    const timed = timeline[phase]
    if (timed === undefined) return
    for (const [base, counts] of [
      [traffic, timed.traffic],
      [openings, timed.peak > timed.from],
    ] as const) {
      if (!counts) continue
      addAll(base.counters, counters)
      base.duration += duration / workers
    }
  }

  function close(): void {
    while (seconds.length < drafts.length) {
      const draft = drafts[seconds.length] as Draft
      if ([...live].some((worker) => !draft.told.has(worker))) return
      closeNext(draft)
    }
  }

  function closeNext(draft: Draft): void {
    for (const [worker, gauge] of draft.gauges) last.set(worker, gauge)
    const second = finished(draft, seconds.length)
    peak = Math.max(
      peak,
      sum(draft.peaks, (each) => each),
    )
    seconds.push(second)
    onSecond(second)
  }

  function finished(draft: Draft, second: number): SecondResult {
    const { counters } = draft
    const isSilent = draft.told.size < live.size
    return {
      second,
      phase: draft.phase,
      connections: {
        open: sum(last, ({ open }) => open),
        opening: sum(last, ({ opening }) => opening),
        opened: counters.opened,
        closed: counters.closed,
        failed: counters.failed,
      },
      messages: { out: counters.messagesOut, in: counters.messagesIn },
      pushes: { posted: counters.posted, received: counters.pushesReceived },
      fanOut: { expected: counters.fanOutExpected, received: counters.fanOutReceived },
      rest: { requests: counters.restRequests },
      bytes: { out: counters.bytesOut, in: counters.bytesIn },
      errors: draft.errors,
      latencies: Object.fromEntries([...draft.latencies].map(([name, each]) => [name, secondLatency(each)])),
      client: {
        lagP99: isSilent ? null : rounded(draft.lagP99),
        lagMax: isSilent ? null : rounded(draft.lagMax),
        cpu: isSilent ? null : rounded(draft.cpu),
      },
      machineCpu: machines[second] ?? machines.at(-1) ?? null,
    }
  }

  return {
    add,
    ended(worker) {
      live.delete(worker)
      last.delete(worker)
      if (live.size > 0) close()
    },
    finish() {
      while (seconds.length < drafts.length) closeNext(drafts[seconds.length] as Draft)
    },
    machine: (busy) => void machines.push(rounded(busy)),
    seconds,
    totals,
    errors,
    get peak() {
      return peak
    },
    get missing() {
      const phase = timeline[keeping]
      const wanted = phase === undefined ? 0 : phase.kind === 'spike' ? phase.peak : phase.to
      return Math.max(0, wanted - sum(kept, (open) => open))
    },
    latencies,
    traffic,
    openings,
  }
}

function newDraft(phase: number): Draft {
  return {
    phase,
    longest: 0,
    told: new Set(),
    counters: { ...noCounters },
    errors: {},
    latencies: new Map(),
    gauges: new Map(),
    peaks: new Map(),
    lagP99: 0,
    lagMax: 0,
    cpu: 0,
  }
}

function addAll(sum: Counters, more: Counters): void {
  for (const name of Object.keys(more) as (keyof Counters)[]) sum[name] += more[name]
}

export function addErrors(
  sum: Partial<Record<ErrorKind, number>>,
  more: Readonly<Partial<Record<ErrorKind, number>>>,
): void {
  for (const [kind, count] of Object.entries(more) as [ErrorKind, number][]) sum[kind] = (sum[kind] ?? 0) + count
}

function sum<Value>(values: ReadonlyMap<number, Value>, of: (value: Value) => number): number {
  let total = 0
  for (const value of values.values()) total += of(value)
  return total
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}
