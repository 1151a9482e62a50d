import { isForeignValue, type RedisClient } from '../../store/contract.ts'
import type { OwnerId } from '../../vocabulary/ids.ts'
import type { FleetKeys } from './keys.ts'
import { readOwners as script } from './scripts.ts'

const page = 1_000
/** Owner ids that are read at most: a fleet has fewer workers; what is beyond was written by somebody else. */
const maxOwners = 10_000

/** The workers that Redis knows of, and whether it knows of all. */
export interface KnownOwners {
  /** Owner ids, rising, with that of this worker; the dead that are not buried are among them. */
  readonly owners: readonly OwnerId[]
  /**
   * Whether living ones may be missing: Redis has lost its data, as those who are back say, or as the lack of our own
   * name shows.
   */
  readonly incomplete: boolean
}

/** Reads who there is: whatever is said of all workers is taken from here, so that all of it knows when it is not whole. */
export async function readOwners(redis: RedisClient, keys: FleetKeys, own: () => OwnerId): Promise<KnownOwners> {
  const [known, isComingBack] = await Promise.all([namedOwners(redis, keys), redis.run('EXISTS', keys.comingBack)])
  const incomplete = Number(isComingBack) === 1 || !known.has(own())
  return { owners: [...known.add(own())].sort((a, b) => a - b), incomplete }
}

/** Every worker that has been seen and not buried; those that nobody could have named so are left out. */
async function namedOwners(redis: RedisClient, keys: FleetKeys): Promise<Set<OwnerId>> {
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
  return owners
}
