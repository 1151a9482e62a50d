import { describe, expect, test } from 'vitest'
import { abilities } from '../helpers/transport-abilities.ts'
import { logged, startServer } from './harness.ts'
import { handshake } from './raw-client.ts'

const post = (headers: string, body = '') => `POST / HTTP/1.1\r\nHost: a\r\n${headers}\r\n${body}`
const chunks = '3\r\nabc\r\n0\r\n\r\n'
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'

describe('a request that leaves in doubt where it ends is 400, ends its connection, and reaches no handler', () => {
  test.each([
    ['two Content-Lengths that differ', post('Content-Length: 3\r\nContent-Length: 6\r\n', 'abcdef')],
    ['two Content-Lengths that are the same', post('Content-Length: 3\r\nContent-Length: 3\r\n', 'abc')],
    ['a list as Content-Length', post('Content-Length: 3, 3\r\n', 'abc')],
    ['a sign in Content-Length', post('Content-Length: +3\r\n', 'abc')],
    ['a hexadecimal Content-Length', post('Content-Length: 0x3\r\n', 'abc')],
    ['an empty Content-Length', post('Content-Length: \r\n', 'abc')],
    ['a Content-Length with a letter', post('Content-Length: 3a\r\n', 'abc')],
    ['an endless Content-Length', post(`Content-Length: ${'9'.repeat(30)}\r\n`, 'abc')],
    ['Content-Length before Transfer-Encoding', post('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', chunks)],
    ['Content-Length after Transfer-Encoding', post('Transfer-Encoding: chunked\r\nContent-Length: 3\r\n', chunks)],
    ['another coding', post('Transfer-Encoding: gzip\r\n', 'abc')],
    ['the coding identity', post('Transfer-Encoding: identity\r\n', 'abc')],
    ['a coding before chunked', post('Transfer-Encoding: gzip, chunked\r\n', chunks)],
    ['chunked twice', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', chunks)],
    ['a coding that only ends in chunked', post('Transfer-Encoding: xchunked\r\n', chunks)],
    ['an empty Transfer-Encoding', post('Transfer-Encoding: \r\n', chunks)],
    ['two Hosts that differ', post('Host: b\r\n')],
    ['two Hosts that are the same', post('Host: a\r\n')],
    ['two Hosts in a GET', 'GET / HTTP/1.1\r\nHost: a\r\nX-A: b\r\nHost: b\r\n\r\n'],
    [
      'a body of two lengths in a DELETE',
      'DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 1\r\n\r\n',
    ],
    ['two Hosts in a handshake', handshake({ Host: ['a', 'b'] })],
    ['a handshake with two lengths of nothing', handshake({ 'Content-Length': ['0', '0'] })],
    ['a HEAD with two Hosts', 'HEAD / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
  ])('%s', async (_, request) => {
    const calls: string[] = []
    const server = await startServer(
      {},
      {
        upgrade: () => calls.push('upgrade'),
        request: ({ request: { path } }) => calls.push(path),
      },
    )
    const alone = await server.client().write(request).readAll()
    expect(alone).toMatch(/^HTTP\/1\.1 400 /)
    expect(alone).toMatch(/\r\nConnection: close\r\n/i)
    expect(alone.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    await server.client().write(request, smuggled).closed
    expect(calls).toEqual([])
  })
})

test.each([
  ['a Content-Length with spaces around it', post('Content-Length:\t3 \r\n', 'abc'), 'abc'],
  ['chunks', post('Transfer-Encoding: chunked\r\n', chunks), 'abc'],
  ['Chunked in any case', post('Transfer-Encoding: Chunked\r\n', chunks), 'abc'],
  ['other headers twice', post('X-A: 1\r\nX-A: 2\r\nContent-Length: 3\r\n', 'abc'), 'abc'],
  [
    'header names of the same length',
    post('Abcd: 1\r\nAbcd: 2\r\nContent-Nothing: 1\r\nContent-Lengtz: 4\r\nContent-Lengtz: 5\r\n'),
    '',
  ],
])('%s leaves no doubt', async (_, request, body) => {
  const server = await startServer(
    {},
    { request: (exchange) => exchange.readBody(100, (read) => exchange.respond(200, [], read)) },
  )
  const client = server.client()
  for (let i = 0; i < 2; i++) expect(await client.write(request).readResponse()).toMatchObject({ status: 200, body })
})

test.each([
  ['folded', 'X-A: 1\r\n  2'],
  ['folded with a tab', 'X-A: 1\r\n\t2'],
  ['that has no colon', 'X-A'],
  ['with a space before the colon', 'X-A : 1'],
  ['with a NUL', 'X-A: 1\0'],
  ['with another control character', 'X-A: 1\x01'],
  ['that ends without a carriage return', 'X-A: 1\nX-B: 2'],
])('a header line %s is answered 400, or not at all, and reaches no handler', async (_, line) => {
  const paths: string[] = []
  const server = await startServer(
    {},
    {
      request: (exchange) => {
        paths.push(exchange.request.path)
        exchange.respond(200, [], null)
      },
    },
  )
  const client = server.client().write(`GET /doubtful HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`)
  if (abilities.headerLineFaults.can) expect(await client.readAll()).toMatch(/^HTTP\/1\.1 400 /)
  const other = await server.client().write('GET /other HTTP/1.1\r\nHost: a\r\n\r\n').readResponse()
  expect([other.status, paths]).toEqual([200, ['/other']])
  client.socket.destroy()
})

test('the log says what was doubtful', async () => {
  const server = await startServer()
  const [headers, detail] = abilities.secondHostSeen.can
    ? ['Host: b\r\n', 'there are several Host headers']
    : ['Content-Length: 0\r\nContent-Length: 0\r\n', 'there are several Content-Length headers']
  await server.client().write(post(headers)).readAll()
  expect(logged.at(-1)).toMatchObject({
    level: 'debug',
    fields: { code: 'DOUBTFUL_FRAMING' },
    message: `a request was refused: ${detail}`,
  })
})
