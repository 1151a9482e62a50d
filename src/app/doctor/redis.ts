import type { Settings } from '../../config/settings.ts'
import type { RedisClient } from '../../store/contract.ts'
import { openSharedRedis } from '../shared-redis.ts'
import { type Finding, fail, ok, warn } from './look.ts'

/** Seconds that clocks may differ by before leases and the times in events suffer. */
const mostSkewInSeconds = 1

/** Looks at Redis: whether it can be used, whether it keeps its data, and whether its clock agrees with the one here. */
export async function lookAtRedis(settings: Settings, now: () => number): Promise<Finding[]> {
  const redis = await openSharedRedis(settings)
  if (redis === null) return [ok('redis', 'none is set: a worker is alone, and its connections end with it')]
  try {
    await redis.connected()
    const advice = await redis.fitness(`${settings.redis?.keyPrefix ?? ''}doctor`)
    return [
      await version(redis),
      // What it says of the disk has a look of its own below.
      ...advice
        .filter((each) => each.includes('evict'))
        .map((each) => warn('redis memory', each, 'CONFIG SET maxmemory-policy noeviction')),
      await persistence(redis),
      await clock(redis, now),
    ]
  } catch (error) {
    return [fail('redis', (error as Error).message, 'look at redis, its password and the network between')]
  } finally {
    await redis.close()
  }
}

async function version(redis: RedisClient): Promise<Finding> {
  const info = String(await redis.run('INFO', 'server'))
  return ok('redis', `version ${member(info, 'redis_version')} at ${redis.where}`)
}

/**
 * Whether Redis writes its data to a disk. Without that a restart of Redis forgets who is connected where, and
 * `$disconnect` is not run for those whose worker died meanwhile.
 */
async function persistence(redis: RedisClient): Promise<Finding> {
  const look = 'redis persistence'
  const info = String(await redis.run('INFO', 'persistence'))
  if (member(info, 'aof_enabled') === '1') return ok(look, 'it appends every change to a file (appendonly yes)')
  const remedy = 'appendonly yes in redis.conf, or CONFIG SET appendonly yes'
  const saves = await redis.run('CONFIG', 'GET', 'save').then(
    (answer) => (Array.isArray(answer) ? String(answer[1]) : null),
    () => null,
  )
  if (saves === null)
    return warn(look, 'it appends no changes to a file, and does not tell whether it snapshots', remedy)
  if (saves === '') return warn(look, 'it keeps nothing on a disk: a restart of Redis loses all records', remedy)
  return warn(look, `it only snapshots now and then (save ${saves}): a crash of Redis loses what is newer`, remedy)
}

/** The difference of the clocks, less what the question itself took. */
async function clock(redis: RedisClient, now: () => number): Promise<Finding> {
  const look = 'clock'
  const before = now()
  const [seconds, micros] = ((await redis.run('TIME')) as unknown[]).map((part) => Number(String(part)))
  const after = now()
  const there = (seconds ?? 0) * 1000 + (micros ?? 0) / 1000
  const apart = there < before ? before - there : there > after ? there - after : 0
  const text = `${(apart / 1000).toFixed(1)} s`
  if (apart > mostSkewInSeconds * 1000) {
    return warn(look, `the clock here and that of Redis are ${text} apart`, 'let chrony or ntpd set both clocks')
  }
  return ok(look, `the clock here and that of Redis agree (${text})`)
}

/** The value of one line of an answer to `INFO`; empty when there is no such line. */
function member(info: string, name: string): string {
  return new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? ''
}
