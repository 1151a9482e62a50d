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

test('a clock that is set back by hours goes on from there', () => {
  const bucket = createTokenBucket(1, 1)
  expect(bucket.take(10_000_000)).toBe(true)
  expect(bucket.take(1_000_000)).toBe(false)
  expect(bucket.take(1_001_000)).toBe(true)
})

test('nothing is lost or gained over many small steps', () => {
  const bucket = createTokenBucket(7, 2)
  let count = 0
  for (let now = 1_000; now <= 101_000; now++) if (bucket.take(now)) count++
  expect(count).toBe(2 + 7 * 100)
})

test('it says after how many whole seconds there is a token', () => {
  const bucket = createTokenBucket(0.1, 2)
  expect([bucket.retryAfter(1_000), bucket.isFull(1_000)]).toEqual([1, true])
  expect(taken(bucket, 1_000, 3)).toBe(2)
  expect([bucket.retryAfter(1_000), bucket.retryAfter(4_500), bucket.isFull(4_500)]).toEqual([10, 7, false])
  expect(bucket.take(11_000)).toBe(true)
  const never = createTokenBucket(0, 1)
  expect([never.retryAfter(1), never.take(1), never.retryAfter(1)]).toEqual([1, true, null])
  expect(createTokenBucket(5, 0).retryAfter(1)).toBeNull()
})
