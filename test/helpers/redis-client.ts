import type { RedisClient } from '../../src/store/contract.ts'

/** A Redis that does what a test says, and nothing else: a script is an `EVAL` there, as in the client. */
export function redisOf(parts: Pick<RedisClient, 'run'> & Partial<RedisClient>): RedisClient {
  return {
    where: 'test',
    database: 0,
    runScript: ({ source }, keys, ...args) => parts.run('EVAL', source, keys.length, ...keys, ...args),
    pulse: async () => {},
    fitness: async () => [],
    subscribe: () => Promise.reject(new Error('not here')),
    watch: () => () => {},
    connected: async () => {},
    close() {},
    ...parts,
  }
}
