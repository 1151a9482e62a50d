import { createKeyedDigest } from '../vocabulary/keyed-digest.ts'
import type { ApiKey, ApiKeys, KeyMeter, PlanStage, StageKeys, UsageModel, UsagePlan } from './contract.ts'
import { type Limiter, limiterOf, type PlanShare, StageKeyMeter, type StageShare } from './key-meter.ts'
import { quotaBucket } from './usage-buckets.ts'
import type { UsageLedger } from './usage-ledger.ts'

/** The keys and plans in force, and how they are replaced. */
export interface ReplaceableApiKeys extends ApiKeys {
  readonly model: UsageModel
  /** Puts others in place of all; takes effect with the next request, also on connections that are open. */
  replace(model: UsageModel): void
  /** Learns how much of the quotas is used now. */
  load(now: number): Promise<void>
}

/** Characters that the value of a key has ("API Gateway API key file format"). */
const minLength = 20
const maxLength = 128

/**
 * Keys and plans over a ledger. A key is found by a hash of its value behind a secret of this process, so that the time
 * that it takes tells nothing of the values; they are not kept.
 */
export function createApiKeys(model: UsageModel, ledger: UsageLedger): ReplaceableApiKeys {
  const keyed = createKeyedDigest()
  const digest = (value: string): string => keyed(value).toString('base64')
  const meters = new Map<string, StageKeyMeter>()
  let keysByDigest = new Map<string, ApiKey>()
  /** The plans of each key that is enabled. */
  let plansOf = new Map<string, UsagePlan[]>()
  let shares = new Map<string, PlanShare>()
  let current = model

  function replace(next: UsageModel): void {
    current = next
    keysByDigest = new Map(
      next.apiKeys.flatMap((key) => (key.enabled && key.value !== null ? [[digest(key.value), key] as const] : [])),
    )
    plansOf = new Map([...keysByDigest.values()].map(({ id }) => [id, []]))
    for (const plan of next.usagePlans) for (const keyId of plan.keyIds) plansOf.get(keyId)?.push(plan)
    const kept = shares
    shares = new Map()
    for (const plan of next.usagePlans) for (const keyId of plan.keyIds) shares.set(...shareOf(plan, keyId, kept))
    for (const meter of meters.values()) meter.use(stageShareOf(meter))
  }

  function shareOf(
    { id, throttle, quota }: UsagePlan,
    keyId: string,
    kept: ReadonlyMap<string, PlanShare>,
  ): [string, PlanShare] {
    const name = JSON.stringify([id, keyId])
    return [name, { planId: id, quota, limiter: limiterOf(throttle, kept.get(name)?.limiter ?? null) }]
  }

  function stageShareOf({ apiKeyId, apiId, stage, current: known }: StageKeyMeter): StageShare | null {
    const plan = plansOf.get(apiKeyId)?.find((each) => stageOf(each, apiId, stage) !== undefined)
    const share = plan === undefined ? undefined : shares.get(JSON.stringify([plan.id, apiKeyId]))
    if (plan === undefined || share === undefined) return null
    const throttles = Object.entries(stageOf(plan, apiId, stage)?.throttle ?? {})
    const routes = new Map<string, Limiter>()
    for (const [routeKey, throttle] of throttles) {
      const limiter = limiterOf(throttle, known?.routes?.get(routeKey) ?? null)
      if (limiter !== null) routes.set(routeKey, limiter)
    }
    return { share, routes: routes.size === 0 ? null : routes }
  }

  function meterOf(apiKeyId: string, apiId: string, stage: string): KeyMeter | null {
    const name = JSON.stringify([apiKeyId, apiId, stage])
    const meter = meters.get(name) ?? new StageKeyMeter(apiKeyId, apiId, stage, ledger)
    if (!meters.has(name)) {
      meter.use(stageShareOf(meter))
      if (meter.current === null) return null
      meters.set(name, meter)
    }
    return meter.current === null ? null : meter
  }

  replace(model)
  return {
    get model() {
      return current
    },
    replace,
    async load(now) {
      const buckets = current.usagePlans.flatMap(({ quota }) => (quota === null ? [] : [quotaBucket(quota, now)]))
      const names = new Map(buckets.map((bucket) => [bucket.name, bucket]))
      await Promise.all([...names.values()].map(ledger.load))
    },
    ofStage(apiId, stage): StageKeys {
      return {
        find(value) {
          if (value.length < minLength || value.length > maxLength) return null
          const key = keysByDigest.get(digest(value))
          return key === undefined ? null : meterOf(key.id, apiId, stage)
        },
      }
    },
    hasPlan: (apiId, stage) => current.usagePlans.some((plan) => stageOf(plan, apiId, stage) !== undefined),
  }
}

function stageOf({ apiStages }: UsagePlan, apiId: string, stage: string): PlanStage | undefined {
  return apiStages.find((each) => each.apiId === apiId && each.stage === stage)
}
