import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, test } from 'vitest'
import { type Backend, startBackend } from '../helpers/backend.ts'
import {
  connectEvent,
  definitionOf,
  disconnectEvent,
  failureOf,
  faultsOf,
  messageEvent,
  scopeWith,
  textOf,
} from './calls.ts'
import { atEnd, type HttpDefinition, httpIntegration, httpType } from './http-backends.ts'

let backend: Backend

beforeEach(async () => {
  backend = await startBackend()
  atEnd(() => backend.close())
})

/** Names and values of the last call, as they were written. */
function headersSent(): [string, string][] {
  const raw = backend.calls.at(-1)?.rawHeaders ?? []
  return raw.flatMap((name, i): [string, string][] => (i % 2 === 0 ? [[name, raw[i + 1] as string]] : []))
}

function proxy(part: Partial<HttpDefinition> = {}, scope = {}) {
  return httpIntegration({ integrationUri: `${backend.url}/message`, ...part }, scope)
}

const handshake = connectEvent({
  headers: [
    ['Host', 'chat.example'],
    ['Sec-WebSocket-Key', 'q83vEjRWeJASNFZ4kBI0Vg=='],
    ['Sec-WebSocket-Version', '13'],
    ['Sec-WebSocket-Extensions', 'permessage-deflate'],
    ['Sec-WebSocket-Protocol', 'a, b'],
    ['User-Agent', 'demo/1.0'],
    ['Cookie', 'a=1'],
    ['X-Custom', 'one'],
    ['X-Custom', 'two'],
    ['Via', 'proxy'],
    ['Keep-Alive', 'timeout=5'],
    ['TE', 'trailers'],
    ['Transfer-Encoding', 'chunked'],
    ['Expect', '100-continue'],
    ['Authorization', 'AWS4-HMAC-SHA256 Credential=x'],
    ['x-amzn-apigateway-api-id', 'forged'],
    ['X-Amzn-Trace-Id', 'Root=1-client'],
    ['X-Forwarded-For', '203.0.113.9'],
    ['X-Forwarded-Port', '443'],
    ['X-Forwarded-Proto', 'https'],
  ],
  query: [
    ['room', 'red & blue'],
    ['room', 'ü'],
    ['empty', ''],
  ],
})

describe('HTTP_PROXY', () => {
  test('Message body: the frame’s text, verbatim; Message headers: the gateway’s own', async () => {
    backend.answer = (_, response) => response.end('{"ok":true}')
    const event = messageEvent('{"action":"join","text":"grüße"}')
    const result = await proxy().invoke(event)
    expect([result.status, textOf(result)]).toEqual([200, '{"ok":true}'])
    expect(backend.calls[0]).toMatchObject({
      method: 'POST',
      url: '/message',
      body: '{"action":"join","text":"grüße"}',
    })
    expect(headersSent()).toEqual([
      ['host', backend.url.slice(7)],
      ['connection', 'keep-alive'],
      ['User-Agent', 'AmazonAPIGateway_chat'],
      ['x-amzn-apigateway-api-id', 'chat'],
      ['Content-Type', 'application/json'],
      ['X-Amzn-Trace-Id', event.traceId],
      ['content-length', '34'],
    ])
  })

  test('connectionId: never sent by default, but mapped, in the spelling of the definition', async () => {
    const requestParameters = { 'integration.request.header.connectionId': 'context.connectionId' }
    await proxy({ requestParameters }).invoke(messageEvent('x'))
    expect(headersSent()).toContainEqual(['connectionId', 'L0SM9cOFvHcCIhw='])
  })

  test('$connect headers: the client’s, with stray Sec-WebSocket ones, and the gateway’s', async () => {
    await proxy().invoke(handshake)
    expect(headersSent()).toEqual([
      ['host', backend.url.slice(7)],
      ['connection', 'keep-alive'],
      ['User-Agent', 'AmazonAPIGateway_chat'],
      ['x-amzn-apigateway-api-id', 'chat'],
      ['X-Amzn-Trace-Id', 'Root=1-client'],
      ['Sec-WebSocket-Key', 'q83vEjRWeJASNFZ4kBI0Vg=='],
      ['Sec-WebSocket-Version', '13'],
      ['Sec-WebSocket-Extensions', 'permessage-deflate'],
      ['Sec-WebSocket-Protocol', 'a, b'],
      ['Cookie', 'a=1'],
      ['X-Custom', 'one'],
      ['X-Custom', 'two'],
      ['X-Forwarded-For', '203.0.113.9'],
      ['X-Forwarded-Port', '443'],
      ['X-Forwarded-Proto', 'https'],
      ['content-length', '0'],
    ])
  })

  test('Known trap: forwardWebSocketHeaders false drops the stray headers and keeps the protocols', async () => {
    await proxy({}, { forwardWebSocketHeaders: false }).invoke(handshake)
    const names = headersSent().map(([name]) => name)
    expect(names.filter((name) => name.startsWith('Sec-WebSocket'))).toEqual(['Sec-WebSocket-Protocol'])
  })

  test('Known trap: a mapping overrides a client’s header', async () => {
    const requestParameters = { 'integration.request.header.Sec-WebSocket-Version': "'0'" }
    await proxy({ requestParameters }).invoke(handshake)
    expect(headersSent().filter(([name]) => name.toLowerCase() === 'sec-websocket-version')).toEqual([
      ['Sec-WebSocket-Version', '0'],
    ])
  })

  test('$connect query: forwarded, after the URL’s own and before what is mapped', async () => {
    const requestParameters = {
      'integration.request.querystring.id': 'context.connectionId',
      'integration.request.querystring.none': 'route.request.querystring.none',
    }
    await proxy({ integrationUri: `${backend.url}/c?fixed=1`, requestParameters }).invoke(handshake)
    expect(backend.calls[0]?.url).toBe('/c?fixed=1&room=red%20%26%20blue&room=%C3%BC&empty=&id=L0SM9cOFvHcCIhw%3D')
  })

  test('$connect body: none, and $disconnect gets the gateway’s headers only', async () => {
    await proxy().invoke(handshake)
    await proxy().invoke(disconnectEvent())
    expect(backend.calls.map(({ body }) => body)).toEqual(['', ''])
    expect(headersSent().map(([name]) => name)).toEqual([
      'host',
      'connection',
      'User-Agent',
      'x-amzn-apigateway-api-id',
      'X-Amzn-Trace-Id',
      'content-length',
    ])
  })

  test('Method: any verb, and GET, HEAD and OPTIONS carry no body', async () => {
    for (const integrationMethod of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE'] as const) {
      await proxy({ integrationMethod }).invoke(messageEvent('x'))
    }
    expect(backend.calls.map(({ method, body }) => `${method} ${body}`)).toEqual([
      'GET ',
      'HEAD ',
      'OPTIONS ',
      'PUT x',
      'PATCH x',
      'DELETE x',
    ])
    expect(backend.calls[0]?.headers['content-type']).toBeUndefined()
  })

  test('Status: the backend’s own, with its headers, less those of its connection', async () => {
    backend.answer = (_, response) => {
      response.writeHead(403, {
        'X-Why': 'no',
        Connection: 'keep-alive, X-Private',
        'X-Private': '1',
        'Content-Length': '2',
      })
      response.end('no')
    }
    const result = await proxy().invoke(handshake)
    expect([result.status, textOf(result)]).toEqual([403, 'no'])
    expect(result.headers.filter(([name]) => name !== 'Date')).toEqual([['X-Why', 'no']])
  })

  test('no redirects are followed', async () => {
    backend.answer = (_, response) => response.writeHead(302, { Location: `${backend.url}/elsewhere` }).end()
    const result = await proxy().invoke(handshake)
    expect(result.status).toBe(302)
    expect(backend.calls).toHaveLength(1)
  })

  test('early hints are not the answer', async () => {
    backend.answer = (_, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' })
      response.writeHead(201).end('later')
    }
    const result = await proxy().invoke(messageEvent('x'))
    expect([result.status, textOf(result)]).toEqual([201, 'later'])
  })

  test('a body in many pieces arrives whole, and bytes stay bytes', async () => {
    const zipped = gzipSync('x'.repeat(1000))
    backend.answer = (_, response) => {
      for (const byte of zipped) response.write(Uint8Array.of(byte))
      response.end()
    }
    const { body } = await proxy().invoke(messageEvent('x'))
    expect(Buffer.compare(Buffer.from(body), zipped)).toBe(0)
  })

  test('an empty answer is an empty body', async () => {
    backend.answer = (_, response) => response.writeHead(204).end()
    expect(await proxy().invoke(messageEvent(''))).toMatchObject({ status: 204, body: '' })
  })

  test('CONVERT_TO_BINARY decodes a base64 message, and anything else is refused before the call', async () => {
    const integration = proxy({ contentHandlingStrategy: 'CONVERT_TO_BINARY' })
    await integration.invoke(messageEvent('aGVsbG8='))
    expect(backend.calls[0]?.body).toBe('hello')
    expect((await failureOf(integration, messageEvent('{"no":"base64"}'))).code).toBe('API_CONFIGURATION_ERROR')
    expect(backend.calls).toHaveLength(1)
  })

  test('the context learns status and latency', async () => {
    backend.answer = (_, response) => response.writeHead(418).end()
    const event = messageEvent('x')
    await proxy().invoke(event)
    expect(event.integration?.status).toBe(418)
    expect(event.integration?.latencyInMillis).toBeGreaterThan(0)
    expect(event.integration?.errorMessage).toBeNull()
  })
})

describe('HTTP', () => {
  function mapped(part: Partial<HttpDefinition> = {}) {
    return proxy({ integrationType: 'HTTP', ...part })
  }

  test('Message body: the template’s output; Reply: after the response template', async () => {
    backend.answer = ({ body }, response) => response.end(`{"got":${body}}`)
    const integration = mapped({
      requestTemplates: { 'application/json': '{"room":$input.json("$.room"),"from":"$context.connectionId"}' },
      integrationResponses: { '/2\\d\\d/': { responseTemplates: { $default: 'in $input.path("$.got.room")' } } },
    })
    expect(textOf(await integration.invoke(messageEvent('{"room":"blue"}')))).toBe('in blue')
    expect(backend.calls[0]?.body).toBe('{"room":"blue","from":"L0SM9cOFvHcCIhw="}')
  })

  test('without templates the message goes through as it is', async () => {
    backend.answer = ({ body }, response) => response.end(body)
    expect(textOf(await mapped().invoke(messageEvent('plain')))).toBe('plain')
  })

  test('passthroughBehavior NEVER refuses before the backend is called', async () => {
    const failure = await failureOf(mapped({ passthroughBehavior: 'NEVER' }), messageEvent('x'))
    expect(failure.code).toBe('UNSUPPORTED_MEDIA_TYPE')
    expect(backend.calls).toHaveLength(0)
  })

  test('$connect headers and query: only what is mapped, and the gateway’s', async () => {
    const requestParameters = {
      'integration.request.header.X-Token': 'route.request.querystring.room',
      'integration.request.querystring.agent': 'route.request.header.user-agent',
    }
    await mapped({ requestParameters }).invoke(handshake)
    expect(backend.calls[0]?.url).toBe('/message?agent=demo%2F1.0')
    expect(headersSent().map(([name]) => name)).toEqual([
      'host',
      'connection',
      'User-Agent',
      'x-amzn-apigateway-api-id',
      'X-Amzn-Trace-Id',
      'X-Token',
      'content-length',
    ])
    expect(headersSent()).toContainEqual(['X-Token', Buffer.from('ü').toString('latin1')])
  })

  test('$connect body: a template produces one, but a GET backend never sees it', async () => {
    const requestTemplates = { 'application/json': '{"id":"$context.connectionId"}' }
    await mapped({ requestTemplates }).invoke(handshake)
    await mapped({ requestTemplates, integrationMethod: 'GET' }).invoke(handshake)
    expect(backend.calls.map(({ body }) => body)).toEqual(['{"id":"L0SM9cOFvHcCIhw="}', ''])
  })

  test('the chosen integration response decides, and no match is an API configuration error', async () => {
    backend.answer = (_, response) => response.writeHead(404).end('gone')
    const integration = mapped({ integrationResponses: { '/2\\d\\d/': {} } })
    expect((await failureOf(integration, messageEvent('x'))).code).toBe('API_CONFIGURATION_ERROR')
    const lenient = mapped({ integrationResponses: { '/2\\d\\d/': {}, $default: {} } })
    expect((await lenient.invoke(messageEvent('x'))).status).toBe(404)
  })

  test('CONVERT_TO_BINARY applies to what the template made', async () => {
    await mapped({
      contentHandlingStrategy: 'CONVERT_TO_BINARY',
      requestTemplates: { 'application/json': '$input.path("$.data")' },
    }).invoke(messageEvent('{"data":"aGVsbG8="}'))
    expect(backend.calls[0]?.body).toBe('hello')
  })
})

describe('integrationUri', () => {
  test('${stageVariables.x} is replaced everywhere, and empty when missing', async () => {
    const integrationUri = `http://\${stageVariables.host}/a\${stageVariables.none}/\${stageVariables.path}?v=\${stageVariables.v}`
    await proxy({ integrationUri }, { stageVariables: { host: backend.url.slice(7), path: 'b/c', v: '2' } }).invoke(
      messageEvent(''),
    )
    expect(backend.calls[0]?.url).toBe('/a/b/c?v=2')
  })

  test('{x} comes from integration.request.path.x, percent-encoded, and stays when unmapped', async () => {
    const requestParameters = {
      'integration.request.path.id': 'context.connectionId',
      'integration.request.path.room': 'route.request.body.room',
      'integration.request.path.fixed': "'a b'",
    }
    const integration = proxy({ integrationUri: `${backend.url}/{id}/{room}/{fixed}/{other}`, requestParameters })
    await integration.invoke(messageEvent('{"room":"../x?y#ü\\ud800"}'))
    await integration.invoke(messageEvent('{"room":".."}'))
    await integration.invoke(messageEvent('{}'))
    expect(backend.calls.map(({ url }) => url)).toEqual([
      '/L0SM9cOFvHcCIhw%3D/..%2Fx%3Fy%23%C3%BC%EF%BF%BD/a%20b/{other}',
      '/L0SM9cOFvHcCIhw%3D/%252E%252E/a%20b/{other}',
      '/L0SM9cOFvHcCIhw%3D//a%20b/{other}',
    ])
  })

  test('without a path it is /', async () => {
    await proxy({ integrationUri: backend.url }).invoke(messageEvent(''))
    await proxy({ integrationUri: `${backend.url}?a=1` }).invoke(messageEvent(''))
    expect(backend.calls.map(({ url }) => url)).toEqual(['/', '/?a=1'])
  })
})

describe('headers from untrusted text', () => {
  const requestParameters = {
    'integration.request.header.X-Name': 'route.request.body.name',
    'integration.request.header.Content-Type': 'route.request.body.type',
    'integration.request.header.User-Agent': 'route.request.body.agent',
  }

  test('a line break never starts a header: the header is left out', async () => {
    await proxy({ requestParameters }).invoke(
      messageEvent(JSON.stringify({ name: 'a\r\nX-Evil: 1', type: 'a/b', agent: 'x' })),
    )
    expect(backend.calls[0]?.headers).not.toHaveProperty('x-name')
    expect(backend.calls[0]?.headers).not.toHaveProperty('x-evil')
    // Cut to its lower byte, as latin1 does, each of these would be a line feed.
    await proxy({ requestParameters }).invoke(messageEvent(JSON.stringify({ name: 'a\u560d\u560aX-Evil: 1' })))
    expect(backend.calls[1]?.headers).not.toHaveProperty('x-evil')
  })

  test('text beyond ASCII goes as UTF-8', async () => {
    await proxy({ requestParameters }).invoke(messageEvent('{"name":"grüße 😀"}'))
    expect(Buffer.from(backend.calls[0]?.headers['x-name'] as string, 'latin1').toString()).toBe('grüße 😀')
  })

  test('a mapped Content-Type or User-Agent replaces the default, which comes back when the source is missing', async () => {
    const integration = proxy({ requestParameters })
    await integration.invoke(messageEvent('{"type":"text/plain","agent":"mine"}'))
    await integration.invoke(messageEvent('{}'))
    await integration.invoke(messageEvent('not JSON'))
    expect(backend.calls.map(({ headers }) => [headers['content-type'], headers['user-agent']])).toEqual([
      ['text/plain', 'mine'],
      ['application/json', 'AmazonAPIGateway_chat'],
      ['application/json', 'AmazonAPIGateway_chat'],
    ])
  })

  test('headers of a handshake that may not be written are left out', async () => {
    const event = connectEvent({
      headers: [
        ['Bad Name', 'x'],
        ['X-Bad', 'a\nb'],
        ['X-Good', 'ü'],
      ],
    })
    await proxy().invoke(event)
    expect(headersSent().map(([name]) => name)).not.toContain('X-Bad')
    expect(headersSent()).toContainEqual(['X-Good', Buffer.from('ü').toString('latin1')])
  })
})

test('every fault of a definition has its path', () => {
  const faultPaths = (part: Partial<HttpDefinition>): unknown =>
    faultsOf(
      httpType(),
      definitionOf({ integrationType: 'HTTP_PROXY', integrationMethod: 'POST', integrationUri: 'http://a', ...part }),
      scopeWith(),
    ).map(({ path }) => path)
  expect(faultPaths({})).toEqual([])
  for (const integrationUri of [
    'ftp://a',
    '/path',
    'http://',
    'http://user:secret@a/',
    'http://a/b c',
    'http://a/ü',
    'http://{host}/',
    'http://${stageVariables.none}/',
    'http://a:99999/',
  ]) {
    expect(faultPaths({ integrationUri })).toEqual([['integrationUri']])
  }
  for (const name of ['Content-Length', 'transfer-encoding', 'Connection', 'Upgrade', 'Expect', 'X-Amzn-Trace-Id']) {
    const target = `integration.request.header.${name}`
    expect(faultPaths({ requestParameters: { [target]: "'1'" } })).toEqual([['requestParameters', target]])
  }
  expect(faultPaths({ requestParameters: { x: "'1'" } })).toEqual([['requestParameters', 'x']])
  expect(faultPaths({ integrationType: 'HTTP', requestTemplates: { a: '#if(' } })).toEqual([['requestTemplates', 'a']])
})
