import type { Settings } from '../config/settings.ts'
import type { Buckets } from '../limits/contract.ts'
import { createLocalBuckets } from '../limits/named-buckets.ts'
import type { Log } from '../observability/contract.ts'
import type { RedisClient } from '../store/contract.ts'
import { createApiKeys, type ReplaceableApiKeys } from '../usage/api-keys.ts'
import type { UsageQuotas, UsageReports, UsageStore } from '../usage/contract.ts'
import { openFileUsageStore } from '../usage/file-store.ts'
import { createMemoryStore } from '../usage/memory-store.ts'
import { startUsageClock } from '../usage/usage-clock.ts'
import { createUsageLedger } from '../usage/usage-ledger.ts'
import { createUsageQuotas } from '../usage/usage-quotas.ts'
import { createUsageReports } from '../usage/usage-report.ts'

const endsWithProcess = 'what is used of quotas is forgotten when this process ends: usageFile or redis would keep it'

export interface UsageOptions {
  readonly settings: Settings
  readonly redis: RedisClient | null
  /** The buckets of all throttles. */
  readonly buckets: Buckets
  readonly log: Log
  readonly now: () => number
}

/** API keys with their counts, for one process. */
export interface Usage {
  readonly apiKeys: ReplaceableApiKeys
  readonly reports: UsageReports
  readonly quotas: UsageQuotas
  /** Learns what was used before. Rejects with one sentence. */
  start(): Promise<void>
  /** Hands over the last counts. Never rejects. */
  stop(): Promise<void>
}

/** Opens the counts: in Redis where there is one, else in the usageFile, else in memory. Rejects with one sentence. */
export async function openUsage({ settings, redis, buckets, log, now }: UsageOptions): Promise<Usage> {
  const store = await openStore(settings, redis, now)
  const ledger = createUsageLedger(store)
  const apiKeys = createApiKeys(settings.usage, ledger, buckets)
  const clock = startUsageClock({ ledger, log, now })
  const reports = createUsageReports({ ledger, store, now })
  const quotas = createUsageQuotas({ ledger, store, model: () => apiKeys.model, now })
  const isCountedHere = redis === null && settings.usageFile === null
  if (isCountedHere && settings.usage.usagePlans.some(({ quota }) => quota !== null)) log.warn({}, endsWithProcess)
  return { apiKeys, reports, quotas, start: () => apiKeys.load(now()), stop: clock.stop }
}

async function openStore(
  { redis: fleet, usageFile }: Settings,
  redis: RedisClient | null,
  now: () => number,
): Promise<UsageStore> {
  if (redis !== null && fleet !== null) {
    const { createRedisUsageStore } = await import('../usage/redis/redis-store.ts')
    return createRedisUsageStore({ redis, keyPrefix: fleet.keyPrefix })
  }
  return usageFile === null ? createMemoryStore(now) : openFileUsageStore(usageFile, now)
}

/** The keys and plans of settings that nobody counts under, for who only looks at them. */
export function uncountedKeys({ usage }: Pick<Settings, 'usage'>): ReplaceableApiKeys {
  return createApiKeys(usage, createUsageLedger(createMemoryStore(Date.now)), createLocalBuckets())
}
