import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from '../../load/fleet/free-port.ts'
import { type RedisServer, startRedis } from './redis-server.ts'

/** A master and a replica, watched by three Sentinels. */
export interface RedisSentinels {
  readonly url: string
  readonly master: RedisServer
  readonly replica: RedisServer
  /** Connections that the Sentinels and the replica have accepted since they began. */
  accepted(): Promise<number>
  close(): Promise<void>
}

const name = 'mymaster'
const passwords = { redis: 'redis-secret', sentinel: 'sentinel-secret' } as const
export const sentinelPasswords = passwords

export async function startSentinels(): Promise<RedisSentinels> {
  const secret = ['--requirepass', passwords.redis, '--masterauth', passwords.redis]
  const master = await startRedis(secret, passwords.redis)
  const link = ['--replicaof', '127.0.0.1', String(master.port), '--repl-diskless-sync-delay', '0']
  const replica = await startRedis([...secret, ...link], passwords.redis)
  await until(async () => /master_link_status:up/.test(await replica.client.info('replication')))
  const directory = await mkdtemp(join(tmpdir(), 'postern-sentinel-'))
  const sentinels = await Promise.all([0, 1, 2].map(() => startSentinel(directory, master.port)))
  for (const { client } of sentinels) {
    await until(async () => {
      const [fields] = (await client.call('SENTINEL', 'MASTERS')) as string[][]
      const member = (field: string) => fields?.[fields.indexOf(field) + 1]
      return member('num-other-sentinels') === '2' && member('num-slaves') === '1'
    })
  }
  const accepted = async (client: Redis) =>
    Number(/total_connections_received:(\d+)/.exec(await client.info('stats'))?.[1] ?? Number.NaN)
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')
  return {
    url: `redis+sentinel://${hosts}/${name}`,
    ...{ master, replica },
    async accepted() {
      const counts = await Promise.all([...sentinels, replica].map(({ client }) => accepted(client)))
      return counts.reduce((sum, each) => sum + each, 0)
    },
    async close() {
      for (const { client, child } of sentinels) {
        client.disconnect()
        child.kill('SIGKILL')
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      }
      await Promise.all([master.close(), replica.close()])
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function startSentinel(
  directory: string,
  master: number,
): Promise<{ port: number; child: ChildProcess; client: Redis }> {
  const port = await freePort()
  const file = join(directory, `sentinel-${port}.conf`)
  const lines = [
    ...[`port ${port}`, 'bind 127.0.0.1', `dir ${directory}`, `requirepass ${passwords.sentinel}`],
    ...[`sentinel monitor ${name} 127.0.0.1 ${master} 2`, `sentinel auth-pass ${name} ${passwords.redis}`],
    ...[`sentinel down-after-milliseconds ${name} 1500`, `sentinel failover-timeout ${name} 6000`],
    `sentinel sentinel-pass ${passwords.sentinel}`,
  ]
  await writeFile(file, `${lines.join('\n')}\n`)
  const child = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' })
  const client = new Redis({ port, password: passwords.sentinel, maxRetriesPerRequest: 0, retryStrategy: () => 50 })
  client.on('error', () => {})
  await until(async () => (await client.ping()) === 'PONG')
  return { port, child, client }
}

/** Asks again and again until the answer is yes; an error counts as no. */
async function until(isDone: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000
  while (Date.now() < end) {
    if (await isDone().catch(() => false)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the Sentinels did not come up')
}
