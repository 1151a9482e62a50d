import type { Log } from '../../src/observability/contract.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import type { RegistryOptions } from '../../src/registry/contract.ts'
import { type RegistryTimings, timingsOf } from '../../src/registry/redis/registry-timings.ts'
import { createRedisRegistry, type RedisRegistry, type RedisRegistryOptions } from '../../src/registry/redis.ts'
import type { RedisClient } from '../../src/store/contract.ts'
import { openRedisClient, type RedisClientOptions } from '../../src/store/redis/client.ts'
import { parseRedisAddress, type RedisAddress } from '../../src/vocabulary/redis-address.ts'
import { groupsOf } from './local-sockets.ts'

/** Timings as in production, but that a missing lease is believed at once and the dead are found soon. */
export const quickTimings: Partial<RegistryTimings> = { settling: 0, sweep: 100, burialsPerSecond: 1_000_000 }

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog }

export function addressOf(url: string): RedisAddress {
  const parsed = parseRedisAddress(url)
  if (parsed === null) throw new Error(`no address: ${url}`)
  return parsed.address
}

/** The options of a registry and of its Redis client that a test may give. */
export type RedisWorkerOptions = Partial<RedisRegistryOptions & RedisClientOptions>

/** A client as production has it; options that a test does not give are the usual ones. */
export function redisClient(url: string, options: Partial<RedisClientOptions> = {}): RedisClient {
  return openRedisClient({
    ...{ address: addressOf(url), password: null, sentinelPassword: null, ca: null, name: 'postern' },
    ...{ commandTimeout: 5_000, retry: 500, random: Math.random },
    ...options,
  })
}

/**
 * A registry that has not started, and that closes its client, which is its own, as a process does; options
 * that a test does not give are the usual ones.
 */
export function redisRegistry(
  url: string,
  {
    address,
    password,
    sentinelPassword,
    ca,
    ...options
  }: Omit<RegistryOptions, 'version' | 'localGroups'> & RedisWorkerOptions,
): RedisRegistry {
  const { command, retry } = { ...timingsOf(options.leaseSeconds ?? 15), ...options.timings }
  const redis = redisClient(url, {
    ...{ address: address ?? addressOf(url), password: password ?? null, commandTimeout: command, retry },
    ...{ sentinelPassword: sentinelPassword ?? null, ca: ca ?? null },
  })
  const registry = createRedisRegistry({
    redis,
    localGroups: groupsOf(options.local),
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
  // What it inherits reads the registry's own state: its `owner` changes.
  const owned: Pick<RedisRegistry, 'close' | 'abandon'> = {
    close: () => registry.close().finally(redis.close),
    abandon() {
      redis.close()
      registry.abandon()
    },
  }
  return Object.assign(Object.create(registry) as RedisRegistry, owned)
}
