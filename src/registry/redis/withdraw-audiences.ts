import { isForeignValue, type RedisClient } from '../../store/contract.ts'
import type { OwnerId } from '../../vocabulary/ids.ts'
import { isAudienceHash } from './audience-hash.ts'
import type { FleetKeys } from './keys.ts'
import { readSet } from './scripts.ts'

const page = 500

/** Takes a dead worker away from all groups and users that it had. Rejects when Redis fails; may then be called again. */
export async function withdrawAudiences(redis: RedisClient, keys: FleetKeys, owner: OwnerId): Promise<void> {
  const { audiences } = keys.of(owner)
  let cursor = '0'
  do {
    const reply = await redis.runScript(readSet, [audiences], cursor, page)
    const [next, ...found] = (reply as (Buffer | string)[]).map(String)
    cursor = next ?? '0'
    await Promise.all(
      found.filter(isAudienceHash).map((hash) => redis.run('SREM', keys.owners(hash), String(owner)).catch(forgive)),
    )
  } while (cursor !== '0')
  await redis.run('DEL', audiences)
}

/** Lets pass that a key holds no set, as somebody else has written it. */
function forgive(error: unknown): void {
  if (!isForeignValue(error)) throw error
}
