import { afterEach, describe, expect, test } from 'vitest'
import type { Backend, BackendCall } from '../helpers/backend.ts'
import { Client, refused } from '../helpers/client.ts'
import { says } from '../helpers/definitions.ts'
import { type Definition, startGateway, type TestGateway } from '../helpers/postern.ts'
import { useBackend } from '../helpers/use-backend.ts'

let backend: Backend
let gateway: TestGateway
useBackend((started) => {
  backend = started
})
afterEach(() => gateway.close())

const http = (type: string, overrides: Definition = {}): Definition => ({
  integrationType: type,
  integrationMethod: 'POST',
  integrationUri: `${backend.url}/events?own=1`,
  ...overrides,
})
const everyEvent = (integration: Definition): Definition => ({
  routes: { $connect: { integration }, $disconnect: { integration }, $default: { integration, routeResponse: true } },
})
const mapped = {
  'integration.request.header.connectionId': 'context.connectionId',
  'integration.request.header.X-Tenant': 'stageVariables.tenant',
  'integration.request.header.X-Literal': "'a literal'",
  'integration.request.header.X-Agent': 'route.request.header.User-Agent',
  'integration.request.header.X-Cookies': 'route.request.multivalueheader.cookie',
  'integration.request.header.X-Action': 'route.request.body.action',
  'integration.request.header.X-Deep': 'route.request.body.deep',
  'integration.request.querystring.event': 'context.eventType',
  'integration.request.querystring.room': 'route.request.querystring.room',
  'integration.request.querystring.rooms': 'route.request.multivaluequerystring.room',
}
/** Header names in the spelling of the wire, without those of the connection between gateway and backend. */
const names = ({ rawHeaders }: BackendCall) =>
  rawHeaders
    .filter((_, i) => i % 2 === 0)
    .filter((name) => name.toLowerCase() !== 'connection')
    .sort()

/** One connection's whole life: handshake, message, end. */
async function life(
  definition: Definition,
): Promise<[connect: BackendCall, message: BackendCall, disconnect: BackendCall]> {
  gateway = await startGateway({ stages: { dev: { stageVariables: { tenant: 'acme' } } }, ...definition })
  const client = await Client.connect(`${gateway.ws}?room=red&room=bl%20ue&x=%26`, {
    protocols: ['a', 'b'],
    headers: {
      'User-Agent': 'demo/1.0',
      Cookie: 'a=b',
      'X-Custom': 'one',
      Via: '1.1 proxy',
      Authorization: 'Bearer x',
    },
    compress: true,
  }).catch((error) => {
    throw new Error(String(error))
  })
  client.send('{"action":"say", "deep":{"a":[1]}}')
  await client.next()
  client.close()
  return [await backend.call(1), await backend.call(2), await backend.call(3)]
}

describe('HTTP_PROXY', () => {
  // ws gives up a connection whose server picks none of its protocols.
  const choose = () => {
    backend.answer = (_call, response) => void response.writeHead(200, { 'Sec-WebSocket-Protocol': 'a' }).end()
  }
  const own = ['Content-Type', 'User-Agent', 'X-Amzn-Trace-Id', 'content-length', 'host', 'x-amzn-apigateway-api-id']

  test('$connect: the headers of the client with the stray Sec-WebSocket ones, and those of the gateway', async () => {
    choose()
    const [connect] = await life(everyEvent(http('HTTP_PROXY')))
    expect(
      names(connect)
        .map((name) => name.toLowerCase())
        .sort(),
    ).toEqual([
      'authorization',
      'content-length',
      'cookie',
      'host',
      'sec-websocket-extensions',
      'sec-websocket-key',
      'sec-websocket-protocol',
      'sec-websocket-version',
      'user-agent',
      'x-amzn-apigateway-api-id',
      'x-amzn-trace-id',
      'x-custom',
      'x-forwarded-for',
      'x-forwarded-port',
      'x-forwarded-proto',
    ])
    expect(connect.headers).toMatchObject({
      host: new URL(backend.url).host,
      'user-agent': 'AmazonAPIGateway_test',
      'x-amzn-apigateway-api-id': 'test',
      'x-amzn-trace-id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-port': String(gateway.port),
      'x-forwarded-proto': 'http',
      'sec-websocket-version': '13',
      'sec-websocket-protocol': expect.stringMatching(/^a, ?b$/),
      'sec-websocket-extensions': expect.stringContaining('permessage-deflate'),
      'content-length': '0',
    })
    expect(connect.body).toBe('')
  })

  test('$connect: the query of the client goes behind that of the URL, encoded anew', async () => {
    choose()
    const [connect] = await life(everyEvent(http('HTTP_PROXY')))
    expect(connect.url).toBe('/events?own=1&room=red&room=bl%20ue&x=%26')
  })

  test('messages: the text verbatim, and the headers of the gateway only; no connection id unless it is mapped', async () => {
    choose()
    const [connect, message] = await life(everyEvent(http('HTTP_PROXY')))
    expect(message.body).toBe('{"action":"say", "deep":{"a":[1]}}')
    expect(names(message)).toEqual(own)
    expect(message.headers).toMatchObject({ 'user-agent': 'AmazonAPIGateway_test', 'content-type': 'application/json' })
    expect(message.headers['x-amzn-trace-id']).not.toBe(connect.headers['x-amzn-trace-id'])
    expect(message.url).toBe('/events?own=1')
  })

  test('$disconnect: no body, no query, and the headers of the gateway only', async () => {
    choose()
    const [, , disconnect] = await life(everyEvent(http('HTTP_PROXY')))
    expect(names(disconnect)).toEqual(own.slice(1))
    expect([disconnect.body, disconnect.url]).toEqual(['', '/events?own=1'])
  })

  test('mapped parameters: in the spelling of the definition, those of the handshake on $connect, those of the message on messages', async () => {
    choose()
    const [connect, message, disconnect] = await life(everyEvent(http('HTTP_PROXY', { requestParameters: mapped })))
    expect(names(connect)).toEqual(
      expect.arrayContaining(['connectionId', 'X-Tenant', 'X-Literal', 'X-Agent', 'X-Cookies']),
    )
    expect(connect.headers).toMatchObject({
      'x-tenant': 'acme',
      'x-literal': 'a literal',
      'x-agent': 'demo/1.0',
      'x-cookies': 'a=b',
    })
    expect(connect.headers['x-action']).toBeUndefined()
    expect(connect.url).toBe('/events?own=1&room=red&room=bl%20ue&x=%26&event=CONNECT&room=bl%20ue&rooms=red%2Cbl%20ue')
    expect(message.headers).toMatchObject({
      connectionid: connect.headers.connectionid,
      'x-tenant': 'acme',
      'x-action': 'say',
      'x-deep': '{"a":[1]}',
    })
    expect(message.headers['x-agent']).toBeUndefined()
    expect(message.url).toBe('/events?own=1&event=MESSAGE')
    expect(disconnect.headers).toMatchObject({ connectionid: connect.headers.connectionid, 'x-literal': 'a literal' })
    expect(disconnect.url).toBe('/events?own=1&event=DISCONNECT')
  })

  test('forwardWebSocketHeaders false: the backend sees no stray handshake, but the protocols', async () => {
    choose()
    const [connect] = await life({ ...everyEvent(http('HTTP_PROXY')), forwardWebSocketHeaders: false })
    const seen = names(connect)
      .map((name) => name.toLowerCase())
      .filter((name) => name.startsWith('sec-'))
    expect(seen).toEqual(['sec-websocket-protocol'])
  })

  test("AWS's way around stray headers: a mapping overrides Sec-WebSocket-Version", async () => {
    choose()
    const requestParameters = { 'integration.request.header.Sec-WebSocket-Version': "'0'" }
    const [connect] = await life(everyEvent(http('HTTP_PROXY', { requestParameters })))
    expect(connect.headers['sec-websocket-version']).toBe('0')
  })

  test('an X-Amzn-Trace-Id of the client goes on to the backend', async () => {
    gateway = await startGateway(everyEvent(http('HTTP_PROXY')))
    const trace = 'Root=1-67891233-abcdef012345678912345678;Sampled=1'
    const client = await Client.connect(gateway.ws, { headers: { 'X-Amzn-Trace-Id': trace } })
    expect((await backend.call(1)).headers['x-amzn-trace-id']).toBe(trace)
    client.close()
  })

  test('GET backends get neither the body of a message nor its length', async () => {
    choose()
    const [, message] = await life(everyEvent(http('HTTP_PROXY', { integrationMethod: 'GET' })))
    expect([message.method, message.body]).toEqual(['GET', ''])
    expect(names(message)).toEqual(['User-Agent', 'X-Amzn-Trace-Id', 'host', 'x-amzn-apigateway-api-id'])
  })

  test('CONVERT_TO_BINARY: base64 text reaches the backend as bytes, and other text is an error frame', async () => {
    const bytes: string[] = []
    backend.answer = (call, response) => {
      bytes.push(call.body)
      response.end('taken')
    }
    const integration = http('HTTP_PROXY', { contentHandlingStrategy: 'CONVERT_TO_BINARY' })
    gateway = await startGateway({ routes: { $default: { integration, routeResponse: true } } })
    const client = await Client.connect(gateway.ws)
    client.send(Buffer.from('bytes ü').toString('base64'))
    expect(await client.next()).toBe('taken')
    client.send('no base64!')
    expect(JSON.parse(await client.next()).message).toBe('Internal server error')
    expect(bytes).toEqual(['bytes ü'])
    client.close()
  })
})

describe('HTTP', () => {
  test('$connect: only what is mapped and the headers of the gateway, no query and no body', async () => {
    gateway = await startGateway({
      routes: {
        $connect: {
          integration: http('HTTP', {
            requestParameters: { 'integration.request.header.X-Room': 'route.request.querystring.room' },
          }),
        },
      },
    })
    const client = await Client.connect(`${gateway.ws}?room=red`, { headers: { Cookie: 'a=b', 'X-Custom': 'one' } })
    const call = await backend.call(1)
    expect(names(call)).toEqual([
      'User-Agent',
      'X-Amzn-Trace-Id',
      'X-Room',
      'content-length',
      'host',
      'x-amzn-apigateway-api-id',
    ])
    expect([call.url, call.body, call.headers['x-room']]).toEqual(['/events?own=1', '', 'red'])
    client.close()
  })

  test('$connect: the integration response of the status decides, with its headers and its body', async () => {
    backend.answer = (_call, response) => void response.writeHead(403, { 'X-Reason': 'full' }).end('{"why":"no room"}')
    gateway = await startGateway({
      routes: {
        $connect: {
          integration: http('HTTP', {
            integrationResponses: {
              '/2\\d\\d/': {},
              '/4\\d\\d/': {
                responseTemplates: { $default: 'refused: $input.path("$.why")' },
                responseParameters: { 'method.response.header.X-Why': 'integration.response.header.X-Reason' },
              },
            },
          }),
        },
      },
    })
    const answer = await refused(gateway.ws)
    expect([answer.status, answer.body, answer.headers['x-why']]).toEqual([403, 'refused: no room', 'full'])
    expect(answer.headers['x-reason']).toBeUndefined()
    backend.answer = (_call, response) => void response.writeHead(201).end()
    const client = await Client.connect(gateway.ws)
    client.close()
    // Neither of the keys fits, and there is no $default.
    backend.answer = (_call, response) => void response.writeHead(302, { Location: '/' }).end()
    expect(await refused(gateway.ws)).toMatchObject({
      status: 500,
      body: expect.stringContaining('Internal server error'),
    })
  })

  test('$connect: an integration response chooses the subprotocol', async () => {
    gateway = await startGateway({
      routes: {
        $connect: {
          integration: http('HTTP', {
            integrationResponses: {
              $default: { responseParameters: { 'method.response.header.Sec-WebSocket-Protocol': "'graphql-ws'" } },
            },
          }),
        },
      },
    })
    const client = await Client.connect(gateway.ws, { protocols: ['x', 'graphql-ws'] })
    expect(client.socket.protocol).toBe('graphql-ws')
    client.close()
  })

  test('messages: the template makes the body, the response template the reply', async () => {
    backend.answer = (call, response) => void response.end(JSON.stringify({ got: call.body }))
    gateway = await startGateway({
      routes: {
        $default: {
          routeResponse: true,
          integration: http('HTTP', {
            requestTemplates: { 'application/json': '{"text":$input.json("$.text"),"from":"$context.connectionId"}' },
            integrationResponses: { $default: { responseTemplates: { $default: '$input.path("$.got")' } } },
          }),
        },
        who: says('$context.connectionId'),
      },
    })
    const client = await Client.connect(gateway.ws)
    client.send({ action: 'who' })
    const connectionId = await client.next()
    client.send({ text: 'hello "you"' })
    expect(JSON.parse(await client.next())).toEqual({ text: 'hello "you"', from: connectionId })
    client.close()
  })

  test('CONVERT_TO_TEXT: the bytes of the backend become base64 in the frame', async () => {
    const bytes = Buffer.from([0, 255, 128, 10])
    backend.answer = (_call, response) => void response.end(bytes)
    gateway = await startGateway({
      routes: {
        $default: {
          routeResponse: true,
          integration: http('HTTP', {
            integrationResponses: { $default: { contentHandlingStrategy: 'CONVERT_TO_TEXT' } },
          }),
        },
      },
    })
    const client = await Client.connect(gateway.ws)
    client.send('{}')
    expect(await client.next()).toBe(bytes.toString('base64'))
    client.close()
  })
})

test('stage variables and mapped path parameters make the URL, and no client leaves its segment', async () => {
  const integration = http('HTTP_PROXY', {
    integrationUri: 'http://${stageVariables.backend}/${stageVariables.version}/rooms/{room}',
    requestParameters: { 'integration.request.path.room': 'route.request.body.room' },
  })
  const backendOf = new URL(backend.url).host
  gateway = await startGateway({
    routes: { $default: { integration, routeResponse: true } },
    stages: {
      dev: { stageVariables: { backend: backendOf, version: 'v1' } },
      prod: { stageVariables: { backend: backendOf, version: 'v2' } },
    },
  })
  for (const [stage, room] of [
    ['dev', 'red'],
    ['prod', 'red/../../admin?x#y'],
    ['dev', '..'],
  ] as const) {
    const client = await Client.connect(gateway.ws.replace('/dev', `/${stage}`))
    client.send({ room })
    await client.next()
    client.close()
  }
  expect(backend.calls.map((call) => call.url)).toEqual([
    '/v1/rooms/red',
    '/v2/rooms/red%2F..%2F..%2Fadmin%3Fx%23y',
    '/v1/rooms/%252E%252E',
  ])
})

describe('where clients come from', () => {
  const forwarded = {
    'X-Forwarded-For': '203.0.113.7, 10.0.0.1, 127.0.0.9',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Port': '443',
  }
  const handshake = async (flags: Record<string, string>, headers: Record<string, string>) => {
    gateway = await startGateway(
      {
        routes: {
          $connect: {
            integration: http('HTTP_PROXY', {
              requestParameters: { 'integration.request.header.sourceIp': 'context.identity.sourceIp' },
            }),
          },
        },
      },
      { flags },
    )
    const client = await Client.connect(gateway.ws, { headers })
    client.close()
    const { headers: seen } = await backend.call(1)
    return [seen.sourceip, seen['x-forwarded-for'], seen['x-forwarded-proto'], seen['x-forwarded-port']]
  }

  test('without trustedProxies what a client says of itself is passed on, and believed in nothing', async () => {
    expect(await handshake({}, forwarded)).toEqual([
      '127.0.0.1',
      '203.0.113.7, 10.0.0.1, 127.0.0.9, 127.0.0.1',
      'http',
      String(gateway.port),
    ])
  })

  test('with trustedProxies the last address that is none of them is the client', async () => {
    expect(await handshake({ trustedProxies: '127.0.0.0/8,10.0.0.0/8' }, forwarded)).toEqual([
      '203.0.113.7',
      '203.0.113.7, 10.0.0.1, 127.0.0.9, 127.0.0.1',
      'https',
      '443',
    ])
  })

  test('an address that a client puts before its own is not believed, nor is anything that is no address', async () => {
    const spoofed = {
      'X-Forwarded-For': '1.2.3.4, nonsense, 203.0.113.7',
      'X-Forwarded-Proto': 'gopher',
      'X-Forwarded-Port': '443"',
    }
    expect(await handshake({ trustedProxies: '127.0.0.1' }, spoofed)).toEqual([
      '203.0.113.7',
      '1.2.3.4, nonsense, 203.0.113.7, 127.0.0.1',
      'http',
      String(gateway.port),
    ])
  })

  test('a proxy that adds nothing is the client itself', async () => {
    expect((await handshake({ trustedProxies: '127.0.0.1,::1' }, {}))[0]).toBe('127.0.0.1')
  })
})
