import { rm } from 'node:fs/promises'
import { createServer, request as httpRequest } from 'node:http'
import { type AddressInfo, connect as netConnect, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Client, refused } from '../helpers/client.ts'
import { says } from '../helpers/definitions.ts'
import { httpCall } from '../helpers/http-call.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'

const whoAmI = {
  $default: says(
    '{"id":"$context.connectionId","domain":"$context.domainName","prefix":"$context.domainPrefix","stage":"$context.stage","apiId":"$context.apiId"}',
  ),
}

let gateway: TestGateway
let origin: string
let ws: string
beforeAll(async () => {
  gateway = await startGateway(
    { routes: whoAmI, stages: { dev: {}, prod: {} } },
    {
      flags: { defaultApi: 'test' },
      apis: {
        other: { routes: whoAmI, stages: { dev: {}, 'Stage_2-x': {} } },
        third: { routes: whoAmI, stages: { dev: {} } },
        gone: { routes: whoAmI, stages: { dev: {} } },
      },
      settings: {
        domains: [
          {
            domainName: 'ws.example.com',
            apiMappings: [
              { apiMappingKey: 'live', apiId: 'test', stage: 'prod' },
              { apiMappingKey: "$-_.+!*'()", apiId: 'test', stage: 'dev' },
              { apiId: 'other', stage: 'Stage_2-x' },
            ],
          },
          { domainName: 'keyed.example.com', apiMappings: [{ apiMappingKey: 'a', apiId: 'other', stage: 'dev' }] },
          {
            domainName: 'shared.example.com',
            apiMappings: [
              { apiMappingKey: 'a', apiId: 'other', stage: 'dev' },
              { apiMappingKey: 'b', apiId: 'third', stage: 'dev' },
              { apiId: 'test', stage: 'prod' },
            ],
          },
          { domainName: 'nowhere.example.com', apiMappings: [{ apiMappingKey: 'a', apiId: 'gone', stage: 'dev' }] },
        ],
      },
    },
  )
  // A gateway does not start with a domain of an API that is not there, but it serves on when the API goes.
  await rm(join(gateway.directory, '../gone'), { recursive: true })
  await gateway.reload()
  origin = `http://127.0.0.1:${gateway.port}`
  ws = `ws://127.0.0.1:${gateway.port}`
})
afterAll(() => gateway.close())

interface Found {
  readonly client: Client
  readonly id: string
  readonly domain: string
  readonly prefix: string
  readonly stage: string
  readonly apiId: string
}

async function connect(path: string, host?: string): Promise<Found> {
  const client = await Client.connect(ws + path, host === undefined ? {} : { headers: { Host: host } })
  client.send('who am I')
  return { client, ...JSON.parse(await client.next()) }
}

/** Posts as a backend does that knows nothing but an endpoint: its authority is the Host, the rest the path. */
async function post(endpoint: string, id: string): Promise<number> {
  const slash = endpoint.indexOf('/')
  const path = `${slash < 0 ? '' : endpoint.slice(slash)}/@connections/${encodeURIComponent(id)}`
  const { status } = await httpCall('POST', origin, path, {
    headers: { Host: slash < 0 ? endpoint : endpoint.slice(0, slash) },
    body: 'hello',
  })
  return status
}

describe('the four forms of a URL, and domainName + / + stage as the endpoint of @connections in each', () => {
  const forms: [form: string, path: string, host: string | undefined, domain: string, stage: string, apiId: string][] =
    [
      ['/{apiId}/{stage}', '/other/dev', undefined, '127.0.0.1:PORT/other', 'dev', 'other'],
      [
        '/{apiId}/{stage} under a name with a port',
        '/other/Stage_2-x/',
        'gw.example:81',
        'gw.example:81/other',
        'Stage_2-x',
        'other',
      ],
      [
        '/{apiId}/{stage} under a name whose first label happens to be the id of an API',
        '/third/dev',
        'other.example.com',
        'other.example.com/third',
        'dev',
        'third',
      ],
      ['/{stage} of the default API', '/prod', undefined, '127.0.0.1:PORT', 'prod', 'test'],
      [
        '{apiId}.<anything>/{stage}',
        '/dev',
        'other.execute-api.eu-west-1.amazonaws.com',
        'other.execute-api.eu-west-1.amazonaws.com',
        'dev',
        'other',
      ],
      ['a custom domain with a mapping key', '/live', 'ws.example.com', 'ws.example.com', 'prod', 'test'],
      [
        'a custom domain with a mapping key of every letter that AWS allows',
        "/$-_.+!*'()",
        'ws.example.com',
        'ws.example.com',
        'dev',
        'test',
      ],
      ['a custom domain without a mapping key', '/', 'ws.example.com', 'ws.example.com', 'Stage_2-x', 'other'],
      [
        'a custom domain in capitals, with a port',
        '/live',
        'WS.Example.com:8080',
        'ws.example.com:8080',
        'prod',
        'test',
      ],
      ['/{stage} on a custom domain', '/prod', 'ws.example.com', 'ws.example.com', 'prod', 'test'],
    ]
  test.each(forms)('%s', async (_form, path, host, domain, stage, apiId) => {
    const found = await connect(path, host)
    expect(found.domain).toBe(domain.replace('PORT', String(gateway.port)))
    expect([found.stage, found.apiId]).toEqual([stage, apiId])
    expect(found.prefix).toBe(domain.split(/[.:/]/)[0])
    expect(await post(`${found.domain}/${found.stage}`, found.id)).toBe(200)
    expect(await found.client.next()).toBe('hello')
    found.client.close()
  })

  test('on a custom domain the mapping key is an endpoint as well, and the domain alone where there is none', async () => {
    const keyed = await connect('/live', 'ws.example.com')
    expect(await post('ws.example.com/live', keyed.id)).toBe(200)
    const whole = await connect('/', 'ws.example.com')
    expect(await post('ws.example.com', whole.id)).toBe(200)
    keyed.client.close()
    whole.client.close()
  })

  test('an endpoint that ends in a slash works in each form, for every operation', async () => {
    const endpoints: [path: string, host: string | undefined, endpoint: string][] = [
      ['/other/dev', undefined, '/other/dev/'],
      ['/prod', undefined, '/prod/'],
      ['/dev', 'other.execute-api.eu-west-1.amazonaws.com', '/dev/'],
      ['/live', 'ws.example.com', '/live/'],
      ['/', 'ws.example.com', '/'],
    ]
    for (const [path, host, endpoint] of endpoints) {
      const { client, id } = await connect(path, host)
      const headers = host === undefined ? {} : { headers: { Host: host } }
      const call = async (method: string) =>
        (await httpCall(method, origin, `${endpoint}/@connections/${encodeURIComponent(id)}`, headers)).status
      expect([endpoint, await call('POST'), await call('GET')]).toEqual([endpoint, 200, 200])
      expect(await client.next()).toBe('')
      expect(await call('DELETE')).toBe(204)
      await client.closed
    }
  })
})

describe('behind a proxy that serves the gateway under a path', () => {
  /** A proxy that takes its path off and says so; `prefix` may say something else. */
  async function startProxy(port: number, prefix: string): Promise<string> {
    const proxy = createServer((request, response) => {
      const path = request.url?.replace('/some/where', '')
      const onward = httpRequest({ port, path, method: request.method, headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 0, answer.headers)
        answer.pipe(response)
      })
      request.pipe(onward)
    })
    proxy.on('upgrade', (request, client: Socket) => {
      const onward = netConnect(port, '127.0.0.1')
      const headers = Object.entries({ ...request.headers, 'x-forwarded-prefix': prefix })
      onward.write(`GET ${request.url?.replace('/some/where', '')} HTTP/1.1\r\n`)
      onward.write(`${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
      onward.pipe(client).pipe(onward)
      for (const socket of [onward, client]) socket.on('error', () => {})
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      proxy.closeAllConnections()
      proxy.close()
    })
    return `127.0.0.1:${(proxy.address() as AddressInfo).port}`
  }

  async function start(flags: Record<string, string>, domains: object[] = []): Promise<TestGateway> {
    const started = await startGateway({ routes: whoAmI }, { flags, settings: { domains } })
    onTestFinished(() => started.close())
    return started
  }

  async function domainOf(authority: string, path: string, headers: Record<string, string> = {}) {
    const client = await Client.connect(`ws://${authority}/some/where${path}`, { headers })
    client.send('who am I')
    return { ...(JSON.parse(await client.next()) as Found), client }
  }

  test.each(['/some/where', '/some/where/'])(
    'a trusted one says so (%s), and domainName + / + stage is an endpoint that works through it',
    async (prefix) => {
      const { port } = await start({ trustedProxies: '127.0.0.1' })
      const authority = await startProxy(port, prefix)
      for (const [path, domain] of [
        ['/test/dev', `${authority}/some/where/test`],
        ['/dev', `${authority}/some/where`],
      ] as const) {
        const found = await domainOf(authority, path)
        expect(found.domain).toBe(domain)
        const [, ...rest] = `${found.domain}/${found.stage}/@connections/${found.id}`.split('/')
        const { status } = await httpCall('POST', `http://${authority}`, `/${rest.join('/')}`, { body: 'hello' })
        expect(status).toBe(200)
        expect(await found.client.next()).toBe('hello')
        found.client.close()
      }
    },
  )

  test('of custom domains too', async () => {
    const apiMappings = [{ apiMappingKey: 'live', apiId: 'test', stage: 'dev' }]
    const { port } = await start({ trustedProxies: '127.0.0.1' }, [{ domainName: 'ws.example.com', apiMappings }])
    const authority = await startProxy(port, '/some/where')
    const { client, domain } = await domainOf(authority, '/live', { Host: 'ws.example.com' })
    expect(domain).toBe('ws.example.com/some/where')
    client.close()
  })

  test('one that is not trusted, or says what no plain path is, says nothing', async () => {
    const trusted = await start({ trustedProxies: '127.0.0.1' })
    const others = await start({ trustedProxies: '10.0.0.0/8' })
    const odd = ['x', '//evil.example', '/a//b', '/..', '/a/../b', '/./a', '/a?b', '/a#b', '/a@b', '/%2e%2e', '/a, /b']
    for (const [port, prefix] of [
      [others.port, '/some/where'],
      ...[...odd, `/${'a'.repeat(256)}`, '/'].map((each) => [trusted.port, each] as const),
    ] as const) {
      const authority = await startProxy(port, prefix)
      const { client, domain } = await domainOf(authority, '/test/dev')
      expect([prefix, domain]).toEqual([prefix, `${authority}/test`])
      client.close()
    }
  })
})

describe('a connection is reached', () => {
  test('through any stage of its API', async () => {
    const { client, id } = await connect('/prod')
    for (const endpoint of [`127.0.0.1:${gateway.port}/dev`, `127.0.0.1:${gateway.port}/test/prod`, 'test.x/dev']) {
      expect([endpoint, await post(endpoint, id)]).toEqual([endpoint, 200])
      expect(await client.next()).toBe('hello')
    }
    client.close()
  })

  test('through no stage of another API, and not at all where there is no stage', async () => {
    const { client, id } = await connect('/prod')
    expect(await post('127.0.0.1/other/dev', id)).toBe(410)
    for (const endpoint of [
      '127.0.0.1/test/none',
      '127.0.0.1/none',
      'other.x/prod',
      'keyed.example.com/b',
      'nowhere.example.com/a',
      'nowhere.example.com/dev',
    ]) {
      expect([endpoint, await post(endpoint, id)]).toEqual([endpoint, 403])
    }
    client.close()
    expect(client.unread).toEqual([])
  })

  test('under /{stage} of a custom domain also where several APIs have a stage of that name, which clients then can not connect to', async () => {
    for (const key of ['a', 'b']) {
      const { client, id, domain, stage } = await connect(`/${key}`, 'shared.example.com')
      expect(await post(`${domain}/${stage}`, id)).toBe(200)
      expect(await client.next()).toBe('hello')
      const headers = { Host: 'shared.example.com' }
      const path = `/dev/@connections/${encodeURIComponent(id)}`
      expect((await httpCall('GET', origin, path, { headers })).status).toBe(200)
      expect((await httpCall('DELETE', origin, path, { headers })).status).toBe(204)
      await client.closed
      expect((await httpCall('GET', origin, path, { headers })).status).toBe(410)
    }
    expect((await refused(`${ws}/dev`, { headers: { Host: 'shared.example.com' } })).status).toBe(403)
    expect((await httpCall('GET', origin, '/dev', { headers: { Host: 'shared.example.com' } })).status).toBe(403)
  })
})

describe('what is not served', () => {
  const forbidden: [string, string, string | undefined][] = [
    ['an unknown stage', '/test/none', undefined],
    ['a stage in other letters', '/test/Dev', undefined],
    ['an unknown mapping key', '/none', 'keyed.example.com'],
    ['a custom domain without its mapping key', '/', 'keyed.example.com'],
    ['/{apiId}/{stage} on a custom domain', '/other/dev', 'keyed.example.com'],
    ['a mapping to an API that is not there', '/a', 'nowhere.example.com'],
    ['a Host that is no host', '/dev', 'a b'],
    ['names that every object has', '/constructor/toString', undefined],
    ['__proto__', '/__proto__', undefined],
  ]
  test.each(forbidden)('%s: 403 Forbidden', async (_case, path, host) => {
    const headers = host === undefined ? {} : { Host: host }
    const handshake = await refused(ws + path, { headers })
    expect([handshake.status, handshake.body]).toEqual([403, '{"message":"Forbidden"}'])
    const plain = await httpCall('POST', origin, path, { headers })
    expect([plain.status, plain.body]).toEqual([403, '{"message":"Forbidden"}'])
  })

  const unknownRoutes: [string, string, string, string | undefined][] = [
    ['a path after the stage', '/test/dev/more', 'more', undefined],
    ['a path after the mapping key', '/a/more', 'more', 'keyed.example.com'],
    ['a path under a whole domain', '/more/of/it', 'more/of/it', 'ws.example.com'],
    ['a path with escapes, which are decoded once', '/test/dev/a%20b/%22%C3%A9%2522', 'a b/"é%22', undefined],
    ['a path that does not decode', '/test/dev/%E0%A4%A', '%E0%A4%A', undefined],
  ]
  test.each(unknownRoutes)('%s: no handshake (403), and 404 that names route and method', async (_case, ...given) => {
    const [path, route, host] = given
    const headers = host === undefined ? {} : { Host: host }
    const handshake = await refused(ws + path, { headers })
    expect([handshake.status, handshake.body]).toEqual([403, '{"message":"Forbidden"}'])
    for (const method of ['GET', 'POST', 'DELETE']) {
      const { status, headers: answered, body } = await httpCall(method, origin, path, { headers })
      expect([status, answered['x-amzn-errortype']]).toEqual([404, 'NotFoundException'])
      expect(JSON.parse(body)).toEqual({
        message: `No method found matching route ${route} for http method ${method}.`,
      })
    }
  })

  test('any method without Upgrade to a stage: 426, HEAD without its body', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']) {
      const { status, headers, body } = await httpCall(method, origin, '/test/dev')
      expect([method, status, headers.upgrade]).toEqual([method, 426, 'websocket'])
      expect(body).toBe(method === 'HEAD' ? '' : '{"message":"Upgrade Required"}')
    }
  })

  test('below @connections of a stage there is a table of calls, and 404 that names route and method else', async () => {
    const { client, id } = await connect('/prod')
    const wrong: [string, string][] = [
      ['DELETE', '/test/dev/@connections'],
      ['POST', '/test/dev/@connections/'],
      ['GET', '/test/dev/%40connections'],
      ['PUT', `/test/dev/@connections/${id}`],
      ['POST', `/test/dev/@connections/${id}/more`],
    ]
    for (const [method, path] of wrong) {
      const { status, headers, body } = await httpCall(method, origin, path)
      expect([path, status, headers['x-amzn-errortype']]).toEqual([path, 404, 'NotFoundException'])
      expect(body).toBe(
        `{"message":"No method found matching route ${decodeURIComponent(path.slice('/test/dev/'.length))} for http method ${method}."}`,
      )
    }
    expect((await httpCall('POST', origin, '/nowhere/@connections/x')).status).toBe(403)
    client.close()
  })
})
