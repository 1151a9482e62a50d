import { expect, test } from 'vitest'
import { copyConnectRequest } from '../../src/gateway/connect-request.ts'
import { compileHttpHeaders } from '../../src/integrations/http-headers.ts'
import type { ClientAddress } from '../../src/vocabulary/client-address.ts'
import type { HeaderList } from '../../src/vocabulary/headers.ts'

const client: ClientAddress = { peer: '203.0.113.9', sourceIp: '203.0.113.9', port: '443', proto: 'https', prefix: '' }

const copied = (headers: HeaderList, from = client) =>
  copyConnectRequest({ headers: () => headers, query: '' }, from, 'Root=ours').headers

const own = [
  ['X-Amzn-Trace-Id', 'Root=ours'],
  ['X-Forwarded-For', '203.0.113.9'],
  ['X-Forwarded-Port', '443'],
  ['X-Forwarded-Proto', 'https'],
]

test('whatever the gateway says of a client, the client can not say, in no spelling', () => {
  const forged = [
    ['x-amzn-apigateway-api-id', 'other'],
    ['X-Amzn-Trace-Id', 'Root=theirs'],
    ['X-AMZN-OIDC-Identity', 'root'],
    ['x-amzn-oidc-data', 'e30.e30.'],
    ['X_Amzn_Mtls_Clientcert', 'forged'],
    ['x-forwarded_for', '10.0.0.1'],
    ['X_FORWARDED_PROTO', 'http'],
    ['X-Forwarded-Port', '1'],
  ] as const
  expect(copied([...forged, ['X-Room', 'blue']])).toEqual([['X-Room', 'blue'], ...own])
})

test('what stands in X-Forwarded-For goes on in front of the address that is known', () => {
  expect(copied([['X-Forwarded-For', '10.0.0.1']])).toContainEqual(['X-Forwarded-For', '10.0.0.1, 203.0.113.9'])
})

test('a trusted proxy may say who a client is', () => {
  const proxied = { ...client, isProxied: true }
  expect(copied([['x-amzn-oidc-identity', 'ada']], proxied)).toContainEqual(['x-amzn-oidc-identity', 'ada'])
  expect(copied([['x-amzn-trace-id', 'Root=theirs']], proxied)).toEqual(own)
})

test('a header that a definition maps is never that of the client, also where the mapping finds nothing', () => {
  const mapped = ['X-User', 'tenant'].map((name) => {
    return { name, source: { constant: null, read: () => null } }
  }) as unknown as Parameters<typeof compileHttpHeaders>[0]['mapped']
  const build = compileHttpHeaders({ scope: { apiId: 'chat', forwardWebSocketHeaders: false }, mapped, proxy: true })
  const headers = copied([
    ['X-User', 'root'],
    ['x_user', 'root'],
    ['TENANT', 'other'],
    ['User_Agent', 'AmazonAPIGateway_other'],
    ['X-Room', 'blue'],
  ])
  const event = { eventType: 'CONNECT', traceId: 'Root=ours', request: { headers, query: [] } }
  const built = build(event as unknown as Parameters<typeof build>[0], false)
  expect(built.join('\n')).not.toMatch(/root|other/)
  expect(built).toEqual(expect.arrayContaining(['X-Room', 'blue', 'User-Agent', 'AmazonAPIGateway_chat']))
})
