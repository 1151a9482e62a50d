import { createTokenBucket, type TokenBucket } from '../limits/token-bucket.ts'
import type { KeyMeter, Quota, Throttle, UsageRefusal } from './contract.ts'
import { dayBucket, dayField, quotaBucket, quotaField } from './usage-buckets.ts'
import type { UsageCell, UsageLedger } from './usage-ledger.ts'

/** A token bucket that knows its limits: those of a plan that stays as it was go on as they are. */
export interface Limiter {
  readonly throttle: Throttle
  readonly bucket: TokenBucket
}

/** The limiter of a throttle: the one that there was, if it has the same limits. Null where there is no limit. */
export function limiterOf(throttle: Throttle | null, known: Limiter | null): Limiter | null {
  if (throttle === null) return null
  const { rateLimit, burstLimit } = throttle
  const isSame = known?.throttle.rateLimit === rateLimit && known.throttle.burstLimit === burstLimit
  return isSame ? known : { throttle, bucket: createTokenBucket(rateLimit, burstLimit) }
}

/** The share of one key in one plan, which all stages of the plan have in common. */
export interface PlanShare {
  readonly planId: string
  readonly limiter: Limiter | null
  readonly quota: Quota | null
}

/** The share of one key in a plan as one stage has it. */
export interface StageShare {
  readonly share: PlanShare
  /** The limits by route key; null for none. */
  readonly routes: ReadonlyMap<string, Limiter> | null
}

const nowhere: UsageCell = { total: 0, add() {} }

/** The meter of one key under one stage. What it may use can be changed while connections hold it. */
export class StageKeyMeter implements KeyMeter {
  readonly apiKeyId: string
  readonly apiId: string
  readonly stage: string
  readonly #ledger: UsageLedger
  #current: StageShare | null = null
  #quota = { start: 0, end: 0, cell: nowhere }
  #day = { start: 0, end: 0, cell: nowhere }

  constructor(apiKeyId: string, apiId: string, stage: string, ledger: UsageLedger) {
    this.apiKeyId = apiKeyId
    this.apiId = apiId
    this.stage = stage
    this.#ledger = ledger
  }

  get current(): StageShare | null {
    return this.#current
  }

  /** Puts another share in place; null for a key that may use nothing any more. */
  use(share: StageShare | null): void {
    this.#current = share
    this.#quota.end = 0
    this.#day.end = 0
  }

  take(routeKey: string, now: number): UsageRefusal | null {
    if (this.#current === null) return 'INVALID_API_KEY'
    const { share, routes } = this.#current
    const route = routes?.get(routeKey)
    if (route !== undefined && !route.bucket.take(now)) return 'TOO_MANY_REQUESTS'
    if (share.limiter !== null && !share.limiter.bucket.take(now)) return 'TOO_MANY_REQUESTS'
    if (now >= this.#day.end || now < this.#day.start) this.#renew(share, now)
    if (share.quota !== null) {
      if (now >= this.#quota.end) this.#renew(share, now)
      if (this.#quota.cell.total >= share.quota.limit) return 'QUOTA_EXCEEDED'
      this.#quota.cell.add()
    }
    this.#day.cell.add()
    return null
  }

  retryAfter(refusal: UsageRefusal, routeKey: string, now: number): number | null {
    if (this.#current === null) return null
    const { share, routes } = this.#current
    const { limiter, quota } = share
    if (refusal === 'QUOTA_EXCEEDED' && quota !== null && quota.limit > 0) {
      return Math.max(1, Math.ceil((quotaBucket(quota, now).end - now) / 1000))
    }
    if (refusal !== 'TOO_MANY_REQUESTS') return null
    const rates = [limiter, routes?.get(routeKey)].map((each) => each?.throttle.rateLimit ?? Number.POSITIVE_INFINITY)
    const slowest = Math.min(...rates)
    return slowest > 0 ? Math.max(1, Math.ceil(1 / slowest)) : null
  }

  #renew({ planId, quota }: PlanShare, now: number): void {
    const { apiKeyId, apiId, stage } = this
    const day = dayBucket(now)
    const field = dayField({ usagePlanId: planId, apiKeyId, apiId, stage })
    this.#day = { start: day.start, end: day.end, cell: this.#ledger.cell(day, field) }
    if (quota === null) return
    const { start, end, ...bucket } = quotaBucket(quota, now)
    this.#quota = { start, end, cell: this.#ledger.cell({ ...bucket, end }, quotaField(planId, apiKeyId)) }
  }
}
