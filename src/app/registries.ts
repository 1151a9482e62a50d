import type { Settings } from '../config/settings.ts'
import type { Log, Metrics } from '../observability/contract.ts'
import type { Registry, RegistryOptions, SharedRegistry } from '../registry/contract.ts'
import { createMemoryRegistry } from '../registry/memory.ts'
import { createRedisRegistry } from '../registry/redis.ts'
import type { RedisClient } from '../store/contract.ts'
import type { ConnectionRecord } from '../vocabulary/connection.ts'
import type { ConnectionId } from '../vocabulary/ids.ts'

/** The options of every engine; each takes what it needs. */
export interface EngineOptions extends RegistryOptions {
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

/** The registry of this worker. */
export interface WorkerRegistry {
  readonly registry: Registry
  /** The same registry where the workers share a store; null where this worker is alone. */
  readonly shared: SharedRegistry | null
}

/** Makes the registry; null when the settings do not ask for this engine. */
type RegistryEngine = (options: EngineOptions) => WorkerRegistry | null

/** The engines in the box; the first one that the settings ask for serves. */
const engines: readonly RegistryEngine[] = [redisEngine, memoryEngine]

/** Creates the registry that the settings ask for. */
export function createRegistry(options: EngineOptions): WorkerRegistry {
  for (const engine of engines) {
    const made = engine(options)
    if (made !== null) return made
  }
  throw new Error('no engine of the registry takes these settings')
}

function redisEngine({ settings, redis, ...rest }: EngineOptions): WorkerRegistry | null {
  if (settings.redis === null || redis === null) return null
  const shared = createRedisRegistry({
    ...rest,
    redis,
    keyPrefix: settings.redis.keyPrefix,
    leaseSeconds: settings.leaseSeconds,
    random: Math.random,
    clock: () => performance.now(),
  })
  return { registry: shared, shared }
}

function memoryEngine({ local, localGroups, name, version, now }: EngineOptions): WorkerRegistry {
  return { registry: createMemoryRegistry({ local, localGroups, name, version, now }), shared: null }
}
