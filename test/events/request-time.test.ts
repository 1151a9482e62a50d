import { expect, test } from 'vitest'
import { requestTime } from '../../src/events/request-time.ts'

test('requestTime is dd/MMM/yyyy:HH:mm:ss +0000, in UTC and English', () => {
  expect(requestTime(1_759_651_750_119)).toBe('05/Oct/2025:08:09:10 +0000')
  expect(requestTime(1_759_651_750_999)).toBe('05/Oct/2025:08:09:10 +0000')
  expect(requestTime(1_759_651_751_000)).toBe('05/Oct/2025:08:09:11 +0000')
  expect(requestTime(0)).toBe('01/Jan/1970:00:00:00 +0000')
  expect(requestTime(Date.UTC(2028, 1, 29, 23, 59, 59, 999))).toBe('29/Feb/2028:23:59:59 +0000')
})
