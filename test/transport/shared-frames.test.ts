import { once } from 'node:events'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { Socket } from '../../src/transport/contract.ts'
import { SharedFrame } from '../../src/vocabulary/shared-frame.ts'
import { abilities } from '../helpers/transport-abilities.ts'
import { acceptNow, type Server, startServer } from './harness.ts'
import { closePayload, handshake, type RawClient } from './raw-client.ts'

const shared = (data: string | Uint8Array, binary = false) => new SharedFrame({ data, binary })

async function openClients(server: Server, count: number): Promise<{ client: RawClient; socket: Socket }[]> {
  const opened: { client: RawClient; socket: Socket }[] = []
  for (let i = 0; i < count; i++) {
    const client = server.client().write(handshake())
    await client.readTo('\r\n\r\n')
    opened.push({ client, socket: await server.opened.next() })
  }
  return opened
}

async function texts(client: RawClient, count: number): Promise<string[]> {
  const read: string[] = []
  while (read.length < count) read.push((await client.readFrame()).payload.toString())
  return read
}

test('shared messages keep their order, also beside direct ones, at each socket', async () => {
  const peers = await openClients(await startServer(), 3)
  const [first, second, third] = peers
  const expected = peers.map(() => [] as string[])
  for (let i = 0; i < 20; i++) {
    const frame = shared(`shared ${i}`)
    for (const [at, { socket }] of peers.entries()) {
      // Each has others of them.
      if (i % (at + 1) !== 0) continue
      expect(socket.sendShared(frame)).toBe('sent')
      expected[at]?.push(`shared ${i}`)
    }
    if (i % 7 !== 3) continue
    expect(second?.socket.send(`direct ${i}`, false)).toBe('sent')
    expected[1]?.push(`direct ${i}`)
  }
  expect(third?.socket.bufferedBytes()).toBeGreaterThan(0)
  for (const [at, { client }] of peers.entries())
    expect(await texts(client, expected[at]?.length ?? 0)).toEqual(expected[at])

  first?.socket.sendShared(shared('one more'))
  first?.socket.sendShared(shared(Uint8Array.of(1, 2), true))
  expect(await first?.client.readFrame()).toMatchObject({ opcode: 1, payload: Buffer.from('one more') })
  expect(await first?.client.readFrame()).toMatchObject({ opcode: 2, payload: Buffer.from([1, 2]) })
})

test('a shared message copies its bytes, and one that is sent alone arrives as well', async () => {
  const [peer] = await openClients(await startServer(), 1)
  const bytes = Buffer.from('before')
  peer?.socket.sendShared(shared(bytes))
  bytes.write('after!')
  expect(await texts(peer?.client as RawClient, 1)).toEqual(['before'])
})

test('a close frame follows what is shared in the same turn; after it the socket is gone', async () => {
  const server = await startServer()
  const [ended, terminated] = await openClients(server, 2)
  for (const word of ['a', 'b']) for (const peer of [ended, terminated]) peer?.socket.sendShared(shared(word))
  ended?.socket.end(4000, 'over')
  terminated?.socket.terminate()
  for (const peer of [ended, terminated]) expect(peer?.socket.sendShared(shared('late'))).toBe('gone')
  expect(await texts(ended?.client as RawClient, 2)).toEqual(['a', 'b'])
  expect((await ended?.client.readFrame())?.payload).toEqual(closePayload(4000, 'over'))
  await terminated?.client.closed
  expect(server.closes.all.map(({ code }) => code)).toEqual([4000, 1006])
})

test('what is collected counts at once: above the limit the socket is full, and takes more when that has left', async () => {
  const [peer] = await openClients(await startServer({ maxBufferedBytes: 10_000 }), 1)
  const frame = shared('x'.repeat(1000))
  const outcomes = Array.from({ length: 14 }, () => peer?.socket.sendShared(frame))
  expect(outcomes.lastIndexOf('sent')).toBe(10)
  expect(outcomes.slice(11)).toEqual(['full', 'full', 'full'])
  expect(await texts(peer?.client as RawClient, 11)).toEqual(outcomes.slice(0, 11).map(() => 'x'.repeat(1000)))
  expect(peer?.socket.sendShared(frame)).toBe('sent')
})

test('more than a few megabytes in one turn, and large messages, all arrive', async () => {
  const [peer] = await openClients(await startServer({ maxBufferedBytes: 50_000_000 }), 1)
  const expected = Array.from({ length: 120 }, (_, i) => String(i).padEnd(100_000, '.'))
  for (const text of expected) expect(peer?.socket.sendShared(shared(text))).toBe('sent')
  expect(await texts(peer?.client as RawClient, expected.length)).toEqual(expected)
})

test('a socket that takes nothing is full for shared messages too, until its client reads', async () => {
  const [peer] = await openClients(await startServer({ maxBufferedBytes: 300_000 }), 1)
  peer?.client.socket.pause()
  const frame = shared('x'.repeat(100_000))
  let sent = 0
  while (peer?.socket.sendShared(frame) === 'sent') {
    sent++
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(peer?.socket.bufferedBytes()).toBeGreaterThan(300_000)
  expect(peer?.socket.bufferedBytes()).toBeLessThan(300_000 + 200_000)
  peer?.client.socket.resume()
  expect(await texts(peer?.client as RawClient, sent)).toHaveLength(sent)
  expect(peer?.socket.sendShared(frame)).toBe('sent')
})

test.each([15, 10])(
  'with compression, and a window of %s bits, they keep their order and arrive whole',
  async (bits) => {
    const server = await startServer(
      { compression: true, maxBufferedBytes: 1_000_000 },
      { upgrade: (upgrade) => server.opened.push(acceptNow(upgrade, true)) },
    )
    const clients = [1, 2].map(
      () => new WebSocket(`ws://127.0.0.1:${server.port}/`, { perMessageDeflate: { serverMaxWindowBits: bits } }),
    )
    const received = clients.map((client) => {
      const frames: string[] = []
      client.on('message', (data) => frames.push(String(data)))
      return frames
    })
    await Promise.all(clients.map((client) => once(client, 'open')))
    const sockets = [await server.opened.next(), await server.opened.next()]
    const long = (word: string) => word.repeat(2000)
    const frames = ['a', long('shared '), long('again '), 'b'].map((text) => shared(text))
    sockets[0]?.send(long('direct '), false)
    for (const frame of frames) for (const socket of sockets) socket.sendShared(frame)
    sockets[0]?.send(long('behind '), false)
    sockets[1]?.send('c', false)
    const ends = clients.map((client) => once(client, 'close'))
    for (const socket of sockets) socket.end(1000, '')
    await Promise.all(ends)
    const all = ['a', long('shared '), long('again '), 'b']
    expect(received).toEqual([
      [long('direct '), ...all, long('behind ')],
      [...all, 'c'],
    ])
    const [, compressed] = frames
    if (abilities.compressesOnce.can) {
      // A frame of that window, which the socket that was compressing at that moment did not need.
      expect(Object.keys(compressed?.encoded ?? []).map(Number)).toEqual([bits])
      expect(compressed?.encoded[bits]?.length).toBeLessThan(200)
    } else expect(compressed?.encoded).toEqual([])
  },
)
