import { startRedis } from '../redis-process.ts'
import type { Servers } from '../server-process.ts'

/** Two nodes and a Redis between them: sockets connect to the first, posts go to the second, and all of them count. */
export async function startTwoNodes(startNode: (redisUrl: string) => Promise<Servers>): Promise<Servers> {
  const redis = await startRedis()
  const nodes: Servers[] = []
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()))
    await redis.stop()
  }
  try {
    const first = await startNode(redis.url)
    nodes.push(first)
    const second = await startNode(redis.url)
    nodes.push(second)
    return { pids: [...first.pids, ...second.pids, redis.pid], port: first.port, postPort: second.port, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
