import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface BackendCall {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[]
  readonly body: string
}

/** A real HTTP server that records its calls and answers as a test says. */
export interface Backend {
  readonly url: string
  readonly calls: BackendCall[]
  /** Resolves with the call of this number, from 1, once it has come. */
  call(number: number): Promise<BackendCall>
  /** The answer to calls from now on; 200 with an empty body at first. */
  answer: (call: BackendCall, response: ServerResponse) => void
  close(): Promise<void>
}

export async function startBackend(): Promise<Backend> {
  const calls: BackendCall[] = []
  const waiting = new Map<number, (call: BackendCall) => void>()
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers, rawHeaders } = request
      const call = { method, url, headers, rawHeaders, body: Buffer.concat(chunks).toString() }
      calls.push(call)
      backend.answer(call, response)
      waiting.get(calls.length)?.(call)
      waiting.delete(calls.length)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const backend: Backend = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    call: (number) => {
      const known = calls[number - 1]
      return known === undefined ? new Promise((resolve) => waiting.set(number, resolve)) : Promise.resolve(known)
    },
    answer: (_call, response) => void response.end(),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return backend
}
