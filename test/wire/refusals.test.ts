import { afterEach, describe, expect, test } from 'vitest'
import type { Backend } from '../helpers/backend.ts'
import { Client, type Refused, refused } from '../helpers/client.ts'
import { callTo, envelope, mock, says, shortId, uuid } from '../helpers/definitions.ts'
import { httpCall } from '../helpers/http-call.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { type Definition, startGateway, type TestGateway } from '../helpers/postern.ts'
import { abilities } from '../helpers/transport-abilities.ts'
import { useBackend } from '../helpers/use-backend.ts'
import { handshake, RawClient } from '../transport/raw-client.ts'

let backend: Backend
let gateway: TestGateway
useBackend((started) => {
  backend = started
})
afterEach(() => gateway.close())

const proxy = (): Definition => ({
  integrationType: 'HTTP_PROXY',
  integrationMethod: 'POST',
  integrationUri: `${backend.url}/`,
})

/** Header names of an answer without those that frame it. */
const named = ({ headers }: Pick<Refused, 'headers'>) =>
  Object.keys(headers)
    .filter((name) => !['date', 'content-length', 'connection'].includes(name))
    .sort()

describe('the headers of a refusal', () => {
  const short = ['content-type', 'x-amz-apigw-id', 'x-amzn-errortype', 'x-amzn-requestid']
  const expectShort = (answer: Refused, status: number, errorType: string) => {
    expect([answer.status, answer.headers['x-amzn-errortype']]).toEqual([status, errorType])
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.headers['x-amzn-requestid']).toMatch(uuid)
    expect(answer.headers['x-amz-apigw-id']).toMatch(shortId)
    expect(Object.keys(JSON.parse(answer.body))).toEqual(['message'])
  }

  test('before a connection id is given out: the message alone, with x-amzn-RequestId and x-amzn-ErrorType', async () => {
    gateway = await startGateway({}, { flags: { maxConnections: '1' } })
    const unknown = await refused(`${gateway.ws}/more`)
    expect(named(unknown)).toEqual(short)
    expectShort(unknown, 403, 'ForbiddenException')

    const client = await Client.connect(gateway.ws)
    const full = await refused(gateway.ws)
    expect(named(full)).toEqual(short)
    expectShort(full, 503, 'ServiceUnavailableException')
    expect(full.body).toBe('{"message":"Service Unavailable"}')
    const metrics = await readMetrics(gateway.managementPort)
    expect(metrics.get('postern_errors_total{api="test",code="TOO_MANY_CONNECTIONS",stage="dev"}')).toBe(1)
    expect(metrics.get('postern_connects_total{api="test",outcome="failed",stage="dev"}')).toBe(1)
    client.close()

    const plain = await httpCall('GET', gateway.http, '/test/dev')
    expect(named(plain)).toEqual(['content-type', 'sec-websocket-version', 'upgrade', ...short.slice(1)])
    expectShort(plain, 426, 'UpgradeRequiredException')
  })

  const envelopes: [string, number, string, Definition][] = [
    ['an unknown origin', 403, 'Forbidden', { allowedOrigins: ['https://app.example'] }],
    [
      'a throttled handshake',
      429,
      'Too Many Requests',
      {
        routes: { $connect: { integration: mock('') } },
        stages: { dev: { defaultRouteSettings: { throttlingBurstLimit: 0 } } },
      },
    ],
    [
      'a missing parameter',
      400,
      'Missing required request parameters',
      {
        routes: {
          $connect: {
            integration: mock(''),
            requestParameters: { 'route.request.header.X-Tenant': { required: true } },
          },
        },
      },
    ],
    [
      'a malformed result',
      502,
      'Internal server error',
      { functions: { odd: { handler: 'handlers.odd' } }, routes: { $connect: { integration: callTo('odd') } } },
    ],
    [
      'a function that can not be loaded',
      502,
      'Internal server error',
      { functions: { none: { handler: 'broken.none' } }, routes: { $connect: { integration: callTo('none') } } },
    ],
    [
      'a MOCK without a status',
      500,
      'Internal server error',
      { routes: { $connect: { integration: { integrationType: 'MOCK', requestTemplates: { $default: '{}' } } } } },
    ],
    [
      'a message that may not pass',
      415,
      'Unsupported Media Type',
      { routes: { $connect: { integration: { ...mock(''), requestTemplates: {}, passthroughBehavior: 'NEVER' } } } },
    ],
  ]
  test.each(envelopes)(
    '%s: %i with the envelope, x-amz-apigw-id alone and its id',
    async (_case, status, message, definition) => {
      gateway = await startGateway(definition, {
        files: { 'handlers.mjs': 'export const odd = async () => ({ body: "" })', 'broken.mjs': 'export const' },
      })
      const headers: Record<string, string> =
        definition.allowedOrigins === undefined ? {} : { Origin: 'https://evil.example' }
      const answer = await refused(gateway.ws, { headers })
      expect([answer.status, answer.headers['content-type']]).toEqual([status, 'application/json; charset=UTF-8'])
      expect(answer.body).toMatch(envelope(message))
      expect(named(answer)).toEqual(['content-type', 'x-amz-apigw-id'])
      expect(answer.headers['x-amz-apigw-id']).toBe(JSON.parse(answer.body).requestId)
    },
  )

  test('a backend that refuses: its own headers, repeated ones too, and nothing of the gateway', async () => {
    backend.answer = (_call, response) =>
      void response
        .writeHead(401, [
          ...['WWW-Authenticate', 'Basic realm="a"', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'],
          ...['Sec-WebSocket-Protocol', 'x', 'Connection', 'close, X-Hop', 'X-Hop', 'only for us'],
        ])
        .end('who are you')
    gateway = await startGateway({ routes: { $connect: { integration: proxy() } } })
    const answer = await refused(gateway.ws)
    expect(named(answer)).toEqual(['sec-websocket-protocol', 'set-cookie', 'www-authenticate'])
    expect([answer.status, answer.body, answer.headers['set-cookie']]).toEqual([401, 'who are you', ['a=1', 'b=2']])
  })
})

describe('the trace of a refusal', () => {
  test('is a line of the log, a count by cause, and an entry at the management port, for each kind', async () => {
    backend.answer = (_call, response) => void response.writeHead(401).end('who are you')
    gateway = await startGateway(
      { routes: { $connect: { integration: proxy() } }, allowedOrigins: ['https://app.example'] },
      { flags: { logLevel: 'info' } },
    )
    await refused(`${gateway.ws.replace('/test/', '/none/')}?token=hunter2`)
    await refused(`${gateway.ws}/more`)
    await refused(gateway.ws, { headers: { Origin: 'https://evil.example' } })
    await refused(gateway.ws)
    await httpCall('POST', gateway.http, '/nowhere/@connections/x')
    await httpCall('GET', gateway.http, '/test/dev')
    await httpCall('GET', gateway.http, '/test/dev/favicon.ico')
    const raw = RawClient.to(gateway.port)
    raw.write(handshake({ 'Sec-WebSocket-Key': null }, 'GET /test/dev HTTP/1.1'))
    await raw.readTo('\r\n\r\n')
    const expected = [
      ['STAGE_NOT_FOUND', 403, '/none/dev'],
      ['STAGE_NOT_FOUND', 403, '/test/dev/more'],
      ['ORIGIN_REFUSED', 403, '/test/dev'],
      ['BACKEND', 401, '/test/dev'],
      ['STAGE_NOT_FOUND', 403, '/nowhere/@connections/x'],
      ['UPGRADE_REQUIRED', 426, '/test/dev'],
      ['NO_SUCH_CALLBACK', 404, '/test/dev/favicon.ico'],
      ['BAD_HANDSHAKE', 400, '/test/dev'],
    ]
    const shown = ({ code, status, path }: Record<string, unknown>) => [code, status, path]
    const lines = gateway.lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'refused')
    expect(lines.map(shown)).toEqual(expected)
    expect(lines.at(-1)).toMatchObject({ level: 'info', cause: 'there is not exactly one Sec-WebSocket-Key' })
    expect(gateway.lines.join('')).not.toContain('hunter2')

    const answer = await fetch(`http://127.0.0.1:${gateway.managementPort}/api/refusals`)
    const { refusals } = (await answer.json()) as { refusals: Record<string, unknown>[] }
    expect(refusals.map(shown)).toEqual(expected)
    expect(refusals[0]).toMatchObject({ host: `127.0.0.1:${gateway.port}`, sourceIp: '127.0.0.1' })

    const metrics = await readMetrics(gateway.managementPort)
    expect(metrics.get('postern_refusals_total{code="STAGE_NOT_FOUND"}')).toBe(3)
    for (const code of ['ORIGIN_REFUSED', 'BACKEND', 'UPGRADE_REQUIRED', 'NO_SUCH_CALLBACK', 'BAD_HANDSHAKE']) {
      expect([code, metrics.get(`postern_refusals_total{code="${code}"}`)]).toEqual([code, 1])
    }
  })

  test('names the client behind a trusted proxy, as the row of a callback does', async () => {
    const stages = {
      dev: { accessLogSettings: { format: '{"row":"$context.requestId","ip":"$context.identity.sourceIp"}' } },
    }
    const flags = { logLevel: 'info', trustedProxies: '127.0.0.1' }
    gateway = await startGateway({ stages }, { flags })
    const forwarded = { 'X-Forwarded-For': '198.51.100.7, 203.0.113.9' }
    await refused(`${gateway.ws}/more`, { headers: forwarded })
    await httpCall('GET', gateway.http, '/test/dev/favicon.ico', { headers: forwarded })
    const raw = RawClient.to(gateway.port)
    raw.write(handshake({ 'Sec-WebSocket-Key': null, ...forwarded }, 'GET /test/dev HTTP/1.1'))
    await raw.readTo('\r\n\r\n')
    await httpCall('GET', gateway.http, '/test/dev/@connections/bad', { headers: forwarded })
    const lines = gateway.lines.map((line) => JSON.parse(line))
    expect(lines.filter(({ msg }) => msg === 'refused').map(({ sourceIp }) => sourceIp)).toEqual(
      Array.from({ length: 3 }, () => '203.0.113.9'),
    )
    // One row for each of the two that reached the stage by HTTP.
    expect(lines.filter(({ row }) => row !== undefined).map(({ ip }) => ip)).toEqual(['203.0.113.9', '203.0.113.9'])
  })

  test('is one line also where a backend fails, which the log tells with its cause', async () => {
    backend.answer = () => {}
    gateway = await startGateway(
      { routes: { $connect: { integration: { ...proxy(), timeoutInMillis: 60 } } } },
      { flags: { logLevel: 'info' } },
    )
    expect((await refused(gateway.ws)).status).toBe(504)
    const lines = gateway.lines.map((line) => JSON.parse(line)).filter(({ code }) => code !== undefined)
    expect(lines.map(({ msg, code }) => [msg, code])).toEqual([['integration failed', 'INTEGRATION_TIMEOUT']])
    const metrics = await readMetrics(gateway.managementPort)
    expect(metrics.get('postern_refusals_total{code="INTEGRATION_TIMEOUT"}')).toBe(1)
  })
})

describe('a malformed upgrade request is answered before anything is asked of the API', () => {
  const key = 'dGhlIHNhbXBsZSBub25jZQ=='
  const malformed: [string, number, string][] = [
    ['no key', 400, handshake({ 'Sec-WebSocket-Key': null }, 'GET /test/dev HTTP/1.1')],
    ['two keys', 400, handshake({ 'Sec-WebSocket-Key': [key, key] }, 'GET /test/dev HTTP/1.1')],
    ['a key that is too short', 400, handshake({ 'Sec-WebSocket-Key': 'c2hvcnQ=' }, 'GET /test/dev HTTP/1.1')],
    ['two versions', 400, handshake({ 'Sec-WebSocket-Version': ['13', '13'] }, 'GET /test/dev HTTP/1.1')],
    ['a version that is not spoken', 426, handshake({ 'Sec-WebSocket-Version': '8' }, 'GET /test/dev HTTP/1.1')],
    ['no Connection header', 400, handshake({ Connection: null }, 'GET /test/dev HTTP/1.1')],
    ['another method', 400, handshake({}, 'POST /test/dev HTTP/1.1')],
    ['a body', 400, handshake({ 'Content-Length': '5' }, 'GET /test/dev HTTP/1.1')],
    ['two hosts', 400, handshake({ Host: ['a', 'b'] }, 'GET /test/dev HTTP/1.1')],
  ]
  test('each with its status, a short body and an id', async () => {
    gateway = await startGateway({ routes: { $connect: { integration: proxy() } } })
    for (const [fault, status, text] of malformed) {
      const client = RawClient.to(gateway.port).write(text)
      const answer = await client.readResponse()
      client.socket.destroy()
      expect([fault, answer.status]).toEqual([fault, status])
      if (fault === 'two hosts' && !abilities.secondHostSeen.can) continue
      expect(JSON.parse(answer.body)).toEqual({ message: status === 400 ? 'Bad Request' : 'Upgrade Required' })
      expect(answer.head).toMatch(/\r\nx-amzn-ErrorType: (BadRequest|UpgradeRequired)Exception\r\n/)
      expect(answer.head).toMatch(/\r\nx-amzn-RequestId: [0-9a-f-]{36}\r\n/)
    }
    expect(backend.calls).toEqual([])
  })

  test('floods of headers end at 16 KB or 100 of them with 431, and one of 8 KB reaches the backend', async () => {
    gateway = await startGateway({ routes: { $connect: { integration: proxy() } } })
    const line = 'GET /test/dev HTTP/1.1'
    const many = Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`X-${i}`, 'x']))
    for (const flood of [{ 'X-Large': 'x'.repeat(17_000) }, many]) {
      const client = RawClient.to(gateway.port).write(handshake(flood, line))
      expect((await client.readAll()).split('\r\n', 1)).toEqual(['HTTP/1.1 431 Request Header Fields Too Large'])
    }
    const client = RawClient.to(gateway.port).write(handshake({ 'X-Large': 'x'.repeat(8_000) }, line))
    expect((await client.readTo('\r\n\r\n')).startsWith('HTTP/1.1 101 ')).toBe(true)
    expect((await backend.call(1)).headers['x-large']?.length).toBe(8_000)
    client.socket.destroy()
  })
})

test('a URL of 4096 characters is served, and its query reaches the backend', async () => {
  gateway = await startGateway({ routes: { $connect: { integration: proxy() } } })
  const query = 'x'.repeat(4096 - '/test/dev?q='.length)
  const client = await Client.connect(`${gateway.ws}?q=${query}`)
  expect((await backend.call(1)).url).toBe(`/?q=${query}`)
  client.close()
})

describe('the order of the checks', () => {
  const strict = (): Definition => ({
    allowedOrigins: ['https://app.example'],
    routes: {
      $connect: {
        integration: proxy(),
        requestParameters: { 'route.request.querystring.room': { required: true } },
      },
    },
    stages: { dev: { routeSettings: { $connect: { throttlingRateLimit: 0, throttlingBurstLimit: 2 } } } },
  })
  const status = async (url: string, origin: string) => (await refused(url, { headers: { Origin: origin } })).status

  test('URL, room, origin, throttle, required parameters, integration: the first that fails answers, the rest is not asked', async () => {
    gateway = await startGateway(strict(), { flags: { maxConnections: '1' } })
    // None of these takes a token of the two.
    expect(await status(`${gateway.ws}/x`, 'https://evil.example')).toBe(403)
    expect(await status(gateway.ws, 'https://evil.example')).toBe(403)
    // This one does, before it fails for its parameter.
    expect(await status(gateway.ws, 'https://app.example')).toBe(400)
    const client = await Client.connect(`${gateway.ws}?room=a`, { headers: { Origin: 'https://app.example' } })
    // No room, whatever else is wrong.
    expect(await status(gateway.ws, 'https://evil.example')).toBe(503)
    client.close()
    await client.closed
    expect(await status(gateway.ws, 'https://app.example')).toBe(429)
    expect(backend.calls.length).toBe(1)
  })

  test('a handshake that is refused for any reason leaves its room to the next one', async () => {
    gateway = await startGateway(strict(), { flags: { maxConnections: '1' } })
    backend.answer = (_call, response) => void response.writeHead(403).end()
    for (let i = 0; i < 3; i++) expect(await status(gateway.ws, 'https://evil.example')).toBe(403)
    expect(await status(gateway.ws, 'https://app.example')).toBe(400)
    expect(await status(`${gateway.ws}?room=a`, 'https://app.example')).toBe(403)
    for (let i = 0; i < 3; i++) expect(await status(`${gateway.ws}?room=a`, 'https://app.example')).toBe(429)
    expect(backend.calls.length).toBe(1)
  })

  test('throttles are of each stage and each route by itself', async () => {
    const once = { throttlingRateLimit: 0, throttlingBurstLimit: 1 }
    gateway = await startGateway({
      routes: { a: says('a'), b: says('b'), c: says('c') },
      stages: {
        dev: {
          defaultRouteSettings: once,
          routeSettings: { c: { throttlingBurstLimit: 2 } },
        },
        prod: {},
      },
    })
    const client = await Client.connect(gateway.ws)
    const replies: string[] = []
    for (const action of ['a', 'b', 'c', 'a', 'b', 'c', 'c']) {
      client.send({ action })
      const reply = await client.next()
      replies.push(reply.length > 1 ? JSON.parse(reply).message : reply)
    }
    const refusal = 'Too Many Requests'
    expect(replies).toEqual(['a', 'b', 'c', refusal, refusal, 'c', refusal])
    const other = await Client.connect(gateway.ws.replace('/dev', '/prod'))
    other.send({ action: 'a' })
    expect(await other.next()).toBe('a')
    client.close()
    other.close()
  })
})
