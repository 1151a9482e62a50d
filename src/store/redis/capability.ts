import { type RedisClient, RedisUnfit } from '../contract.ts'

/** The first version with sharded pub/sub (Redis documentation, "Redis Pub/Sub"). */
const oldestMajor = 7

/** Answers `RedisClient.fitness`: see the contract. */
export async function checkCapability(
  redis: Pick<RedisClient, 'run' | 'where'>,
  { channel, isCluster }: { channel: string; isCluster: boolean },
): Promise<readonly string[]> {
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
  const advice = [adviceOn(String(await redis.run('INFO', 'memory'))), await adviceOnPersistence(redis)]
  return advice.filter((each) => each !== null)
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

const lostOnRestart = 'what dead workers owed, and which connections are gone, is lost when Redis restarts'

/**
 * The advice for an operator about a Redis that keeps nothing on disk (Redis documentation, "Redis persistence"). Whether
 * it saves snapshots only `CONFIG` tells, which a user with few rights may not ask.
 */
async function adviceOnPersistence(redis: Pick<RedisClient, 'run'>): Promise<string | null> {
  if (member(String(await redis.run('INFO', 'persistence')), 'aof_enabled') !== '0') return null
  try {
    const [, save] = (await redis.run('CONFIG', 'GET', 'save')) as unknown[]
    return save === undefined || String(save) !== ''
      ? null
      : `Redis keeps nothing on disk: ${lostOnRestart}; set appendonly yes`
  } catch (error) {
    if (!/^(NOPERM|ERR unknown command)/i.test((error as Error).message)) throw error
    return `Redis has no append-only file, and could not be asked for snapshots: without them ${lostOnRestart}; set appendonly yes`
  }
}

/** The value of one line of an answer to `INFO`; empty when there is no such line. */
function member(info: string, name: string): string {
  return new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? ''
}
