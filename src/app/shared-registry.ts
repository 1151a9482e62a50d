import type { Settings } from '../config/settings.ts'
import type { Log, Metrics } from '../observability/contract.ts'
import type { RegistryOptions, SharedRegistry } from '../registry/contract.ts'
import { createRedisRegistry } from '../registry/redis.ts'
import type { ConnectionRecord } from '../vocabulary/connection.ts'
import type { ConnectionId } from '../vocabulary/ids.ts'

export interface SharedRegistryOptions extends RegistryOptions {
  readonly settings: Settings
  readonly log: Log
  readonly metrics: Metrics
  readonly bury: (record: ConnectionRecord) => Promise<void>
  readonly buried: (owes: (id: ConnectionId) => boolean) => void
}

/** The registry of a worker that is not alone; null when no store is set. */
export function createSharedRegistry(options: SharedRegistryOptions): SharedRegistry | null {
  const { settings, ...rest } = options
  const { leaseSeconds } = settings
  if (settings.redis === null) return null
  return createRedisRegistry({
    ...rest,
    ...settings.redis,
    leaseSeconds,
    random: Math.random,
    clock: () => performance.now(),
  })
}
