import { withDeadline } from './deadline.ts'
import { Lanes } from './lanes.ts'
import type { Load, LoadOptions } from './load.ts'
import { LoadSocket } from './load-socket.ts'
import { Poster, requestBytes } from './poster.ts'
import type { LoadTally } from './tally.ts'

/** A post that is under way. */
interface Post {
  sentAt: number
  isAnswered: boolean
  frameAfter: number | null
}

/**
 * HTTP connections that post to WebSockets, each to the next WebSocket with each of its requests. A post is done when
 * it is answered and its frame has come; its latency is the frame's, the answer's is counted beside.
 */
export function createPushLoad(options: LoadOptions, tally: LoadTally): Load {
  const { port, postPort = port, connections, posters = connections, frameBytes = 0, request } = options
  if (request === undefined) throw new Error('a load of pushes needs a request')
  const lanes = new Lanes()
  const sockets = Array.from({ length: connections }, () => new LoadSocket(options))
  /** The operations that the next frames of each socket belong to, the oldest first. */
  const expected: (() => void)[][] = sockets.map(() => [])
  const counts = { posted: 0, answered: 0, received: 0 }
  const faults = new Set<string>()
  let requests: readonly Buffer[] = []

  function fault(text: string): void {
    tally.error(text)
    faults.add(text)
  }

  function account(): string {
    const { posted, answered, received } = counts
    return [`${posted} posts, ${answered} answers, ${received} frames`, ...faults].join('; ')
  }

  async function openSocket(socket: LoadSocket, index: number): Promise<void> {
    await socket.open()
    socket.onMessage = (bytes) => {
      counts.received++
      if (frameBytes !== 0 && bytes !== frameBytes) fault(`a frame of ${bytes} bytes`)
      // Two posts to one socket may overtake each other; the sum of the latencies is the same.
      const frameOf = expected[index]?.shift()
      if (frameOf === undefined) fault('a frame that nobody posted')
      else frameOf()
    }
    socket.onClose = () => fault('a WebSocket was closed')
  }

  async function openPoster(first: number): Promise<void> {
    const poster = new Poster(postPort)
    const post: Post = { sentAt: 0, isAnswered: false, frameAfter: null }
    let turn = first
    const finish = () => {
      if (!post.isAnswered || post.frameAfter === null) return
      tally.operation(post.frameAfter)
      lanes.next(send)
    }
    const onFrame = () => {
      post.frameAfter = performance.now() - post.sentAt
      finish()
    }
    const send = () => {
      const to = turn % sockets.length
      turn += posters
      expected[to]?.push(onFrame)
      counts.posted++
      post.isAnswered = false
      post.frameAfter = null
      post.sentAt = performance.now()
      poster.send(requests[to] as Buffer)
    }
    poster.onAnswer = (status) => {
      counts.answered++
      if (status !== request?.status) fault(`status ${status}`)
      tally.answer(performance.now() - post.sentAt)
      post.isAnswered = true
      finish()
    }
    poster.onLost = () => fault('a connection ended before its answer')
    await poster.open()
    lanes.add(send)
  }

  return {
    async open() {
      for (const [index, socket] of sockets.entries()) await openSocket(socket, index)
      requests = sockets.map(({ address }) => requestBytes(request, address))
      for (let i = 0; i < posters; i++) await openPoster(i)
    },
    resume: () => lanes.resume(),
    pause: () => withDeadline(lanes.pause(), account, options.patienceMillis),
  }
}
