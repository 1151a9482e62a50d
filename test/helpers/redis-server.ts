import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from '../../load/fleet/free-port.ts'

/** A real redis-server of PATH on a free port, without persistence. */
export interface RedisServer {
  readonly port: number
  readonly url: string
  readonly child: ChildProcess
  /** A client for what a test wants to see or to break. */
  readonly client: Redis
  /** Ends the server as SIGKILL does; what it held is lost. */
  kill(): Promise<void>
  /** Starts the server anew and empty, on the same port. */
  restart(): Promise<void>
  close(): Promise<void>
}

/** Starts a redis-server; `password` is what `client` says to it. */
export async function startRedis(args: readonly string[] = [], password?: string): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-redis-'))
  let port = 0
  let child: ChildProcess | null = null
  while (child === null) {
    port = await freePort()
    child = await spawnRedis(port, directory, args)
  }
  const secret = password === undefined ? {} : { password }
  const client = new Redis({ port, ...secret, maxRetriesPerRequest: 0, retryStrategy: () => 100 })
  client.on('error', () => {})
  const kill = async () => {
    const ended = child as ChildProcess
    if (ended.exitCode !== null || ended.signalCode !== null) return
    ended.kill('SIGKILL')
    await once(ended, 'exit')
  }
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    client,
    get child() {
      return child as ChildProcess
    },
    kill,
    async restart() {
      await kill()
      child = await spawnRedis(port, directory, args)
      if (child === null) throw new Error(`port ${port} was taken while redis-server was away`)
    },
    async close() {
      client.disconnect()
      await kill()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Starts the process; null when the port is not free any more. */
async function spawnRedis(port: number, directory: string, args: readonly string[]): Promise<ChildProcess | null> {
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory, ...args]
  const child = spawn('redis-server', own, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    // Not at its exit, when what it said may not have come yet.
    child.on('close', (code) => {
      if (/Address already in use/.test(said)) resolve(null)
      else reject(new Error(`redis-server ended with ${code}:\n${said}`))
    })
    child.stdout.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-10_000)
      if (said.includes('Ready to accept connections')) resolve(child)
    })
  })
}

export interface RedisCluster {
  readonly nodes: readonly RedisServer[]
  /** Gives each master a replica, which takes over when it dies. */
  addReplicas(): Promise<void>
  /** The URLs of all masters, with commas between them. */
  readonly url: string
  close(): Promise<void>
}

const slots = 16_384

/** A Redis Cluster of three masters. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const nodes: RedisServer[] = []
  for (let i = 0; i < 3; i++) nodes.push(await startClusterNode())
  const [first, ...others] = nodes as [RedisServer, ...RedisServer[]]
  for (const [i, { client }] of nodes.entries()) {
    const [from, to] = [Math.floor((slots * i) / 3), Math.floor((slots * (i + 1)) / 3) - 1]
    await client.call('CLUSTER', 'ADDSLOTSRANGE', from, to)
  }
  const bus = await first.client.config('GET', 'cluster-port')
  for (const { client } of others)
    await client.call('CLUSTER', 'MEET', '127.0.0.1', first.port, String((bus as string[])[1]))
  for (const { client } of nodes) await untilOk(client)
  const replicas: RedisServer[] = []
  return {
    nodes,
    url: nodes.map(({ url }) => url).join(','),
    async addReplicas() {
      for (const { client } of nodes) {
        const replica = await startClusterNode()
        replicas.push(replica)
        await replica.client.call('CLUSTER', 'MEET', '127.0.0.1', first.port, String((bus as string[])[1]))
        const master = String(await client.call('CLUSTER', 'MYID'))
        await until(async () => String(await replica.client.call('CLUSTER', 'NODES')).includes(`${master} 127.0.0.1`))
        await until(async () => (await replica.client.call('CLUSTER', 'REPLICATE', master)) === 'OK')
        await until(async () => /master_link_status:up/.test(await replica.client.info('replication')))
      }
      const known = nodes.length + replicas.length
      for (const { client } of [...nodes, ...replicas]) await untilOk(client, known)
    },
    close: async () => void (await Promise.all([...nodes, ...replicas].map((node) => node.close()))),
  }
}

export async function startClusterNode(args: readonly string[] = []): Promise<RedisServer> {
  const bus = await freePort()
  const cluster = ['--cluster-enabled', 'yes', '--cluster-port', String(bus), '--cluster-node-timeout', '2000']
  return startRedis([...cluster, '--cluster-config-file', `nodes-${bus}.conf`, ...args])
}

function untilOk(client: Redis, known = 3): Promise<void> {
  return until(async () => {
    const info = String(await client.call('CLUSTER', 'INFO'))
    return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${known}\r`)
  })
}

/** Asks again and again until the answer is yes; an error counts as no. */
async function until(isDone: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000
  while (Date.now() < end) {
    if (await isDone().catch(() => false)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the Redis Cluster did not come up')
}
