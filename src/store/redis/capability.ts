import type { Store } from './client.ts'

/** A Redis that can never carry a fleet: waiting does not help. The message is one sentence. */
export class RedisUnfit extends Error {
  override readonly name = 'RedisUnfit'
}

const oldestMajor = 7

/**
 * Whether this Redis can do what the registry needs; resolves with one sentence about what may do harm there, or
 * null. Rejects with `RedisUnfit`, or with whatever keeps it from being asked.
 */
export async function checkCapability(store: Store, channel: string): Promise<string | null> {
  const info = String(await store.run('INFO', 'server'))
  const version = member(info, 'redis_version')
  const major = Number.parseInt(version, 10)
  if (major < oldestMajor) {
    throw new RedisUnfit(`Redis ${version} (${store.where}) is too old: sharded pub/sub needs Redis ${oldestMajor}`)
  }
  if (member(info, 'redis_mode') === 'cluster' && !store.isCluster) {
    throw new RedisUnfit(`${store.where} is a node of a Redis Cluster: name it as redis+cluster://${store.where}`)
  }
  try {
    // Nobody listens there: only the refusal is of interest.
    await store.run('SPUBLISH', channel, '')
  } catch (error) {
    const { message } = error as Error
    if (/unknown command|NOPERM/i.test(message)) {
      throw new RedisUnfit(`the Redis at ${store.where} refuses sharded pub/sub (SPUBLISH, SSUBSCRIBE): ${message}`)
    }
    throw error
  }
  return adviceOn(String(await store.run('INFO', 'memory')))
}

/** A lease or a record that is evicted looks like one that ended. */
function adviceOn(info: string): string | null {
  const policy = member(info, 'maxmemory_policy')
  if (policy === 'noeviction' || Number(member(info, 'maxmemory')) === 0) return null
  return `Redis may evict leases and records when its memory is full (maxmemory-policy ${policy}): set noeviction`
}

function member(info: string, name: string): string {
  return new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? ''
}
