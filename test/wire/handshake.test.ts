import { afterEach, describe, expect, test } from 'vitest'
import type { Backend } from '../helpers/backend.ts'
import { Client, refused } from '../helpers/client.ts'
import { type Definition, startGateway, type TestGateway } from '../helpers/postern.ts'
import { useBackend } from '../helpers/use-backend.ts'

const envelope = (message: string) =>
  new RegExp(`^\\{"message": "${message}", "connectionId":"[\\w-]{15}=", "requestId":"[\\w-]{15}="\\}$`)

let backend: Backend
let gateway: TestGateway
useBackend((started) => {
  backend = started
})
afterEach(() => gateway.close())

const connectTo = (integration: object, rest: Definition = {}) =>
  startGateway({ routes: { $connect: { integration } }, ...rest })
const proxy = (overrides: object = {}) => ({
  integrationType: 'HTTP_PROXY',
  integrationMethod: 'POST',
  integrationUri: `${backend.url}/connect`,
  ...overrides,
})
const answer = (status: number, headers: Record<string, string> = {}, body = '') => {
  backend.answer = (_call, response) => void response.writeHead(status, headers).end(body)
}

describe('the URL', () => {
  test('the stage with and without a trailing slash is served', async () => {
    gateway = await startGateway()
    for (const url of [gateway.ws, `${gateway.ws}/`, `${gateway.ws}?a=1`]) {
      const client = await Client.connect(url)
      client.close()
      await client.closed
    }
  })

  test('an unknown stage, an unknown API and a path after the stage get 403 Forbidden with a short body', async () => {
    gateway = await startGateway()
    const base = `ws://127.0.0.1:${gateway.port}`
    for (const path of ['/test/prod', '/other/dev', '/test/dev/more', '/prod', '/', '/test//dev', '/test/%64ev']) {
      const { status, headers, body } = await refused(base + path)
      expect([path, status, body]).toEqual([path, 403, '{"message":"Forbidden"}'])
      expect(headers['x-amzn-errortype']).toBe('ForbiddenException')
      expect(headers['x-amzn-requestid']).toMatch(/^[0-9a-f-]{36}$/)
    }
  })

  test('the only API is the default one, and is found by its host too', async () => {
    gateway = await startGateway()
    const direct = await Client.connect(`ws://127.0.0.1:${gateway.port}/dev`)
    direct.close()
    const byHost = await Client.connect(`ws://127.0.0.1:${gateway.port}/dev`, {
      headers: { Host: 'test.execute-api.eu-west-1.amazonaws.com' },
    })
    byHost.close()
    const byBoth = await Client.connect(`ws://127.0.0.1:${gateway.port}/test/dev`, {
      headers: { Host: 'test.example' },
    })
    byBoth.close()
    const { status } = await refused(`ws://127.0.0.1:${gateway.port}/test/no`, { headers: { Host: 'test.example' } })
    expect(status).toBe(403)
  })

  test('a plain HTTP request to a stage gets 426, to anywhere else 403', async () => {
    gateway = await startGateway()
    const plain = await fetch(gateway.http)
    expect([plain.status, plain.headers.get('upgrade')]).toEqual([426, 'websocket'])
    expect((await fetch(`http://127.0.0.1:${gateway.port}/nowhere`)).status).toBe(403)
  })
})

describe('the outcome of $connect', () => {
  test('no $connect route: 101 without a backend call', async () => {
    gateway = await startGateway()
    const client = await Client.connect(gateway.ws)
    client.close()
    expect(backend.calls).toEqual([])
  })

  test.each([200, 201, 204])('the integration answers %i: 101, its body and headers are dropped', async (status) => {
    answer(status, { 'X-From-Backend': 'yes' }, status === 204 ? '' : 'a body')
    gateway = await connectTo(proxy())
    const client = new Client(gateway.ws)
    const headers = await new Promise<Record<string, unknown>>((resolve) =>
      client.socket.on('upgrade', (response) => resolve(response.headers)),
    )
    expect(headers['x-from-backend']).toBeUndefined()
    expect(headers['sec-websocket-protocol']).toBeUndefined()
    client.close()
    await client.closed
    expect(client.unread).toEqual([])
  })

  test.each([301, 400, 401, 403, 501])(
    'the integration answers %i: status, headers and body reach the client',
    async (status) => {
      answer(status, { 'X-From-Backend': 'yes', 'Content-Type': 'text/x-why', Location: '/elsewhere' }, 'because')
      gateway = await connectTo(proxy())
      const response = await refused(gateway.ws)
      expect(response).toMatchObject({ status, body: 'because' })
      expect(response.headers).toMatchObject({
        'x-from-backend': 'yes',
        'content-type': 'text/x-why',
        location: '/elsewhere',
      })
      expect(backend.calls.length).toBe(1)
    },
  )

  test('a function that throws: 502 with the envelope', async () => {
    gateway = await startGateway(
      {
        functions: { boom: { handler: 'handlers.boom' } },
        routes: { $connect: { integration: { integrationType: 'AWS_PROXY', integrationUri: 'function:boom' } } },
      },
      { files: { 'handlers.mjs': 'export const boom = async () => { throw new Error("no") }' } },
    )
    const { status, body, headers } = await refused(gateway.ws)
    expect(status).toBe(502)
    expect(body).toMatch(envelope('Internal server error'))
    expect(headers['content-type']).toBe('application/json; charset=UTF-8')
    expect(headers['x-amz-apigw-id']).toBe(JSON.parse(body).requestId)
    expect(headers['x-amzn-errortype']).toBeUndefined()
    expect(headers['x-amzn-requestid']).toBeUndefined()
  })

  test.each([
    ['no statusCode', 'return {}'],
    ['an unknown member', 'return { statusCode: 200, extra: 1 }'],
    ['a string', 'return "yes"'],
  ])('a malformed function result (%s): 502 with the envelope', async (_name, code) => {
    gateway = await startGateway(
      {
        functions: { odd: { handler: 'handlers.odd' } },
        routes: { $connect: { integration: { integrationType: 'AWS_PROXY', integrationUri: 'function:odd' } } },
      },
      { files: { 'handlers.mjs': `export const odd = async () => { ${code} }` } },
    )
    const { status, body } = await refused(gateway.ws)
    expect([status, JSON.parse(body).message]).toEqual([502, 'Internal server error'])
  })

  test('the integration exceeds timeoutInMillis: 504 with the envelope', async () => {
    backend.answer = () => {}
    gateway = await connectTo(proxy({ timeoutInMillis: 60 }))
    const { status, body } = await refused(gateway.ws)
    expect(status).toBe(504)
    expect(body).toMatch(envelope('Endpoint request timed out'))
  })

  test('an unreachable HTTP backend: 500 with the envelope', async () => {
    gateway = await connectTo(proxy({ integrationUri: 'http://127.0.0.1:9/' }))
    const { status, body } = await refused(gateway.ws)
    expect(status).toBe(500)
    expect(body).toMatch(envelope('Internal server error'))
  })

  test('a route without an integration, which is optional: 101 without a backend call', async () => {
    gateway = await startGateway({ routes: { $connect: {}, $disconnect: {} } })
    const client = await Client.connect(gateway.ws)
    client.close()
    await client.closed
    expect(backend.calls).toEqual([])
    expect(gateway.lines.join('')).not.toContain('integration failed')
  })

  test('a throttled $connect: 429 with the envelope', async () => {
    gateway = await connectTo(proxy(), {
      stages: { dev: { routeSettings: { $connect: { throttlingRateLimit: 0, throttlingBurstLimit: 1 } } } },
    })
    const first = await Client.connect(gateway.ws)
    first.close()
    const { status, body } = await refused(gateway.ws)
    expect(status).toBe(429)
    expect(body).toMatch(envelope('Too Many Requests'))
    expect(backend.calls.length).toBe(1)
  })

  test('a required parameter that is missing: 400, and the integration is not asked', async () => {
    gateway = await startGateway({
      routes: {
        $connect: {
          integration: proxy(),
          requestParameters: {
            'route.request.header.X-Tenant': { required: true },
            'route.request.querystring.room': { required: true },
            'route.request.querystring.other': { required: false },
          },
        },
      },
    })
    for (const [url, headers] of [
      [`${gateway.ws}?room=a`, {}],
      [gateway.ws, { 'X-Tenant': 't' }],
    ] as const) {
      const { status, body } = await refused(url, { headers })
      expect(status).toBe(400)
      expect(body).toMatch(envelope('Missing required request parameters'))
    }
    expect(backend.calls.length).toBe(0)
    const client = await Client.connect(`${gateway.ws}?room=`, { headers: { 'X-Tenant': 't' } })
    client.close()
  })

  test('a refused handshake runs no $disconnect', async () => {
    answer(403)
    gateway = await startGateway({
      routes: {
        $connect: { integration: proxy() },
        $disconnect: { integration: proxy({ integrationUri: `${backend.url}/disconnect` }) },
      },
    })
    expect((await refused(gateway.ws)).status).toBe(403)
    answer(200)
    const client = await Client.connect(gateway.ws)
    client.close()
    await backend.call(3)
    expect(backend.calls.map((call) => call.url)).toEqual(['/connect', '/connect', '/disconnect'])
  })

  test('a client that leaves while $connect is asked: the backend that said yes hears of the end', async () => {
    let finish = () => {}
    backend.answer = (call, response) => {
      if (call.url === '/connect') finish = () => void response.end()
      else response.end()
    }
    gateway = await startGateway({
      routes: {
        $connect: { integration: proxy() },
        $disconnect: { integration: proxy({ integrationUri: `${backend.url}/disconnect` }) },
      },
    })
    const client = new Client(gateway.ws)
    await backend.call(1)
    client.socket.terminate()
    await client.closed
    finish()
    const { url } = await backend.call(2)
    expect(url).toBe('/disconnect')
  })
})

describe('subprotocols', () => {
  test('the $connect backend gets the offer as one string and its choice is echoed', async () => {
    answer(200, { 'Sec-WebSocket-Protocol': 'b' })
    gateway = await connectTo(proxy())
    const client = await Client.connect(gateway.ws, { protocols: ['a', 'b'] })
    expect(client.socket.protocol).toBe('b')
    expect((await backend.call(1)).headers['sec-websocket-protocol']).toMatch(/^a, ?b$/)
    client.close()
  })

  test('the gateway never chooses one by itself', async () => {
    gateway = await startGateway()
    const client = new Client(gateway.ws, { protocols: ['a'] })
    const headers = await new Promise<Record<string, unknown>>((resolve) =>
      client.socket.on('upgrade', (response) => resolve(response.headers)),
    )
    expect(headers['sec-websocket-protocol']).toBeUndefined()
  })

  test('permessage-deflate is refused unless the API has compression', async () => {
    gateway = await startGateway()
    const plain = await Client.connect(gateway.ws, { compress: true })
    expect(plain.socket.extensions).toBe('')
    plain.close()
    await gateway.redefine({ compression: true })
    const compressed = await Client.connect(gateway.ws, { compress: true })
    expect(compressed.socket.extensions).toContain('permessage-deflate')
    compressed.close()
  })
})

describe('origins', () => {
  const from = (Origin: string) => ({ headers: { Origin } })

  test('unset: a page of another origin is refused, one of the same host and a client without Origin pass', async () => {
    gateway = await startGateway()
    for (const origin of ['https://evil.example', 'null', `http://127.0.0.1:${gateway.port}0`]) {
      expect(await refused(gateway.ws, from(origin))).toMatchObject({
        status: 403,
        body: expect.stringMatching(envelope('Forbidden')),
      })
    }
    for (const options of [{}, from(`http://127.0.0.1:${gateway.port}`)]) {
      const client = await Client.connect(gateway.ws, options)
      client.close()
    }
  })

  test('listed origins and subdomains pass, others do not', async () => {
    gateway = await startGateway({ allowedOrigins: ['https://app.example', 'https://*.example.com'] })
    for (const origin of ['https://app.example', 'https://a.b.example.com']) {
      const client = await Client.connect(gateway.ws, from(origin))
      client.close()
    }
    for (const origin of ['http://app.example', 'https://example.com', 'https://evilexample.com']) {
      expect((await refused(gateway.ws, from(origin))).status).toBe(403)
    }
  })

  test("['*'] lets every page in", async () => {
    gateway = await startGateway({ allowedOrigins: ['*'] })
    const client = await Client.connect(gateway.ws, from('https://anything.example'))
    client.close()
  })
})
