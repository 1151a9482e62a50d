import type { TokenBucket } from '../limits/contract.ts'
import type { KeyMeter, Quota, UsageRefusal } from './contract.ts'
import { dayBucket, dayField, grantField, quotaBucket, quotaField } from './usage-buckets.ts'
import type { UsageCell, UsageLedger } from './usage-ledger.ts'

/** The share of one key in one plan, which all stages of the plan have in common. */
export interface PlanShare {
  readonly planId: string
  /** The bucket of the key's requests; null for no limit. */
  readonly bucket: TokenBucket | null
  readonly quota: Quota | null
}

/** The share of one key in a plan as one stage has it. */
export interface StageShare {
  readonly share: PlanShare
  /** The limits by route key; null for none. */
  readonly routes: ReadonlyMap<string, TokenBucket> | null
}

const nowhere: UsageCell = { total: 0, add() {}, raise() {} }

/** The meter of one key under one stage. What it may use can be changed while connections hold it. */
export class StageKeyMeter implements KeyMeter {
  readonly apiKeyId: string
  readonly apiId: string
  readonly stage: string
  readonly #ledger: UsageLedger
  isRevoked = false
  #current: StageShare | null = null
  #quota = { start: 0, end: 0, cell: nowhere, granted: nowhere }
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

  /** Ends the meter: its key is gone. */
  revoke(): void {
    this.isRevoked = true
    this.use(null)
  }

  take(routeKey: string, now: number): UsageRefusal | null {
    if (this.#current === null) return 'INVALID_API_KEY'
    const { share, routes } = this.#current
    const route = routes?.get(routeKey)
    if (route !== undefined && !route.take(now)) return 'TOO_MANY_REQUESTS'
    if (share.bucket !== null && !share.bucket.take(now)) return 'TOO_MANY_REQUESTS'
    if (share.quota === null) return null
    if (now >= this.#quota.end) this.#renew(share, now)
    return this.#quota.cell.total >= share.quota.limit && this.#isUsedUp(share.quota) ? 'QUOTA_EXCEEDED' : null
  }

  count(now: number): void {
    if (this.#current === null) return
    const { share } = this.#current
    if (now >= this.#day.end || now < this.#day.start) this.#renew(share, now)
    if (share.quota !== null) this.#quota.cell.add()
    this.#day.cell.add()
  }

  /** Whether what was granted beyond the quota is used up too. If so, it is looked for a new grant within a second. */
  #isUsedUp({ limit }: Quota): boolean {
    const { cell, granted } = this.#quota
    if (cell.total < limit + granted.total) return false
    granted.raise(0)
    return true
  }

  retryAfter(refusal: UsageRefusal, routeKey: string, now: number): number | null {
    if (this.#current === null) return null
    const { share, routes } = this.#current
    const { bucket, quota } = share
    if (refusal === 'QUOTA_EXCEEDED' && quota !== null && quota.limit > 0) {
      return Math.max(1, Math.ceil((quotaBucket(quota, now).end - now) / 1000))
    }
    if (refusal !== 'TOO_MANY_REQUESTS') return null
    const waits = [bucket, routes?.get(routeKey)].flatMap((each) => (each ? [each.retryAfter(now)] : []))
    // Each of them has to have a token.
    return waits.includes(null) ? null : Math.max(1, ...waits.map(Number))
  }

  #renew({ planId, quota }: PlanShare, now: number): void {
    const { apiKeyId, apiId, stage } = this
    const day = dayBucket(now)
    const field = dayField({ usagePlanId: planId, apiKeyId, apiId, stage })
    this.#day = { start: day.start, end: day.end, cell: this.#ledger.cell(day, field) }
    if (quota === null) return
    const bucket = quotaBucket(quota, now)
    const { start, end } = bucket
    const cell = this.#ledger.cell(bucket, quotaField(planId, apiKeyId))
    this.#quota = { start, end, cell, granted: this.#ledger.cell(bucket, grantField(planId, apiKeyId)) }
  }
}
