import { expect, test } from 'vitest'
import { createLocalBuckets } from '../../src/limits/named-buckets.ts'

const limits = { rateLimit: 0, burstLimit: 3 }

test('who opens a bucket that is open goes on with it, under the new limits', () => {
  const buckets = createLocalBuckets()
  const first = buckets.open('a', limits)
  expect([first.take(1), first.take(1)]).toEqual([true, true])
  const second = buckets.open('a', { ...limits, burstLimit: 10 })
  buckets.close(first)
  expect([second.take(1), second.take(1)]).toEqual([true, false])
  expect(buckets.open('b', limits).take(1)).toBe(true)
})

test('a bucket that is closed as often as it was opened is forgotten', () => {
  const buckets = createLocalBuckets()
  const bucket = buckets.open('a', { rateLimit: 0, burstLimit: 1 })
  buckets.open('a', { rateLimit: 0, burstLimit: 1 })
  expect(bucket.take(1)).toBe(true)
  buckets.close(bucket)
  expect(buckets.open('a', limits).take(1)).toBe(false)
  buckets.close(bucket)
  buckets.close(bucket)
  buckets.close(bucket)
  expect(buckets.open('a', limits).take(1)).toBe(true)
})
