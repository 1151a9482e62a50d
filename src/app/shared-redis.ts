import type { Settings } from '../config/settings.ts'
import { timingsOf } from '../registry/redis/registry-timings.ts'
import type { RedisClient } from '../store/contract.ts'

/**
 * Opens the one Redis client of the process, for every room that needs a Redis; null when none is set. Its deadline is
 * that of the lease: a command that fails has to leave the time for another try before the lease runs out. ioredis is
 * loaded here: a worker that is alone starts without it.
 */
export async function openSharedRedis({ redis, leaseSeconds }: Settings): Promise<RedisClient | null> {
  if (redis === null) return null
  const { openRedisClient } = await import('../store/redis/client.ts')
  const { command, retry } = timingsOf(leaseSeconds)
  return openRedisClient({ ...redis, name: 'postern', commandTimeout: command, retry, random: Math.random })
}
