import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BodyReader } from '../../src/transport/body-reader.ts'
import { abilities } from '../helpers/transport-abilities.ts'
import { Events, heldExchange, logged, startServer } from './harness.ts'

const post = (headers: string, body = '') => `POST /p HTTP/1.1\r\nHost: a\r\n${headers}\r\n${body}`

async function echoServer(limit: number) {
  return startServer(
    {},
    {
      request: (exchange) =>
        exchange.readBody(limit, (body) => {
          if (body === null) exchange.respond(413, [], null)
          else exchange.respond(200, [], body)
        }),
    },
  )
}

test.each([
  ['none', post('Content-Length: 0\r\n'), ''],
  ['none and no length', post(''), ''],
  ['a length', post('Content-Length: 5\r\n', 'hello'), 'hello'],
  ['chunks', post('Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n'), 'hello world'],
  ['exactly the limit', post('Content-Length: 100\r\n', 'a'.repeat(100)), 'a'.repeat(100)],
])('a body is read: %s', async (_, request, body) => {
  const server = await echoServer(100)
  const client = server.client()
  for (let i = 0; i < 2; i++) expect(await client.write(request).readResponse()).toMatchObject({ status: 200, body })
})

test('a body in many packets is read', async () => {
  const server = await echoServer(1000)
  const client = server.client().write(post('Content-Length: 300\r\n'))
  for (let i = 0; i < 300; i++) client.write(String(i % 10))
  expect((await client.readResponse()).body).toBe('0123456789'.repeat(30))
})

test('Expect: 100-continue is answered before the body comes', async () => {
  const server = await echoServer(100)
  const client = server.client().write(post('Content-Length: 5\r\nExpect: 100-continue\r\n'))
  expect(await client.readTo('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n')
  client.write('hello')
  expect((await client.readResponse()).body).toBe('hello')
})

describe('a body above the limit', () => {
  test('is answered before it is sent to its end, and the rest is thrown away', async () => {
    const server = await echoServer(100)
    const client = server.client().write(post('Content-Length: 3000\r\n', 'a'.repeat(200)))
    expect((await client.readResponse()).status).toBe(413)
    client.write('a'.repeat(2800), post('Content-Length: 2\r\n', 'ok'))
    expect(await client.readResponse()).toMatchObject({ status: 200, body: 'ok' })
  })

  test('does not reset the connection of a client that is still sending', async () => {
    const server = await echoServer(100)
    const client = server.client().write(post(`Content-Length: ${10_000_000}\r\n`))
    for (let i = 0; i < 100; i++) client.write('a'.repeat(100_000))
    expect((await client.readResponse()).status).toBe(413)
    expect((await client.write(post('', '')).readResponse()).status).toBe(200)
  })

  test('in chunks is answered once', async () => {
    const server = await echoServer(100)
    const client = server.client().write(post('Transfer-Encoding: chunked\r\n', `ff\r\n${'a'.repeat(255)}\r\n`))
    expect((await client.readResponse()).status).toBe(413)
    client.write(`ff\r\n${'a'.repeat(255)}\r\n0\r\n\r\n`, post(''))
    expect((await client.readResponse()).status).toBe(200)
  })
})

test('an answer that does not wait for the body is written, and the body is thrown away', async () => {
  let bodies = 0
  const server = await startServer(
    {},
    {
      request: (exchange) => {
        exchange.readBody(100, () => bodies++)
        exchange.respond(403, [], null)
      },
    },
  )
  const client = server.client().write(post('Content-Length: 5\r\n'))
  expect((await client.readResponse()).status).toBe(403)
  client.write('hello', post(''))
  expect((await client.readResponse()).status).toBe(403)
  expect(bodies).toBe(0)
})

test('a body that nobody reads is skipped', async () => {
  const server = await startServer()
  const client = server.client().write(post('Content-Length: 5\r\n', 'hello'), post('', ''))
  expect((await client.readResponse()).status).toBe(200)
  expect((await client.readResponse()).status).toBe(200)
})

test('a client that goes within its body is an abort, and no body comes', async () => {
  let bodies = 0
  const aborted = new Events<void>()
  const server = await heldExchange({}, (exchange) => {
    exchange.readBody(100, () => bodies++)
    exchange.onAborted(() => aborted.push())
  })
  const client = server.client().write(post('Content-Length: 50\r\n', 'abc'))
  await server.exchanges.next()
  client.socket.end()
  await aborted.next()
  expect(bodies).toBe(0)
})

test('a body that is answered later, after its own tick, is answered', async () => {
  const server = await startServer(
    {},
    {
      request: (exchange) =>
        exchange.readBody(100, (body) => {
          setImmediate(() => exchange.respond(200, [], body))
        }),
    },
  )
  expect((await server.client().write(post('Content-Length: 2\r\n', 'ok')).readResponse()).body).toBe('ok')
})

test('a handler of a body that throws is logged, and the client gets 500', async () => {
  const server = await startServer(
    {},
    {
      request: (exchange) =>
        exchange.readBody(100, () => {
          throw new Error('boom in body')
        }),
    },
  )
  expect((await server.client().write(post('Content-Length: 2\r\n', 'ok')).readResponse()).status).toBe(500)
  expect(logged.at(-1)).toMatchObject({ level: 'error', fields: { err: { message: 'boom in body' } } })
})

test('headers and bodies that do not come to an end are dropped after ten seconds, or thirty, or a little more', async () => {
  const aborted = new Events<void>()
  const server = await heldExchange({}, (exchange) => {
    exchange.readBody(100_000, () => {})
    exchange.onAborted(() => aborted.push())
  })
  const start = performance.now()
  const clients = [
    server.client(),
    server.client().write('GET / HTTP/1.1\r\nHos'),
    server.client().write('GET / HTTP/1.1\r\nX-A : space before the colon\r\n\r\n'),
    server.client().write(post('Content-Length: 50000\r\n', 'abc')),
  ]
  const drip = setInterval(() => clients[3]?.write('abc'), 1000)
  await Promise.all([...clients.map((client) => client.closed), aborted.next()])
  clearInterval(drip)
  const seconds = (performance.now() - start) / 1000
  const [atLeast, below] = abilities.unfinishedRequests.can ? [7, 22] : [27, 42]
  expect(seconds).toBeGreaterThan(atLeast)
  expect(seconds).toBeLessThan(below)
}, 60_000)

test('chunks of any sizes come out as they went in, or as null when they are above the limit', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), fc.nat(500), (chunks, limit) => {
      const whole = Buffer.concat(chunks)
      const reader = new BodyReader(limit)
      let result: Buffer | null | undefined
      chunks.push(new Uint8Array(0))
      for (let i = 0; i < chunks.length && result === undefined; i++) {
        const chunk = chunks[i] as Uint8Array
        const neutered = chunk.slice()
        result = reader.add(neutered, i === chunks.length - 1)
        neutered.fill(0)
      }
      expect(result).toEqual(whole.length > limit ? null : whole)
    }),
  )
})
