import { maskedTextFrame } from '../../src/client/frame-codec.ts'
import { withDeadline } from './deadline.ts'
import { Lanes } from './lanes.ts'
import type { Load, LoadOptions } from './load.ts'
import { LoadSocket } from './load-socket.ts'
import type { LoadTally } from './tally.ts'

/** Each connection sends a message, waits for its reply, and sends the next; `inFlight` of them side by side. */
export function createMessageLoad(options: LoadOptions, tally: LoadTally): Load {
  const frame = maskedTextFrame(options.message)
  const lanes = new Lanes()
  const sockets = Array.from({ length: options.connections }, () => new LoadSocket(options))

  function prepare(socket: LoadSocket): void {
    // Replies may overtake each other; the sum of the latencies is the same whichever reply is taken for which.
    const sentAt: number[] = []
    let oldest = 0
    const send = () => {
      sentAt.push(performance.now())
      socket.send(frame)
    }
    socket.onMessage = (bytes) => {
      if (options.replyBytes !== 0 && bytes !== options.replyBytes) tally.error(`a reply of ${bytes} bytes`)
      tally.operation(performance.now() - (sentAt[oldest++] as number))
      if (oldest === 1000) {
        sentAt.splice(0, oldest)
        oldest = 0
      }
      lanes.next(send)
    }
    socket.onClose = () => tally.error('a connection was lost')
    for (let i = 0; i < options.inFlight; i++) lanes.add(send)
  }

  return {
    async open() {
      for (const socket of sockets) {
        await socket.open()
        prepare(socket)
      }
    },
    resume: () => lanes.resume(),
    pause: () =>
      withDeadline(lanes.pause(), () => `${lanes.busy} messages wait for their reply`, options.patienceMillis),
  }
}
