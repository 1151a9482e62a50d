import type { Redis } from 'ioredis'

/** The ids of all records in a Redis, sorted. What a burial has left in the place of a hash is none. */
export async function storedIds(client: Redis): Promise<string[]> {
  const keys = await client.keys('*:connections')
  const ids = keys.map(async (key) => ((await client.type(key)) === 'hash' ? client.hkeys(key) : []))
  return (await Promise.all(ids)).flat().sort()
}
