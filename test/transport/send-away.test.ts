import { expect, test } from 'vitest'
import type { HttpExchange } from '../../src/transport/contract.ts'
import { heldExchange, startServer } from './harness.ts'
import { handshake, RawClient } from './raw-client.ts'

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const post = (path: string, body: string, length = body.length) =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${body}`

test('callers that are sent away get their answer, are told to close, and see the connection end in order', async () => {
  const server = await startServer()
  const client = server.client().write(get('/before'))
  expect((await client.readResponse()).head).not.toMatch(/connection: close/i)
  server.transport.sendAway()
  server.transport.sendAway()
  client.write(get('/after'))
  const { head, body } = await client.readResponse()
  expect(head).toMatch(/connection: close/i)
  expect(body).toBe('/after')
  await client.closed
})

test('those who come all the same are served, one request each', async () => {
  const server = await startServer()
  server.transport.sendAway()
  const client = RawClient.to(server.port).write(get('/late'))
  expect(await client.readAll()).toMatch(/^HTTP\/1.1 200 OK[\s\S]*connection: close[\s\S]*\/late$/i)
})

test('a WebSocket that is open stays open, and another one may be accepted', async () => {
  const server = await startServer()
  server.transport.sendAway()
  const client = server.client().write(handshake())
  expect(await client.readTo('\r\n\r\n')).toMatch(/^HTTP\/1.1 101/)
  const socket = await server.opened.next()
  expect(socket.send('hello', false)).toBe('sent')
  expect((await client.readFrame()).payload.toString()).toBe('hello')
})

test('answered resolves when the last request has its answer, and none has come for a while', async () => {
  const server = await heldExchange()
  server.transport.sendAway()
  await server.transport.answered(60_000)
  const client = server.client().write(get('/one'))
  const exchange = await server.exchanges.next()
  let isOver = false
  const over = server.transport.answered(60_000).then(() => {
    isOver = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  expect(isOver).toBe(false)
  exchange.respond(200, [], 'done')
  await over
  expect((await client.readResponse()).body).toBe('done')
})

test('a caller who comes by while answered waits for others is served and sent away, too', async () => {
  const server = await startServer()
  const client = server.client().write(get('/before'))
  await client.readResponse()
  server.transport.stopListening()
  const over = server.transport.answered(60_000)
  client.write(get('/after'))
  expect(await client.readAll()).toMatch(/connection: close[\s\S]*\/after$/i)
  await over
})

test('answered waits for a body that comes in pieces', async () => {
  const bodies: string[] = []
  const read = (exchange: HttpExchange) =>
    exchange.readBody(100, (body) => {
      bodies.push(String(body))
      exchange.respond(200, [], body)
    })
  const server = await heldExchange({}, read)
  server.transport.sendAway()
  const client = server.client().write(post('/one', 'first', 10))
  await server.exchanges.next()
  const over = server.transport.answered(60_000)
  client.write('.last')
  await over
  expect(bodies).toEqual(['first.last'])
  expect((await client.readResponse()).body).toBe('first.last')
})

test('answered does not wait for those who have gone, nor for longer than it is told', async () => {
  const server = await heldExchange()
  server.transport.sendAway()
  const gone = server.client().write(get('/gone'))
  const exchange = await server.exchanges.next()
  gone.socket.destroy()
  await server.transport.answered(60_000)
  expect(exchange.aborted).toBe(true)
  server.client().write(get('/slow'))
  await server.exchanges.next()
  await server.transport.answered(20)
})
