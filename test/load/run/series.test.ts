import { expect, test } from 'vitest'
import type { SecondResult } from '../../../load/src/contract.ts'
import { LatencyRecorder } from '../../../load/src/histogram.ts'
import { createSeries } from '../../../load/src/run/series.ts'
import { timelineOf } from '../../../load/src/scenario/timeline.ts'
import { noCounters, type Slice } from '../../../load/src/worker/plan.ts'

const timeline = timelineOf([
  { phase: 'ramp', connections: 10, duration: 1500, traffic: true, measured: false },
  { phase: 'hold', duration: 2000, traffic: true, measured: true },
  { phase: 'drain', duration: 1000, measured: true },
])

function slice(given: Partial<Slice> & { out?: number; reply?: number }): Slice {
  const { out = 0, reply, ...rest } = given
  const recorder = new LatencyRecorder()
  if (reply !== undefined) recorder.record(reply)
  const counts = recorder.take()
  return {
    second: 0,
    isLast: true,
    duration: 1000,
    phase: 0,
    measured: timeline[given.phase ?? 0]?.measured ?? true,
    settling: false,
    open: 5,
    peak: 5,
    opening: 0,
    counters: { ...noCounters, messagesOut: out },
    errors: {},
    latencies: counts === null ? {} : { reply: counts },
    lagP99: 1,
    lagMax: 1,
    cpu: 0.1,
    memoryBytes: 1,
    ...rest,
  }
}

function record(workers: number) {
  const seconds: SecondResult[] = []
  return { series: createSeries(workers, timeline, (second) => seconds.push(second)), seconds }
}

test('a second is told once all workers have told of it, and holds what all of them did', () => {
  const { series, seconds } = record(2)
  series.add(0, slice({ out: 3, reply: 10, lagP99: 7, cpu: 0.9, errors: { closed: 1 } }))
  expect(seconds).toEqual([])
  series.add(0, slice({ second: 1, out: 5 }))
  series.add(1, slice({ out: 4, reply: 20, open: 6, peak: 8, errors: { closed: 2, check: 1 } }))
  expect(seconds).toHaveLength(1)
  expect(seconds[0]).toMatchObject({
    second: 0,
    connections: { open: 11 },
    messages: { out: 7 },
    errors: { closed: 3, check: 1 },
    latencies: { reply: { count: 2, max: expect.closeTo(20, 1) } },
    client: { lagP99: 7, cpu: 0.9 },
  })
  expect(series.peak).toBe(13)
  expect(series.totals.messagesOut).toBe(12)
  expect(series.errors).toEqual({ closed: 3, check: 1 })
})

test('a worker that ended holds no second up, and its connections are gone', () => {
  const { series, seconds } = record(2)
  series.add(0, slice({ out: 1 }))
  series.ended(1)
  expect(seconds.map(({ connections }) => connections.open)).toEqual([5])
  series.add(0, slice({ second: 1, isLast: false, out: 1 }))
  series.ended(0)
  series.finish()
  expect(seconds.map(({ messages }) => messages.out)).toEqual([1, 1])
})

test('only measured phases count in latencies and rates, and rates not while the end is waited for', () => {
  const { series, seconds } = record(1)
  series.add(0, slice({ out: 100, reply: 500 }))
  series.add(0, slice({ second: 1, isLast: false, duration: 500, out: 50, reply: 500 }))
  series.add(0, slice({ second: 1, duration: 500, phase: 1, out: 5, reply: 10 }))
  series.add(0, slice({ second: 2, phase: 1, out: 10, reply: 10 }))
  series.add(0, slice({ second: 3, isLast: false, duration: 600, phase: 1, out: 6, reply: 10 }))
  series.add(0, slice({ second: 3, duration: 400, phase: 2, out: 1, reply: 30 }))
  series.add(0, slice({ second: 4, phase: 2, settling: true, out: 1, reply: 40 }))
  expect(series.traffic).toMatchObject({ duration: 2100, counters: { messagesOut: 21 } })
  expect(series.openings.duration).toBe(0)
  // A late reply of a measured phase counts, whenever it comes.
  expect(series.latencies.reply.totalCount).toBe(5)
  expect(series.latencies.reply.maxValue / 1000).toBeCloseTo(40, 1)
  expect(seconds.map(({ phase }) => phase)).toEqual([0, 0, 1, 1, 2])
  expect(series.totals.messagesOut).toBe(173)
})
