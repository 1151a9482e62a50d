import { withDeadline } from './deadline.ts'
import { Lanes } from './lanes.ts'
import type { Load, LoadOptions, RequestTemplate } from './load.ts'
import { LoadSocket } from './load-socket.ts'
import { Poster, requestBytes } from './poster.ts'
import type { LoadTally } from './tally.ts'

/** HTTP connections that each have a WebSocket of their own join a group and leave it, by turns. A call is an operation. */
export function createJoinLoad(options: LoadOptions, tally: LoadTally): Load {
  const { port, postPort = port, connections, join } = options
  if (join === undefined) throw new Error('a load of joining needs a request')
  const lanes = new Lanes()

  async function openLane(join: RequestTemplate, index: number): Promise<void> {
    const socket = new LoadSocket(options)
    await socket.open()
    socket.onClose = () => tally.error('a WebSocket was closed')
    const path = join.path.replaceAll('{group}', `room-${index % 10}`)
    const requests = (['PUT', 'DELETE'] as const).map((method) =>
      requestBytes({ ...join, method, path }, socket.address),
    )
    const poster = new Poster(postPort)
    let sentAt = 0
    let turn = 0
    const send = () => {
      sentAt = performance.now()
      poster.send(requests[turn++ % 2] as Buffer)
    }
    poster.onAnswer = (status) => {
      if (status !== join.status) tally.error(`status ${status}`)
      tally.operation(performance.now() - sentAt)
      lanes.next(send)
    }
    poster.onLost = () => tally.error('a connection ended before its answer')
    await poster.open()
    lanes.add(send)
  }

  return {
    async open() {
      for (let i = 0; i < connections; i++) await openLane(join, i)
    },
    resume: () => lanes.resume(),
    pause: () => withDeadline(lanes.pause(), () => 'calls were not answered', options.patienceMillis),
  }
}
