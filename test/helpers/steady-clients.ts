import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'

/** One WebSocket connection from its opening to its end, as its client saw it. */
export interface SteadyConnection {
  readonly id: string
  /** Numbers of the pushes that arrived, in their order. */
  readonly pushes: readonly number[]
  /** The end of the connection, `1001 Going away`; null while it is open. */
  readonly closed: string | null
}

/** Clients that hold a connection each and come back whenever it ends, as clients of a gateway should. */
export interface SteadyClients {
  /** Every connection so far. */
  readonly connections: readonly SteadyConnection[]
  /** Handshakes that failed, and why. */
  readonly failures: readonly string[]
  /** Connections that are open now. */
  open(): SteadyConnection[]
  /** Resolves when each client has a connection. */
  complete(): Promise<void>
  /** Closes all with 1000 and does not come back. */
  close(): Promise<void>
}

export interface SteadyOptions {
  readonly url: string
  readonly count: number
  /** Milliseconds for which a client does not read, and then does; null for one that always reads. */
  readonly stalls?: number
}

/** Milliseconds over which clients that come back are spread, as RFC 6455 §7.2.3 asks. */
const backoffInMillis = 200

export function startSteadyClients({ url, count, stalls }: SteadyOptions): SteadyClients {
  const connections: (SteadyConnection & { pushes: number[]; closed: string | null })[] = []
  const failures: string[] = []
  const sockets = new Set<WebSocket>()
  let isClosing = false

  async function live(): Promise<void> {
    while (!isClosing) {
      await hold()
      if (!isClosing) await pause(Math.random() * backoffInMillis)
    }
  }

  /** Resolves when the connection has ended, or was not to be had. */
  function hold(): Promise<void> {
    const socket = new WebSocket(url, { perMessageDeflate: false })
    sockets.add(socket)
    let own: (typeof connections)[number] | null = null
    let timer: NodeJS.Timeout | null = null
    socket.on('open', () => {
      socket.send('who am I')
      if (stalls !== undefined) timer = stall(socket, stalls)
    })
    socket.on('message', (data: Buffer) => {
      if (own !== null) return void own.pushes.push(Number.parseInt(data.toString('latin1', 0, 12), 10))
      own = { id: data.toString(), pushes: [], closed: null }
      connections.push(own)
    })
    socket.on('error', (error) => failures.push(error.message))
    return new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        if (timer !== null) clearInterval(timer)
        sockets.delete(socket)
        if (own !== null) own.closed = `${code} ${reason}`.trim()
        resolve()
      })
    })
  }

  const lives = Array.from({ length: count }, live)
  return {
    connections,
    failures,
    open: () => connections.filter(({ closed }) => closed === null),
    async complete() {
      while (connections.filter(({ closed }) => closed === null).length < count) await pause(20)
    },
    async close() {
      isClosing = true
      for (const socket of sockets) {
        socket.resume()
        socket.close(1000, 'bye')
      }
      await Promise.all(lives)
    },
  }
}

/** Stops reading and goes on in turns, so that bytes wait for this client. */
function stall(socket: WebSocket, milliseconds: number): NodeJS.Timeout {
  return setInterval(() => {
    if (socket.isPaused) socket.resume()
    else if (socket.readyState === socket.OPEN) socket.pause()
  }, milliseconds)
}
