import { expect, test } from 'vitest'
import { backoff } from '../../src/supervisor/backoff.ts'

const timings = { firstBackoff: 500, longestBackoff: 30_000 }

test('each interval is twice the one before, up to the longest', () => {
  expect([0, 1, 2, 5, 6, 7, 1_000].map((failures) => backoff(failures, () => 1, timings))).toEqual([
    500, 1_000, 2_000, 16_000, 30_000, 30_000, 30_000,
  ])
})

test('jitter takes up to half of it away', () => {
  expect([0, 0.5, 1].map((random) => backoff(0, () => random, timings))).toEqual([250, 375, 500])
})
