import type { ErrorCode } from '../vocabulary/errors.ts'

/** An API key: it tells who counts, and lets nobody in that an authorizer would not. */
export interface ApiKey {
  readonly id: string
  readonly name: string
  readonly enabled: boolean
  /** The secret value, 20 to 128 characters; null for a key that is not enabled, whose value nobody reads. */
  readonly value: string | null
}

/** A usage plan (`UsagePlan` of API Gateway): the stages that its keys may use, and how much. */
export interface UsagePlan {
  readonly id: string
  readonly name: string
  readonly apiStages: readonly PlanStage[]
  /** The limit of each key over all stages of the plan; null for none. */
  readonly throttle: Throttle | null
  /** The quota of each key over all stages of the plan; null for none. */
  readonly quota: Quota | null
  readonly keyIds: readonly string[]
}

/** A stage that the keys of a plan may use. */
export interface PlanStage {
  readonly apiId: string
  readonly stage: string
  /** The limits of each key by route key. */
  readonly throttle: Readonly<Record<string, Throttle>>
}

/** A token bucket: requests a second on average, and at once. */
export interface Throttle {
  readonly rateLimit: number
  readonly burstLimit: number
}

/** Requests in a period of UTC. */
export interface Quota {
  readonly limit: number
  /** The day on which a week (0 for Sunday) or a month (0 for the first) begins. */
  readonly offset: number
  readonly period: QuotaPeriod
}

/** The period of a quota; HOUR is beyond AWS. */
export type QuotaPeriod = 'HOUR' | 'DAY' | 'WEEK' | 'MONTH'

/** The price list of an operator. */
export interface UsagePrices {
  /** The currency, `EUR`. */
  readonly currency: string
  /** The price of a million requests by the id of the usage plan. */
  readonly perMillionRequests: Readonly<Record<string, number>>
}

/** All keys and plans, whoever manages them: those of the settings now. */
export interface UsageModel {
  readonly apiKeys: readonly ApiKey[]
  readonly usagePlans: readonly UsagePlan[]
  /** The prices; null where nothing costs. */
  readonly prices: UsagePrices | null
}

/** The reason why a request under a key is refused. */
export type UsageRefusal = Extract<ErrorCode, 'INVALID_API_KEY' | 'QUOTA_EXCEEDED' | 'TOO_MANY_REQUESTS'>

/** The count of one key under one stage. It outlives changes of keys and plans. */
export interface KeyMeter {
  readonly apiKeyId: string
  /** Whether its key is gone: removed, switched off, or of another value than it had. It is so for ever. */
  readonly isRevoked: boolean
  /**
   * Takes the tokens of one request of a route, or says why it is not to be served. One that is served counts only with
   * `count`: other limits may refuse it. `now` is in milliseconds.
   */
  take(routeKey: string, now: number): UsageRefusal | null
  /** Counts one request that `take` has let pass, before anything is awaited. */
  count(now: number): void
  /** Whole seconds after which a request that is refused so now may be served; null where that can't be said. */
  retryAfter(refusal: UsageRefusal, routeKey: string, now: number): number | null
}

/** The keys that one stage knows. */
export interface StageKeys {
  /** Finds an enabled key that is in a plan of the stage by its value; null for none. */
  find(value: string): KeyMeter | null
}

/** The keys and plans in force. */
export interface ApiKeys {
  /** The keys of a stage, whatever keys and plans there are later. */
  ofStage(apiId: string, stage: string): StageKeys
  /** Whether some plan has the stage. */
  hasPlan(apiId: string, stage: string): boolean
}

/** The place of the counts of one length of time: of a period of a quota, or of a day for reports. */
export interface UsageBucket {
  readonly name: string
  /** The time after which nobody counts here; milliseconds since 1970. */
  readonly end: number
  /** The time after which nobody asks for it. */
  readonly keptUntil: number
}

/** Requests to be added in one bucket. */
export interface UsageBatch {
  readonly bucket: UsageBucket
  /** Grows with every batch of this process; a batch that is handed over twice is added once. */
  readonly serial: number
  readonly counts: readonly (readonly [field: string, count: number])[]
}

/** The counts of all who count, kept beyond the process where the implementation says so. */
export interface UsageStore {
  /** Adds counts, and gives how many there are of each then. Rejects when that is not certain: hand it over again. */
  add(batch: UsageBatch): Promise<readonly number[]>
  /** The counts of a bucket by field. */
  read(bucketName: string): Promise<ReadonlyMap<string, number>>
  /** Resolves when everything that was added is kept. */
  save(): Promise<void>
}

/** The requests of one key to one stage on one day of UTC. */
export interface UsageRow {
  /** The day, `2026-11-27`. */
  readonly day: string
  readonly usagePlanId: string
  readonly apiKeyId: string
  readonly apiId: string
  readonly stage: string
  readonly requests: number
}

/** The counts as they can be asked for. */
export interface UsageReports {
  /** The rows of days, each by its first millisecond. Rejects when the counts can't be read. */
  read(days: readonly number[]): Promise<readonly UsageRow[]>
}

/** The quota of a key in a plan, in the period that it is now. */
export interface QuotaRow {
  readonly usagePlanId: string
  readonly apiKeyId: string
  readonly period: QuotaPeriod
  /** The first millisecond of the period, and that after its last. */
  readonly start: number
  readonly end: number
  readonly limit: number
  /** Requests that were granted beyond the limit, in this period alone. */
  readonly granted: number
  readonly used: number
  readonly remaining: number
}

/** A change of what remains: so many more, or so many in all, as `UpdateUsage` of API Gateway has it. */
export type QuotaChange = { readonly extra: number } | { readonly remaining: number }

/** The quotas as they can be asked for, and changed for the period that it is now. */
export interface UsageQuotas {
  /** The quota of each key in each plan that has one. Rejects when the counts can't be read. */
  read(): Promise<readonly QuotaRow[]>
  /**
   * Changes what remains of a quota; null when the plan, which needs a quota, does not have the key. It counts here at
   * once, and with others when they refuse the key, within two seconds. Rejects when that is not certain.
   */
  change(usagePlanId: string, apiKeyId: string, change: QuotaChange): Promise<QuotaRow | null>
}
