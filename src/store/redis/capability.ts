import { type RedisClient, RedisUnfit } from '../contract.ts'

/** The first version with sharded pub/sub (Redis documentation, "Redis Pub/Sub"). */
const oldestMajor = 7

/** Answers `RedisClient.fitness`: see the contract. */
export async function checkCapability(
  redis: Pick<RedisClient, 'run' | 'where'>,
  { channel, isCluster }: { channel: string; isCluster: boolean },
): Promise<string | null> {
  const info = String(await redis.run('INFO', 'server'))
  const version = member(info, 'redis_version')
  const major = Number.parseInt(version, 10)
  if (major < oldestMajor) {
    throw new RedisUnfit(`Redis ${version} (${redis.where}) is too old: sharded pub/sub needs Redis ${oldestMajor}`)
  }
  if (member(info, 'redis_mode') === 'cluster' && !isCluster) {
    throw new RedisUnfit(`${redis.where} is a node of a Redis Cluster: name it as redis+cluster://${redis.where}`)
  }
  try {
    // Nobody listens there: only the refusal is of interest.
    await redis.run('SPUBLISH', channel, '')
  } catch (error) {
    const { message } = error as Error
    if (/unknown command|NOPERM/i.test(message)) {
      throw new RedisUnfit(`the Redis at ${redis.where} refuses sharded pub/sub (SPUBLISH, SSUBSCRIBE): ${message}`)
    }
    throw error
  }
  return adviceOn(String(await redis.run('INFO', 'memory')))
}

/**
 * The advice for an operator about evictions: a lease or a record that is evicted looks like one that ended (Redis
 * documentation, "Key eviction").
 */
function adviceOn(info: string): string | null {
  const policy = member(info, 'maxmemory_policy')
  if (policy === 'noeviction' || Number(member(info, 'maxmemory')) === 0) return null
  return `Redis may evict leases and records when its memory is full (maxmemory-policy ${policy}): set noeviction`
}

/** The value of one line of an answer to `INFO`; empty when there is no such line. */
function member(info: string, name: string): string {
  return new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? ''
}
