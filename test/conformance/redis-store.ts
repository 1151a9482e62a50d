import { fleetKeys } from '../../src/registry/redis/keys.ts'
import type { RedisRegistry } from '../../src/registry/redis.ts'
import { keyspaceOf } from '../../src/store/contract.ts'
import { redisClient, redisRegistry } from '../helpers/redis-registry.ts'
import type { RegistryStore } from './registry-store.ts'

let stores = 0

/** A fleet in one Redis or Redis Cluster; each store has keys of its own there. */
export async function createRedisStore(url: string): Promise<RegistryStore> {
  const keyPrefix = `store${++stores}:`
  const keys = fleetKeys(keyspaceOf(keyPrefix, 'registry'))
  const redis = redisClient(url, { name: 'test' })
  await redis.connected()
  return {
    async join(options) {
      const registry = redisRegistry(url, { ...options, keyPrefix })
      await registry.start()
      return registry
    },
    async kill(registry) {
      ;(registry as RedisRegistry).abandon()
    },
    async outliveLease({ owner }) {
      await redis.run('DEL', keys.of(owner).lease)
    },
    async close() {
      redis.close()
    },
  }
}
