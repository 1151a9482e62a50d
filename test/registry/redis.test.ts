import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createRedisStore } from '../conformance/redis-store.ts'
import { describeRegistry } from '../conformance/registry.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'
import { redisWorker } from '../helpers/redis-workers.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.close())

describeRegistry({ name: 'one Redis', fleet: true, createStore: () => createRedisStore(server.url) })

test('fleets in two databases of one Redis do not hear each other', async () => {
  const [first, second, other] = [1, 1, 2].map((database) => redisWorker(`${server.url}/${database}`))
  for (const worker of [first, second, other]) {
    onTestFinished(() => worker?.registry.close())
    await worker?.registry.start()
    expect(worker?.registry.trouble()).toBeNull()
  }
  const [socket] = (await first?.connect(1)) ?? []
  if (socket === undefined) throw new Error('no socket')
  expect(await second?.push(socket)).toBe('sent')
  expect(await other?.push(socket)).toBe('gone')
  expect(socket.frames).toHaveLength(1)
  expect(await second?.push(socket)).toBe('sent')
})
