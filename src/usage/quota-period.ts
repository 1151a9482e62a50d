import type { Quota } from './contract.ts'

/** A length of time, in milliseconds since 1970; `end` is not in it. */
export interface TimeSpan {
  readonly start: number
  readonly end: number
}

const hour = 3_600_000
const day = 24 * hour

/**
 * The period of a quota that a time is in. Periods begin at midnight UTC, of the day that `offset` says: of a week 0 is
 * Sunday, of a month 0 is the first (AWS CloudFormation, "AWS::ApiGateway::UsagePlan QuotaSettings").
 */
export function quotaPeriod({ period, offset }: Pick<Quota, 'period' | 'offset'>, time: number): TimeSpan {
  switch (period) {
    case 'HOUR':
      return spanOf(time, hour, 0)
    case 'DAY':
      return spanOf(time, day, 0)
    case 'WEEK':
      // The first of January 1970 was a Thursday.
      return spanOf(time, 7 * day, (3 + offset) * day)
    case 'MONTH':
      return monthOf(time, offset)
  }
}

function spanOf(time: number, length: number, shift: number): TimeSpan {
  const start = Math.floor((time - shift) / length) * length + shift
  return { start, end: start + length }
}

function monthOf(time: number, offset: number): TimeSpan {
  const shifted = new Date(time - offset * day)
  const first = (months: number) => Date.UTC(shifted.getUTCFullYear(), shifted.getUTCMonth() + months, 1)
  const inThis = Date.UTC(shifted.getUTCFullYear(), shifted.getUTCMonth(), 1 + offset)
  // A shifted time lies in the month in which its period began.
  return { start: inThis, end: first(1) + offset * day }
}
