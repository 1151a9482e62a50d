import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** A TCP server that says what a test wants: for what no HTTP library would send. */
export interface RawBackend {
  readonly url: string
  /** Connections taken so far. */
  readonly connections: readonly Socket[]
  /** What came in so far, over all connections. */
  received(): string
  /** Resolves once this text has come in. */
  arrival(text: string): Promise<void>
  /** Called with each chunk that comes in. */
  answer: (socket: Socket, chunk: string) => void
  close(): Promise<void>
}

export async function startRawBackend(answer: RawBackend['answer']): Promise<RawBackend> {
  const connections: Socket[] = []
  const waiting = new Map<string, () => void>()
  let received = ''
  const server = createServer((socket) => {
    connections.push(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      backend.answer(socket, chunk.toString('latin1'))
      for (const [text, resolve] of waiting) if (received.includes(text)) resolve()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const backend: RawBackend = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections,
    received: () => received,
    arrival: (text) =>
      received.includes(text) ? Promise.resolve() : new Promise((resolve) => waiting.set(text, resolve)),
    answer,
    async close() {
      for (const socket of connections) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return backend
}

export function closed(socket: Socket | undefined): Promise<unknown> {
  if (socket === undefined) throw new Error('there is no such connection')
  // Not events.once, which rejects at the reset that often comes before.
  return socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', resolve))
}
