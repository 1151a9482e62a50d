import { withDeadline } from './deadline.ts'
import { Lanes } from './lanes.ts'
import type { Load, LoadOptions } from './load.ts'
import { LoadSocket } from './load-socket.ts'
import type { LoadTally } from './tally.ts'

/** Opens a WebSocket, drops it as soon as it is open, and opens the next; `connections` of them side by side. */
export function createAcceptLoad(options: LoadOptions, tally: LoadTally): Load {
  const lanes = new Lanes()

  async function openOne(): Promise<void> {
    const start = performance.now()
    const socket = new LoadSocket(options)
    try {
      await socket.open()
      tally.operation(performance.now() - start)
    } catch (error) {
      tally.error(String(error))
    }
    // A reset leaves no TIME_WAIT behind: a few seconds of this would use up all ports.
    socket.reset()
  }

  const lane = () => void openOne().then(() => lanes.next(lane))

  return {
    async open() {
      for (let i = 0; i < options.connections; i++) lanes.add(lane)
    },
    resume: () => lanes.resume(),
    pause: () => withDeadline(lanes.pause(), () => `${lanes.busy} connections do not open`, options.patienceMillis),
  }
}
