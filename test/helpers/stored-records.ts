import type { Redis } from 'ioredis'

/** The ids of all records in a Redis, sorted. A place whose hash a burial has replaced is no record. */
export async function storedIds(client: Redis): Promise<string[]> {
  const keys = await client.keys('*:connections')
  const ids = keys.map(async (key) => ((await client.type(key)) === 'hash' ? client.hkeys(key) : []))
  return (await Promise.all(ids)).flat().sort()
}
