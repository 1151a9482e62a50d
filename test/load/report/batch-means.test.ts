import { expect, test } from 'vitest'
import { batchMeans } from '../../../load/src/report/batch-means.ts'
import { randomOf } from '../results.ts'

test('the mean is over all seconds, however they are cut', () => {
  expect(batchMeans([[1, 2, 3], [], [10]]).mean).toBe(4)
  expect(batchMeans([])).toEqual({ mean: 0, error: 0, freedom: 0 })
})

test('what never changes has no error, what is too short no degrees of freedom', () => {
  expect(batchMeans([Array(60).fill(5)])).toEqual({ mean: 5, error: 0, freedom: 11 })
  expect(batchMeans([[1, 9, 1, 9]]).freedom).toBe(0)
})

test('phases differ without adding to the error', () => {
  expect(batchMeans([Array(20).fill(1), Array(20).fill(100)]).error).toBe(0)
})

test('seconds that resemble their neighbours are no witnesses of their own', () => {
  let [covered, naive] = [0, 0]
  for (let seed = 0; seed < 300; seed++) {
    const random = randomOf(seed)
    let level = 0
    const seconds = Array.from({ length: 200 }, () => {
      level = 0.6 * level + random() - 0.5
      return 10 + level
    })
    const { mean, error } = batchMeans([seconds])
    const spread = Math.sqrt(seconds.reduce((sum, each) => sum + (each - mean) ** 2, 0) / 199 / 200)
    if (Math.abs(mean - 10) < 2.1 * error) covered++
    if (Math.abs(mean - 10) < 2.1 * spread) naive++
  }
  expect(covered / 300).toBeGreaterThan(0.9)
  expect(naive / 300).toBeLessThan(0.8)
})
