import { randomUUID } from 'node:crypto'
import { keyspaceOf, type RedisClient, readRedisScript } from '../../store/contract.ts'
import type { LimitStore } from '../contract.ts'

const presence = new URL('./presence.lua', import.meta.url)
const exchangeTokens = readRedisScript(presence, new URL('./exchange-tokens.lua', import.meta.url))
const tellSources = readRedisScript(presence, new URL('./tell-sources.lua', import.meta.url))

/** Milliseconds for which a worker counts after it was last heard of: three times as long as it may be silent. */
export const countsForMillis = 15_000

/** The hash tag of all keys: one script touches many of them, so that they are in one slot of a Cluster. */
const tag = 'b'

export interface RedisLimitsOptions {
  readonly redis: Pick<RedisClient, 'run' | 'runScript' | 'database'>
  readonly keyPrefix: string
}

/**
 * The limits that the workers of a fleet share, in its Redis and by its clock: a string for each bucket that
 * is not full, and a hash of each worker with the connections of its sources.
 */
export function createRedisLimitStore({ redis, keyPrefix }: RedisLimitsOptions): LimitStore {
  const { tagged } = keyspaceOf(keyPrefix, 'limits', redis.database)
  const workersKey = tagged(tag, 'workers')
  const sourcesKey = (worker: string) => tagged(tag, `sources:${worker}`)
  const self = randomUUID()
  return {
    async exchange(takings) {
      const answer = await redis.runScript(
        exchangeTokens,
        [workersKey, ...takings.map(({ name }) => tagged(tag, `bucket:${name}`))],
        ...[self, countsForMillis],
        ...takings.flatMap(({ limits: { rateLimit, burstLimit }, taken }) => [rateLimit, burstLimit, taken]),
      )
      const [workers = 1, ...levels] = numbersOf(answer)
      return { workers, levels }
    },
    async tell(counts, anew) {
      const answer = await redis.runScript(
        tellSources,
        [workersKey, sourcesKey(self)],
        ...[self, countsForMillis, sourcesKey(''), anew ? 1 : 0],
        ...counts.flatMap(({ name, connections }) => [name, connections]),
      )
      const [workers = 1, isKnown = 0, ...others] = numbersOf(answer)
      return { workers, isKnown: isKnown === 1, others }
    },
    async leave() {
      await Promise.all([redis.run('ZREM', workersKey, self), redis.run('DEL', sourcesKey(self))])
    },
  }
}

function numbersOf(answer: unknown): number[] {
  return (answer as unknown[]).map((each) => Number(String(each)))
}
