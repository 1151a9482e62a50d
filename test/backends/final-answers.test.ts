import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { CallDeadlines } from '../../src/backends/call-deadlines.ts'
import { type BackendPools, createBackendPools } from '../../src/backends/pools.ts'

let pools: BackendPools
let server: ReturnType<typeof createServer>
const sockets = new Set<Socket>()
afterEach(() => {
  pools.close()
  for (const socket of sockets) socket.destroy()
  sockets.clear()
  server.close()
})

/** Starts a TCP server that answers each request as told, and gives what calls it. */
async function callsOf(answer: (socket: Socket, request: number) => void) {
  let requests = 0
  server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', () => answer(socket, ++requests))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  pools = createBackendPools({
    connectTimeoutInMillis: 5_000,
    maxConnectionsPerOrigin: 1,
    maxWaitingPerOrigin: 10,
    maxResponseBytes: 1_048_576,
  })
  const backend = pools.retain(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return (method: 'GET' | 'POST' | 'HEAD' = 'POST', millis = 5_000) =>
    backend.call(
      { method, path: '/', headers: [], body: method === 'POST' ? 'hello' : null },
      new CallDeadlines(millis),
      null,
    )
}

const fine = 'HTTP/1.1 200 OK\r\nX-Real: yes\r\nContent-Length: 4\r\n\r\nfine'
const continued = 'HTTP/1.1 100 Continue\r\n\r\n'
const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nX-Hint: no\r\n\r\n'

describe('an answer is the same behind', () => {
  const ways: [string, string][] = [
    ['nothing', ''],
    ['100 Continue', continued],
    ['100 Continue with headers', 'HTTP/1.1 100 Continue\r\nX-Hint: no\r\nContent-Length: 7\r\n\r\n'],
    ['100 of HTTP/1.0, without a phrase', 'HTTP/1.0 100\r\n\r\n'],
    ['102 Processing', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['103 Early Hints', hints],
    ['103 that says close', 'HTTP/1.1 103 Early Hints\r\nConnection: close\r\n\r\n'],
    ['a number that nobody knows', 'HTTP/1.1 199 Whatever\r\n\r\n'],
    ['bare line feeds', 'HTTP/1.1 103 Early Hints\nLink: <x>\n\n'],
    ['several of them', continued + hints + hints + continued],
    ['very long hints', `HTTP/1.1 103 Early Hints\r\nLink: <${'x'.repeat(200_000)}>\r\n\r\n`],
  ]
  test.each(ways)('%s', async (_way, before) => {
    const call = await callsOf((socket) => void socket.write(before + fine))
    // Twice, since the connection has to be as good as before.
    for (const method of ['POST', 'GET'] as const) {
      const { status, headers, body } = await call(method)
      expect([status, headers, String(body)]).toEqual([200, [['X-Real', 'yes']], 'fine'])
    }
    expect(sockets.size).toBe(1)
  })

  test('several of them that come byte by byte', async () => {
    const call = await callsOf(async (socket) => {
      for (const byte of continued + hints + continued + fine) {
        socket.write(byte)
        await turn()
      }
    })
    expect((await call()).status).toBe(200)
    expect(String((await call()).body)).toBe('fine')
  })

  test('early hints, to HEAD', async () => {
    const call = await callsOf((socket) => void socket.write(`${hints}HTTP/1.1 204 No Content\r\n\r\n`))
    expect((await call('HEAD')).status).toBe(204)
    expect((await call('HEAD')).status).toBe(204)
  })
})

test('a body that looks like an informational answer stays as it is', async () => {
  const call = await callsOf((socket, request) => {
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${continued.length}\r\n\r\n`
    if (request === 1) socket.write(head + continued)
    else {
      socket.write(head)
      setTimeout(() => socket.write(continued), 20)
    }
  })
  expect(String((await call()).body)).toBe(continued)
  expect(String((await call()).body)).toBe(continued)
})

test('100 Continue and then nothing is a timeout', async () => {
  const call = await callsOf((socket) => void socket.write(continued))
  await expect(call('POST', 100)).rejects.toMatchObject({ code: 'INTEGRATION_TIMEOUT' })
})

test.each([
  ['the end', (socket: Socket) => void socket.end(continued)],
  ['half a status line', (socket: Socket) => void socket.end(`${continued}HTTP/1.1 1`)],
  ['garbage', (socket: Socket) => void socket.write(`${continued}HTTP/2 what?`)],
  ['101', (socket: Socket) => void socket.write(`${continued}HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n`)],
])('100 Continue and then %s is a failure', async (_way, answer) => {
  const call = await callsOf(answer)
  await expect(call()).rejects.toMatchObject({ code: 'INTEGRATION_FAILURE' })
})
