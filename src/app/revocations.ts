import type { Settings } from '../config/settings.ts'
import type { Log } from '../observability/contract.ts'
import type { RevocationStore } from '../revocations/contract.ts'
import { openFileRevocationStore } from '../revocations/file-store.ts'
import { createMemoryRevocationStore } from '../revocations/memory-store.ts'
import { createRevocationList, type RevocationList } from '../revocations/revocation-list.ts'
import type { RedisClient } from '../store/contract.ts'

export interface RevocationsOptions {
  readonly settings: Pick<Settings, 'redis' | 'revocationsFile'>
  readonly redis: RedisClient | null
  readonly log: Log
  readonly now: () => number
  /** Ends what is revoked, and gives how many connections those were. */
  readonly endRevoked: () => number
}

/**
 * Opens the list of revocations: in Redis where there is one, else in the revocationsFile, else in memory. Rejects with
 * one sentence.
 */
export async function openRevocations(options: RevocationsOptions): Promise<RevocationList> {
  const { log, now, endRevoked } = options
  return createRevocationList({
    ...{ store: await openStore(options), log, now },
    added(revocations) {
      const closed = endRevoked()
      if (closed > 0) log.info({ revocations: revocations.length, closed }, 'connections were closed as revoked')
    },
  })
}

async function openStore({ settings, redis, now }: RevocationsOptions): Promise<RevocationStore> {
  const { redis: fleet, revocationsFile } = settings
  if (redis !== null && fleet !== null) {
    const { createRedisRevocationStore } = await import('../revocations/redis/redis-store.ts')
    return createRedisRevocationStore({ redis, keyPrefix: fleet.keyPrefix, now })
  }
  return revocationsFile === null ? createMemoryRevocationStore({ now }) : openFileRevocationStore(revocationsFile, now)
}
