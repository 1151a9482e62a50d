import { randomUUID } from 'node:crypto'
import { keyspaceOf, type RedisClient, readRedisScript } from '../../store/contract.ts'
import type { BucketStore } from '../contract.ts'

const exchangeTokens = readRedisScript(new URL('./exchange-tokens.lua', import.meta.url))

/** Milliseconds for which a worker counts after its last exchange: three times as long as it may be silent. */
export const countsForMillis = 15_000

/** The hash tag of all buckets: one script touches many of them, so that they are in one slot of a Cluster. */
const tag = 'b'

export interface RedisBucketsOptions {
  readonly redis: Pick<RedisClient, 'run' | 'runScript' | 'database'>
  readonly keyPrefix: string
}

/** The buckets of a fleet in its Redis, by whose clock they fill: a string for each that is not full. */
export function createRedisBucketStore({ redis, keyPrefix }: RedisBucketsOptions): BucketStore {
  const { tagged } = keyspaceOf(keyPrefix, 'limits', redis.database)
  const workersKey = tagged(tag, 'workers')
  const self = randomUUID()
  return {
    async exchange(takings) {
      const answer = await redis.runScript(
        exchangeTokens,
        [workersKey, ...takings.map(({ name }) => tagged(tag, `bucket:${name}`))],
        ...[self, countsForMillis],
        ...takings.flatMap(({ limits: { rateLimit, burstLimit }, taken }) => [rateLimit, burstLimit, taken]),
      )
      const [workers = 1, ...levels] = (answer as unknown[]).map((each) => Number(String(each)))
      return { workers, levels }
    },
    async leave() {
      await redis.run('ZREM', workersKey, self)
    },
  }
}
