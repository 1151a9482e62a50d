import fc from 'fast-check'
import { decodeFromCompressedBase64 } from 'hdr-histogram-js'
import { describe, expect, test } from 'vitest'
import { addCounts, createHistogram, LatencyRecorder, latencyResult } from '../../../load/src/histogram.ts'
import { now } from '../../../load/src/worker/clock.ts'
import { createHealth } from '../../../load/src/worker/health.ts'
import { createRateSource } from '../../../load/src/worker/rate-source.ts'
import { ReadyList } from '../../../load/src/worker/ready-list.ts'
import { KeyedReplies, OrderedReplies } from '../../../load/src/worker/reply-book.ts'
import { createSchedule } from '../../../load/src/worker/schedule.ts'
import { formatStamp, StampReader, stampLength } from '../../../load/src/worker/stamp.ts'

describe('stamps', () => {
  const stamp = fc.record({
    kind: fc.constantFrom('reply', 'fanOut', 'push'),
    stream: fc.nat(0xffff_ffff),
    number: fc.nat(0xffff_ffff),
    millis: fc.nat(100_000_000_000).map((micros) => micros / 1000),
  })

  test('are found in any text, in order, with all that they say', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.array(fc.tuple(fc.string(), stamp)), (run, items) => {
        const text = items
          .map(([before, { kind, stream, number, millis }]) => before + formatStamp(run, kind, stream, number, millis))
          .join('')
        const source = Buffer.from(`offset${text}`)
        const reader = new StampReader(run)
        const found: unknown[] = []
        for (let at = reader.next(source, 6, source.length); at >= 0; at = reader.next(source, at, source.length)) {
          const { kind, stream, number, millis } = reader
          found.push({ kind, stream, number, millis })
        }
        expect(found).toEqual(items.map(([, each]) => each))
      }),
    )
  })

  test('of another run, cut short, beyond the end or spoilt are none', () => {
    const text = formatStamp(7, 'push', 1, 2, 3)
    const reader = new StampReader(7)
    expect(text).toHaveLength(stampLength)
    expect(new StampReader(8).next(Buffer.from(text), 0, stampLength)).toBe(-1)
    for (let end = 0; end < stampLength; end++) expect(reader.next(Buffer.from(text), 0, end)).toBe(-1)
    for (let at = 0; at < stampLength; at++) {
      const spoilt = Buffer.from(text)
      spoilt[at] = 0x7a
      expect(reader.next(spoilt, 0, spoilt.length)).toBe(-1)
    }
  })
})

describe('latencies', () => {
  test('are recorded as an HdrHistogram with three digits would', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff_ffff })), (micros) => {
        const recorder = new LatencyRecorder()
        const expected = createHistogram()
        for (const value of micros) {
          recorder.record(value / 1000)
          expected.recordValue(value)
        }
        const counts = recorder.take()
        const actual = createHistogram()
        if (counts !== null) addCounts(actual, counts)
        expect(recorder.take()).toBeNull()
        expect(actual.totalCount).toBe(micros.length)
        for (const percentile of [0, 1, 50, 90, 99, 99.9, 100]) {
          expect(actual.getValueAtPercentile(percentile)).toBe(expected.getValueAtPercentile(percentile))
        }
      }),
    )
  })

  test('of several workers add up, and come out of the encoding as they went in', () => {
    const sum = createHistogram()
    for (const from of [0, 500]) {
      const recorder = new LatencyRecorder()
      for (let i = 1; i <= 500; i++) recorder.record(from + i)
      addCounts(sum, recorder.take() as Uint32Array)
    }
    const result = latencyResult(sum)
    expect(result).toMatchObject({ count: 1000 })
    for (const [name, millis] of [
      ['p50', 500],
      ['p90', 900],
      ['p99', 990],
      ['p999', 999],
      ['max', 1000],
      ['min', 1],
      ['mean', 500.5],
    ] as const) {
      expect(Math.abs((result?.[name] ?? 0) / millis - 1)).toBeLessThan(0.001)
    }
    const decoded = decodeFromCompressedBase64(result?.histogram ?? '')
    expect(decoded.totalCount).toBe(1000)
    expect(decoded.getValueAtPercentile(99) / 1000).toBe(result?.p99)
  })

  test('beyond an hour and below nothing are cut to what can be counted', () => {
    const recorder = new LatencyRecorder()
    recorder.record(1e12)
    recorder.record(-1)
    const histogram = createHistogram()
    addCounts(histogram, recorder.take() as Uint32Array)
    expect(histogram.getValueAtPercentile(0)).toBe(0)
    expect(histogram.maxValue).toBeGreaterThan(4_290_000_000)
  })
})

describe('replies', () => {
  test('in order go to the oldest, however many wait', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (steps) => {
        const book = new OrderedReplies()
        const model: number[] = []
        for (const [due, isSent] of steps.entries()) {
          if (isSent) {
            book.add('', due, due)
            model.push(due)
          } else expect(book.take()).toBe(model.shift() ?? null)
          expect(book.waiting).toBe(model.length)
          expect(book.oldest).toBe(model[0] ?? null)
        }
      }),
    )
  })

  test('in order that come after their time are not taken for those of the next', () => {
    const book = new OrderedReplies()
    book.add('', 1, 1)
    book.add('', 5, 5)
    expect(book.expire(3)).toBe(1)
    expect([book.waiting, book.oldest]).toEqual([1, 5])
    expect([book.take(), book.take(), book.take()]).toEqual([null, 5, null])
  })

  test('by a key go to their message once, and not after their time', () => {
    const book = new KeyedReplies()
    book.add('a', 1, 1)
    book.add('b', 5, 5)
    expect(book.take('c')).toBeNull()
    expect(book.take('b')).toBe(5)
    expect(book.take('b')).toBeNull()
    expect([book.expire(3), book.take('a'), book.clear()]).toEqual([1, null, 0])
  })
})

test('a schedule runs what is due in its order, and nothing early', async () => {
  const schedule = createSchedule(() => {})
  const begun = now()
  const delays = [30, 5, 0, 12, 12, 60, 1]
  const ran: number[] = []
  await new Promise<void>((resolve) => {
    for (const delay of delays) {
      schedule.at(begun + delay, (due) => {
        expect(now()).toBeGreaterThanOrEqual(due)
        ran.push(delay)
        if (ran.length === delays.length) resolve()
      })
    }
    expect(ran).toEqual([])
  })
  expect(ran).toEqual([...delays].sort((a, b) => a - b))
  schedule.at(now(), () => ran.push(-1))
  schedule.close()
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(ran).toHaveLength(delays.length)
})

test('a rate stands: what could not be done in time is done late, with the times when it was due', async () => {
  const schedule = createSchedule(() => {})
  const dues: number[] = []
  let blockedUntil = now() + 200
  const begun = now()
  await new Promise<void>((resolve) => {
    const source = createRateSource({
      rate: 1000,
      schedule,
      isPossible: () => true,
      send(due) {
        if (now() < blockedUntil) return false
        dues.push(due)
        if (dues.length === 300) resolve()
        return true
      },
    })
    source.start()
  })
  schedule.close()
  expect(dues[0]).toBeLessThan(begun + 100)
  for (let i = 1; i < dues.length; i++) expect((dues[i] as number) - (dues[i - 1] as number)).toBeCloseTo(1, 3)
  blockedUntil = 0
})

test('a rate counts what was due and not done, and nothing while nobody is there', async () => {
  const schedule = createSchedule(() => {})
  let isThere = false
  const source = createRateSource({ rate: 1000, schedule, isPossible: () => isThere, send: () => false })
  source.start()
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(source.stop(now())).toBe(0)
  isThere = true
  source.start()
  const begun = now()
  await new Promise((resolve) => setTimeout(resolve, 50))
  const unsent = source.stop(now())
  expect(unsent).toBeGreaterThanOrEqual(50)
  expect(unsent).toBeLessThanOrEqual(now() - begun + 1)
  schedule.close()
})

test('a list of the ready goes round, and forgets who left', () => {
  const list = new ReadyList<string>()
  for (const item of ['a', 'b', 'c', 'a']) list.add(item)
  expect([1, 2, 3, 4].map(() => list.next(() => true, 9))).toEqual(['a', 'b', 'c', 'a'])
  list.delete('a')
  list.delete('x')
  expect(list.size).toBe(2)
  const seen = new Set([1, 2].map(() => list.next(() => true, 9)))
  expect(seen).toEqual(new Set(['b', 'c']))
  expect(list.next(() => false, 9)).toBeNull()
  expect(list.next((item) => item === 'b', 2)).toBe('b')
})

test('an event loop that stands still shows in the lag, and what it used in the CPU', async () => {
  const health = createHealth()
  await new Promise((resolve) => setTimeout(resolve, 50))
  health.read()
  const { user, system } = process.cpuUsage()
  const begun = performance.now()
  while (performance.now() - begun < 300);
  const used = process.cpuUsage()
  await new Promise((resolve) => setTimeout(resolve, 50))
  const { lagMax, lagP99, cpu, memoryBytes } = health.read()
  health.close()
  expect(lagMax).toBeGreaterThan(250)
  expect(lagP99).toBeGreaterThan(250)
  const cores = (used.user + used.system - user - system) / 1000 / (performance.now() - begun)
  expect(cpu).toBeGreaterThan(cores * 0.8)
  expect(cpu).toBeLessThan(cores * 1.5 + 0.2)
  expect(memoryBytes).toBeGreaterThan(10_000_000)
})
