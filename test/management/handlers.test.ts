import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createTokenVerifier } from '../../src/authorizers/bearer-tokens.ts'
import type { ManagementOptions } from '../../src/management/handlers.ts'
import { startTestManagement } from '../helpers/management.ts'

type Management = Awaited<ReturnType<typeof startTestManagement>>
let management: Management
async function start(overrides?: Partial<ManagementOptions>): Promise<void> {
  management?.close()
  management = await startTestManagement(overrides)
}
beforeEach(() => start())
afterEach(() => management.close())

/** Sends a request by node:http: fetch sets Host and the Sec- headers itself, so it can't send bad ones. */
function call(
  path: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${management.url}${path}`, { method, headers }, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

describe('probes', () => {
  test('/healthz says ok while the process lives', async () => {
    expect(await call('/healthz')).toMatchObject({ status: 200, body: 'ok\n' })
    expect(await call('/healthz', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
  })

  test('/readyz is 200 while clients may come', async () => {
    const { status, body } = await call('/readyz')
    expect([status, JSON.parse(body)]).toEqual([200, { ready: true, reasons: [] }])
  })

  test('/readyz is 503 with every reason: not listening, draining, a registry in trouble', async () => {
    const { registry } = management
    await start({
      gateway: () => null,
      unready: () => ['draining'],
      registry: { ...registry, trouble: () => 'Redis does not answer' },
    })
    const { status, body } = await call('/readyz')
    expect(status).toBe(503)
    expect(JSON.parse(body)).toEqual({ ready: false, reasons: ['not listening', 'draining', 'Redis does not answer'] })
  })
})

test('/metrics is in the text format 0.0.4', async () => {
  management.metrics.counter('postern_definition_reloads_total', { outcome: 'applied' }).value = 3
  const { status, headers, body } = await call('/metrics')
  expect([status, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
  expect(body).toContain('\npostern_definition_reloads_total{outcome="applied"} 3\n')
})

test('/metrics is 500 without details when a scrape fails', async () => {
  const { metrics } = management
  await start({ metrics: { ...metrics, scrape: () => Promise.reject(new Error('secret detail')) } })
  const { status, body } = await call('/metrics')
  expect(status).toBe(500)
  expect(body).not.toContain('secret detail')
})

describe('/api/apis', () => {
  const apis = () => [
    {
      apiId: 'chat',
      routeSelectionExpression: '$request.body.action',
      stages: [{ stage: 'dev', routeKeys: ['$connect', 'send'], connections: 2 }],
    },
  ]

  test('lists APIs, stages, routes and the URL under which the asker reaches them', async () => {
    await start({ apis })
    const { body } = await call('/api/apis')
    expect(JSON.parse(body)).toEqual({
      version: '0.0.0-test',
      apis: [
        {
          apiId: 'chat',
          routeSelectionExpression: '$request.body.action',
          stages: [
            { stage: 'dev', routeKeys: ['$connect', 'send'], connections: 2, url: 'ws://127.0.0.1:8080/chat/dev' },
          ],
        },
      ],
    })
  })

  test.each([
    ['127.0.0.1', 'localhost:8081', 'ws://localhost:8080/chat/dev'],
    ['0.0.0.0', '10.1.2.3:8081', 'ws://10.1.2.3:8080/chat/dev'],
    ['::', '[::1]:8081', 'ws://[::1]:8080/chat/dev'],
    ['10.9.8.7', 'localhost:8081', 'ws://10.9.8.7:8080/chat/dev'],
    ['fd00::1', 'localhost:8081', 'ws://[fd00::1]:8080/chat/dev'],
  ])('a gateway on %s, asked for at %s, is reached at %s', async (host, asked, url) => {
    await start({ apis, gateway: () => ({ scheme: 'ws', host, port: 8080 }) })
    expect(JSON.parse((await call('/api/apis', { headers: { host: asked } })).body).apis[0].stages[0].url).toBe(url)
  })

  test('there is no URL while the gateway does not listen', async () => {
    await start({ apis, gateway: () => null })
    expect(JSON.parse((await call('/api/apis')).body).apis[0].stages[0].url).toBeNull()
  })
})

test('/api/close-reasons is the table of close reasons', async () => {
  const { closeReasons } = JSON.parse((await call('/api/close-reasons')).body)
  expect(closeReasons.idleTimeout).toMatchObject({ code: 1001, text: 'Going away', by: 'gateway' })
})

describe('what a web page in the browser of someone at this machine can do', () => {
  const guarded = ['/metrics', '/api/apis', '/api/connections', '/api/close-reasons', '/api/connections/x', '/nothing']

  test.each(guarded)('%s is refused under a name that resolves here (DNS rebinding)', async (path) => {
    for (const host of [
      'evil.example',
      'evil.example:8081',
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      '127.0.0.1:8081.evil',
    ]) {
      expect((await call(path, { headers: { host } })).status, host).toBe(403)
    }
  })

  test.each(['localhost', 'localhost:8081', 'LOCALHOST', 'x.localhost', '127.0.0.1:1', '[::1]:8081', '10.0.0.4:8081'])(
    'under %s it is served, since that name can not be rebound',
    async (host) => expect((await call('/metrics', { headers: { host } })).status).toBe(200),
  )

  test('a configured name is served', async () => {
    await start({ hosts: ['Gateway.Internal'] })
    expect((await call('/metrics', { headers: { host: 'gateway.internal:8081' } })).status).toBe(200)
    expect((await call('/metrics', { headers: { host: 'other.internal:8081' } })).status).toBe(403)
  })

  test('requests that a browser says are from another origin are refused, from our own are not', async () => {
    const host = `127.0.0.1:${management.port}`
    const headers = (more: Record<string, string>) => ({ headers: { host, ...more } })
    for (const origin of ['http://evil.example', 'http://127.0.0.1:3000', 'null', 'https://localhost:8081']) {
      expect((await call('/api/apis', headers({ origin }))).status, origin).toBe(403)
    }
    for (const site of ['cross-site', 'same-site']) {
      expect((await call('/api/apis', headers({ 'sec-fetch-site': site }))).status, site).toBe(403)
    }
    for (const more of [
      { origin: `http://${host}` },
      { 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none' },
    ]) {
      expect((await call('/api/apis', headers(more))).status).toBe(200)
    }
  })

  test('a form, or a fetch that needs no preflight, can not push to a connection', async () => {
    const { connectionId } = management.add()
    const path = `/api/connections/${encodeURIComponent(connectionId)}`
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', '']) {
      const headers: Record<string, string> = type === '' ? {} : { 'content-type': type }
      expect((await call(path, { method: 'POST', headers, body: '{"data":"x"}' })).status, type).toBe(415)
    }
    expect(management.sockets.sent).toEqual([])
  })

  test('a preflight gets no leave', async () => {
    const { status, headers } = await call('/api/connections', {
      method: 'OPTIONS',
      headers: { origin: 'http://evil.example' },
    })
    expect(status).toBe(403)
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  test('probes and the page itself are open to any name', async () => {
    for (const path of ['/healthz', '/readyz', '/', '/playground/playground.js']) {
      expect((await call(path, { headers: { host: 'lb.internal' } })).status, path).toBe(200)
    }
  })
})

describe('with tokens', () => {
  beforeEach(() => start({ callers: createTokenVerifier(['s3cret-token']) }))
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

  test('everything but the probes and the static page asks for one', async () => {
    for (const path of ['/metrics', '/api/apis', '/api/connections', '/api/close-reasons', '/nothing']) {
      const { status, headers } = await call(path)
      expect([path, status, headers['www-authenticate']]).toEqual([path, 401, 'Bearer'])
      expect((await call(path, bearer('wrong'))).status).toBe(401)
    }
    for (const path of ['/healthz', '/readyz', '/']) expect((await call(path)).status).toBe(200)
    expect((await call('/metrics', bearer('s3cret-token'))).status).toBe(200)
  })

  test('any name will do, since a page that was rebound has no token', async () => {
    const { headers } = bearer('s3cret-token')
    expect((await call('/metrics', { headers: { ...headers, host: 'postern.monitoring.svc:8081' } })).status).toBe(200)
  })
})

test('every answer forbids framing, sniffing, caching and inline script', async () => {
  for (const path of ['/', '/healthz', '/api/apis', '/nothing', '/api/connections/bad']) {
    const { headers } = await call(path)
    expect(headers, path).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cross-origin-resource-policy': 'same-origin',
    })
    expect(headers['content-security-policy']).toMatch(/^default-src 'self';.*frame-ancestors 'none'/)
    expect(headers['content-security-policy']).not.toContain('unsafe')
  }
})

test('there is nothing under other paths, and reading methods only where nothing can be written', async () => {
  expect((await call('/nothing')).status).toBe(404)
  expect((await call('/playground/../../package.json')).status).toBe(404)
  for (const path of ['/', '/healthz', '/metrics', '/api/apis']) {
    expect(await call(path, { method: 'POST' })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
  }
})

test('without the playground its paths are like any other', async () => {
  await start({ playground: false })
  expect((await call('/')).status).toBe(404)
  expect((await call('/playground/playground.js')).status).toBe(404)
  expect((await call('/healthz')).status).toBe(200)
})

test('the management port serves no WebSockets', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${management.port}/`)
  const status = await new Promise((resolve) => {
    socket.on('unexpected-response', (_, response) => resolve(response.statusCode))
    socket.on('error', () => {})
  })
  expect(status).toBe(404)
})
