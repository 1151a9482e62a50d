import type { Settings } from '../config/settings.ts'
import type { Buckets, CommonLimits } from '../limits/contract.ts'
import { createLocalBuckets } from '../limits/named-buckets.ts'
import { createSourceLimits } from '../limits/source-limits.ts'
import type { Log, Metrics } from '../observability/contract.ts'
import type { RedisClient } from '../store/contract.ts'

export interface LimitsOptions {
  readonly settings: Settings
  /** The Redis of the fleet; null for a worker that is alone. */
  readonly redis: RedisClient | null
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
}

/** The throttles of one process. */
export interface Limits {
  /** The buckets of every throttle, whoever opens them. */
  readonly buckets: Buckets
  readonly common: CommonLimits
  /** Shares the buckets with the fleet, where there is one, as soon as that can be. Never rejects. */
  start(): Promise<void>
  /** Hands over what was taken last. Never rejects. */
  stop(): Promise<void>
}

/** Opens the limits that the settings ask for. */
export async function openLimits(options: LimitsOptions): Promise<Limits> {
  const { throttleSettings, newConnectionThrottle, sourceLimits } = options.settings
  const { buckets, start, stop } = await openBuckets(options)
  return {
    buckets,
    common: {
      requests: throttleSettings === null ? null : buckets.open('account', throttleSettings),
      newConnections: newConnectionThrottle === null ? null : buckets.open('connect', newConnectionThrottle),
      sources: sourceLimits === null ? null : createSourceLimits({ ...sourceLimits, buckets }),
    },
    start,
    stop,
  }
}

async function openBuckets({
  settings,
  redis,
  log,
  metrics,
  now,
}: LimitsOptions): Promise<Pick<Limits, 'buckets' | 'start' | 'stop'>> {
  if (redis === null || settings.redis === null) {
    return { buckets: createLocalBuckets(), start: async () => {}, stop: async () => {} }
  }
  const { createRedisBucketStore } = await import('../limits/redis/bucket-store.ts')
  const { createSharedBuckets } = await import('../limits/shared-buckets.ts')
  const store = createRedisBucketStore({ redis, keyPrefix: settings.redis.keyPrefix })
  const clock = () => performance.now()
  const buckets = createSharedBuckets({ store, leastWorkers: settings.workers, now, clock, log })
  metrics.gauge('postern_limits_shared', {}, () => (buckets.isShared ? 1 : 0))
  return { buckets, start: buckets.start, stop: buckets.stop }
}
