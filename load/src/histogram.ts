import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'
import type { LatencyResult, SecondLatency } from './contract.ts'

/** Three digits: a value is never more than 0.1 % off. */
const subBits = 11
const halfCount = 1 << (subBits - 1)
/** 2^32 microseconds, a bit more than an hour; longer ones count as that. */
const highestMicros = 0xffff_ffff
const slots = indexOf(highestMicros) + 1

/**
 * Records latencies in the buckets of an HdrHistogram with three significant digits: a few nanoseconds a value and
 * nothing allocated, on the way of every message.
 */
export class LatencyRecorder {
  readonly #counts = new Uint32Array(slots)
  #count = 0
  #highest = -1

  /** Below 0 counts as 0. */
  record(millis: number): void {
    const index = indexOf(Math.min(highestMicros, Math.max(0, Math.round(millis * 1000))))
    ;(this.#counts[index] as number)++
    this.#count++
    if (index > this.#highest) this.#highest = index
  }

  /** The counts since the last call, without zeros at the end; null when nothing was recorded. */
  take(): Uint32Array | null {
    if (this.#count === 0) return null
    const counts = this.#counts.slice(0, this.#highest + 1)
    this.#counts.fill(0, 0, this.#highest + 1)
    this.#count = 0
    this.#highest = -1
    return counts
  }
}

/** Values below 2^11 have a bucket each; above, each doubling has 2^10. */
function indexOf(micros: number): number {
  if (micros < 2 * halfCount) return micros
  const shift = 32 - Math.clz32(micros) - subBits
  return shift * halfCount + Math.floor(micros / 2 ** shift)
}

function valueAt(index: number): number {
  if (index < 2 * halfCount) return index
  const shift = Math.floor(index / halfCount) - 1
  return (index - shift * halfCount) * 2 ** shift
}

export function createHistogram(): Histogram {
  return build({
    bitBucketSize: 64,
    lowestDiscernibleValue: 1,
    highestTrackableValue: highestMicros,
    numberOfSignificantValueDigits: 3,
  })
}

/** Adds what `LatencyRecorder.take` gave. */
export function addCounts(histogram: Histogram, counts: Uint32Array): void {
  for (let index = 0; index < counts.length; index++) {
    const count = counts[index] as number
    if (count > 0) histogram.recordValueWithCount(valueAt(index), count)
  }
}

/** The figures of a histogram; null when it holds no values. */
export function latencyResult(histogram: Histogram): LatencyResult | null {
  if (histogram.totalCount === 0) return null
  const at = percentilesOf(histogram)
  return {
    count: histogram.totalCount,
    mean: millis(histogram.mean),
    min: at(0),
    p50: at(50),
    p75: at(75),
    p90: at(90),
    p95: at(95),
    p99: at(99),
    p999: at(99.9),
    p9999: at(99.99),
    max: millis(histogram.maxValue),
    histogram: encodeIntoCompressedBase64(histogram),
  }
}

export function secondLatency(histogram: Histogram): SecondLatency {
  const at = percentilesOf(histogram)
  return { count: histogram.totalCount, p50: at(50), p90: at(90), p99: at(99), max: millis(histogram.maxValue) }
}

/** A percentile is the end of its bucket, which may be behind the highest value. */
function percentilesOf(histogram: Histogram): (percentile: number) => number {
  return (percentile) => millis(Math.min(histogram.getValueAtPercentile(percentile), histogram.maxValue))
}

function millis(micros: number): number {
  return Math.round(micros) / 1000
}
