import { mkdir } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, test } from 'vitest'
import type { LocalSocket } from '../helpers/local-sockets.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'
import { idOf, redisWorker } from '../helpers/redis-workers.ts'
import { storedIds } from '../helpers/stored-records.ts'

const leaseSeconds = 2
const lease = leaseSeconds * 1000
const deadline = { timeout: 30_000, interval: 50 }

const rejections: unknown[] = []
const keepRejection = (reason: unknown) => void rejections.push(reason)
beforeAll(() => void process.on('unhandledRejection', keepRejection))
afterAll(() => void process.off('unhandledRejection', keepRejection))

interface Trouble {
  readonly name: string
  /** How it shows. */
  readonly says: RegExp
  begin(server: RedisServer): Promise<unknown>
  end(server: RedisServer): Promise<unknown>
}

/** What a Redis that can be reached says when it can't do as it is told. */
const troubles: Trouble[] = [
  {
    name: 'is a replica now',
    says: /READONLY|MASTERDOWN/,
    begin: ({ client }) => client.call('REPLICAOF', '127.0.0.1', '1'),
    end: ({ client }) => client.call('REPLICAOF', 'NO', 'ONE'),
  },
  {
    name: 'has no memory left',
    says: /OOM/,
    begin: ({ client }) => client.config('SET', 'maxmemory', '1'),
    end: ({ client }) => client.config('SET', 'maxmemory', '0'),
  },
  {
    name: 'can not save, and so takes no writes',
    says: /MISCONF/,
    async begin({ client }) {
      const [, directory] = (await client.config('GET', 'dir')) as [string, string]
      await mkdir(`${directory}/dump.rdb`) // in the place of the file
      await client.config('SET', 'save', '1 1')
      await client.bgsave().catch(() => {}) // it may have begun to by itself
    },
    end: ({ client }) => client.config('SET', 'stop-writes-on-bgsave-error', 'no'),
  },
  {
    name: 'is busy with a script of somebody else',
    says: /BUSY|does not answer|timed out/,
    async begin({ client, port }) {
      await client.config('SET', 'busy-reply-threshold', '50')
      const other = new Redis(port)
      other.on('error', () => {})
      void other.eval('while true do end', 0).catch(() => other.disconnect())
    },
    end: ({ client }) => client.call('SCRIPT', 'KILL'),
  },
  {
    name: 'wants a password all at once',
    says: /NOAUTH/,
    async begin({ client }) {
      await client.config('SET', 'requirepass', 'secret')
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    },
    end: ({ client }) => client.config('SET', 'requirepass', ''),
  },
]

for (const { name, says, begin, end } of troubles) {
  test.concurrent(`a Redis that ${name}: it shows, nobody is buried, and every record is there again after it`, async ({
    expect,
  }) => {
    const server = await startRedis()
    const options = { leaseSeconds, timings: { sweep: 200 } }
    const [near, far] = [redisWorker(server.url, options), redisWorker(server.url, options)]
    const workers = [near, far]
    const owners = () => workers.map(({ registry }) => registry.owner)
    try {
      await Promise.all(workers.map(({ registry }) => registry.start()))
      const sockets = [...(await near.connect(10)), ...(await far.connect(10))]
      const [local, remote, ended] = [sockets[0], sockets[15], ...sockets.splice(12, 1)] as LocalSocket[]
      const before = owners()
      await pause(lease) // until both have seen enough to judge who is dead
      await begin(server)
      const shown = () => workers.every(({ registry }) => says.test(registry.trouble() ?? ''))
      await expect.poll(shown, deadline).toBe(true)
      expect(await near.push(local as LocalSocket)).toBe('sent')
      expect(await near.push(remote as LocalSocket)).toBe('unreachable')
      sockets.push(...(await near.connect(5)))
      far.sockets.drop(idOf(ended as LocalSocket))
      await far.registry.remove(idOf(ended as LocalSocket), Promise.resolve())
      await pause(1.5 * lease)
      await end(server)
      await expect.poll(() => storedIds(server.client), deadline).toEqual(sockets.map(idOf).sort())
      for (const socket of sockets) await expect.poll(() => far.push(socket), deadline).toBe('sent')
      await pause(1.5 * lease) // time in which a living worker would be buried
      expect(owners()).toEqual(before)
      expect(workers.flatMap(({ undertaken, owed }) => [...undertaken, ...owed])).toEqual([])
      expect(rejections).toEqual([])
    } finally {
      await Promise.all(workers.map(({ registry }) => registry.close()))
      await server.close()
    }
  }, 60_000)
}
