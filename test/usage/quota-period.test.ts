import { expect, test } from 'vitest'
import type { Quota } from '../../src/usage/contract.ts'
import { quotaPeriod } from '../../src/usage/quota-period.ts'

const span = (period: Quota['period'], offset: number, time: string): string[] => {
  const { start, end } = quotaPeriod({ period, offset }, Date.parse(time))
  return [start, end].map((each) => new Date(each).toISOString())
}
const midnight = (...days: string[]) => days.map((day) => `${day}T00:00:00.000Z`)

test('an hour and a day are those of UTC', () => {
  const hour = ['2026-11-27T23:00:00.000Z', '2026-11-28T00:00:00.000Z']
  expect(span('HOUR', 0, '2026-11-27T23:59:59.999Z')).toEqual(hour)
  expect(span('DAY', 0, '2026-11-27T23:59:59.999Z')).toEqual(midnight('2026-11-27', '2026-11-28'))
  expect(span('DAY', 0, '2026-11-28T00:00:00Z')).toEqual(midnight('2026-11-28', '2026-11-29'))
})

test('a week begins on Sunday, or on the day that the offset says', () => {
  // The 27th of November 2026 is a Friday.
  expect(span('WEEK', 0, '2026-11-27T12:00:00Z')).toEqual(midnight('2026-11-22', '2026-11-29'))
  expect(span('WEEK', 1, '2026-11-27T12:00:00Z')).toEqual(midnight('2026-11-23', '2026-11-30'))
  expect(span('WEEK', 5, '2026-11-27T12:00:00Z')).toEqual(midnight('2026-11-27', '2026-12-04'))
  expect(span('WEEK', 6, '2026-11-27T12:00:00Z')).toEqual(midnight('2026-11-21', '2026-11-28'))
})

test('a month begins on the first, or so many days later', () => {
  expect(span('MONTH', 0, '2026-12-31T23:00:00Z')).toEqual(midnight('2026-12-01', '2027-01-01'))
  expect(span('MONTH', 14, '2026-11-14T23:59:59Z')).toEqual(midnight('2026-10-15', '2026-11-15'))
  expect(span('MONTH', 14, '2026-11-15T00:00:00Z')).toEqual(midnight('2026-11-15', '2026-12-15'))
  expect(span('MONTH', 27, '2027-03-01T00:00:00Z')).toEqual(midnight('2027-02-28', '2027-03-28'))
  expect(span('MONTH', 27, '2027-02-27T00:00:00Z')).toEqual(midnight('2027-01-28', '2027-02-28'))
})
