import type { Quota, UsageBucket } from './contract.ts'
import { quotaPeriod, type TimeSpan } from './quota-period.ts'

/** Milliseconds for which counts of days can be asked for: 90 days, as on AWS ("Usage plans and API keys"). */
const keptInMillis = 90 * 24 * 3_600_000

/** The bucket of the period of a quota that a time is in. */
export function quotaBucket(quota: Pick<Quota, 'period' | 'offset'>, time: number): UsageBucket & TimeSpan {
  const { start, end } = quotaPeriod(quota, time)
  return { name: `quota/${quota.period}/${new Date(start).toISOString().slice(0, 13)}`, start, end, keptUntil: end }
}

/** The bucket of the day of UTC that a time is in, for reports. */
export function dayBucket(time: number): UsageBucket & TimeSpan {
  const { start, end } = quotaPeriod({ period: 'DAY', offset: 0 }, time)
  return { name: dayBucketName(start), start, end, keptUntil: end + keptInMillis }
}

/** The name of the bucket of a day of UTC. */
export function dayBucketName(time: number): string {
  return `usage/${new Date(time).toISOString().slice(0, 10)}`
}

/** The field of a key's requests under a plan: in the bucket of a quota. */
export function quotaField(planId: string, keyId: string): string {
  return JSON.stringify([planId, keyId])
}

/** The field of the requests that a key was granted beyond a plan's quota: in the bucket of the quota. */
export function grantField(planId: string, keyId: string): string {
  return JSON.stringify([planId, keyId, 'granted'])
}

/** The parts of a field in the bucket of a day. */
export interface DayField {
  readonly usagePlanId: string
  readonly apiKeyId: string
  readonly apiId: string
  readonly stage: string
}

/** The field of a key's requests to a stage: in the bucket of a day. */
export function dayField({ usagePlanId, apiKeyId, apiId, stage }: DayField): string {
  return JSON.stringify([usagePlanId, apiKeyId, apiId, stage])
}

/** Reads the field of a day; null for what is none. */
export function readDayField(field: string): DayField | null {
  try {
    const [usagePlanId, apiKeyId, apiId, stage] = JSON.parse(field) as unknown[]
    const parts = { usagePlanId, apiKeyId, apiId, stage }
    return Object.values(parts).every((each) => typeof each === 'string') ? (parts as DayField) : null
  } catch {
    return null
  }
}
