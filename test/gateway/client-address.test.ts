import { expect, test } from 'vitest'
import { createAddressReader } from '../../src/gateway/client-address.ts'
import type { HeaderList } from '../../src/vocabulary/headers.ts'
import { networksOf } from '../../src/vocabulary/networks.ts'

const proxies = networksOf(['10.0.0.0/8', 'fd00::/8'])

function read(headers: HeaderList, { peer = '10.0.0.1', trustedProxies = proxies as typeof proxies | null } = {}) {
  const reader = createAddressReader({ trustedProxies, tls: false, port: () => 8080 })
  const header = (name: string) => headers.find(([each]) => each.toLowerCase() === name)?.[1] ?? ''
  return reader({
    ...{ method: 'GET', path: '/', query: '' },
    ...{ header, headers: () => headers, remoteAddress: () => peer, clientCertificate: () => null },
  })
}

const sourceIp = (...lines: string[]) => read(lines.map((line) => ['X-Forwarded-For', line])).sourceIp

test.each<[string, readonly string[], string]>([
  ['the last address that is none of the proxies', ['198.51.100.1, 203.0.113.7, 10.9.9.9'], '203.0.113.7'],
  ['of all lines, of which a client may have sent the first', ['198.51.100.1', '203.0.113.7'], '203.0.113.7'],
  ['without its port', ['198.51.100.1, 203.0.113.7:5678'], '203.0.113.7'],
  ['in brackets, with a port', ['198.51.100.1, [2001:db8::7]:5678'], '2001:db8::7'],
  ['an IPv4 address that is written as an IPv6 one', ['::ffff:203.0.113.7'], '203.0.113.7'],
  ['the same in hexadecimal', ['::ffff:cb00:7107'], '203.0.113.7'],
  ['behind a proxy that is written as an IPv6 one', ['203.0.113.7, ::ffff:10.0.0.9'], '203.0.113.7'],
  ['without its zone', ['fe80::7%eth0'], 'fe80::7'],
  ['in one spelling', ['2001:DB8:0:0::7'], '2001:db8::7'],
  ['the peer where a proxy does not know it, never what stands before', ['198.51.100.1, unknown'], '10.0.0.1'],
  ['the peer where the header is empty', [''], '10.0.0.1'],
  ['the peer where all are proxies', ['10.2.2.2, 10.9.9.9'], '10.0.0.1'],
])('the client of a trusted proxy is %s', (_, lines, expected) => {
  expect(sourceIp(...lines)).toBe(expected)
})

test('nothing is believed from others than trusted proxies', () => {
  const forged: HeaderList = [
    ['X-Forwarded-For', '127.0.0.1'],
    ['X-Forwarded-Proto', 'https'],
    ['X-Forwarded-Port', '443'],
    ['X-Forwarded-Prefix', '/other'],
  ]
  const untouched = { peer: '203.0.113.7', sourceIp: '203.0.113.7', port: '8080', proto: 'http', prefix: '' }
  expect(read(forged, { peer: '203.0.113.7' })).toEqual(untouched)
  expect(read(forged, { peer: '203.0.113.7', trustedProxies: null })).toEqual(untouched)
})

test('of lines that a client has sent before those of its proxy, the last ones count', () => {
  const client = read([
    ['x-forwarded-proto', 'https'],
    ['X-Forwarded-For', '203.0.113.7'],
    ['X-Forwarded-Proto', 'http'],
    ['X-Forwarded-Port', '1'],
    ['X-Forwarded-Port', '80'],
    ['X-Forwarded-Prefix', '/evil'],
    ['X-Forwarded-Prefix', ''],
  ])
  expect(client).toEqual({
    peer: '10.0.0.1',
    sourceIp: '203.0.113.7',
    isProxied: true,
    port: '80',
    proto: 'http',
    prefix: '',
  })
})
