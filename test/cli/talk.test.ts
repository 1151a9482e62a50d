import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { type TalkOptions, talk } from '../../src/cli/talk.ts'

/** A server that answers each message with what `reply` gives. */
async function serve(connected: (socket: WebSocket) => void): Promise<string> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: (names) => [...names][0] ?? false })
  onTestFinished(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  server.on('connection', connected)
  await new Promise((listening) => server.once('listening', listening))
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

function run(url: string, options: Partial<TalkOptions> = {}) {
  const input = new PassThrough()
  let printed = ''
  let noticed = ''
  const status = talk(
    { url, headers: {}, subprotocols: [], waitInMillis: 2_000, ...options },
    {
      stdout: { write: (text) => (printed += text) },
      stderr: { write: (text) => (noticed += text) },
      interactive: false,
      readLines: () => createInterface({ input }),
    },
  )
  return { input, status, printed: () => printed, noticed: () => noticed }
}

test('each line of the input is one text frame, and each frame that comes is a line behind <', async () => {
  const url = await serve((socket) => socket.on('message', (data, binary) => socket.send(`${binary} ${data}`)))
  const client = run(url)
  client.input.end('one\n\nthree')
  expect(await client.status).toBe(0)
  expect(client.printed()).toBe('< false one\n< false \n< false three\n')
  expect(client.noticed()).toBe(`connected to ${url}\nclosed: 1000\n`)
})

test('after the end of the input it stays as long as frames keep coming', async () => {
  const url = await serve((socket) =>
    socket.on('message', () => {
      let left = 4
      const timer = setInterval(() => {
        socket.send(`${left}`)
        if (--left === 0) clearInterval(timer)
      }, 500)
    }),
  )
  const client = run(url, { waitInMillis: 1_200 })
  client.input.end('go\n')
  expect(await client.status).toBe(0)
  expect(client.printed()).toBe('< 4\n< 3\n< 2\n< 1\n')
})

test('what is said of a URL leaves out its password', async () => {
  const url = await serve((socket) => socket.close(1000))
  for (const [userinfo, shown] of [
    ['me:hunter2', `connected to ${url.replace('//', '//…@')}\nclosed: 1000\n`],
    ['me:hun/ter2', 'failed: Invalid URL: ws://…@'],
  ] as const) {
    const client = run(url.replace('//', `//${userinfo}@`))
    client.input.end()
    await client.status
    expect(client.noticed()).toContain(shown)
    expect(client.noticed()).not.toContain('ter2')
  }
})

test('headers and subprotocols go into the handshake', async () => {
  let seen: unknown
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  onTestFinished(() => void server.close())
  sockets.on('connection', (socket, request) => {
    seen = [request.headers['x-tenant'], socket.protocol]
    socket.close(1000)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const client = run(url, { headers: { 'X-Tenant': 'acme' }, subprotocols: ['v1'] })
  expect(await client.status).toBe(0)
  expect(seen).toEqual(['acme', 'v1'])
  expect(client.noticed()).toBe(`connected to ${url} (subprotocol v1)\nclosed: 1000\n`)
})

test('a refused handshake shows status and body, and is exit status 1', async () => {
  const server = createServer()
  onTestFinished(() => void server.close())
  server.on('upgrade', (_request, socket) => {
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 23\r\n\r\n{"message":"Forbidden"}')
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const client = run(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  expect(await client.status).toBe(1)
  expect(client.noticed()).toBe('refused: 403 Forbidden: {"message":"Forbidden"}\n')
})

test('the code and reason of the server are shown, without what would steer the terminal', async () => {
  const url = await serve((socket) => socket.close(4001, 'be\u001b[31mgone'))
  const client = run(url)
  expect(await client.status).toBe(0)
  expect(client.noticed()).toBe(`connected to ${url}\nclosed: 4001 be\\u001b[31mgone\n`)
})

test('a connection that is lost is exit status 1', async () => {
  const url = await serve((socket) => socket.terminate())
  const client = run(url)
  expect(await client.status).toBe(1)
  expect(client.noticed()).toBe(`connected to ${url}\nclosed: 1006\n`)
})

test('a server that is not there, and a URL that is none, are one sentence each', async () => {
  const client = run('ws://127.0.0.1:1/')
  expect(await client.status).toBe(1)
  expect(client.noticed()).toBe('failed: connect ECONNREFUSED 127.0.0.1:1\n')
  const other = run('nonsense')
  expect(await other.status).toBe(1)
  expect(other.noticed()).toBe('failed: Invalid URL: nonsense\n')
})

test('binary frames are shown as base64', async () => {
  const url = await serve((socket) => {
    socket.send(Buffer.from([0, 255]))
    socket.close(1000)
  })
  const client = run(url)
  expect(await client.status).toBe(0)
  expect(client.printed()).toBe('< (binary) AP8=\n')
})
