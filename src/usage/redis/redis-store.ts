import { randomUUID } from 'node:crypto'
import { keyspaceOf, type RedisClient, readRedisScript } from '../../store/contract.ts'
import type { UsageStore } from '../contract.ts'

const addCounts = readRedisScript(new URL('./add-counts.lua', import.meta.url))

/** Milliseconds by which clocks of a fleet may differ: no count goes before the last of them asks for it no more. */
const clockSkew = 3_600_000

/** The beginning of the fields that say how far a process has come; no count's field begins so. */
const processMark = '#'

export interface RedisUsageOptions {
  readonly redis: Pick<RedisClient, 'run' | 'runScript' | 'database'>
  readonly keyPrefix: string
}

/**
 * The counts of a fleet: a hash for each bucket, which goes by itself when nobody asks for it any more. Batches of one
 * process are added in the order of their serials, each once, also when an answer of Redis was lost.
 */
export function createRedisUsageStore({ redis, keyPrefix }: RedisUsageOptions): UsageStore {
  const { key } = keyspaceOf(keyPrefix, 'usage', redis.database)
  const self = `${processMark}${randomUUID()}`
  return {
    async add({ bucket, serial, counts }) {
      const totals = await redis.runScript(
        addCounts,
        [key(bucket.name)],
        ...[self, serial, bucket.keptUntil + clockSkew],
        ...counts.flat(),
      )
      return (totals as unknown[]).map(Number)
    },
    async read(name) {
      const flat = (await redis.run('HGETALL', key(name))) as Buffer[]
      const counts = new Map<string, number>()
      for (let at = 0; at + 1 < flat.length; at += 2) {
        const field = String(flat[at])
        const count = Number(String(flat[at + 1]))
        if (!field.startsWith(processMark) && Number.isSafeInteger(count)) counts.set(field, count)
      }
      return counts
    },
    async save() {},
  }
}
