import { afterAll, beforeAll } from 'vitest'
import { createRedisStore } from '../conformance/redis-store.ts'
import { describeRegistry } from '../conformance/registry.ts'
import { type RedisCluster, startRedisCluster } from '../helpers/redis-server.ts'

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startRedisCluster()
})
afterAll(() => cluster.close())

describeRegistry({
  name: 'a Redis Cluster of three masters',
  fleet: true,
  createStore: () => createRedisStore(cluster.url),
})
