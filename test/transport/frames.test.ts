import { expect, test } from 'vitest'
import { abilities, faultCode } from '../helpers/transport-abilities.ts'
import { type Server, startServer } from './harness.ts'
import { clientFrame, closePayload, handshake, opcodes, type RawClient } from './raw-client.ts'

async function open(server: Server): Promise<RawClient> {
  const client = server.client().write(handshake())
  await client.readTo('\r\n\r\n')
  return client
}

test.each([
  ['an empty one', ''],
  ['one of 125 bytes', 'a'.repeat(125)],
  ['one of 126 bytes', 'a'.repeat(126)],
  ['one of 65,536 bytes', 'a'.repeat(65_536)],
  ['one as large as the limit', 'a'.repeat(131_072)],
])('a text message arrives: %s', async (_, text) => {
  const server = await startServer()
  const client = await open(server)
  client.write(clientFrame(opcodes.text, text))
  expect(await server.messages.next()).toEqual({ text, isBinary: false })
})

test('a binary message is told apart', async () => {
  const server = await startServer()
  const client = await open(server)
  client.write(clientFrame(opcodes.binary, Uint8Array.of(0xff, 0)))
  expect(await server.messages.next()).toEqual({ text: '\xff\0', isBinary: true })
})

test('fragments are put together, with control frames in between', async () => {
  const server = await startServer()
  const client = await open(server)
  client.write(clientFrame(opcodes.text, 'one ', { isLast: false }))
  client.write(clientFrame(opcodes.ping, 'p'), clientFrame(opcodes.continuation, 'two ', { isLast: false }))
  client.write(clientFrame(opcodes.continuation, 'three'))
  expect(await server.messages.next()).toEqual({ text: 'one two three', isBinary: false })
  expect(await client.readFrame()).toEqual({ opcode: opcodes.pong, isLast: true, payload: Buffer.from('p') })
})

test('a frame that comes byte by byte is one message', async () => {
  const server = await startServer()
  const client = await open(server)
  for (const byte of clientFrame(opcodes.text, 'slow')) client.write(Uint8Array.of(byte))
  expect(await server.messages.next()).toEqual({ text: 'slow', isBinary: false })
})

test('many frames in one packet arrive in their order', async () => {
  const server = await startServer()
  const client = await open(server)
  client.write(...Array.from({ length: 100 }, (_, i) => clientFrame(opcodes.text, String(i))))
  for (let i = 0; i < 100; i++) expect((await server.messages.next()).text).toBe(String(i))
})

test.each<[string, number, Buffer[]]>([
  ['a message above the limit', 1009, [clientFrame(opcodes.text, 'a'.repeat(131_073))]],
  [
    'fragments that are above the limit together',
    1009,
    [
      clientFrame(opcodes.text, 'a'.repeat(100_000), { isLast: false }),
      clientFrame(opcodes.continuation, 'a'.repeat(100_000)),
    ],
  ],
  ['invalid UTF-8 in a text message', 1007, [clientFrame(opcodes.text, Uint8Array.of(0xff, 0xfe))]],
  ['a surrogate in UTF-8', 1007, [clientFrame(opcodes.text, Uint8Array.of(0xed, 0xa0, 0x80))]],
  ['a reserved bit', 1002, [clientFrame(opcodes.text, 'a', { reserved: 2 })]],
  ['a compressed frame that nobody agreed on', 1002, [clientFrame(opcodes.text, 'a', { reserved: 4 })]],
  ['an unknown opcode', 1002, [clientFrame(3, 'a')]],
  ['a control frame above 125 bytes', 1002, [clientFrame(opcodes.ping, 'a'.repeat(126))]],
  ['a control frame in fragments', 1002, [clientFrame(opcodes.ping, 'a', { isLast: false })]],
  ['a continuation of nothing', 1002, [clientFrame(opcodes.continuation, 'a')]],
  [
    'a new message inside of another',
    1002,
    [clientFrame(opcodes.text, 'a', { isLast: false }), clientFrame(opcodes.text, 'b')],
  ],
])('%s ends the connection with %i, or without a close frame', async (_, code, frames) => {
  const server = await startServer()
  const client = await open(server)
  client.write(...frames)
  if (abilities.closeFrameOnFault.can) {
    expect(await client.readFrame()).toEqual({ opcode: opcodes.close, isLast: true, payload: closePayload(code) })
  }
  expect(await client.readAll()).toBe('')
  expect(await server.closes.next()).toEqual({ code: faultCode(code), reason: '', cause: 'protocol' })
  expect(server.messages.all).toEqual([])
})

test('an unmasked frame breaks RFC 6455 §5.1, or is read as if it had a mask', async () => {
  const server = await startServer()
  const client = await open(server)
  client.write(clientFrame(opcodes.text, '\0\0\0\0hello', { isMasked: false }).fill(0x85, 1, 2))
  client.write(clientFrame(opcodes.text, 'next'))
  expect(await server.messages.next()).toEqual({ text: 'hello', isBinary: false })
  const unmasked = clientFrame(opcodes.text, '\0\0\0\0hello', { isMasked: false })
  unmasked[1] = 5
  client.write(unmasked)
  expect((await server.messages.next()).text).toBe('next')
  if (abilities.maskedFrames.can) {
    expect(await server.closes.next()).toEqual({ code: 1002, reason: '', cause: 'protocol' })
  } else expect((await server.messages.next()).text).toBe('hello')
})

test('a ping is answered with its own payload and reported; a pong is not, since it is no sign of use', async () => {
  const server = await startServer()
  const client = await open(server)
  client.write(clientFrame(opcodes.ping, 'are you there'))
  await server.pings.next()
  expect(await client.readFrame()).toEqual({
    opcode: opcodes.pong,
    isLast: true,
    payload: Buffer.from('are you there'),
  })
  client.write(clientFrame(opcodes.pong, ''), clientFrame(opcodes.text, 'next'))
  await server.messages.next()
  expect(server.pings.all).toHaveLength(1)
})

test('a handler that throws loses its message and nothing else', async () => {
  let count = 0
  const server = await startServer(
    {},
    {
      message: () => {
        if (++count === 1) throw new Error('boom')
        server.messages.push({ text: 'second', isBinary: false })
      },
    },
  )
  const client = await open(server)
  client.write(clientFrame(opcodes.text, 'a'), clientFrame(opcodes.text, 'b'))
  expect((await server.messages.next()).text).toBe('second')
})

test.each([
  ['empty text', '', false],
  ['text', 'grüße', false],
  ['bytes as text', Buffer.from('grüße'), false],
  ['empty bytes', new Uint8Array(0), true],
  ['binary', Uint8Array.of(1, 2, 255), true],
  ['text above 32 KB', 'a'.repeat(100_000), false],
])('send writes one whole frame: %s', async (_, data, binary) => {
  const server = await startServer({ maxBufferedBytes: 1_000_000 })
  const client = await open(server)
  const socket = await server.opened.next()
  expect(socket.send(data, binary)).toBe('sent')
  const { payload, ...head } = await client.readFrame()
  expect(head).toEqual({ opcode: binary ? opcodes.binary : opcodes.text, isLast: true })
  expect(payload.equals(Buffer.from(data as string))).toBe(true)
})
