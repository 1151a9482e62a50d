import { Lanes } from './lanes.ts'
import type { Load, LoadOptions } from './load.ts'
import { RawConnection } from './raw-connection.ts'
import type { Tally } from './tally.ts'

/** Opens a WebSocket, drops it as soon as it is open, and opens the next; `connections` of them side by side. */
export function createAcceptLoad(options: LoadOptions, tally: Tally): Load {
  const lanes = new Lanes()

  async function openOne(): Promise<void> {
    const start = performance.now()
    const connection = new RawConnection(options.port)
    try {
      await connection.opened
      await connection.upgrade(options.path)
      tally.operation(performance.now() - start)
    } catch {
      tally.error()
    }
    // A reset leaves no TIME_WAIT behind: a few seconds of this would use up all ports.
    connection.socket.resetAndDestroy()
  }

  const lane = () => void openOne().then(() => lanes.next(lane))

  return {
    async open() {
      for (let i = 0; i < options.connections; i++) lanes.add(lane)
    },
    resume: () => lanes.resume(),
    pause: () => lanes.pause(),
  }
}
