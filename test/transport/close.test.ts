import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { cutReason } from '../../src/transport/close-reason.ts'
import type { Upgrade } from '../../src/transport/contract.ts'
import { closeCause } from '../../src/transport/uws/close-cause.ts'
import { abilities, faultCode } from '../helpers/transport-abilities.ts'
import { acceptNow, type CloseEvent, type Connection, Events, logged, type Server, startServer } from './harness.ts'
import { clientFrame, closePayload, handshake, opcodes, type RawClient } from './raw-client.ts'

async function open(server: Server): Promise<RawClient> {
  const client = server.client().write(handshake())
  await client.readTo('\r\n\r\n')
  return client
}

test.each<[string, Buffer, CloseEvent, Buffer]>([
  ['without a status', Buffer.alloc(0), { code: 1005, reason: '', cause: 'client' }, Buffer.alloc(0)],
  ['with a code', closePayload(1001), { code: 1001, reason: '', cause: 'client' }, closePayload(1001)],
  [
    'with a code and a reason',
    closePayload(4001, 'schön'),
    { code: 4001, reason: 'schön', cause: 'client' },
    closePayload(4001, 'schön'),
  ],
])('a close frame %s is reported and echoed', async (_, payload, event, echo) => {
  const server = await startServer()
  const client = await open(server)
  client.write(clientFrame(opcodes.close, payload))
  expect(await server.closes.next()).toEqual(event)
  expect(await client.readFrame()).toEqual({ opcode: opcodes.close, isLast: true, payload: echo })
  await client.closed
  expect(server.closes.all).toHaveLength(1)
})

test.each<[string, Buffer, number]>([
  ['with 1006', closePayload(1006, 'x'), 1002],
  ['with 999', closePayload(999), 1002],
  ['with 1005', closePayload(1005), 1002],
  ['with 2999', closePayload(2999), 1002],
  ['with a reason that is not UTF-8', closePayload(1000, Uint8Array.of(0xff)), 1007],
])('a close frame %s breaks RFC 6455, and is answered', async (_, payload, code) => {
  const server = await startServer()
  const client = await open(server)
  client.write(clientFrame(opcodes.close, payload))
  expect(await server.closes.next()).toEqual({ code: faultCode(code), reason: '', cause: 'protocol' })
  const answer = abilities.closeFrameOnFault.can ? closePayload(code) : Buffer.alloc(0)
  expect(await client.readFrame()).toEqual({ opcode: opcodes.close, isLast: true, payload: answer })
  await client.closed
  expect(server.closes.all).toHaveLength(1)
})

test('a close frame with half a code breaks RFC 6455, or is taken for one without', async () => {
  const server = await startServer()
  const client = await open(server)
  client.write(clientFrame(opcodes.close, Buffer.from([3])))
  const strict = abilities.closeFrameOnFault.can
  expect(await server.closes.next()).toEqual(
    strict ? { code: 1002, reason: '', cause: 'protocol' } : { code: 1005, reason: '', cause: 'client' },
  )
  expect((await client.readFrame()).payload).toEqual(strict ? closePayload(1002) : Buffer.alloc(0))
  await client.closed
})

test.each([1003, 1007, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])(
  'the close code %i of a client arrives as it is, or as 1006 where the server does not know it',
  async (code) => {
    const server = await startServer()
    const client = await open(server)
    client.write(clientFrame(opcodes.close, closePayload(code, 'bye')))
    const isKnown = abilities.clientCloseCodes.can || code <= 1011 || code >= 4000
    expect(await server.closes.next()).toEqual(
      isKnown ? { code, reason: 'bye', cause: 'client' } : { code: 1006, reason: '', cause: 'protocol' },
    )
  },
)

test('a TCP end without a close frame is a lost connection', async () => {
  const server = await startServer()
  const client = await open(server)
  client.socket.end()
  expect(await server.closes.next()).toEqual({ code: 1006, reason: '', cause: 'lost' })
})

test('a reset is a lost connection', async () => {
  const server = await startServer()
  const client = await open(server)
  client.socket.resetAndDestroy()
  expect(await server.closes.next()).toEqual({ code: 1006, reason: '', cause: 'lost' })
})

test('end sends code and reason, and the close handler runs before it returns', async () => {
  const server = await startServer()
  const client = await open(server)
  const socket = await server.opened.next()
  socket.end(1008, 'Slow consumer')
  expect(server.closes.all).toEqual([{ code: 1008, reason: 'Slow consumer', cause: 'server' }])
  expect(await client.readFrame()).toMatchObject({
    opcode: opcodes.close,
    payload: closePayload(1008, 'Slow consumer'),
  })
  client.write(clientFrame(opcodes.close, closePayload(1008)))
  await client.closed
  expect(server.closes.all).toHaveLength(1)
})

test('terminate drops the connection, and the close handler runs before it returns', async () => {
  const server = await startServer()
  const client = await open(server)
  const socket = await server.opened.next()
  socket.terminate()
  expect(server.closes.all).toEqual([{ code: 1006, reason: '', cause: 'server' }])
  expect(await client.readAll()).toBe('')
})

test('after its end a socket says gone and does nothing', async () => {
  const server = await startServer()
  await open(server)
  const socket = await server.opened.next()
  socket.end(1000, '')
  expect(socket.send('late', false)).toBe('gone')
  expect(socket.bufferedBytes()).toBe(0)
  socket.end(1000, 'again')
  socket.terminate()
  expect(server.closes.all).toHaveLength(1)
})

test('a socket may be used inside of its own close handler', async () => {
  const outcomes = new Events<string>()
  const server = await startServer(
    {},
    {
      upgrade: (upgrade) => server.opened.push(acceptNow(upgrade)),
      close: (connection) => {
        connection.socket?.terminate()
        connection.socket?.end(1000, '')
        outcomes.push(connection.socket?.send('late', false) ?? 'none')
      },
    },
  )
  const client = await open(server)
  client.socket.end()
  expect(await outcomes.next()).toBe('gone')
})

test('a socket may be ended inside of the handler of a message, and no further message comes', async () => {
  let count = 0
  const server = await startServer(
    {},
    {
      upgrade: (upgrade) => server.opened.push(acceptNow(upgrade)),
      message: (connection) => {
        count++
        connection.socket?.send('before', false)
        connection.socket?.end(1003, 'Binary is not supported')
      },
    },
  )
  const client = await open(server)
  client.write(clientFrame(opcodes.text, 'a'), clientFrame(opcodes.text, 'b'))
  expect((await client.readFrame()).payload.toString()).toBe('before')
  expect((await client.readFrame()).payload).toEqual(closePayload(1003, 'Binary is not supported'))
  await client.closed
  expect(count).toBe(1)
})

test('a socket may be ended as soon as it is accepted', async () => {
  const server = await startServer(
    {},
    {
      upgrade: (upgrade) => {
        const socket = acceptNow(upgrade)
        socket.send('welcome', false)
        socket.end(1001, 'Going away')
      },
    },
  )
  const client = server.client().write(handshake())
  expect(await client.readTo('\r\n\r\n')).toContain(' 101 ')
  expect((await client.readFrame()).payload.toString()).toBe('welcome')
  expect((await client.readFrame()).payload).toEqual(closePayload(1001, 'Going away'))
  await client.closed
})

test('a close handler that throws is logged', async () => {
  const server = await startServer(
    {},
    {
      close: () => {
        throw new Error('boom in close')
      },
    },
  )
  await open(server)
  ;(await server.opened.next()).end(1000, '')
  expect(logged.at(-1)).toMatchObject({ level: 'error', fields: { err: { message: 'boom in close' } } })
})

test('a long reason is cut between characters to 123 bytes (RFC 6455 §5.5), so that clients take the frame', async () => {
  const server = await startServer()
  const client = new WebSocket(`ws://127.0.0.1:${server.port}`)
  const closed = new Promise<[number, Buffer]>((resolve) => {
    client.on('close', (code, reason) => resolve([code, reason]))
  })
  ;(await server.opened.next()).end(4000, 'ä'.repeat(100))
  const [code, reason] = await closed
  expect(code).toBe(4000)
  expect(reason.toString()).toBe('ä'.repeat(61))
})

test.each([
  ['', ''],
  ['a'.repeat(123), 'a'.repeat(123)],
  ['a'.repeat(124), 'a'.repeat(123)],
  ['€'.repeat(41), '€'.repeat(41)],
  ['€'.repeat(42), '€'.repeat(41)],
  [`a${'€'.repeat(41)}`, `a${'€'.repeat(40)}`],
  ['𝄞'.repeat(31), '𝄞'.repeat(30)],
])('a reason is cut to what fits: %s', (reason, cut) => {
  expect(cutReason(reason)).toBe(cut)
})

test('a client that names its reason like a fault of the protocol is still the one who closed', () => {
  expect(closeCause(4000, 'Received invalid UTF-8')).toBe('client')
  expect(closeCause(1006, 'something new')).toBe('lost')
})

test('close drops everything that is open, once', async () => {
  const server = await startServer()
  const client = await open(server)
  const idle = server.client().write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await idle.readResponse()
  server.transport.close()
  server.transport.close()
  expect(server.closes.all).toEqual([{ code: 1006, reason: '', cause: 'server' }])
  await Promise.all([client.closed, idle.closed])
})

test('close drops who has asked for nothing yet, who waits for an answer, and who was refused', async () => {
  const upgrades = new Events<Upgrade<Connection>>()
  const server = await startServer({}, { upgrade: (upgrade) => upgrades.push(upgrade) })
  const silent = server.client()
  const waiting = server.client().write(handshake())
  await upgrades.next()
  const refused = server.client().write(handshake())
  const refusal = await upgrades.next()
  refusal.refuse(403, [], null)
  await refused.readResponse()
  server.transport.close()
  await Promise.all([silent.closed, waiting.closed, refused.closed])
})
