import type { Histogram } from './contract.ts'

/** Counts by bucket, and their sum; the last count is of values above every bound. */
export class BucketHistogram implements Histogram {
  readonly bounds: readonly number[]
  readonly counts: number[]
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Array(bounds.length + 1).fill(0)
  }

  // From below: most values lie in the first few buckets, where this beats halving.
  observe(value: number): void {
    if (!(value >= 0)) return // NaN would spoil the sum for ever; a duration below 0 is a clock that was set
    const { bounds, counts } = this
    let i = 0
    while (i < bounds.length && value > (bounds[i] as number)) i++
    ;(counts[i] as number)++
    this.sum += value
  }
}
