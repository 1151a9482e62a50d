import { expect, test } from 'vitest'
import { createTokenBucket } from '../../src/limits/token-bucket.ts'

const taken = (bucket: { take(now: number): boolean }, now: number, tries: number): number => {
  let count = 0
  for (let i = 0; i < tries; i++) if (bucket.take(now)) count++
  return count
}

test('a full bucket gives its burst, then the rate', () => {
  const bucket = createTokenBucket(10, 20)
  expect(taken(bucket, 1_000, 30)).toBe(20)
  expect(taken(bucket, 1_500, 30)).toBe(5)
  expect(taken(bucket, 60_000, 100)).toBe(20)
})

test('a rate of 0 never refills and a burst of 0 gives nothing', () => {
  expect(taken(createTokenBucket(0, 3), 1_000, 9)).toBe(3)
  expect(taken(createTokenBucket(100, 0), 1_000, 9)).toBe(0)
})

test('a clock that steps back gives no tokens and takes none', () => {
  const bucket = createTokenBucket(1, 1)
  expect(bucket.take(10_000)).toBe(true)
  expect(bucket.take(5_000)).toBe(false)
  expect(bucket.take(11_000)).toBe(true)
})
