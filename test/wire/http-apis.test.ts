import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Backend } from '../helpers/backend.ts'
import { Client } from '../helpers/client.ts'
import { httpCall } from '../helpers/http-call.ts'
import { type Issuer, startIssuer } from '../helpers/issuer.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'
import { useBackend } from '../helpers/use-backend.ts'

let backend: Backend
let issuer: Issuer
let gateway: TestGateway
let origin: string

const functions = `
export const echo = async (event) => ({
  statusCode: 201, headers: { 'x-from': 'function' }, cookies: ['a=1', 'b=2'], body: JSON.stringify(event),
})
export const headers = async (event) => ({
  statusCode: 200,
  headers: JSON.parse(Buffer.from(event.body, event.isBase64Encoded ? 'base64' : 'utf8').toString()),
})
export const plain = async (event) => ({ hello: event.pathParameters.name })
export const broken = async () => { throw new Error('no') }
export const late = () => new Promise((resolve) => setTimeout(resolve, 20_000))
export const decide = async (event) => ({
  isAuthorized: event.headers['x-pass'] === 'yes', context: { who: 'bob', level: 3 },
})
`
const proxyTo = (path: string, more: object = {}) => ({
  integration: { integrationType: 'HTTP_PROXY', integrationUri: `${backend.url}${path}`, ...more },
})
const calls = (name: string, more: object = {}) => ({
  integration: { integrationType: 'AWS_PROXY', integrationUri: `function:${name}`, ...more },
})

useBackend((started) => {
  backend = started
})

beforeAll(async () => {
  issuer = await startIssuer()
  const handler = (name: string) => ({ handler: `handlers.${name}` })
  gateway = await startGateway(
    {
      protocolType: 'HTTP',
      routeSelectionExpression: undefined,
      corsConfiguration: {
        allowOrigins: ['https://app.example'],
        allowMethods: ['GET', 'POST'],
        allowHeaders: ['content-type', 'authorization'],
        exposeHeaders: ['x-total'],
        maxAge: 300,
        allowCredentials: true,
      },
      functions: {
        echo: handler('echo'),
        headers: handler('headers'),
        plain: handler('plain'),
        broken: handler('broken'),
        late: handler('late'),
        decide: handler('decide'),
      },
      authorizers: {
        tokens: { authorizerType: 'JWT', jwtConfiguration: { issuer: issuer.url, audience: ['chat'] } },
        asks: {
          authorizerType: 'REQUEST',
          authorizerUri: 'function:decide',
          enableSimpleResponses: true,
          identitySource: ['$request.header.x-pass'],
        },
      },
      routes: {
        'GET /pets/{id}': proxyTo('/v1/pets/{id}'),
        'ANY /files/{proxy+}': proxyTo('/files/{proxy}'),
        'POST /headers': calls('headers'),
        'POST /echo': calls('echo'),
        'GET /echo': calls('echo', { payloadFormatVersion: '1.0' }),
        'GET /hello/{name}': calls('plain'),
        'GET /broken': calls('broken'),
        'GET /late': calls('late', { timeoutInMillis: 60 }),
        'GET /nobody': { integration: { integrationType: 'HTTP_PROXY', integrationUri: 'http://127.0.0.1:1/' } },
        'GET /nothing': {},
        'GET /slow': proxyTo('/slow'),
        'GET /mine': { ...calls('echo'), authorizationType: 'JWT', authorizerId: 'tokens' },
        'GET /admin': {
          ...calls('echo'),
          ...{ authorizationType: 'JWT', authorizerId: 'tokens', authorizationScopes: ['admin'] },
        },
        'GET /asked': { ...calls('echo'), authorizationType: 'CUSTOM', authorizerId: 'asks' },
      },
      stages: {
        $default: {
          accessLogSettings: {
            format:
              '{"log":"$context.requestId","route":"$context.routeKey","method":"$context.httpMethod","path":"$context.path","status":"$context.status","length":"$context.responseLength","error":"$context.error.message"}',
          },
          routeSettings: { 'GET /slow': { throttlingRateLimit: 0.001, throttlingBurstLimit: 1 } },
        },
        dev: {},
      },
    },
    {
      files: { 'handlers.mjs': functions },
      apis: {
        chat: {
          routes: {
            $default: {
              integration: { integrationType: 'MOCK', requestTemplates: { 'application/json': '{"statusCode":200}' } },
            },
          },
        },
      },
      env: { POSTERN_JWT_TRUSTED_ORIGINS: issuer.url },
    },
  )
  origin = `http://127.0.0.1:${gateway.port}`
})
afterAll(async () => {
  await gateway.close()
  await issuer.close()
})

const call = (method: string, path: string, options: Parameters<typeof httpCall>[3] = {}) =>
  httpCall(method, origin, `/test${path}`, options)

describe('a request to an HTTP API', () => {
  test('reaches the backend of its route, with path, query, headers and body as they came', async () => {
    backend.answer = (_call, response) => {
      response.writeHead(202, { 'X-Total': '7', 'Set-Cookie': ['a=1', 'b=2'], 'Content-Type': 'text/plain' })
      response.end('done')
    }
    const headers = { 'X-Tenant': 'acme', 'Content-Type': 'text/csv' }
    const answer = await call('PUT', '/files/a/b%2Fc//d?x=1&x=%20&y', { headers, body: 'a,b\n' })
    expect(answer).toMatchObject({ status: 202, body: 'done' })
    expect(answer.headers).toMatchObject({ 'x-total': '7', 'set-cookie': ['a=1', 'b=2'], 'content-type': 'text/plain' })
    expect(answer.headers['apigw-requestid']).toMatch(/^[\w-]{15}=$/)
    const [seen] = backend.calls
    expect(seen).toMatchObject({ method: 'PUT', url: '/files/a/b%2Fc//d?x=1&x=%20&y', body: 'a,b\n' })
    expect(seen?.headers).toMatchObject({
      'x-tenant': 'acme',
      'content-type': 'text/csv',
      host: new URL(backend.url).host,
    })
  })

  test('has none of the headers of its connection, those that Connection names among them', async () => {
    const hops = { Connection: 'close, X-Hop, X-Forwarded-For', 'X-Hop': 'x', x_hop: 'x', 'Keep-Alive': 'timeout=5' }
    await call('GET', '/files/x', { headers: { ...hops, 'X-Own': 'y', 'X-Forwarded-For': '192.0.2.1' } })
    expect(Object.keys(backend.calls[0]?.headers ?? {}).sort()).toEqual(
      ['connection', 'forwarded', 'host', 'via', 'x-amzn-trace-id', 'x-own'].sort(),
    )
    expect(backend.calls[0]?.headers.forwarded).toMatch(/^for=192\.0\.2\.1, for=127\.0\.0\.1;/)
    const event = JSON.parse((await call('POST', '/echo', { headers: hops, body: '{}' })).body)
    expect(Object.keys(event.headers)).toEqual(expect.not.arrayContaining(['x-hop', 'x_hop', 'keep-alive']))
  })

  test('is answered without headers of a function that would be no headers', async () => {
    const headers = { 'x-a': 'b\r\nx-evil: 1', 'x bad': 'c', 'x-good': 'd' }
    const answer = await call('POST', '/headers', { body: JSON.stringify(headers) })
    expect(answer.status).toBe(200)
    expect(answer.headers).toMatchObject({ 'x-good': 'd' })
    expect(Object.keys(answer.headers)).toEqual(expect.not.arrayContaining(['x-evil', 'x-a', 'x bad']))
  })

  test('passes bytes on that are no text, both ways', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    let received = Buffer.alloc(0)
    backend.answer = (seen, response) => {
      received = Buffer.from(seen.body)
      response.end(bytes)
    }
    const response = await fetch(`${origin}/test/files/x`, { method: 'POST', body: bytes })
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes)
    expect(received).toEqual(Buffer.from(bytes.toString()))
  })

  test('under a named stage finds the same routes; the default stage takes every other path', async () => {
    await call('GET', '/dev/pets/7')
    await call('GET', '/pets/8/')
    expect(backend.calls.map(({ url }) => url)).toEqual(['/v1/pets/7', '/v1/pets/8'])
    const named = JSON.parse((await call('POST', '/dev/echo', { body: '{}' })).body)
    expect(named).toMatchObject({ rawPath: '/dev/echo', requestContext: { stage: 'dev' } })
    const whole = JSON.parse((await call('POST', '/echo', { body: '{}' })).body)
    expect(whole).toMatchObject({ rawPath: '/echo', requestContext: { stage: '$default', routeKey: 'POST /echo' } })
  })

  test('that no route is for is answered 404, whatever the reason', async () => {
    for (const [method, path] of [
      ['GET', '/none'],
      ['DELETE', '/pets/7'],
      ['HEAD', '/pets/7'],
      ['GET', '/pets/'],
    ] as const) {
      const answer = await call(method, path)
      expect([answer.status, answer.body]).toEqual([404, method === 'HEAD' ? '' : '{"message":"Not Found"}'])
      expect(answer.headers['content-type']).toBe('application/json')
    }
  })

  test('for a function is an event of format 2.0, and its answer has cookies', async () => {
    const headers = { 'Content-Type': 'application/json', Cookie: 'c=3; d=4', 'X-A': '1' }
    const answer = await call('POST', '/echo?a=1&a=2', { headers, body: '{"b":1}' })
    expect(answer.status).toBe(201)
    expect(answer.headers).toMatchObject({ 'x-from': 'function', 'set-cookie': ['a=1', 'b=2'] })
    expect(JSON.parse(answer.body)).toMatchObject({
      version: '2.0',
      routeKey: 'POST /echo',
      rawQueryString: 'a=1&a=2',
      cookies: ['c=3', 'd=4'],
      headers: { 'x-a': '1', 'x-forwarded-proto': 'http', 'content-length': '7' },
      queryStringParameters: { a: '1,2' },
      requestContext: { http: { method: 'POST', path: '/echo', sourceIp: '127.0.0.1' } },
      body: '{"b":1}',
      isBase64Encoded: false,
    })
  })

  test('for a function may be an event of format 1.0; any JSON is an answer of format 2.0', async () => {
    const one = await call('GET', '/echo?a=1&a=2')
    expect(JSON.parse(one.body)).toMatchObject({
      version: '1.0',
      resource: '/echo',
      httpMethod: 'GET',
      multiValueQueryStringParameters: { a: ['1', '2'] },
      body: null,
    })
    const plain = await call('GET', '/hello/ann')
    expect([plain.status, plain.headers['content-type'], plain.body]).toEqual([
      200,
      'application/json',
      '{"hello":"ann"}',
    ])
  })

  test.each([
    ['/broken', 500, 'Internal Server Error'],
    ['/nothing', 500, 'Internal Server Error'],
    ['/late', 503, 'Service Unavailable'],
    ['/nobody', 503, 'Service Unavailable'],
  ])('that fails behind the gateway says no more than that: %s', async (path, status, message) => {
    const answer = await call('GET', path)
    expect([answer.status, answer.body]).toEqual([status, JSON.stringify({ message })])
  })

  test('with a body above 10 MB is answered 413', async () => {
    const answer = await call('POST', '/echo', { body: Buffer.alloc(10 * 1024 * 1024 + 1) }).catch((error) => error)
    // Whoever goes on sending after the answer may find the connection closed.
    if (answer instanceof Error) expect(answer).toMatchObject({ code: expect.stringMatching(/EPIPE|ECONNRESET/) })
    else expect([answer.status, answer.body]).toEqual([413, '{"message":"Request Entity Too Large"}'])
  })

  test('above the throttle of its route is answered 429, and may come again', async () => {
    expect((await call('GET', '/slow')).status).toBe(200)
    const answer = await call('GET', '/slow')
    expect([answer.status, answer.body]).toEqual([429, '{"message":"Too Many Requests"}'])
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect(backend.calls).toHaveLength(1)
  })

  test('that wishes for a WebSocket is the plain GET that it is', async () => {
    const socket = connect(gateway.port, '127.0.0.1')
    socket.write(
      [
        'GET /test/pets/9 HTTP/1.1',
        'Host: 127.0.0.1',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        '\r\n',
      ].join('\r\n'),
    )
    const [data] = (await once(socket, 'data')) as [Buffer]
    expect(data.toString()).toMatch(/^HTTP\/1\.1 200 /)
    expect(backend.calls[0]?.url).toBe('/v1/pets/9')
    socket.destroy()
  })

  test('stands beside WebSockets on the same port', async () => {
    const client = await Client.connect(`ws://127.0.0.1:${gateway.port}/chat/dev`)
    expect((await call('GET', '/pets/1')).status).toBe(200)
    client.close()
  })
})

describe('pages of other origins', () => {
  const page = { Origin: 'https://app.example' }

  test('are told by the gateway itself what they may send', async () => {
    const asked = { ...page, 'Access-Control-Request-Method': 'POST' }
    const answer = await call('OPTIONS', '/mine', { headers: asked })
    expect([answer.status, answer.body]).toEqual([204, ''])
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-methods': 'GET,POST',
      'access-control-allow-headers': 'content-type,authorization',
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '300',
      vary: 'Origin',
    })
    const other = await call('OPTIONS', '/mine', { headers: { ...asked, Origin: 'https://other.example' } })
    expect([other.status, other.headers['access-control-allow-origin']]).toEqual([204, undefined])
  })

  test('may read every answer, errors too, and what a backend says of origins does not count', async () => {
    backend.answer = (_call, response) => {
      response.writeHead(200, { 'Access-Control-Allow-Origin': '*', 'Access-Control-Max-Age': '1' })
      response.end('x')
    }
    const answer = await call('GET', '/pets/1', { headers: page })
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.example')
    expect(answer.headers['access-control-expose-headers']).toBe('x-total')
    expect(answer.headers['access-control-max-age']).toBeUndefined()
    const missing = await call('GET', '/none', { headers: page })
    expect([missing.status, missing.headers['access-control-allow-origin']]).toEqual([404, 'https://app.example'])
    const other = await call('GET', '/pets/1', { headers: { Origin: 'https://other.example' } })
    expect([other.status, other.headers['access-control-allow-origin']]).toEqual([200, undefined])
  })
})

describe('a caller', () => {
  test('shows a token: without one 401, with one the function sees its claims', async () => {
    const without = await call('GET', '/mine')
    expect([without.status, without.body]).toEqual([401, '{"message":"Unauthorized"}'])
    expect(without.headers['www-authenticate']).toMatch(/^Bearer/)
    const headers = { Authorization: `Bearer ${await issuer.token()}` }
    const event = JSON.parse((await call('GET', '/mine', { headers })).body)
    expect(event.requestContext.authorizer.jwt).toMatchObject({ claims: { sub: 'alice' }, scopes: null })
  })

  test('needs one of the scopes that the route asks for', async () => {
    const token = async (scope: string) => ({ Authorization: await issuer.token({ claims: { scope } }) })
    const without = await call('GET', '/admin', { headers: await token('read') })
    expect([without.status, without.body]).toEqual([403, '{"message":"Forbidden"}'])
    const event = JSON.parse((await call('GET', '/admin', { headers: await token('read admin') })).body)
    expect(event.requestContext.authorizer.jwt.scopes).toEqual(['read', 'admin'])
  })

  test('whose user or token was revoked calls nothing any more', async () => {
    const revocations = `http://127.0.0.1:${gateway.managementPort}/api/revocations`
    const jti = crypto.randomUUID()
    const headers = { Authorization: await issuer.token({ claims: { jti } }) }
    expect((await call('GET', '/mine', { headers })).status).toBe(201)
    const revocation = JSON.stringify({ tokenId: jti, expiresAt: Date.now() + 3_600_000 })
    const added = await fetch(revocations, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: revocation,
    })
    expect(added.status).toBe(200)
    const answer = await call('GET', '/mine', { headers })
    expect([answer.status, answer.body]).toEqual([401, '{"message":"Unauthorized"}'])
    expect((await call('GET', '/mine', { headers: { Authorization: await issuer.token() } })).status).toBe(201)
  })

  test('is asked about by a function, which is heard', async () => {
    expect((await call('GET', '/asked')).status).toBe(401)
    const no = await call('GET', '/asked', { headers: { 'X-Pass': 'no' } })
    expect([no.status, no.body]).toEqual([403, '{"message":"Forbidden"}'])
    const event = JSON.parse((await call('GET', '/asked', { headers: { 'X-Pass': 'yes' } })).body)
    expect(event.requestContext.authorizer.lambda).toEqual({ who: 'bob', level: 3 })
  })
})

test('the access log and the metrics tell of every request', async () => {
  await call('GET', '/pets/1')
  await call('GET', '/none')
  const rows = () => gateway.lines.filter((line) => line.includes('"log":"')).map((line) => JSON.parse(line))
  await expect
    .poll(rows, { timeout: 10_000 })
    .toContainEqual(expect.objectContaining({ route: 'GET /pets/{id}', method: 'GET', path: '/pets/1', status: '200' }))
  await expect
    .poll(rows, { timeout: 10_000 })
    .toContainEqual(expect.objectContaining({ route: '-', path: '/none', status: '404', error: 'Not Found' }))
  const metrics = await readMetrics(gateway.managementPort)
  const series = (name: string, more: string) => `${name}{api="test",${more}}`
  expect(
    metrics.get(series('postern_requests_total', 'route="GET /pets/{id}",stage="$default",status="2xx"')),
  ).toBeGreaterThan(0)
  expect(
    metrics.get(series('postern_request_duration_seconds_count', 'route="GET /pets/{id}",stage="$default"')),
  ).toBeGreaterThan(0)
  expect(metrics.get(series('postern_errors_total', 'code="NO_SUCH_ROUTE",stage="$default"'))).toBeGreaterThan(0)
})

test('an API that becomes one of WebSockets, and back, is served as what it is', async () => {
  const changing = await startGateway({ routes: {} })
  const client = await Client.connect(changing.ws)
  const http = {
    protocolType: 'HTTP',
    routeSelectionExpression: undefined,
    routes: { 'GET /x': proxyTo('/x') },
    stages: { dev: {} },
  }
  await changing.redefine(http)
  expect((await client.closed).code).toBe(1001)
  expect((await fetch(`${changing.http}/x`)).status).toBe(200)
  await changing.redefine({ ...http, routes: { 'GET /y': proxyTo('/y') } })
  expect((await fetch(`${changing.http}/x`)).status).toBe(404)
  expect((await fetch(`${changing.http}/y`)).status).toBe(200)
  await changing.redefine({ routes: {} })
  const again = await Client.connect(changing.ws)
  again.close()
  await changing.close()
})
