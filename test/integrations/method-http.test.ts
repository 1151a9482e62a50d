import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type BackendPools, createBackendPools } from '../../src/backends/pools.ts'
import type { MethodIntegration, MethodIntegrationDefinition } from '../../src/integrations/method-contract.ts'
import { createMethodHttpType } from '../../src/integrations/method-http.ts'
import { type Backend, startBackend } from '../helpers/backend.ts'
import { arrival, type MethodCall, methodEvent, methodFailure, methodScope, openMethod } from './method-calls.ts'
import { closed, startRawBackend } from './raw-backend.ts'

let backend: Backend
let pools: BackendPools

beforeAll(async () => {
  backend = await startBackend()
  pools = createBackendPools({
    ...{ connectTimeoutInMillis: 3_000, maxConnectionsPerOrigin: 8, maxWaitingPerOrigin: 8 },
    maxResponseBytes: 100_000,
  })
})

afterEach(() => {
  backend.calls.length = 0
  backend.answer = (_, response) => void response.end()
})

afterAll(async () => {
  pools.close()
  await backend.close()
})

function definition(part: Partial<MethodIntegrationDefinition> = {}): MethodIntegrationDefinition {
  return {
    ...{ integrationType: 'HTTP_PROXY', integrationUri: `${backend.url}/base`, payloadFormatVersion: '1.0' },
    timeoutInMillis: 5_000,
    ...part,
  }
}

function proxy(part: Partial<MethodIntegrationDefinition> = {}, scope = {}): MethodIntegration {
  return openMethod(createMethodHttpType({ pools }), definition(part), methodScope(scope))
}

const faultsOf = (part: Partial<MethodIntegrationDefinition>) =>
  createMethodHttpType({ pools }).compile(definition(part), methodScope()).faults ?? []

/** Sends one request, and gives what the backend got of it. */
async function sent(part: Partial<MethodIntegrationDefinition>, call: MethodCall, scope = {}) {
  await proxy(part, scope).invoke(methodEvent(call))
  const { rawHeaders, ...got } = backend.calls.at(-1) as Backend['calls'][number]
  const headers = rawHeaders.flatMap((name, i): [string, string][] =>
    i % 2 === 0 ? [[name, rawHeaders[i + 1] as string]] : [],
  )
  return { ...got, headers }
}

describe('the path and the query', () => {
  test.each<[string, string, MethodCall, string]>([
    ['a path without variables', '/base', { rawQuery: '' }, '/base'],
    ['a variable, as it came', '/x/{id}/y', { pathParameters: { id: 'a%20b%2Fc' } }, '/x/a%20b%2Fc/y'],
    ['a greedy variable', '/x/{proxy}', { pathParameters: { proxy: 'a//b%3F/' } }, '/x/a//b%3F/'],
    ['a greedy variable by its key', '/x/{proxy+}', { pathParameters: { proxy: 'a/b' } }, '/x/a/b'],
    ['a variable that the route does not have', '/x/{other}', {}, '/x/{other}'],
    ['no name of a prototype', '/x/{constructor}', {}, '/x/{constructor}'],
    ['$default, the whole path', '/base', { routeKey: '$default', pathParameters: null, path: '/a/b/' }, '/base/a/b/'],
    ['$default behind a slash', '/', { routeKey: '$default', pathParameters: null, path: '/a' }, '/a'],
    ['a client that climbs', '/x/{proxy}', { pathParameters: { proxy: '../admin' } }, '/x/%252E%252E/admin'],
    ['the query, byte for byte', '/base', { rawQuery: 'a=%20+&a=%zz&&b&=c%2C' }, '/base?a=%20+&a=%zz&&b&=c%2C'],
    ['the query behind the URL’s own', '/base?key=1', { rawQuery: 'a=1' }, '/base?key=1&a=1'],
    ['the URL’s own query', '/base?key=1', {}, '/base?key=1'],
    ['a query beyond ASCII', '/base', { rawQuery: 'a=ü#x y' }, '/base?a=%C3%BC%23x%20y'],
  ])('%s', async (_, path, call, expected) => {
    expect((await sent({ integrationUri: backend.url + path }, call)).url).toBe(expected)
  })

  test('stage variables stand in the URL', async () => {
    const uri = `${backend.url}/\${stageVariables.tier}/x`
    expect((await sent({ integrationUri: uri }, {}, { stageVariables: { tier: 'gold' } })).url).toBe('/gold/x')
  })
})

describe('the request', () => {
  test('has the client’s headers, Forwarded in place of X-Forwarded-…, and Via', async () => {
    const more: MethodCall['more'] = [
      ['Cookie', 'a=1'],
      ['X-Custom', 'one'],
      ['X-Custom', 'grüße'],
      ['Authorization', 'Bearer x'],
      ['Content-Encoding', 'br'],
      ['Forwarded', 'for=192.0.2.1'],
      ['Via', '1.1 edge'],
      ['Connection', 'close'],
      ['Keep-Alive', 'timeout=5'],
      ['Proxy-Authorization', 'x'],
      ['TE', 'trailers'],
      ['Trailer', 'x'],
      ['Transfer-Encoding', 'chunked'],
      ['Upgrade', 'h2c'],
      ['Expect', '100-continue'],
      ['Content-Length', '99'],
      ['X_Forwarded_For', '6.6.6.6'],
      ['X-Bad', 'a\r\nb'],
    ]
    const { headers } = await sent({}, { more, method: 'POST', body: 'x' })
    expect(headers).toEqual([
      ['host', backend.url.slice(7)],
      ['connection', 'keep-alive'],
      ['User-Agent', 'demo/1.0'],
      ['Cookie', 'a=1'],
      ['X-Custom', 'one'],
      ['X-Custom', Buffer.from('grüße').toString('latin1')],
      ['Authorization', 'Bearer x'],
      ['Content-Encoding', 'br'],
      ['Forwarded', 'for=192.0.2.1, for=203.0.113.9;host=pets.example;proto=https'],
      ['Via', '1.1 edge, HTTP/1.1 AmazonAPIGateway'],
      ['X-Amzn-Trace-Id', arrival.traceId],
      ['content-length', '1'],
    ])
  })

  test('has the gateway’s Forwarded and Via, whatever stands in the client’s', async () => {
    const more: MethodCall['more'] = [
      ['Forwarded', 'for=1\u0001'],
      ['Via', '\r\n'],
    ]
    const { headers } = await sent({}, { more })
    expect(headers).toContainEqual(['Forwarded', 'for=203.0.113.9;host=pets.example;proto=https'])
    expect(headers).toContainEqual(['Via', 'HTTP/1.1 AmazonAPIGateway'])
  })

  test('has no signature that was made for the gateway', async () => {
    const { headers } = await sent({}, { more: [['authorization', 'AWS4-HMAC-SHA256 Credential=x']] })
    expect(headers.map(([name]) => name.toLowerCase())).not.toContain('authorization')
  })

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s passes with its body', async (method) => {
    const more: MethodCall['more'] = [['Content-Type', 'application/octet-stream']]
    expect(await sent({}, { method, more, body: 'bytes' })).toMatchObject({ method, body: 'bytes' })
  })

  test('integrationMethod takes the place of the client’s method', async () => {
    expect(await sent({ integrationMethod: 'PUT' }, { method: 'POST', body: 'x' })).toMatchObject({ method: 'PUT' })
    expect(await sent({ integrationMethod: 'ANY' }, { method: 'DELETE' })).toMatchObject({ method: 'DELETE', body: '' })
  })
})

describe('parameter mapping', () => {
  test('appends, overwrites and removes', async () => {
    const got = await sent(
      {
        requestParameters: {
          'append:header.X-Add': '$context.requestId',
          'append:header.X-Both': 'mine',
          'overwrite:header.X-User': '$context.authorizer.sub',
          'overwrite:header.Host': 'inner.example',
          'remove:header.Cookie': "''",
          'append:querystring.a': '2 &',
          'overwrite:querystring.b': '${request.path.id}-${stageVariables.tier}',
          'remove:querystring.c d': '',
          'overwrite:path': '/v2/${request.path.id}/$literal',
        },
      },
      {
        more: [
          ['x_user', 'forged'],
          ['X-USER', 'forged'],
          ['X-Both', 'theirs'],
          ['cookie', 'a=1'],
        ],
        pathParameters: { id: 'a%20b' },
        rawQuery: 'a=%31&b=1&c+d=x&e',
      },
      { stageVariables: { tier: 'gold' } },
    )
    expect(got.url).toBe('/v2/a%20b/$literal?a=%31&e&a=2%20%26&b=a%20b-gold')
    const names = got.headers.map(([name]) => name.toLowerCase())
    expect(names).not.toContain('cookie')
    expect(names.filter((name) => /user$/.test(name))).toEqual([])
    expect(got.headers).toContainEqual(['X-Add', expect.stringMatching(/./)])
    expect(got.headers.filter(([name]) => name === 'X-Both').map(([, value]) => value)).toEqual(['theirs', 'mine'])
    expect(got.headers[0]).toEqual(['host', 'inner.example'])
  })

  test('of answers changes headers and status, by the status', async () => {
    backend.answer = (_, response) => {
      response.writeHead(404, { 'X-Old': 'old', 'X-Keep': '1' })
      response.end('{"a":{"b":"c"}}')
    }
    const responseParameters = {
      404: {
        'overwrite:statuscode': '200',
        'append:header.X-New': '$response.body.a.b',
        'overwrite:header.X-Old': '${response.header.x-keep}!',
      },
      500: { 'overwrite:statuscode': '599' },
    }
    const answer = await proxy({ responseParameters }).invoke(methodEvent())
    expect(answer.status).toBe(200)
    expect(answer.headers).toContainEqual(['X-New', 'c'])
    expect(answer.headers.filter(([name]) => name === 'X-Old')).toEqual([['X-Old', '1!']])
    expect(Buffer.from(answer.body).toString()).toBe('{"a":{"b":"c"}}')
  })

  test('no value starts a header', async () => {
    const got = await sent(
      { requestParameters: { 'append:header.X-Id': '$request.path.id', 'append:header.X-B': '$request.body' } },
      { pathParameters: { id: 'a%0d%0aX-Evil:%201' }, method: 'POST', body: 'x\r\nX-Evil: 1' },
    )
    expect(got.headers.map(([name]) => name)).not.toContain('X-Evil')
    expect(got.headers.map(([name]) => name)).not.toContain('X-Id')
  })

  test('faults are told with their place', () => {
    const faults = faultsOf({
      integrationUri: 'ftp://x',
      requestParameters: { 'append:header.Via': 'x' },
      responseParameters: { 700: {}, 200: { 'append:querystring.a': 'x' } },
    })
    expect(faults.map(({ path }) => path.join('/'))).toEqual([
      'requestParameters/append:header.Via',
      'responseParameters/200/append:querystring.a',
      'responseParameters/700',
      'integrationUri',
    ])
    expect(faultsOf({ payloadFormatVersion: '2.0' })).toEqual([
      { path: ['payloadFormatVersion'], message: 'allowed for an HTTP backend: 1.0' },
    ])
    expect(faultsOf({ integrationUri: 'http://u:p@host/' })).toEqual([
      { path: ['integrationUri'], message: expect.stringContaining('without user and password') },
    ])
  })
})

describe('the answer', () => {
  test('passes with status, headers and bytes as they came', async () => {
    const body = gzipSync('hello')
    backend.answer = (_, response) => {
      response.writeHead(201, [
        ...['Content-Encoding', 'gzip', 'Content-Type', 'text/plain', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'],
        ...['Location', '/there', 'Connection', 'close, X-Hop', 'X-Hop', 'x', 'Keep-Alive', 'timeout=5'],
        ...['Date', 'now'],
      ])
      response.end(body)
    }
    const event = methodEvent()
    const answer = await proxy().invoke(event)
    expect(answer.status).toBe(201)
    expect(answer.headers).toEqual([
      ['Content-Encoding', 'gzip'],
      ['Content-Type', 'text/plain'],
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
      ['Location', '/there'],
      ['Date', 'now'],
    ])
    expect(Buffer.compare(Buffer.from(answer.body), body)).toBe(0)
    expect(event.integration).toMatchObject({ status: 201, errorMessage: null })
  })

  test.each([204, 301, 304, 404, 500, 503])('%i passes, and nothing is followed', async (status) => {
    backend.answer = (_, response) => response.writeHead(status, { Location: '/elsewhere', ETag: '"x"' }).end()
    const answer = await proxy().invoke(methodEvent())
    expect([answer.status, answer.body.length, backend.calls.length]).toEqual([status, 0, 1])
    expect(answer.headers).toContainEqual(['ETag', '"x"'])
  })

  test('of HEAD has no body', async () => {
    backend.answer = (_, response) => response.writeHead(200, { 'Content-Length': '5', 'X-A': '1' }).end()
    const answer = await proxy().invoke(methodEvent({ method: 'HEAD' }))
    expect([answer.status, answer.body.length]).toEqual([200, 0])
    expect(answer.headers).toContainEqual(['X-A', '1'])
  })

  test('that does not come is a failure, and so is one that breaks off', async () => {
    backend.answer = () => {}
    expect((await methodFailure(proxy({ timeoutInMillis: 50 }), methodEvent())).code).toBe('INTEGRATION_TIMEOUT')
    const raw = await startRawBackend((socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx'))
    const event = methodEvent({ method: 'POST' })
    const integration = proxy({ integrationUri: raw.url })
    expect((await methodFailure(integration, event)).code).toBe('INTEGRATION_FAILURE')
    expect(event.integration).toMatchObject({ status: 200, errorMessage: expect.any(String) })
    integration.close()
    await closed(raw.connections[0])
    await raw.close()
  })
})
