import { afterAll, beforeAll } from 'vitest'
import { createRedisStore } from '../conformance/redis-store.ts'
import { describeRegistry } from '../conformance/registry.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.close())

describeRegistry({ name: 'one Redis', fleet: true, createStore: () => createRedisStore(server.url) })
