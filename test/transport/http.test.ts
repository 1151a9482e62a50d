import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { abilities } from '../helpers/transport-abilities.ts'
import { makeCertificates } from './certificates.ts'
import { Events, heldExchange, logged, type Server, startServer } from './harness.ts'
import { RawClient } from './raw-client.ts'

const get = (path = '/', headers = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`

test('the handler sees method, path, query and headers as they were on the wire', async () => {
  const seen: unknown[] = []
  const server = await startServer(
    {},
    {
      request: (exchange) => {
        const { method, path, query } = exchange.request
        seen.push({ method, path, query, agent: exchange.request.header('user-agent') })
        seen.push(exchange.request.headers(), exchange.request.remoteAddress())
        exchange.respond(200, [], null)
      },
    },
  )
  const client = server.client()
  client.write('PATCH /a%2fb/@connections?x=%20&x HTTP/1.1\r\nHost: a\r\nUser-Agent: me\r\nX-A: 1\r\nX-A: 2\r\n\r\n')
  await client.readResponse()
  expect(seen).toEqual([
    { method: 'PATCH', path: '/a%2fb/@connections', query: 'x=%20&x', agent: 'me' },
    [
      ['Host', 'a'],
      ['User-Agent', 'me'],
      [abilities.headerSpelling.can ? 'X-A' : 'x-a', '1'],
      [abilities.headerSpelling.can ? 'X-A' : 'x-a', '2'],
    ],
    '127.0.0.1',
  ])
})

test.each(['/a', '/a?'])('the query of %s is empty', async (path) => {
  const seen = new Events<string>()
  const server = await startServer(
    {},
    {
      request: (exchange) => {
        seen.push(exchange.request.query)
        exchange.respond(200, [], null)
      },
    },
  )
  server.client().write(get(path))
  expect(await seen.next()).toBe('')
})

test('a handler that throws is logged, and the client gets 500', async () => {
  const server = await startServer(
    {},
    {
      request: () => {
        throw new Error('boom')
      },
    },
  )
  expect(await server.client().write(get()).readResponse()).toMatchObject({
    status: 500,
    body: '{"message":"Internal server error"}',
  })
  expect(logged.at(-1)).toMatchObject({ level: 'error', fields: { err: { message: 'boom' } } })
})

test('a handler may answer long after it returned', async () => {
  const server = await heldExchange()
  const client = server.client().write(get('/late'))
  const exchange = await server.exchanges.next()
  setImmediate(() => exchange.respond(202, [['X-A', 'b']], Buffer.from('grüße')))
  expect(await client.readResponse()).toMatchObject({ status: 202, body: 'grüße' })
})

test('only the first answer counts', async () => {
  const server = await startServer(
    {},
    {
      request: (exchange) => {
        exchange.respond(200, [], 'one')
        exchange.respond(500, [], 'two')
        throw new Error('after the answer')
      },
    },
  )
  const client = server.client().write(get())
  expect(await client.readResponse()).toMatchObject({ status: 200, body: 'one' })
  expect(await client.write(get()).readResponse()).toMatchObject({ status: 200, body: 'one' })
})

test('a client that goes before the answer is reported, and the answer then does nothing', async () => {
  const server = await heldExchange()
  const client = server.client().write(get())
  const exchange = await server.exchanges.next()
  const aborted = new Promise<void>((resolve) => exchange.onAborted(resolve))
  client.socket.end()
  await aborted
  expect(exchange.aborted).toBe(true)
  exchange.respond(200, [], 'late')
})

test('a listener to an abort that throws is logged', async () => {
  const heard = new Events<void>()
  const server = await heldExchange({}, (exchange) =>
    exchange.onAborted(() => {
      heard.push()
      throw new Error('boom in abort')
    }),
  )
  server.client().write(get()).socket.end()
  await heard.next()
  expect(logged.at(-1)).toMatchObject({ level: 'error', fields: { err: { message: 'boom in abort' } } })
})

test('a transport that is closed inside of a handler leaves an exchange that does nothing', async () => {
  const done = new Events<boolean>()
  const server = await startServer(
    {},
    {
      request: (exchange) => {
        server.transport.close()
        exchange.respond(200, [], 'late')
        done.push(exchange.aborted)
      },
    },
  )
  const client = server.client().write(get())
  expect(await done.next()).toBe(true)
  expect(await client.readAll()).toBe('')
})

describe('headers of a response', () => {
  const respondWith = (headers: [string, string][]) => ({
    request: (exchange: { respond(s: number, h: [string, string][], b: string): void }) =>
      exchange.respond(200, headers, 'body'),
  })

  test('are written in their order, repeated ones too', async () => {
    const server = await startServer(
      {},
      respondWith([
        ['Set-Cookie', 'a=1'],
        ['X-B', 'b'],
        ['Set-Cookie', 'c=2'],
      ]),
    )
    const { head } = await server.client().write(get()).readResponse()
    expect(head).toContain('\r\nSet-Cookie: a=1\r\nX-B: b\r\nSet-Cookie: c=2\r\n')
  })

  test.each([
    ['X-A', 'a\r\nX-Evil: 1'],
    ['X-A', 'a\nX-Evil: 1'],
    ['X-A', 'evil\0'],
    ['X-A', 'evil\x7f'],
    ['X-Evil: 1\r\nX-A', 'a'],
    ['X Evil', 'a'],
    ['', 'evil'],
  ])('are left out when they are not safe to write: %j: %j', async (name, value) => {
    const server = await startServer(
      {},
      respondWith([
        [name, value],
        ['X-Good', 'tab\tand ümlaut'],
      ]),
    )
    const { head, body } = await server.client().write(get()).readResponse()
    expect(head).not.toMatch(/evil/i)
    expect(Buffer.from(head, 'latin1').toString()).toContain('\r\nX-Good: tab\tand ümlaut\r\n')
    expect(body).toBe('body')
  })

  test('that frame the message or belong to one hop are written by the transport alone', async () => {
    const own = ['Content-Length', 'transfer-encoding', 'Connection', 'Keep-Alive', 'Upgrade', 'Date', 'Trailer']
    const server = await startServer({}, respondWith(own.map((name) => [name, '99'])))
    const { head, body } = await server.client().write(get()).readResponse()
    expect(head).not.toContain('99\r\n')
    expect(head.match(/content-length/gi)).toHaveLength(1)
    expect(head.match(/\r\ndate: /gi)).toHaveLength(1)
    expect(body).toBe('body')
  })

  test('that the gateway made itself are written as they are, but for those that frame the message', async () => {
    const own = [
      ['X-A', 'a'],
      ['Content-Length', '99'],
    ] as const
    const server = await startServer({}, { request: (exchange) => exchange.respond(200, { own }, 'body') })
    const { head, body } = await server.client().write(get()).readResponse()
    expect(head).toContain('\r\nX-A: a\r\n')
    expect(head).not.toContain('99')
    expect(body).toBe('body')
  })

  test('have no end of made-up names kept in memory, and unknown ones are still checked', async () => {
    let round = 0
    const server = await startServer(
      {},
      {
        request: (exchange) => {
          const headers = Array.from({ length: 100 }, (_, i) => [`x-${round}-${i}`, 'v'] as const)
          round++
          exchange.respond(200, [...headers, ['Conn\rection', 'evil']], null)
        },
      },
    )
    const client = server.client()
    for (let i = 0; i < 15; i++) {
      const { head } = await client.write(get()).readResponse()
      expect(head).toContain(`\r\nx-${i}-99: v\r\n`)
      expect(head).not.toContain('evil')
    }
  })
})

describe('bodiless answers (RFC 9110 §6.4.1)', () => {
  test.each([
    ['HEAD', 200, 'hello', [], '5'],
    ['HEAD', 404, Buffer.from('grüße'), [], '7'],
    ['HEAD', 200, null, [['Content-Length', '1234']], '1234'],
    ['HEAD', 200, null, [['Content-Length', '12\r\nX-Evil: 1']], undefined],
    ['HEAD', 200, null, [], undefined],
    ['GET', 304, null, [], undefined],
    ['GET', 304, 'never', [], '5'],
    ['GET', 204, 'never', [['Content-Length', '5']], undefined],
    ['DELETE', 204, null, [], undefined],
  ] as const)(
    '%s with %i and %j has no body, and the connection goes on',
    async (method, status, body, headers, length) => {
      const server = await startServer({}, { request: (exchange) => exchange.respond(status, headers, body) })
      const client = server.client()
      for (let i = 0; i < 2; i++) {
        const head = await client.write(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`).readTo('\r\n\r\n')
        expect(head).toContain(`HTTP/1.1 ${status} `)
        expect(/content-length: (\d+)/i.exec(head)?.[1]).toBe(length)
        expect(head).not.toMatch(/evil/i)
      }
    },
  )

  test('a GET without a body says so', async () => {
    const server = await startServer({}, { request: (exchange) => exchange.respond(200, [], null) })
    const { head } = await server.client().write(get()).readResponse()
    expect(head).toMatch(/\r\ncontent-length: 0\r\n/i)
  })

  test('a status that nobody knows is written with its number', async () => {
    const server = await startServer({}, { request: (exchange) => exchange.respond(799, [], null) })
    expect((await server.client().write(get()).readResponse()).head).toMatch(/^HTTP\/1\.1 799 \r\n/)
  })
})

test('pipelined requests that are answered at once are answered in their order', async () => {
  const server = await startServer()
  const client = server.client().write(get('/1'), get('/2'), get('/3'))
  for (const path of ['/1', '/2', '/3']) expect((await client.readResponse()).body).toBe(path)
})

test('a request that is pipelined behind one without an answer ends the connection', async () => {
  const server = await heldExchange()
  const client = server.client().write(get('/1'))
  const exchange = await server.exchanges.next()
  client.write(get('/2'))
  await client.closed
  expect(exchange.aborted).toBe(true)
})

test('a large answer to a slow reader arrives whole', async () => {
  const body = 'x'.repeat(5_000_000)
  const server = await startServer({}, { request: (exchange) => exchange.respond(200, [], body) })
  const client = server.client()
  client.socket.pause()
  client.write(get())
  setImmediate(() => client.socket.resume())
  expect((await client.readResponse()).body).toHaveLength(5_000_000)
})

test('while the transport drains, the answer to HEAD asks the client to close', async () => {
  const server = await heldExchange()
  const client = server.client().write('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n')
  const exchange = await server.exchanges.next()
  server.transport.stopListening()
  exchange.respond(200, [], 'last')
  expect(await client.readTo('\r\n\r\n')).toMatch(/\r\ncontent-length: 4\r\nconnection: close\r\n/i)
})

test('while the transport drains, answers close their connection', async () => {
  const server = await heldExchange()
  const client = server.client().write(get())
  const exchange = await server.exchanges.next()
  server.transport.stopListening()
  exchange.respond(200, [], 'last')
  const all = await client.readAll()
  expect(all).toMatch(/\r\nconnection: close\r\n/i)
  expect(all).toMatch(/last$/)
})

describe('what the parser underneath refuses by itself', () => {
  test.each([
    ['a missing Host', 'GET / HTTP/1.1\r\nX-A: a\r\n\r\n', 400],
    [
      'Content-Length beside Transfer-Encoding',
      post('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', 'abc'),
      400,
    ],
    ['a negative Content-Length', post('Content-Length: -3\r\n', 'abc'), 400],
    ['headers above 16 KB', get('/', `X-A: ${'a'.repeat(16_400)}\r\n`), 431],
    ['a path above 16 KB', get(`/${'a'.repeat(16_400)}`), 431],
    ['more than 100 headers', get('/', 'X-A: a\r\n'.repeat(101)), 431],
    ['a TLS hello', '\x16\x03\x01\x02\x00\r\n\r\n', abilities.strictFraming.can ? 400 : 505],
  ])('%s', async (_, request, status) => {
    const server = await heldExchange()
    const client = server.client().write(Buffer.from(request, 'latin1'))
    expect((await client.readTo('\r\n\r\n')).split(' ')[1]).toBe(String(status))
    await client.closed
  })

  test('HTTP/1.0 is served, or refused with 505', async () => {
    const server = await startServer()
    const answer = await server.client().write('GET /old HTTP/1.0\r\n\r\n').readAll()
    if (abilities.http10.can) expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*connection: close[\s\S]*\/old$/i)
    else expect(answer).toMatch(/^HTTP\/1\.1 505 /)
  })

  test('headers up to 15 KB and 90 of them are served', async () => {
    const server = await startServer()
    const client = server.client()
    expect((await client.write(get('/', `X-A: ${'a'.repeat(15_000)}\r\n`)).readResponse()).status).toBe(200)
    expect((await client.write(get('/', 'X-A: a\r\n'.repeat(90))).readResponse()).status).toBe(200)
  })

  test('headers that come byte by byte are served', async () => {
    const server = await startServer()
    const client = server.client()
    for (const byte of Buffer.from(get('/slow'))) client.write(Uint8Array.of(byte))
    expect((await client.readResponse()).body).toBe('/slow')
  })
})

describe('remoteAddress', () => {
  const proxyHeader = Buffer.concat([
    Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'),
    Buffer.from([0x21, 0x11, 0, 12, 203, 0, 113, 7, 127, 0, 0, 1, 0x30, 0x39, 0, 80]),
  ])
  const answerAddress = {
    request: (exchange: { request: { remoteAddress(): string }; respond(s: number, h: [], b: string): void }) =>
      exchange.respond(200, [], exchange.request.remoteAddress()),
  }

  const isLocal = (peer: string): boolean => peer === '127.0.0.1'
  const refusal = "uWebSockets.js can't tell a PROXY protocol header of a proxy from one of a client behind it"

  /** Starts a server that believes local peers; where the server underneath can't, sees to it that it says so. */
  async function startBelieving(isTrusted = isLocal): Promise<Server | null> {
    const starting = startServer({ proxyProtocol: isTrusted }, answerAddress)
    if (abilities.proxyProtocol.can) return starting
    await expect(starting).rejects.toThrow(refusal)
    return null
  }

  test.each([
    ['a PROXY v2 header', proxyHeader, '203.0.113.7'],
    ['a PROXY v1 header', 'PROXY TCP4 203.0.113.7 127.0.0.1 12345 80\r\n', '203.0.113.7'],
    ['a PROXY v1 header over IPv6', 'PROXY TCP6 2001:DB8:0::7 ::1 12345 80\r\n', '2001:db8::7'],
    ['a PROXY v1 header of nobody knows what', 'PROXY UNKNOWN\r\n', '127.0.0.1'],
  ])('with proxyProtocol and %s is what that says', async (_, header, expected) => {
    const server = await startBelieving()
    if (server === null) return
    expect((await server.client().write(header, get()).readResponse()).body).toBe(expected)
    // In pieces, too.
    const client = server.client()
    for (const byte of Buffer.from(header)) client.write(Buffer.from([byte]))
    expect((await client.write(get()).readResponse()).body).toBe(expected)
  })

  test.each([
    'PROXY TCP4 203.0.113.7 127.0.0.1 12345\r\n',
    'PROXY TCP6 203.0.113.7 127.0.0.1 12345 80\r\n',
    'PROXY TCP4 localhost 127.0.0.1 12345 80\r\n',
    `PROXY UNKNOWN ${'x'.repeat(100)}\r\n`,
  ])('with proxyProtocol %j is the end of the connection', async (header) => {
    const server = await startBelieving()
    if (server === null) return
    expect(await server.client().write(header, get()).readAll()).toBe('')
  })

  test('with proxyProtocol is the one that the proxy tells first: a client can add no second header', async () => {
    const server = await startBelieving()
    if (server === null) return
    const forged = Buffer.from(proxyHeader)
    forged.set([198, 51, 100, 1], 16)
    expect((await server.client().write(proxyHeader, forged, get()).readResponse()).status).toBe(400)
    const client = server.client().write(proxyHeader, get())
    expect((await client.readResponse()).body).toBe('203.0.113.7')
    expect((await client.write(forged, get()).readResponse()).status).toBe(400)
  })

  test('with proxyProtocol is what a header ahead of TLS says', async () => {
    if (!abilities.proxyProtocol.can) return
    const files = makeCertificates()
    onTestFinished(() => files.remove())
    const tls = { certificate: files.certificate, key: files.key, passphrase: null }
    const server = await startServer({ tls, proxyProtocol: isLocal }, answerAddress)
    // In a segment of its own, and in one with what follows.
    for (const together of [false, true]) {
      const tcp = connectTcp({ port: server.port, host: '127.0.0.1' })
      await once(tcp, 'connect')
      if (together) tcp.cork()
      tcp.write(proxyHeader)
      if (!together) for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
      const client = new RawClient(connectTls({ socket: tcp, rejectUnauthorized: false }))
      tcp.uncork()
      expect((await client.write(get()).readResponse()).body).toBe('203.0.113.7')
      client.socket.destroy()
    }
  })

  test('with proxyProtocol is the peer who is not trusted, and its header is no request', async () => {
    const server = await startBelieving(() => false)
    if (server === null) return
    expect((await server.client().write(proxyHeader, get()).readResponse()).status).toBe(400)
    expect((await server.client().write(get()).readResponse()).body).toBe('127.0.0.1')
  })

  test.each([null, undefined])(
    'with proxyProtocol %s is the peer, and who sends a PROXY v2 header is refused where that can be',
    async (proxyProtocol) => {
      const server = await startServer(proxyProtocol === undefined ? {} : { proxyProtocol }, answerAddress)
      const client = server.client().write(proxyHeader, get())
      const { status, body } = await client.readResponse()
      if (abilities.unaskedProxyHeader.can) expect(status).toBe(400)
      else expect(body).toBe('127.0.0.1')
    },
  )

  test('with proxyProtocol and no such header is the peer', async () => {
    const server = await startBelieving()
    if (server === null) return
    expect((await server.client().write(get()).readResponse()).body).toBe('127.0.0.1')
  })

  test('of a client over IPv6 is in canonical form, of one over IPv4 plain', async () => {
    const server = await startServer({ host: '::' }, answerAddress)
    const bodies = await Promise.all(['::1', '127.0.0.1'].map((host) => bodyOf(host, server.port)))
    expect(bodies).toEqual(['::1', '127.0.0.1'])
  })
})

function bodyOf(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    httpRequest({ host, port, agent: false }, (response) => {
      let body = ''
      response.on('data', (data) => {
        body += data
      })
      response.on('end', () => resolve(body))
    })
      .on('error', reject)
      .end()
  })
}

function post(headers: string, body: string): string {
  return `POST / HTTP/1.1\r\nHost: a\r\n${headers}\r\n${body}`
}
