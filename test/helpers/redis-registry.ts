import type { Log } from '../../src/observability/contract.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import type { RegistryOptions } from '../../src/registry/contract.ts'
import type { Timings } from '../../src/registry/redis/timings.ts'
import { createRedisRegistry, type RedisRegistry, type RedisRegistryOptions } from '../../src/registry/redis.ts'
import { parseRedisAddress, type RedisAddress } from '../../src/vocabulary/redis-address.ts'

/** As production, but that a missing lease is believed at once and the dead are found soon. */
export const quickTimings: Partial<Timings> = { settling: 0, sweep: 100, burialsPerSecond: 1_000_000 }

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog }

export function addressOf(url: string): RedisAddress {
  const parsed = parseRedisAddress(url)
  if (parsed === null) throw new Error(`no address: ${url}`)
  return parsed.address
}

/** A registry that has not started; what a test does not say is as usual. */
export function redisRegistry(
  url: string,
  options: Omit<RegistryOptions, 'version'> & Partial<RedisRegistryOptions>,
): RedisRegistry {
  return createRedisRegistry({
    address: addressOf(url),
    password: null,
    sentinelPassword: null,
    ca: null,
    keyPrefix: 'postern:',
    leaseSeconds: 15,
    version: 'test',
    bury: async () => {},
    buried() {},
    log: silentLog,
    metrics: createMetrics({ processMetrics: false }),
    random: Math.random,
    clock: () => performance.now(),
    timings: quickTimings,
    ...options,
  })
}
