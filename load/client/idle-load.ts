import type { Load, LoadOptions } from './load.ts'
import { RawConnection } from './raw-connection.ts'
import type { Tally } from './tally.ts'

const atATime = 100

/** Opens connections and leaves them alone. Every one that is open is an operation, every one lost an error. */
export function createIdleLoad(options: LoadOptions, tally: Tally): Load {
  const connections: RawConnection[] = []

  async function openOne(): Promise<void> {
    const start = performance.now()
    const connection = new RawConnection(options.port)
    connections.push(connection)
    await connection.opened
    await connection.upgrade(options.path)
    tally.operation(performance.now() - start)
    connection.socket.on('close', () => tally.error())
  }

  return {
    async open() {
      while (connections.length < options.connections) {
        const missing = Math.min(atATime, options.connections - connections.length)
        await Promise.all(Array.from({ length: missing }, openOne))
      }
    },
    resume() {},
    async pause() {},
  }
}
