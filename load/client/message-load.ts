import { FrameReader, maskedTextFrame } from '../../src/load/client/frame-codec.ts'
import { Lanes } from './lanes.ts'
import type { Load, LoadOptions } from './load.ts'
import { RawConnection } from './raw-connection.ts'
import type { Tally } from './tally.ts'

/** Each connection sends a message, waits for its reply, and sends the next; `inFlight` of them side by side. */
export function createMessageLoad(options: LoadOptions, tally: Tally): Load {
  const frame = maskedTextFrame(options.message)
  const lanes = new Lanes()
  const connections = Array.from({ length: options.connections }, () => new RawConnection(options.port))

  function prepare(connection: RawConnection): void {
    // Replies may overtake each other; the sum of the latencies is the same whichever reply is taken for which.
    const sentAt: number[] = []
    let oldest = 0
    const send = () => {
      sentAt.push(performance.now())
      connection.socket.write(frame)
    }
    const reader = new FrameReader((bytes) => {
      if (options.replyBytes !== 0 && bytes !== options.replyBytes) tally.error()
      tally.operation(performance.now() - (sentAt[oldest++] as number))
      if (oldest === 1000) {
        sentAt.splice(0, oldest)
        oldest = 0
      }
      lanes.next(send)
    })
    connection.onBytes = (bytes, length) => reader.read(bytes, length)
    connection.socket.on('close', () => tally.error())
    for (let i = 0; i < options.inFlight; i++) lanes.add(send)
  }

  return {
    async open() {
      for (const connection of connections) {
        await connection.opened
        await connection.upgrade(options.path)
        prepare(connection)
      }
    },
    resume: () => lanes.resume(),
    pause: () => lanes.pause(),
  }
}
