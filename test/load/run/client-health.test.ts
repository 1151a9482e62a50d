import { expect, test } from 'vitest'
import type { SecondResult } from '../../../load/src/contract.ts'
import { createHealthKeeper } from '../../../load/src/run/client-health.ts'
import { fileLimitProblem, openFileLimit } from '../../../load/src/run/file-limit.ts'
import { noCounters, type Slice } from '../../../load/src/worker/plan.ts'

const slice: Slice = {
  second: 0,
  isLast: true,
  duration: 1000,
  phase: 0,
  measured: true,
  settling: false,
  open: 1,
  peak: 1,
  opening: 0,
  counters: noCounters,
  errors: {},
  latencies: {},
  lagP99: 1,
  lagMax: 2,
  cpu: 0.2,
  memoryBytes: 100,
}

function judged(slices: readonly Partial<Slice>[], machineCpu = 0.5) {
  const keeper = createHealthKeeper(1)
  for (const each of slices) keeper.add(0, { ...slice, ...each })
  return keeper.judge(
    [{ pid: 7, connections: 3 }],
    slices.map(() => ({ machineCpu }) as SecondResult),
  )
}

const calm = Array.from({ length: 20 }, () => ({}))

test('a client that keeps up is not the bottleneck', () => {
  expect(judged(calm)).toEqual({
    wasBottleneck: false,
    why: [],
    notes: [],
    workers: [{ pid: 7, connections: 3, lagP99: 1, lagMax: 2, cpuMean: 0.2, cpuMax: 0.2, peakMemoryBytes: 100 }],
  })
})

test.each([
  ['CPU', { cpu: 0.97 }, 'The client used more than 90 % of a core in 3 of 23 measured seconds'],
  ['lag', { lagP99: 30 }, 'The client was late by more than 20 ms in 3 of 23 measured seconds'],
])('a client that is short of %s for a tenth of the time is, and the result says so in words', (_, strained, why) => {
  const health = judged([...calm, strained, strained, strained])
  expect(health.wasBottleneck).toBe(true)
  expect(health.why).toEqual([expect.stringContaining(why)])
})

test('one strained second of many, a phase that is not measured and the end do not spoil a run', () => {
  const health = judged([
    ...calm,
    { cpu: 0.99 },
    { measured: false, cpu: 1, lagP99: 900, lagMax: 900 },
    { settling: true, cpu: 1, lagP99: 900, lagMax: 900 },
    { duration: 10, cpu: 1, lagP99: 90 },
  ])
  expect(health.wasBottleneck).toBe(false)
  expect(health.workers[0]).toMatchObject({ cpuMax: 0.99, lagMax: 2 })
})

test('one stall that reaches into the percentiles does', () => {
  expect(judged([...calm, { lagMax: 700 }]).why).toEqual([expect.stringContaining('stood still for 700 ms')])
})

test('a machine without idle cores is worth a note', () => {
  expect(judged(calm, 0.99)).toMatchObject({
    wasBottleneck: false,
    notes: [expect.stringContaining('All cores of this machine were busy in 20 of 20 seconds')],
  })
})

test('more sockets than a process may open are refused with the remedies', () => {
  expect(openFileLimit()).toBeGreaterThan(0)
  expect(fileLimitProblem(900, 1, 1024)).toBeNull()
  expect(fileLimitProblem(900_000, 1, null)).toBeNull()
  expect(fileLimitProblem(1000, 2, 1024)).toBe(
    'each of 2 worker processes needs 1100 open files and may have 1024. ' +
      "Raise the limit with 'ulimit -n 1100' in the shell that starts it, or use more workers: --workers 3",
  )
})
