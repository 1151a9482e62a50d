import { startRedis } from './redis-process.ts'
import { type ServerProcess, type Servers, startServer } from './server-process.ts'
import { gatewayArguments, type StartTarget } from './targets.ts'

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
      ports: gateways.map(({ port }) => port),
      counters: redis.counters,
      stop,
    }
  }
}
