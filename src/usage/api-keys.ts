import type { Buckets, TokenBucket } from '../limits/contract.ts'
import { createKeyedDigest } from '../vocabulary/keyed-digest.ts'
import type { ApiKey, ApiKeys, KeyMeter, PlanStage, StageKeys, UsageModel, UsagePlan } from './contract.ts'
import { type PlanShare, StageKeyMeter, type StageShare } from './key-meter.ts'
import { quotaBucket } from './usage-buckets.ts'
import type { UsageLedger } from './usage-ledger.ts'

/** The keys and plans in force, and how they are replaced. */
export interface ReplaceableApiKeys extends ApiKeys {
  readonly model: UsageModel
  /**
   * Puts others in place of all; takes effect with the next request, also on connections that are open. Gives the ids of
   * keys that are gone: removed, switched off, or of another value now.
   */
  replace(model: UsageModel): readonly string[]
  /** Learns how much of the quotas is used now. */
  load(now: number): Promise<void>
}

/** Characters that the value of a key has ("API Gateway API key file format"). */
const minLength = 20
const maxLength = 128

/**
 * Keys and plans over a ledger. A key is found by a hash of its value behind a secret of this process, so that the time
 * that it takes tells nothing of the values; they are not kept. The throttles of plans are buckets of `buckets`.
 */
export function createApiKeys(model: UsageModel, ledger: UsageLedger, buckets: Buckets): ReplaceableApiKeys {
  const keyed = createKeyedDigest()
  const digest = (value: string): string => keyed(value).toString('base64')
  const meters = new Map<string, StageKeyMeter>()
  let keysByDigest = new Map<string, ApiKey>()
  /** The plans of each key that is enabled. */
  let plansOf = new Map<string, UsagePlan[]>()
  let shares = new Map<string, PlanShare>()
  let current = model

  function replace(next: UsageModel): readonly string[] {
    current = next
    const known = keysByDigest
    keysByDigest = new Map(
      next.apiKeys.flatMap((key) => (key.enabled && key.value !== null ? [[digest(key.value), key] as const] : [])),
    )
    plansOf = new Map([...keysByDigest.values()].map(({ id }) => [id, []]))
    for (const plan of next.usagePlans) for (const keyId of plan.keyIds) plansOf.get(keyId)?.push(plan)
    const kept = shares
    shares = new Map()
    for (const plan of next.usagePlans) for (const keyId of plan.keyIds) shares.set(...shareOf(plan, keyId))
    const gone = new Set([...known].flatMap(([hash, { id }]) => (keysByDigest.get(hash)?.id === id ? [] : [id])))
    for (const [name, meter] of meters) {
      const before = meter.current
      if (gone.has(meter.apiKeyId)) {
        meter.revoke()
        meters.delete(name)
      } else meter.use(stageShareOf(meter))
      for (const bucket of before?.routes?.values() ?? []) buckets.close(bucket)
    }
    for (const { bucket } of kept.values()) if (bucket !== null) buckets.close(bucket)
    return [...gone]
  }

  function shareOf({ id, throttle, quota }: UsagePlan, keyId: string): [string, PlanShare] {
    const name = JSON.stringify([id, keyId])
    const bucket = throttle === null ? null : buckets.open(JSON.stringify(['plan', id, keyId]), throttle)
    return [name, { planId: id, quota, bucket }]
  }

  /** The share of a key in the plan of a stage, with its buckets open; null when no plan has both. */
  function stageShareOf({ apiKeyId, apiId, stage }: StageKeyMeter): StageShare | null {
    const plan = plansOf.get(apiKeyId)?.find((each) => stageOf(each, apiId, stage) !== undefined)
    const share = plan === undefined ? undefined : shares.get(JSON.stringify([plan.id, apiKeyId]))
    if (plan === undefined || share === undefined) return null
    const routes = new Map<string, TokenBucket>()
    for (const [routeKey, throttle] of Object.entries(stageOf(plan, apiId, stage)?.throttle ?? {})) {
      const name = JSON.stringify(['planRoute', plan.id, apiKeyId, apiId, stage, routeKey])
      routes.set(routeKey, buckets.open(name, throttle))
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
