import type { Load, LoadOptions } from './load.ts'
import { LoadSocket } from './load-socket.ts'
import type { LoadTally } from './tally.ts'

const usuallyAtATime = 100

/** Opens connections and leaves them alone. Every one that is open is an operation, every one lost an error. */
export function createIdleLoad(options: LoadOptions, tally: LoadTally): Load {
  const atATime = options.inFlight === 0 ? usuallyAtATime : options.inFlight
  const sockets: LoadSocket[] = []

  async function openOne(): Promise<void> {
    const start = performance.now()
    const socket = new LoadSocket(options)
    sockets.push(socket)
    await socket.open()
    tally.operation(performance.now() - start)
    socket.onClose = () => tally.error('a connection was lost')
  }

  return {
    async open() {
      while (sockets.length < options.connections) {
        const missing = Math.min(atATime, options.connections - sockets.length)
        await Promise.all(Array.from({ length: missing }, openOne))
      }
    },
    resume() {},
    async pause() {},
  }
}
