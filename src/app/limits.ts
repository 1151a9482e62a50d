import type { Settings } from '../config/settings.ts'
import { boundedStore } from '../limits/bounded-store.ts'
import type { Buckets, CommonLimits, SourceCounts } from '../limits/contract.ts'
import { createLocalBuckets } from '../limits/named-buckets.ts'
import { createSharedBuckets } from '../limits/shared-buckets.ts'
import { createSharedSourceCounts } from '../limits/shared-source-counts.ts'
import { createSharing } from '../limits/sharing.ts'
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
  const { buckets, counts, start, stop } = await openBuckets(options)
  return {
    buckets,
    common: {
      requests: throttleSettings === null ? null : buckets.open('account', throttleSettings),
      newConnections: newConnectionThrottle === null ? null : buckets.open('connect', newConnectionThrottle),
      sources: sourceLimits === null ? null : createSourceLimits({ ...sourceLimits, buckets, counts }),
    },
    start,
    stop,
  }
}

interface OpenBuckets extends Pick<Limits, 'buckets' | 'start' | 'stop'> {
  readonly counts: SourceCounts | null
}

async function openBuckets({ settings, redis, log, metrics, now }: LimitsOptions): Promise<OpenBuckets> {
  if (redis === null || settings.redis === null) {
    return { buckets: createLocalBuckets(), counts: null, start: async () => {}, stop: async () => {} }
  }
  const { createRedisLimitStore } = await import('../limits/redis/limit-store.ts')
  const store = boundedStore(createRedisLimitStore({ redis, keyPrefix: settings.redis.keyPrefix }))
  const sharing = createSharing({
    ping: async () => (await store.exchange([])).workers,
    leastWorkers: settings.workers,
    clock: () => performance.now(),
    log,
  })
  const isCounted = (settings.sourceLimits?.maxConnections ?? null) !== null
  metrics.gauge('postern_limits_shared', {}, () => (sharing.isApart ? 0 : 1))
  return {
    buckets: createSharedBuckets(store, sharing, now),
    counts: isCounted ? createSharedSourceCounts(store, sharing) : null,
    start: sharing.start,
    async stop() {
      await sharing.stop()
      if (sharing.isShared) await store.leave().catch(() => {})
    },
  }
}
