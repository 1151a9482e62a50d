import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { RedisRegistry, RedisRegistryOptions } from '../../src/registry/redis.ts'
import { createLocalSockets } from '../helpers/local-sockets.ts'
import { redisRegistry } from '../helpers/redis-registry.ts'
import { freePort, type RedisServer, startRedis } from '../helpers/redis-server.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function registryOf(url: string, options: Partial<RedisRegistryOptions> = {}): RedisRegistry {
  const registry = redisRegistry(url, { local: createLocalSockets(), name: 'worker', now: Date.now, ...options })
  closing.push(() => registry.close())
  return registry
}

async function redis(...args: string[]): Promise<RedisServer> {
  const server = await startRedis(args)
  closing.push(() => server.close())
  return server
}

/** Something that says it is a Redis of an age long gone. */
async function oldRedis(): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      const commands = bytes.toString().match(/\*\d+\r\n\$\d+\r\n(\w+)/g) ?? []
      for (const command of commands) socket.write(answerOf(command.split('\r\n')[2]?.toLowerCase() ?? ''))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(async () => server.close())
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function answerOf(command: string): string {
  const info = 'redis_version:5.0.14\r\nredis_mode:standalone\r\nrole:master\r\nloading:0\r\n'
  if (command === 'info') return `$${info.length}\r\n${info}\r\n`
  return command === 'hello' ? '-ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`\r\n' : '+OK\r\n'
}

describe('joining a fleet', () => {
  test('is refused, in one sentence, by a Redis that is too old', async () => {
    const url = await oldRedis()
    const text = `Redis 5.0.14 (${url.slice('redis://'.length)}) is too old: sharded pub/sub needs Redis 7`
    await expect(registryOf(url).start()).rejects.toThrow(text)
  })

  test('is refused by a Redis without sharded pub/sub', async () => {
    const server = await redis('--rename-command', 'SPUBLISH', '')
    await expect(registryOf(server.url).start()).rejects.toThrow(/refuses sharded pub\/sub \(SPUBLISH, SSUBSCRIBE\)/)
  })

  test('is refused by one node of a Cluster, with the way to name it', async () => {
    const server = await redis('--cluster-enabled', 'yes', '--cluster-port', String(await freePort()))
    await expect(registryOf(server.url).start()).rejects.toThrow(`name it as redis+cluster://127.0.0.1:${server.port}`)
  })

  test('waits for a Redis that can not be reached yet, says why, and works without it', async () => {
    const server = await redis()
    await server.kill()
    const warnings: string[] = []
    const log = { debug() {}, info() {}, warn: (_: object, text: string) => void warnings.push(text), error() {} }
    const registry = registryOf(server.url, { log: { ...log, child: () => registry as never } })
    await registry.start()
    expect(registry.trouble()).toMatch(/^Redis \(127\.0\.0\.1:\d+\): can't be used: connect ECONNREFUSED/)
    expect(warnings).toContain("Redis can't be used; trying again")
    await registry.add({
      ...{ connectionId: registry.allocateId(), apiId: 'chat', stage: 'dev', connectedAt: 1, sourceIp: '127.0.0.1' },
      ...{ userAgent: null, domainName: 'localhost', authorizer: null },
    })
    await server.restart()
    await expect.poll(() => registry.trouble(), { timeout: 10_000 }).toBeNull()
    await expect
      .poll(() => server.client.hlen(`postern:{w:${registry.owner}}:connections`), { timeout: 10_000 })
      .toBe(1)
  })

  test('shows a wrong password as what it is, and the password nowhere', async () => {
    const server = await redis('--requirepass', 'right')
    const said: unknown[] = []
    const keep = (...line: unknown[]) => void said.push(line)
    const log = { debug: keep, info: keep, warn: keep, error: keep, child: () => log }
    const registry = registryOf(server.url, { password: 'geheim', log })
    await registry.start()
    expect(registry.trouble()).toMatch(/WRONGPASS/)
    expect(
      JSON.stringify(said, (_, value) => (value instanceof Error ? { ...value, m: value.message } : value)),
    ).not.toContain('geheim')
    const right = registryOf(server.url, { password: 'right' })
    await right.start()
    expect(right.trouble()).toBeNull()
  })

  test('gives way to another worker that has its owner id already', async () => {
    const server = await redis()
    const first = registryOf(server.url)
    await first.start()
    await server.client.set(`postern:{w:${first.owner}}:grave`, 'buried')
    const before = first.owner
    await expect.poll(() => first.owner, { timeout: 10_000 }).not.toBe(before)
    await expect.poll(() => first.trouble(), { timeout: 10_000 }).toBeNull()
  })
})

describe('a foreign writer in the same Redis', () => {
  test('can not crash a worker with what it sends to an inbox or puts under our keys', async () => {
    const server = await redis()
    const errors: unknown[] = []
    const [one, two] = [registryOf(server.url), registryOf(server.url)]
    await Promise.all([one.start(), two.start()])
    process.on('unhandledRejection', (error) => void errors.push(error))
    const inbox = `postern:{w:${one.owner}}:inbox`
    for (const bytes of ['', 'x', '\x91', Buffer.alloc(100_000, 0x91), Buffer.alloc(9_000_000), '[1,2,3]']) {
      await server.client.call('SPUBLISH', inbox, bytes)
    }
    await server.client.hset('postern:workers', 'nonsense', 'x', '99999999999', 'y', '7', 'z')
    await server.client.set('postern:{w:7}:connections', 'not a hash')
    await server.client.set('postern:{w:7}:lease', 'not JSON', 'PX', 60_000)
    expect((await one.workers()).map(({ name }) => name).sort()).toEqual(['worker', 'worker'])
    expect(one.trouble()).toBeNull()
    expect(errors).toEqual([])
  })
})
