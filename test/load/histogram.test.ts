import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addCounts, createHistogram, LatencyRecorder, latencyResult, secondLatency } from '../../load/src/histogram.ts'

test('no percentile is above the highest value, and none below a smaller one', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0.001, max: 60_000, noNaN: true }), { minLength: 1 }), (values) => {
      const recorder = new LatencyRecorder()
      for (const value of values) recorder.record(value)
      const histogram = createHistogram()
      addCounts(histogram, recorder.take() as Uint32Array)
      const { p50, p90, p99, p999, p9999, max } = latencyResult(histogram) as NonNullable<
        ReturnType<typeof latencyResult>
      >
      const rising = [p50, p90, p99, p999, p9999, max]
      expect(rising).toEqual(rising.toSorted((a, b) => a - b))
      const second = secondLatency(histogram)
      expect(second.p99).toBeLessThanOrEqual(second.max)
    }),
  )
})
