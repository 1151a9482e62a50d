import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { ConnectionRecord } from '../../src/vocabulary/connection.ts'
import { createLocalSockets } from '../helpers/local-sockets.ts'
import { quickTimings, redisRegistry } from '../helpers/redis-registry.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.close())

/** Without an answer a question would take this long: far longer than a test waits. */
const timings = { ...quickTimings, settling: 60_000, answer: 60_000 }
const soon = 20_000

async function join(name: string) {
  const local = createLocalSockets()
  const registry = redisRegistry(server.url, { local, name, now: Date.now, timings })
  onTestFinished(() => registry.close())
  await registry.start()
  return { registry, local }
}

function recordOf(connectionId: string): ConnectionRecord {
  const identity = { sourceIp: '127.0.0.1', userAgent: null, domainName: 'localhost', authorizer: null, identity: null }
  return { connectionId, apiId: 'chat', stage: 'dev', connectedAt: 0, ...identity }
}

test('a worker that leaves answers what it is asked until then; after that its connections are gone, at once', async () => {
  const { registry: asker } = await join('asker')
  for (let round = 0; round < 15; round++) {
    const { registry: leaver, local } = await join('leaver')
    const [open, closed] = [leaver.allocateId(), leaver.allocateId()]
    const socket = local.open(recordOf(open))
    await leaver.add(recordOf(open))
    const outcomes: string[] = []
    let slowest = 0
    const ask = async (id: string) => {
      const startedAt = performance.now()
      outcomes.push(await asker.deliver(id, { data: 'x', binary: false }))
      slowest = Math.max(slowest, performance.now() - startedAt)
    }
    const asked: Promise<void>[] = []
    let left = false
    const leaving = leaver.close().then(() => {
      left = true
    })
    while (!left) {
      asked.push(ask(open), ask(closed))
      await nextTurn()
    }
    await leaving
    asked.push(ask(open))
    await Promise.all(asked)
    expect(new Set(outcomes)).toEqual(new Set(['sent', 'gone']))
    // Each answer `sent` is a frame, and none was sent that nobody was told of.
    expect(socket.frames.length).toBe(outcomes.filter((outcome) => outcome === 'sent').length)
    expect(slowest).toBeLessThan(soon)
    expect(outcomes.at(-1)).toBe('gone')
  }
}, 60_000)

test('settled resolves when no question waits for its answer', async () => {
  const [{ registry: asker }, { registry: other, local }] = [await join('asker'), await join('other')]
  const id = other.allocateId()
  const socket = local.open(recordOf(id))
  let answered = false
  const asked = Promise.resolve(asker.deliver(id, { data: 'x', binary: false })).then(() => {
    answered = true
  })
  await asker.settled()
  expect(socket.frames.length).toBe(1)
  await asked
  expect(answered).toBe(true)
  await asker.settled()
})
