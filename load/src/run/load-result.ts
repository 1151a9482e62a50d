import { arch, cpus, release, totalmem, type } from 'node:os'
import {
  type CheckResult,
  type ClientHealth,
  type DeliveryAccount,
  type ErrorKind,
  type LatencyName,
  type LatencyResult,
  type LoadResult,
  latencyNames,
  type ProcessResult,
  type RunInfo,
  resultFormat,
  resultVersion,
  type Totals,
} from '../contract.ts'
import { latencyResult } from '../histogram.ts'
import type { Scenario } from '../scenario/read-scenario.ts'
import { judge } from '../scenario/threshold.ts'
import { addCounts, noCounts } from '../worker/delivery.ts'
import type { LastWords } from '../worker/plan.ts'
import type { RateBase, RunSeries } from './series.ts'
import { shownDefinition } from './shown-definition.ts'
import { shownUrl, urlsOf } from './target-addresses.ts'

export interface ResultParts {
  readonly scenario: Scenario
  readonly series: RunSeries
  readonly lastWords: readonly LastWords[]
  readonly errors: Readonly<Partial<Record<ErrorKind, number>>>
  readonly errorSamples: LastWords['errorSamples']
  readonly client: ClientHealth
  readonly processes: readonly ProcessResult[]
  readonly startedAt: number
  readonly duration: number
  readonly ended: RunInfo['ended']
  readonly endedWhy: string | null
  readonly version: string
  readonly options: RunInfo['options']
}

const maxErrorSamples = 50

/** All that is known at the end, as the file that a run leaves behind. */
export function loadResult(parts: ResultParts): LoadResult {
  const { scenario, series, lastWords, errors } = parts
  const measured = {
    totals: totalsOf(parts),
    latencies: Object.fromEntries(latencyNames.map((name) => [name, latencyResult(series.latencies[name])])) as Record<
      LatencyName,
      LatencyResult | null
    >,
    closes: summed(lastWords.map(({ closes }) => closes)),
    errors,
    delivery: deliveryOf(scenario, lastWords),
    checks: checksOf(lastWords),
    statuses: {
      handshakes: summed(lastWords.map(({ statuses }) => statuses.handshakes)),
      posts: summed(lastWords.map(({ statuses }) => statuses.posts)),
      rest: summed(lastWords.map(({ statuses }) => statuses.rest)),
    },
    processes: parts.processes,
  }
  const thresholds = scenario.thresholds.map((threshold) => judge(threshold, measured))
  return {
    format: resultFormat,
    version: resultVersion,
    run: runInfo(parts),
    phases: phasesOf(parts),
    seconds: series.seconds,
    ...measured,
    errorSamples: samplesOf(parts.errorSamples, lastWords),
    thresholds,
    passed: thresholds.every(({ passed }) => passed),
    client: parts.client,
  }
}

function runInfo({ scenario, startedAt, duration, ended, endedWhy, version, options }: ResultParts): RunInfo {
  const cores = cpus()
  return {
    scenario: scenario.name,
    file: scenario.file,
    description: scenario.definition.description ?? null,
    definition: shownDefinition(scenario.source),
    targets: [...new Set(urlsOf(scenario).map(shownUrl))],
    startedAt,
    duration: Math.round(duration),
    ended,
    endedWhy,
    versions: { postern: version, node: process.versions.node },
    machine: {
      system: `${type().toLowerCase()} ${release()} ${arch()}`,
      cpu: cores[0]?.model.trim() ?? 'unknown',
      cores: cores.length,
      memoryBytes: totalmem(),
    },
    options,
  }
}

/** Phases that an interrupted run did not come to are not there. */
function phasesOf({ scenario, duration }: ResultParts): LoadResult['phases'] {
  return scenario.timeline
    .filter(({ start }, index) => index === 0 || start < duration)
    .map(({ name, kind, start, end, to, peak, measured }) => ({
      name,
      kind,
      from: start / 1000,
      to: Math.min(end, duration) / 1000,
      connections: kind === 'spike' ? peak : to,
      measured,
    }))
}

function totalsOf({ series, lastWords, errors }: ResultParts): Totals {
  const { totals, traffic, openings } = series
  const allErrors = Object.values(errors).reduce((sum, count) => sum + count, 0)
  const operations = totals.attempted + totals.messagesOut + totals.posted + totals.restRequests
  return {
    connections: {
      attempted: totals.attempted,
      opened: totals.opened,
      failed: totals.failed,
      peak: series.peak,
      missing: series.missing,
    },
    messages: {
      out: totals.messagesOut,
      in: totals.messagesIn,
      replies: totals.replies,
      unsent: lastWords.reduce((sum, { messagesUnsent }) => sum + messagesUnsent, 0),
      unexpected: totals.unexpected,
    },
    pushes: {
      posted: totals.posted,
      accepted: totals.accepted,
      received: totals.pushesReceived,
      unsent: lastWords.reduce((sum, { pushesUnsent }) => sum + pushesUnsent, 0),
    },
    rest: { requests: totals.restRequests },
    bytes: { out: totals.bytesOut, in: totals.bytesIn },
    errors: allErrors,
    operations,
    errorShare: operations === 0 ? (allErrors > 0 ? 1 : 0) : Math.min(1, allErrors / operations),
    rates: {
      messagesOut: rateOf(traffic, 'messagesOut'),
      messagesIn: rateOf(traffic, 'messagesIn'),
      pushes: rateOf(traffic, 'pushesReceived'),
      rest: rateOf(traffic, 'restRequests'),
      handshakes: rateOf(openings, 'opened'),
    },
  }
}

function rateOf({ counters, duration }: RateBase, name: keyof RateBase['counters']): number {
  return duration <= 0 ? 0 : Math.round((counters[name] / duration) * 1_000_000) / 1000
}

function deliveryOf({ definition }: Scenario, lastWords: readonly LastWords[]): LoadResult['delivery'] {
  const sum = (of: (last: LastWords) => DeliveryAccount) => {
    const counts = noCounts()
    for (const last of lastWords) addCounts(counts, of(last))
    return counts
  }
  const { pushes, messages } = definition
  const isFannedOut = messages.some(({ fanOut }) => fanOut !== false)
  return {
    pushes: pushes === undefined || pushes.group !== undefined ? null : sum((last) => last.pushes),
    fanOut: pushes?.group !== undefined || isFannedOut ? sum(({ fanOut }) => fanOut) : null,
  }
}

function checksOf(lastWords: readonly LastWords[]): CheckResult[] {
  const checks = new Map<string, { name: string; passed: number; failed: number; sample: string | null }>()
  for (const { name, passed, failed, sample } of lastWords.flatMap((last) => last.checks)) {
    const known = checks.get(name)
    if (known === undefined) checks.set(name, { name, passed, failed, sample })
    else {
      known.passed += passed
      known.failed += failed
      known.sample ??= sample
    }
  }
  return [...checks.values()]
}

function samplesOf(own: LastWords['errorSamples'], lastWords: readonly LastWords[]): LoadResult['errorSamples'] {
  const samples = new Map<string, { kind: ErrorKind; message: string; count: number }>()
  for (const each of [...own, ...lastWords.flatMap(({ errorSamples }) => errorSamples)]) {
    const key = `${each.kind} ${each.message}`
    const known = samples.get(key)
    if (known === undefined) samples.set(key, { ...each })
    else known.count += each.count
  }
  return [...samples.values()].sort((a, b) => b.count - a.count).slice(0, maxErrorSamples)
}

function summed(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const [key, count] of all.flatMap((each) => Object.entries(each))) sums[key] = (sums[key] ?? 0) + count
  return Object.fromEntries(Object.entries(sums).sort(([a], [b]) => (a < b ? -1 : 1)))
}
