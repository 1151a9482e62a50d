import { isForeignValue, type RedisClient } from '../../store/contract.ts'
import type { OwnerId } from '../../vocabulary/ids.ts'
import type { FleetKeys } from './keys.ts'
import { readOwners as script } from './scripts.ts'

const page = 1_000
/** Owner ids that are read at most: a fleet has fewer workers; what is beyond was written by somebody else. */
const maxOwners = 10_000

/** Every worker that has been seen and not buried, each once; those that nobody could have named so are left out. */
export async function readOwners(redis: RedisClient, keys: FleetKeys): Promise<OwnerId[]> {
  const owners = new Set<OwnerId>()
  let cursor = '0'
  do {
    const reply = await redis.runScript(script, [keys.workers], cursor, page).catch((error: unknown) => {
      if (isForeignValue(error)) return ['0']
      throw error
    })
    const [next, ...found] = (reply as (Buffer | string)[]).map(String)
    for (const owner of found) owners.add(Number(owner))
    cursor = next ?? '0'
  } while (cursor !== '0' && owners.size < maxOwners)
  return [...owners]
}
