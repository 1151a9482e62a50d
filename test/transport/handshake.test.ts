import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { HeaderList } from '../../src/vocabulary/headers.ts'
import { abilities, faultCode } from '../helpers/transport-abilities.ts'
import { acceptNow, type Connection, Events, logged, startServer } from './harness.ts'
import { clientFrame, handshake, opcodes, sampleKey } from './raw-client.ts'

test('a well-formed handshake is answered with the accept value of RFC 6455 §1.3', async () => {
  const server = await startServer()
  const client = server.client().write(handshake())
  const head = await client.readTo('\r\n\r\n')
  expect(head).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/)
  expect(head).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n')
  expect(head).not.toMatch(/uwebsockets|sec-websocket-protocol|sec-websocket-extensions/i)
})

test.each([
  ['no key', handshake({ 'Sec-WebSocket-Key': null })],
  ['a short key', handshake({ 'Sec-WebSocket-Key': 'c2hvcnQ=' })],
  ['a key that is not base64', handshake({ 'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!==' })],
  ['a key of 24 characters that is no 16 bytes', handshake({ 'Sec-WebSocket-Key': 'a'.repeat(24) })],
  ['two keys', handshake({ 'Sec-WebSocket-Key': [sampleKey, sampleKey] })],
  ['no Connection header', handshake({ Connection: null })],
  ['a Connection header without Upgrade', handshake({ Connection: 'keep-alive' })],
  ['no version', handshake({ 'Sec-WebSocket-Version': null })],
  ['two versions', handshake({ 'Sec-WebSocket-Version': ['13', '13'] })],
  ['two Host headers', handshake({ Host: ['a', 'b'] })],
  ['the method POST', handshake({}, 'POST /dev HTTP/1.1')],
  ['a body', handshake({ 'Content-Length': '5' })],
  ['a chunked body', handshake({ 'Transfer-Encoding': 'chunked' })],
])('a handshake with %s is refused with 400 and reaches no handler', async (fault, request) => {
  let calls = 0
  const server = await startServer(
    {},
    {
      upgrade: () => calls++,
      request: () => calls++,
    },
  )
  const { status, head, body } = await server.client().write(request).readResponse()
  expect(calls).toBe(0)
  if (fault === 'two Host headers' && !abilities.secondHostSeen.can) return expect(status).toBe(400)
  expect({ status, body }).toEqual({ status: 400, body: '{"message":"Bad Request"}' })
  expect(head).toContain('\r\nContent-Type: application/json\r\n')
  expect(head).toContain('\r\nx-amzn-ErrorType: BadRequestException\r\n')
})

test.each([
  ['the method get', handshake({}, 'get /dev HTTP/1.1')],
  ['HTTP/1.0', handshake({}, 'GET /dev HTTP/1.0')],
])('a handshake with %s is refused and reaches no handler', async (name, request) => {
  let calls = 0
  const server = await startServer(
    {},
    {
      upgrade: () => calls++,
      request: () => calls++,
    },
  )
  const status = name === 'HTTP/1.0' && !abilities.http10.can ? 505 : 400
  expect((await server.client().write(request).readTo('\r\n\r\n')).split(' ')[1]).toBe(String(status))
  expect(calls).toBe(0)
})

test('another version is refused with 426 and the version that is spoken (RFC 6455 §4.4)', async () => {
  const server = await startServer()
  const { status, head } = await server
    .client()
    .write(handshake({ 'Sec-WebSocket-Version': '8' }))
    .readResponse()
  expect(status).toBe(426)
  expect(head).toContain('\r\nSec-WebSocket-Version: 13\r\n')
  expect(server.opened.all).toEqual([])
})

test('the log says what is wrong with a handshake', async () => {
  const server = await startServer()
  await server
    .client()
    .write(handshake({ Connection: null }))
    .readResponse()
  expect(logged.at(-1)?.message).toBe('a handshake was refused: the Connection header does not hold Upgrade')
})

test('names and tokens are compared without case, and Upgrade may stand in a list', async () => {
  const server = await startServer()
  const request = handshake({ Connection: 'keep-alive, UPGRADE', Upgrade: 'WebSocket' })
  expect(await server.client().write(request).readTo('\r\n\r\n')).toContain(' 101 ')
})

test.each([
  ['no Upgrade header', handshake({ Upgrade: null })],
  ['an Upgrade to h2c', handshake({ Upgrade: 'h2c' })],
])('a GET with %s is a plain request, whatever other headers it has', async (_, request) => {
  const server = await startServer()
  expect(await server.client().write(request).readResponse()).toMatchObject({ status: 200, body: '/dev' })
})

test('the handler sees method, path and query undecoded, headers in order and with repetitions', async () => {
  const clientSpelling = abilities.headerSpelling.can
  const seen: { method: string; path: string; query: string; missing: string; headers: HeaderList }[] = []
  const server = await startServer(
    {},
    {
      upgrade: (upgrade) => {
        const { method, path, query } = upgrade.request
        seen.push({
          method,
          path,
          query,
          missing: upgrade.request.header('x-none'),
          headers: upgrade.request.headers(),
        })
        upgrade.refuse(403, [], null)
      },
    },
  )
  const request = handshake({ 'X-Two': ['1', '2'], cOOKIE: 'a=b' }, 'GET /d%65v/%2F?a=%20b&a HTTP/1.1')
  await server.client().write(request).readResponse()
  expect(seen).toEqual([
    {
      method: 'GET',
      path: '/d%65v/%2F',
      query: 'a=%20b&a',
      missing: '',
      headers: [
        ['Host', 'localhost'],
        [clientSpelling ? 'Connection' : 'connection', 'Upgrade'],
        [clientSpelling ? 'Upgrade' : 'upgrade', 'websocket'],
        ['Sec-WebSocket-Key', sampleKey],
        ['Sec-WebSocket-Version', '13'],
        [clientSpelling ? 'X-Two' : 'x-two', '1'],
        [clientSpelling ? 'X-Two' : 'x-two', '2'],
        [clientSpelling ? 'cOOKIE' : 'Cookie', 'a=b'],
      ],
    },
  ])
})

test('a handshake may be accepted long after the handler returned', async () => {
  const upgrades = new Events<() => void>()
  const server = await startServer(
    {},
    {
      upgrade: (upgrade) =>
        upgrades.push(() => upgrade.accept({ socket: null }, { protocol: null, compression: false })),
    },
  )
  const client = server.client().write(handshake())
  const accept = await upgrades.next()
  setImmediate(accept)
  expect(await client.readTo('\r\n\r\n')).toContain(' 101 ')
  client.write(clientFrame(opcodes.text, 'hello'))
  expect(await server.messages.next()).toEqual({ text: 'hello', isBinary: false })
})

test('a subprotocol is echoed exactly as it is given, commas included', async () => {
  const server = await startServer(
    {},
    { upgrade: (upgrade) => upgrade.accept({ socket: null }, { protocol: 'a, b', compression: false }) },
  )
  const head = await server
    .client()
    .write(handshake({ 'Sec-WebSocket-Protocol': 'x' }))
    .readTo('\r\n\r\n')
  expect(head).toContain(' 101 Switching Protocols\r\n')
  expect(head).toContain('\r\nSec-WebSocket-Protocol: a, b\r\n')
})

test('a subprotocol with a line break is left out of the 101', async () => {
  const server = await startServer(
    {},
    { upgrade: (upgrade) => upgrade.accept({ socket: null }, { protocol: 'a\r\nX-Evil: 1', compression: false }) },
  )
  const head = await server.client().write(handshake()).readTo('\r\n\r\n')
  expect(head).toContain(' 101 ')
  expect(head).not.toMatch(/evil|sec-websocket-protocol/i)
})

test('a refusal is a plain response, and the connection serves the next request', async () => {
  const server = await startServer({}, { upgrade: (upgrade) => upgrade.refuse(401, [['X-Why', 'no']], '{"a":1}') })
  const client = server.client().write(handshake())
  const response = await client.readResponse()
  expect(response).toMatchObject({ status: 401, body: '{"a":1}' })
  expect(response.head).toContain('\r\nX-Why: no\r\n')
  client.write('GET /next HTTP/1.1\r\nHost: a\r\n\r\n')
  expect(await client.readResponse()).toMatchObject({ status: 200, body: '/next' })
})

describe('a client that goes before the answer', () => {
  test('is reported once, and accept and refuse then do nothing', async () => {
    const aborted = new Events<void>()
    const answers = new Events<unknown>()
    const server = await startServer(
      {},
      {
        upgrade: (upgrade) =>
          upgrade.onAborted(() => {
            aborted.push()
            answers.push({
              aborted: upgrade.aborted,
              socket: upgrade.accept({ socket: null }, { protocol: null, compression: false }),
              refused: upgrade.refuse(403, [], 'late'),
            })
          }),
      },
    )
    const client = server.client().write(handshake())
    client.socket.end()
    expect(await answers.next()).toEqual({ aborted: true, socket: null, refused: undefined })
    expect(aborted.all).toHaveLength(1)
    expect(server.closes.all).toEqual([])
  })

  test('calls every listener, also one that comes late', async () => {
    const order = new Events<string>()
    const server = await startServer(
      {},
      {
        upgrade: (upgrade) => {
          upgrade.onAborted(() => order.push('first'))
          upgrade.onAborted(() => {
            order.push('second')
            upgrade.onAborted(() => order.push('late'))
          })
        },
      },
    )
    server.client().write(handshake()).socket.end()
    expect([await order.next(), await order.next(), await order.next()]).toEqual(['first', 'second', 'late'])
  })
})

test('only the first answer counts', async () => {
  const server = await startServer(
    {},
    {
      upgrade: (upgrade) => {
        upgrade.refuse(403, [], 'no')
        expect(upgrade.accept({ socket: null }, { protocol: null, compression: false })).toBeNull()
        upgrade.refuse(500, [], 'never')
      },
    },
  )
  expect(await server.client().write(handshake()).readResponse()).toMatchObject({ status: 403, body: 'no' })
})

test('a handler that throws is logged, and the client gets 500', async () => {
  const server = await startServer(
    {},
    {
      upgrade: () => {
        throw new Error('boom')
      },
    },
  )
  const response = await server.client().write(handshake()).readResponse()
  expect(response).toMatchObject({ status: 500, body: '{"message":"Internal server error"}' })
  expect(logged.at(-1)).toMatchObject({ level: 'error', fields: { err: { message: 'boom' } } })
})

test('frames in the same packet as the handshake are delivered, or lost: a client must wait for the 101', async () => {
  const server = await startServer()
  const client = server.client().write(handshake(), clientFrame(opcodes.text, 'early'))
  await client.readTo('\r\n\r\n')
  client.write(clientFrame(opcodes.text, 'in time'))
  if (abilities.framesWithHandshake.can) {
    expect(await server.messages.next()).toEqual({ text: 'early', isBinary: false })
  }
  expect(await server.messages.next()).toEqual({ text: 'in time', isBinary: false })
})

test('frames that come while a handshake waits for its answer are delivered, or end the connection', async () => {
  const upgrades = new Events<() => void>()
  const server = await startServer(
    {},
    {
      upgrade: (upgrade) =>
        upgrades.push(() => upgrade.accept({ socket: null }, { protocol: null, compression: false })),
    },
  )
  const client = server.client().write(handshake(), clientFrame(opcodes.text, 'early'))
  const accept = await upgrades.next()
  if (!abilities.framesWithHandshake.can) return client.closed
  client.write(clientFrame(opcodes.text, 'a little later'))
  await new Promise((resolve) => setTimeout(resolve, 20))
  accept()
  await client.readTo('\r\n\r\n')
  client.write(clientFrame(opcodes.text, 'in time'))
  for (const text of ['early', 'a little later', 'in time'])
    expect(await server.messages.next()).toEqual({ text, isBinary: false })
})

describe('permessage-deflate', () => {
  const accept = (compression: boolean) => ({
    upgrade: (upgrade: Parameters<typeof acceptNow>[0]) =>
      void acceptNow(upgrade, compression).send('x'.repeat(5000), false),
  })

  test.each([
    [true, true, true, true],
    [true, true, false, false],
    [true, false, true, false],
    [false, true, true, false],
  ])('server %s, connection %s, client %s: compressed %s', async (compression, connection, client, compressed) => {
    const server = await startServer({ compression }, accept(connection))
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}`, { perMessageDeflate: client })
    const bytes = await new Promise<number>((resolve) => {
      socket.on('message', (data) => {
        expect(data.toString()).toBe('x'.repeat(5000))
        // @ts-expect-error the TCP socket under it, which ws does not declare
        resolve(socket._socket.bytesRead)
      })
    })
    expect(bytes < 1000).toBe(compressed)
    socket.send('y'.repeat(3000))
    expect((await server.messages.next()).text).toBe('y'.repeat(3000))
    socket.terminate()
  })

  test('a message that inflates beyond the limit ends the connection', async () => {
    const server = await startServer(
      { compression: true, maxMessageBytes: 10_000 },
      { upgrade: (upgrade) => void acceptNow(upgrade, true) },
    )
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}`)
    socket.on('open', () => socket.send('z'.repeat(1_000_000)))
    expect(await server.closes.next()).toEqual({ code: faultCode(1009), reason: '', cause: 'protocol' })
    expect(server.messages.all).toEqual([])
  })
})

test('the data of a connection comes back with each of its events', async () => {
  const first: Connection = { socket: null }
  const seen = new Events<Connection>()
  const server = await startServer(
    {},
    {
      upgrade: (upgrade) => void upgrade.accept(first, { protocol: null, compression: false }),
      message: (data) => seen.push(data),
      close: (data) => seen.push(data),
    },
  )
  const client = server.client().write(handshake())
  await client.readTo('\r\n\r\n')
  client.write(clientFrame(opcodes.text, 'a'))
  expect(await seen.next()).toBe(first)
  client.socket.end()
  expect(await seen.next()).toBe(first)
})
