import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { freePort } from '../../load/fleet/free-port.ts'
import type { RedisRegistry } from '../../src/registry/redis.ts'
import { createLocalSockets, type LocalSocket } from '../helpers/local-sockets.ts'
import { type RedisWorkerOptions, redisRegistry } from '../helpers/redis-registry.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'
import { redisWorker } from '../helpers/redis-workers.ts'
import { startSlowProxy } from '../helpers/slow-proxy.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function registryOf(url: string, options: RedisWorkerOptions = {}): RedisRegistry {
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

  test('warns of a Redis that may evict leases and records', async () => {
    const server = await redis('--maxmemory', '1gb', '--maxmemory-policy', 'allkeys-lru')
    const worker = redisWorker(server.url)
    closing.push(() => worker.registry.close())
    await worker.registry.start()
    expect(worker.said.join()).toMatch(
      /may evict leases and records .* \(maxmemory-policy allkeys-lru\): set noeviction/,
    )
  })

  test('warns of a Redis that keeps nothing on disk, or that may not be asked; not of one that does', async () => {
    const rights = ['on', '>secret', 'resetchannels', '~*', '&*', '+@all', '-@admin', '-@dangerous', '+info']
    const said = async (args: readonly string[], user = '', password: string | null = null) => {
      const server = await redis(...args)
      await server.client.call('ACL', 'SETUSER', 'gateway', ...rights)
      const worker = redisWorker(`redis://${user}127.0.0.1:${server.port}`, { password })
      closing.push(() => worker.registry.close())
      await worker.registry.start()
      expect(worker.registry.trouble()).toBeNull()
      return worker.said.join()
    }
    expect(await said([])).toMatch(/Redis keeps nothing on disk: .* is lost when Redis restarts; set appendonly yes/)
    expect(await said(['--save', '3600 1'])).not.toMatch(/disk|snapshots/)
    expect(await said(['--appendonly', 'yes'])).not.toMatch(/disk|snapshots/)
    expect(await said([], 'gateway@', 'secret')).toMatch(/no append-only file, and could not be asked for snapshots/)
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
      ...{ userAgent: null, domainName: 'localhost', authorizer: null, identity: null },
    })
    await server.restart()
    await expect.poll(() => registry.trouble(), { timeout: 20_000 }).toBeNull()
    await expect
      .poll(() => server.client.hlen(`postern:{w:${registry.owner}}:connections`), { timeout: 20_000 })
      .toBe(1)
  })

  test('tries a Redis that hangs up again and again, but not more often than it has to, and each worker in its own time', async () => {
    const times: number[] = []
    const server = createServer((socket) => {
      times.push(performance.now())
      socket.on('error', () => {})
      socket.destroy()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    closing.push(async () => server.close())
    const url = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`
    const workers = Array.from({ length: 5 }, () => registryOf(url))
    const startedAt = performance.now()
    await Promise.all(workers.map((registry) => registry.start()))
    const seconds = 6
    await expect.poll(() => performance.now() - startedAt, { timeout: 20_000 }).toBeGreaterThan(seconds * 1000)
    // Two ways each: one begins with 50 ms and doubles up to 2 s, the other takes 0.2 to 1 s.
    const perWorker = times.length / workers.length
    process.stdout.write(`connections tried in ${seconds} s: ${perWorker} a worker\n`)
    expect(perWorker).toBeGreaterThan(4)
    expect(perWorker).toBeLessThan(45)
    const late = times.filter((time) => time - startedAt > 2_000).map((time) => Math.floor(time / 100))
    const most = Math.max(...[...new Set(late)].map((slot) => late.filter((each) => each === slot).length))
    expect(most).toBeLessThan(late.length / 3)
  }, 30_000)

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
    await expect.poll(() => first.owner, { timeout: 20_000 }).not.toBe(before)
    await expect.poll(() => first.trouble(), { timeout: 20_000 }).toBeNull()
  })
})

/** Two workers that reach each other through it. */
async function expectAFleet(url: string, options: RedisWorkerOptions = {}): Promise<void> {
  const [near, far] = [redisWorker(url, options), redisWorker(url, options)]
  closing.push(
    ...[near, far].map(
      ({ registry }) =>
        () =>
          registry.close(),
    ),
  )
  await Promise.all([near.registry.start(), far.registry.start()])
  expect([near.registry.trouble(), far.registry.trouble()]).toEqual([null, null])
  const [socket] = (await far.connect(1)) as [LocalSocket]
  expect(await near.push(socket)).toBe('sent')
  expect(await near.registry.count()).toEqual({ connections: 1, incomplete: false })
  expect((await near.registry.workers()).workers.length).toBe(2)
}

describe('a Redis with users of its own', () => {
  const rights = ['resetchannels', '~postern:*', '&postern:*', '+@all', '-@admin', '-@dangerous', '+info']

  test('lets in one that may do no more than docs/reliability.md says', async () => {
    const server = await redis()
    await server.client.call('ACL', 'SETUSER', 'gateway', 'on', '>secret', ...rights)
    await server.client.call('ACL', 'SETUSER', 'default', 'off')
    await expectAFleet(`redis://gateway@127.0.0.1:${server.port}`, { password: 'secret' })
    const page = await readFile('docs/reliability.md', 'utf8')
    expect(page).toContain(rights.slice(1).join(' '))
  })

  test('is refused when the user may not publish to our channels', async () => {
    const server = await redis()
    const channels = rights.map((right) => (right.startsWith('&') ? '&other:*' : right))
    await server.client.call('ACL', 'SETUSER', 'gateway', 'on', '>secret', ...channels)
    const registry = registryOf(`redis://gateway@127.0.0.1:${server.port}`, { password: 'secret' })
    await expect(registry.start()).rejects.toThrow(/refuses sharded pub\/sub \(SPUBLISH, SSUBSCRIBE\): .*channel/)
  })

  test('says which command is missing, and goes on once it is allowed', async () => {
    const server = await redis()
    await server.client.call('ACL', 'SETUSER', 'gateway', 'on', '>secret', ...rights, '-eval')
    const registry = registryOf(`redis://gateway@127.0.0.1:${server.port}`, { password: 'secret' })
    await registry.start()
    expect(registry.trouble()).toMatch(/NOPERM.*eval/)
    await server.client.call('ACL', 'SETUSER', 'gateway', '+eval')
    await expect.poll(() => registry.trouble(), { timeout: 20_000 }).toBeNull()
  })
})

describe('a Redis behind TLS', () => {
  let directory: string
  /** A server for 127.0.0.1, and the authority that signed its certificate. */
  async function tlsRedis(): Promise<{ port: number; ca: string }> {
    directory = await mkdtemp(join(tmpdir(), 'postern-tls-'))
    closing.push(() => rm(directory, { recursive: true, force: true }))
    const openssl = (...args: string[]) => promisify(execFile)('openssl', args, { cwd: directory })
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    await openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test authority')
    await openssl('req', '-new', ...key.slice(0, -2), '-keyout', 'redis.key', '-out', 'redis.csr', '-subj', '/CN=redis')
    await writeFile(join(directory, 'names'), 'subjectAltName=IP:127.0.0.1')
    const sign = ['-req', '-in', 'redis.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2']
    await openssl('x509', ...sign, '-extfile', 'names', '-out', 'redis.pem')
    const port = await freePort()
    const files = ['--tls-cert-file', join(directory, 'redis.pem'), '--tls-key-file', join(directory, 'redis.key')]
    const ca = join(directory, 'ca.pem')
    await redis('--tls-port', String(port), ...files, '--tls-ca-cert-file', ca, '--tls-auth-clients', 'no')
    return { port, ca }
  }

  test('carries a fleet when its authority is named', async () => {
    const { port, ca } = await tlsRedis()
    await expectAFleet(`rediss://127.0.0.1:${port}`, { ca })
  })

  test('is not spoken to when its certificate is signed by nobody we know, or is for another name', async () => {
    const { port, ca } = await tlsRedis()
    const unknown = registryOf(`rediss://127.0.0.1:${port}`)
    await unknown.start()
    expect(unknown.trouble()).toMatch(/certificate/)
    const renamed = registryOf(`rediss://localhost:${port}`, { ca })
    await renamed.start()
    expect(renamed.trouble()).toMatch(/certificate|altnames/)
  })
})

describe('closing', () => {
  test('ends every timer and socket, also while Redis is silent or was never there', async () => {
    const server = await redis()
    const wire = await startSlowProxy(server.port)
    closing.push(() => wire.close())
    wire.cut()
    const nobody = await freePort()
    const counts = () => process.getActiveResourcesInfo().filter((name) => /Timeout|TCPSocketWrap/.test(name)).length
    const before = counts()
    for (const port of [wire.port, nobody, server.port]) {
      const registry = redisRegistry(`redis://127.0.0.1:${port}`, {
        ...{ local: createLocalSockets(), name: 'worker', now: Date.now, leaseSeconds: 2 },
      })
      void registry.start()
      await new Promise((resolve) => setTimeout(resolve, 100))
      await registry.close()
      await registry.close()
    }
    // The wire's own sockets stand as long as their other ends.
    await expect.poll(counts, { timeout: 20_000 }).toBeLessThanOrEqual(before + 2 * wire.accepted)
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
    expect((await one.workers()).workers.map(({ name }) => name).sort()).toEqual(['worker', 'worker'])
    expect(one.trouble()).toBeNull()
    expect(errors).toEqual([])
  })
})
