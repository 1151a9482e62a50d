import type { Settings } from '../config/settings.ts'
import type { Log, Metrics } from '../observability/contract.ts'
import type { RegistryOptions, SharedRegistry } from '../registry/contract.ts'
import { createRedisRegistry } from '../registry/redis.ts'
import type { RedisClient } from '../store/contract.ts'
import type { ConnectionRecord } from '../vocabulary/connection.ts'
import type { ConnectionId } from '../vocabulary/ids.ts'

export interface SharedRegistryOptions extends RegistryOptions {
  readonly settings: Settings
  /** The Redis that the workers of the fleet share; null for a worker that is alone. */
  readonly redis: RedisClient | null
  readonly log: Log
  readonly metrics: Metrics
  /** Runs the `$disconnect` of a connection of a dead worker, as in `RedisRegistryOptions`. */
  readonly bury: (record: ConnectionRecord) => Promise<void>
  /** Called when this worker finds itself buried, as in `RedisRegistryOptions`. */
  readonly buried: (owes: (id: ConnectionId) => boolean) => void
}

/** Creates the registry of a worker of a fleet; null for a worker that is alone. */
export function createSharedRegistry({ settings, redis, ...rest }: SharedRegistryOptions): SharedRegistry | null {
  if (settings.redis === null || redis === null) return null
  return createRedisRegistry({
    ...rest,
    redis,
    keyPrefix: settings.redis.keyPrefix,
    leaseSeconds: settings.leaseSeconds,
    random: Math.random,
    clock: () => performance.now(),
  })
}
