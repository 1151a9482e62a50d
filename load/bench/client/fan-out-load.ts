import { withDeadline } from './deadline.ts'
import { Lanes } from './lanes.ts'
import type { Load, LoadOptions, RequestTemplate } from './load.ts'
import { LoadSocket } from './load-socket.ts'
import { namesAddress, Poster, requestBytes } from './poster.ts'
import type { LoadTally } from './tally.ts'

/**
 * A message for all WebSockets, then the next when every one of them has it. Where the server knows whom it is for,
 * that is one post; where the backend has to post to each WebSocket by itself, `posters` of them do it side by side.
 * Every frame is an operation; its latency runs from the beginning of the message.
 */
export function createFanOutLoad(options: LoadOptions, tally: LoadTally): Load {
  const { port, postPort = port, connections, posters = 1, frameBytes = 0, request } = options
  if (request === undefined) throw new Error('a load of messages for many needs a request')
  const lanes = new Lanes()
  const sockets = Array.from({ length: connections }, () => new LoadSocket(options))
  const received = sockets.map(() => 0)
  const faults = new Set<string>()
  let requests: readonly Buffer[] = []
  const all: Poster[] = []
  let sentAt = 0
  let messages = 0
  let nextRequest = 0
  let missingFrames = 0
  let missingAnswers = 0

  function fault(text: string): void {
    tally.error(text)
    faults.add(text)
  }

  function account(): string {
    return [`of ${sockets.length} frames ${missingFrames} did not come`, ...faults].join('; ')
  }

  /** The requests that one message takes: one, a batch with an item for each WebSocket, or one for each. */
  function requestsOf(template: RequestTemplate): Buffer[] {
    if (options.kind === 'batch') {
      const items = sockets.map(({ address }, i) => ({
        connectionIds: [address],
        data: `${i}`.padEnd(frameBytes, template.body),
      }))
      return [requestBytes({ ...template, body: JSON.stringify(items) }, '')]
    }
    const receivers = namesAddress(template) ? sockets : sockets.slice(0, 1)
    return receivers.map(({ address }) => requestBytes(template, address))
  }

  async function openSocket(socket: LoadSocket, index: number): Promise<void> {
    await socket.open()
    socket.onMessage = (bytes) => {
      if (frameBytes !== 0 && bytes !== frameBytes) fault(`a frame of ${bytes} bytes`)
      received[index] = (received[index] as number) + 1
      if (received[index] !== messages) fault('a frame that was not due')
      tally.operation(performance.now() - sentAt)
      missingFrames--
      finish()
    }
    socket.onClose = () => fault('a WebSocket was closed')
  }

  function openPoster(): Poster {
    const poster = new Poster(postPort)
    poster.onAnswer = (status) => {
      if (status !== request?.status) fault(`status ${status}`)
      tally.answer(performance.now() - sentAt)
      missingAnswers--
      postNext(poster)
      finish()
    }
    poster.onLost = () => fault('a connection ended before its answer')
    return poster
  }

  function postNext(poster: Poster): void {
    const bytes = requests[nextRequest++]
    if (bytes !== undefined) poster.send(bytes)
  }

  const send = () => {
    messages++
    nextRequest = 0
    missingFrames = sockets.length
    missingAnswers = requests.length
    sentAt = performance.now()
    for (const poster of all) postNext(poster)
  }

  function finish(): void {
    if (missingFrames === 0 && missingAnswers === 0) lanes.next(send)
  }

  return {
    async open() {
      for (const [index, socket] of sockets.entries()) await openSocket(socket, index)
      requests = requestsOf(request)
      for (let i = 0; i < Math.min(posters, requests.length); i++) all.push(openPoster())
      await Promise.all(all.map((poster) => poster.open()))
      lanes.add(send)
    },
    resume: () => lanes.resume(),
    pause: () => withDeadline(lanes.pause(), account, options.patienceMillis),
  }
}
