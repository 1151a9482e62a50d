import { withDeadline } from './deadline.ts'
import { Lanes } from './lanes.ts'
import type { Load, LoadOptions } from './load.ts'
import { Poster, requestBytes } from './poster.ts'
import type { LoadTally } from './tally.ts'

/** HTTP connections without a WebSocket anywhere: each posts, waits for the answer, and posts again. */
export function createRequestLoad(options: LoadOptions, tally: LoadTally): Load {
  const { port, connections, request } = options
  if (request === undefined) throw new Error('a load of requests needs a request')
  const bytes = requestBytes(request, '')
  const lanes = new Lanes()

  async function openPoster(): Promise<void> {
    const poster = new Poster(port)
    let sentAt = 0
    const send = () => {
      sentAt = performance.now()
      poster.send(bytes)
    }
    poster.onAnswer = (status) => {
      if (status !== request?.status) tally.error(`status ${status}`)
      tally.operation(performance.now() - sentAt)
      lanes.next(send)
    }
    poster.onLost = () => tally.error('a connection ended before its answer')
    await poster.open()
    lanes.add(send)
  }

  return {
    async open() {
      for (let i = 0; i < connections; i++) await openPoster()
    },
    resume: () => lanes.resume(),
    pause: () =>
      withDeadline(lanes.pause(), () => `${lanes.busy} requests wait for their answer`, options.patienceMillis),
  }
}
