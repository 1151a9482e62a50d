import { spawn } from 'node:child_process'
import { Redis } from 'ioredis'
import { endWithUs } from '../fleet/end-with-us.ts'
import { freePort } from '../fleet/free-port.ts'

/** A redis-server without persistence, in a process of its own. */
export interface RedisProcess {
  readonly pid: number
  readonly url: string
  /** Commands that were run, and bytes that are in use. */
  counters(): Promise<Record<string, number>>
  stop(): Promise<void>
}

/** Starts a Redis of its own on a free port of loopback; `redis-server` is on the PATH. */
export async function startRedis(): Promise<RedisProcess> {
  const port = await freePort()
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  endWithUs(child, 'SIGTERM')
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
