import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { Redis } from 'ioredis'
import { type ServerProcess, type Servers, startServer } from './server-process.ts'
import { gatewayArguments, type StartTarget } from './targets.ts'

/** A redis-server without persistence, in a process of its own. */
interface RedisProcess {
  readonly pid: number
  readonly url: string
  /** Commands that were run, and bytes that are in use. */
  counters(): Promise<Record<string, number>>
  stop(): Promise<void>
}

/**
 * Gateways that share a Redis: sockets connect to the first one, posts go to the last one. Their CPU time, and that
 * of their Redis, count together.
 */
export function gatewayFleet(apis: string, workers: number, nodeOptions: readonly string[] = []): StartTarget {
  return async (): Promise<Servers> => {
    const redis = await startRedis()
    const gateways: ServerProcess[] = []
    const stop = async () => {
      await Promise.all(gateways.map((gateway) => gateway.stop()))
      await redis.stop()
    }
    try {
      for (let i = 0; i < workers; i++) {
        gateways.push(await startServer([...nodeOptions, ...gatewayArguments(apis), '--redis', redis.url]))
      }
    } catch (error) {
      await stop()
      throw error
    }
    return {
      pids: [...gateways.map(({ pid }) => pid), redis.pid],
      port: (gateways[0] as ServerProcess).port,
      postPort: (gateways.at(-1) as ServerProcess).port,
      counters: redis.counters,
      stop,
    }
  }
}

async function startRedis(): Promise<RedisProcess> {
  const port = await freePort()
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)))
    child.stdout.on('data', (said: Buffer) => said.includes('Ready to accept connections') && resolve())
  })
  const client = new Redis({ port, maxRetriesPerRequest: 0 })
  return {
    pid: child.pid as number,
    url: `redis://127.0.0.1:${port}`,
    async counters() {
      const stats = await client.info('commandstats')
      const calls = [...stats.matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)].filter(([, name]) => name !== 'info')
      const memory = /^used_memory:(\d+)/m.exec(await client.info('memory'))
      return {
        redisCommands: calls.reduce((sum, [, , count]) => sum + Number(count), 0),
        redisBytes: Number(memory?.[1]),
      }
    },
    async stop() {
      client.disconnect()
      child.kill('SIGTERM')
      await gone
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
