import { expect, test } from 'vitest'
import type { HandshakeRequest } from '../../../src/authorizers/contract.ts'
import { findToken, readTokenPlace, type TokenPlace, withoutTokens } from '../../../src/authorizers/jwt/token-places.ts'

const places = (...texts: string[]) => texts.map((text) => readTokenPlace(text) as TokenPlace)

function request(headers: [string, string][], query = ''): HandshakeRequest {
  const header = (wanted: string) => headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? ''
  const client = { sourceIp: '203.0.113.9', proto: 'https', prefix: '' }
  const connectRequest = () => ({ headers, query: [] })
  const read = { header, headers: () => headers, clientCertificate: () => null, connectRequest }
  return { path: '/dev', query, client, ...read }
}

const everywhere = places(
  'route.request.header.Authorization',
  '$request.querystring.token',
  '$request.cookie.session',
  '$request.subprotocol.bearer',
)

test.each<[string, HandshakeRequest, string | null]>([
  ['a header with its scheme', request([['Authorization', 'Bearer a.b.c']]), 'a.b.c'],
  ['a header whose scheme and name are spelt otherwise', request([['AUTHORIZATION', 'bEARER   a.b.c ']]), 'a.b.c'],
  ['a header without a scheme', request([['authorization', 'a.b.c']]), 'a.b.c'],
  ['a query parameter', request([], 'room=blue&token=a.b.c'), 'a.b.c'],
  ['a query parameter that is percent-encoded', request([], 't%6Fken=a%2Eb.c'), 'a.b.c'],
  ['a cookie', request([['Cookie', 'theme=dark; session=a.b.c; x=y']]), 'a.b.c'],
  ['a cookie in quotes', request([['cookie', 'session="a.b.c"']]), 'a.b.c'],
  ['the subprotocol behind another', request([['Sec-WebSocket-Protocol', 'bearer, a.b.c, chat']]), 'a.b.c'],
  [
    'nothing',
    request(
      [
        ['cookie', 'session2=a.b.c'],
        ['sec-websocket-protocol', 'chat, bearer'],
      ],
      'tokens=a',
    ),
    null,
  ],
  ['an empty header', request([['authorization', 'Bearer ']]), null],
])('a token is found in %s', (_, carrier, token) => {
  expect(findToken(carrier, everywhere)?.token ?? null).toBe(token)
})

test('the first place that has a token counts', () => {
  const both = request([['Authorization', 'Bearer header']], 'token=query')
  expect(findToken(both, everywhere)).toEqual({ token: 'header', protocol: null })
  expect(findToken(both, everywhere.slice(1))).toEqual({ token: 'query', protocol: null })
})

test('the subprotocol before the token is the one to agree on', () => {
  expect(findToken(request([['sec-websocket-protocol', 'chat,bearer,a.b.c']]), everywhere)).toEqual({
    token: 'a.b.c',
    protocol: 'bearer',
  })
})

test.each([
  [
    'headers',
    request([
      ['Authorization', 'Bearer one'],
      ['authorization', 'Bearer two'],
    ]),
  ],
  [
    'equal headers',
    request([
      ['Authorization', 'Bearer one'],
      ['Authorization', 'Bearer one'],
    ]),
  ],
  ['query parameters', request([], 'token=one&token=two')],
  ['cookies', request([['cookie', 'session=one; session=two']])],
  [
    'cookies in two headers',
    request([
      ['cookie', 'session=one'],
      ['cookie', 'session=two'],
    ]),
  ],
  ['subprotocols', request([['sec-websocket-protocol', 'bearer, one, bearer, two']])],
])('two tokens in %s are refused', (_, carrier) => {
  expect(() => findToken(carrier, everywhere)).toThrow(expect.objectContaining({ fault: 'several' }))
})

test.each(['$request.body.token', 'header.Authorization', '$request.header.', '$request.header.a b', 'context.stage'])(
  '%s is no place of a token',
  (text) => expect(readTokenPlace(text)).toBeNull(),
)

test('what stands at any of the places is taken out, and nothing else', () => {
  const seen = withoutTokens(
    {
      headers: [
        ['Host', 'localhost'],
        ['Authorization', 'Bearer a'],
        ['Cookie', 'theme=dark; session=b; x=y'],
        ['Sec-WebSocket-Protocol', 'bearer, c, chat'],
      ],
      query: [
        ['room', 'blue'],
        ['token', 'd'],
        ['token', 'e'],
      ],
    },
    everywhere,
  )
  expect(seen).toEqual({
    headers: [
      ['Host', 'localhost'],
      ['Cookie', 'theme=dark; x=y'],
      ['Sec-WebSocket-Protocol', 'bearer, chat'],
    ],
    query: [['room', 'blue']],
  })
})

test('a cookie header with nothing left is left out', () => {
  expect(withoutTokens({ headers: [['Cookie', 'session=b']], query: [] }, everywhere).headers).toEqual([])
})
