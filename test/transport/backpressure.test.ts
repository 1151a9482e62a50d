import { expect, test } from 'vitest'
import { SharedFrame } from '../../src/vocabulary/shared-frame.ts'
import { type Connection, Events, type Server, startServer } from './harness.ts'
import { clientFrame, closePayload, handshake, opcodes, type RawClient } from './raw-client.ts'

const message = 'x'.repeat(100_000)

/** A client that does not read. */
async function openPaused(server: Server): Promise<RawClient> {
  const client = server.client().write(handshake())
  await client.readTo('\r\n\r\n')
  client.socket.pause()
  return client
}

/** Sends until the socket says full; gives the number of messages that it took. */
function fill(send: () => string): number {
  for (let sent = 0; sent < 10_000; sent++) {
    const outcome = send()
    if (outcome !== 'sent') {
      expect(outcome).toBe('full')
      return sent
    }
  }
  throw new Error('it never was full')
}

test('send says full above the limit, queues nothing then, and recovers once the client has read', async () => {
  const server = await startServer({ maxBufferedBytes: 300_000 })
  const client = await openPaused(server)
  const socket = await server.opened.next()
  const sent = fill(() => socket.send(message, false))
  const waiting = socket.bufferedBytes()
  expect(waiting).toBeGreaterThan(300_000)
  expect(waiting).toBeLessThan(300_000 + 200_000)
  expect(socket.send('small', false)).toBe('full')
  expect(socket.bufferedBytes()).toBe(waiting)

  client.socket.resume()
  for (let i = 0; i < sent; i++) expect((await client.readFrame()).payload).toHaveLength(100_000)
  expect(socket.bufferedBytes()).toBe(0)
  expect(socket.send('after', false)).toBe('sent')
  expect((await client.readFrame()).payload.toString()).toBe('after')
})

test('a full socket still takes its close frame, which follows what was queued', async () => {
  const server = await startServer({ maxBufferedBytes: 300_000 })
  const client = await openPaused(server)
  const socket = await server.opened.next()
  const sent = fill(() => socket.send(message, false))
  socket.end(1008, 'Slow consumer')
  expect(server.closes.all).toEqual([{ code: 1008, reason: 'Slow consumer', cause: 'server' }])
  client.socket.resume()
  for (let i = 0; i < sent; i++) expect((await client.readFrame()).payload).toHaveLength(100_000)
  expect((await client.readFrame()).payload).toEqual(closePayload(1008, 'Slow consumer'))
  await client.closed
})

test('pings of a client that does not read can not fill the memory', async () => {
  const server = await startServer({ maxBufferedBytes: 10_000 })
  const client = await openPaused(server)
  const socket = await server.opened.next()
  fill(() => socket.send(message, false))
  const pings = Buffer.concat(Array.from({ length: 1000 }, () => clientFrame(opcodes.ping, 'p'.repeat(125))))
  for (let i = 0; i < 100; i++) client.write(pings)
  for (let i = 0; i < 100_000; i++) await server.pings.next()
  expect(socket.bufferedBytes()).toBeLessThan(10_000 + 1_048_576 + 1000)
  client.socket.destroy()
})

test('a client that is gone ends its full socket', async () => {
  const closed = new Events<Connection>()
  const server = await startServer({}, { close: (connection) => closed.push(connection) })
  const client = await openPaused(server)
  const socket = await server.opened.next()
  fill(() => socket.send(message, false))
  client.socket.destroy()
  await closed.next()
  expect(socket.send('late', false)).toBe('gone')
})

test('a socket waits from when its client reads too slowly until that has caught up, and says so when asked', async () => {
  const waiting = { total: 0 }
  const drained = new Events<Connection>()
  const server = await startServer(
    { maxBufferedBytes: 300_000, waiting },
    { drained: (connection) => drained.push(connection) },
  )
  const [client, other] = [await openPaused(server), await openPaused(server)]
  const [socket, further] = [await server.opened.next(), await server.opened.next()]
  expect(socket.isWaiting()).toBe(false)
  const sent = fill(() => socket.send(message, false))
  fill(() => further.send(message, false))
  expect([socket.isWaiting(), further.isWaiting()]).toEqual([true, true])
  expect(waiting.total).toBe(socket.bufferedBytes() + further.bufferedBytes())
  for (const each of [socket, further]) each.awaitDrain()

  client.socket.resume()
  await drained.next()
  expect([socket.isWaiting(), further.isWaiting()]).toEqual([false, true])
  expect(waiting.total).toBe(further.bufferedBytes())
  for (let i = 0; i < sent; i++) expect((await client.readFrame()).payload).toHaveLength(100_000)

  other.socket.destroy()
  await server.closes.next()
  expect([waiting.total, further.isWaiting()]).toEqual([0, false])
  expect(drained.all).toHaveLength(1)
})

test('what waits after messages of one turn is known too', async () => {
  const waiting = { total: 0 }
  const drained = new Events<Connection>()
  const server = await startServer(
    { maxBufferedBytes: 50_000_000, waiting },
    { drained: (connection) => drained.push(connection) },
  )
  const client = await openPaused(server)
  const socket = await server.opened.next()
  const frame = new SharedFrame({ data: message, binary: false })
  while (!socket.isWaiting()) {
    for (let i = 0; i < 30; i++) socket.sendShared(frame)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(waiting.total).toBe(socket.bufferedBytes())
  expect(waiting.total).toBeGreaterThan(0)
  socket.awaitDrain()
  client.socket.resume()
  await drained.next()
  expect(waiting.total).toBe(0)
})
