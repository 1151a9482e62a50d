import { withDeadline } from './deadline.ts'
import { Lanes } from './lanes.ts'
import type { Load, LoadOptions, RequestTemplate } from './load.ts'
import { LoadSocket } from './load-socket.ts'
import { Poster, requestBytes } from './poster.ts'
import type { LoadTally } from './tally.ts'

/** Posters that put WebSockets into groups side by side. */
const joiners = 64

/** The place in a body for what makes one publisher's messages longer than another's; the end where there is none. */
const padding = '{padding}'

/** One who posts messages to groups, one at a time. */
interface Publisher {
  readonly requests: readonly Buffer[]
  sentAt: number
  missingFrames: number
  isAnswered: boolean
}

/**
 * Publishers who each post a message to a group drawn by lot, and the next one when every member has it. Each one's messages are
 * a byte longer than those of the one before him, which tells whose a frame is. Every frame is an operation; its latency
 * runs from the beginning of the message.
 */
export function createPublishLoad(options: LoadOptions, tally: LoadTally): Load {
  const { port, ports = [port], postPort = port, connections, posters = 1, request, groups, join } = options
  const { frameBytes = 0 } = options
  if (request === undefined || groups === undefined) throw new Error('a load of messages for groups needs groups')
  const { number } = groups
  const size = Math.min(groups.size, connections)
  const lanes = new Lanes()
  const sockets = Array.from(
    { length: connections },
    (_, i) => new LoadSocket({ ...options, port: ports[i % ports.length] ?? port }),
  )
  const publishers: Publisher[] = []
  const faults = new Set<string>()
  const shortest = frameBytes > 0 ? frameBytes : request.body.replace(padding, '').length

  function fault(text: string): void {
    tally.error(text)
    faults.add(text)
  }

  function account(): string {
    const missing = publishers.reduce((sum, { missingFrames }) => sum + missingFrames, 0)
    return [`${missing} frames did not come`, ...faults].join('; ')
  }

  async function openSocket(socket: LoadSocket): Promise<void> {
    await socket.open()
    socket.onMessage = (bytes) => {
      const publisher = publishers[bytes - shortest]
      if (publisher === undefined || publisher.missingFrames === 0) return fault(`a frame of ${bytes} bytes not due`)
      tally.operation(performance.now() - publisher.sentAt)
      publisher.missingFrames--
    }
    socket.onClose = () => fault('a WebSocket was closed')
  }

  async function openPublisher(template: RequestTemplate, index: number): Promise<void> {
    const body = padded(template.body, index)
    const named = (group: number) => template.path.replaceAll('{group}', `room-${group}`)
    const requests = Array.from({ length: number }, (_, i) => requestBytes({ ...template, body, path: named(i) }, ''))
    const publisher: Publisher = { requests, sentAt: 0, missingFrames: 0, isAnswered: true }
    const poster = new Poster(postPort)
    const send = () => {
      publisher.missingFrames = size
      publisher.isAnswered = false
      publisher.sentAt = performance.now()
      poster.send(requests[Math.floor(Math.random() * number)] as Buffer)
    }
    poster.onAnswer = (status) => {
      if (status !== template.status) fault(`status ${status}`)
      tally.answer(performance.now() - publisher.sentAt)
      publisher.isAnswered = true
    }
    poster.onLost = () => fault('a connection ended before its answer')
    publishers.push(publisher)
    await poster.open()
    lanes.add(() => watch(publisher, send))
  }

  /** Sends, and looks once in a turn whether the next one is due: all that came in one turn is then answered together. */
  function watch(publisher: Publisher, send: () => void): void {
    send()
    const look = () => {
      if (publisher.missingFrames > 0 || !publisher.isAnswered) setImmediate(look)
      else lanes.next(() => watch(publisher, send))
    }
    setImmediate(look)
  }

  /** Has each member of each group join, through a few posters. */
  async function joinAll({ path, ...template }: RequestTemplate): Promise<void> {
    let next = 0
    const joinNext = (poster: Poster): boolean => {
      const at = next++
      if (at >= number * size) return false
      const { address } = sockets[at % sockets.length] as LoadSocket
      const named = path.replaceAll('{group}', `room-${Math.floor(at / size)}`)
      poster.send(requestBytes({ ...template, path: named }, address))
      return true
    }
    await Promise.all(
      Array.from({ length: joiners }, async () => {
        const poster = new Poster(postPort)
        await poster.open()
        await new Promise<void>((resolve, reject) => {
          poster.onLost = () => reject(new Error('a connection ended before its answer'))
          poster.onAnswer = (status) => {
            if (status !== template.status) reject(new Error(`joining was answered ${status}`))
            else if (!joinNext(poster)) resolve()
          }
          if (!joinNext(poster)) resolve()
        })
      }),
    )
  }

  return {
    async open() {
      for (const socket of sockets) await openSocket(socket)
      if (join !== undefined) await joinAll({ ...join, method: 'PUT' })
      for (let i = 0; i < posters; i++) await openPublisher(request, i)
    },
    resume: () => lanes.resume(),
    pause: () => withDeadline(lanes.pause(), account, options.patienceMillis),
  }
}

/** The body of a publisher's messages. */
function padded(body: string, index: number): string {
  const spaces = ' '.repeat(index)
  return body.includes(padding) ? body.replace(padding, spaces) : body + spaces
}
