import { setImmediate } from 'node:timers/promises'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createTokenVerifier } from '../../src/authorizers/bearer-tokens.ts'
import type { CallerAuthorizer } from '../../src/authorizers/contract.ts'
import type { ConnectionsOptions } from '../../src/connections/callback.ts'
import { GatewayError } from '../../src/vocabulary/errors.ts'
import type { DeliverOutcome } from '../../src/vocabulary/frames.ts'
import { allocateConnectionId, allocateRequestId, ownerOfConnectionId } from '../../src/vocabulary/ids.ts'
import { Events, logged } from '../transport/harness.ts'
import { RawClient } from '../transport/raw-client.ts'
import { type Answer, type CallbackServer, startCallbackServer } from './callback-server.ts'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const shortId = /^[A-Za-z0-9_-]{15}=$/
const traceId = /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/

const path = (id: string, stage = 'chat/dev') => `/${stage}/@connections/${id}`

function expectRefusal(answer: Answer, status: number, errorType: string, body: string): void {
  expect(answer).toMatchObject({ status, body })
  expect(answer.headers).toMatchObject({
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'x-amzn-errortype': errorType,
    'x-amzn-requestid': expect.stringMatching(uuid),
    'x-amz-apigw-id': expect.stringMatching(shortId),
  })
  if (status === 400) expect(answer.headers).not.toHaveProperty('x-amzn-trace-id')
  else expect(answer.headers['x-amzn-trace-id']).toMatch(traceId)
}

const expectGone = (answer: Answer) => expectRefusal(answer, 410, 'GoneException', '')

describe('POST @connections', () => {
  let server: CallbackServer
  beforeEach(async () => {
    server = await startCallbackServer()
  })

  it('sends the body as one text frame and answers 200, empty, with the headers of AWS', async () => {
    const client = await server.connect()
    const answer = await server.call('POST', path(client.id), { body: '{"hello":"wörld"}' })
    expect(answer).toMatchObject({ status: 200, body: '' })
    expect(answer.headers).toMatchObject({
      'content-length': '0',
      'content-type': 'application/json',
      'x-amzn-requestid': expect.stringMatching(uuid),
      'x-amz-apigw-id': expect.stringMatching(shortId),
      'x-amzn-trace-id': expect.stringMatching(traceId),
    })
    expect(answer.headers).not.toHaveProperty('x-amzn-errortype')
    expect(await client.next()).toEqual({ data: Buffer.from('{"hello":"wörld"}'), isBinary: false })
  })

  it.each([
    ['the SDK form', (id: string) => `/chat/dev/%40connections/${id.replace('=', '%3D')}`],
    ['the id in lower-case escapes', (id: string) => `/chat/dev/@connections/${id.replace('=', '%3d')}`],
    ['plain letters', (id: string) => `/chat/dev/@connections/${id}`],
    ['an escaped letter', (id: string) => `/chat/dev/@connections/%${id.charCodeAt(0).toString(16)}${id.slice(1)}`],
    ['another stage of the same API', (id: string) => `/chat/prod/@connections/${id}`],
    ['a query that AWS does not know', (id: string) => `/chat/dev/@connections/${id}?x=1&frame=binary`],
  ])('finds the connection in %s', async (_, pathOf) => {
    const client = await server.connect()
    expect((await server.call('POST', pathOf(client.id), { body: 'x' })).status).toBe(200)
    expect(await client.next()).toEqual({ data: Buffer.from('x'), isBinary: false })
  })

  it('sends text whatever the Content-Type, also where the query asks for binary', async () => {
    const client = await server.connect()
    const headers = { 'Content-Type': 'application/octet-stream' }
    await server.call('POST', `${path(client.id)}?frame=binary`, { headers, body: 'text' })
    expect(await client.next()).toEqual({ data: Buffer.from('text'), isBinary: false })
  })

  it('replaces each bad sequence of UTF-8 by U+FFFD', async () => {
    const client = await server.connect()
    await server.call('POST', path(client.id), { body: Uint8Array.of(0x41, 0xff, 0xe2, 0x82, 0x42, 0xc0, 0xaf) })
    expect(await client.next()).toEqual({ data: Buffer.from('A\ufffd\ufffdB\ufffd\ufffd'), isBinary: false })
  })

  it('sends an empty frame for an empty body', async () => {
    const client = await server.connect()
    expect((await server.call('POST', path(client.id))).status).toBe(200)
    expect(await client.next()).toEqual({ data: Buffer.alloc(0), isBinary: false })
  })

  it('takes 131072 bytes and refuses one more with an empty 413', async () => {
    const client = await server.connect()
    const body = Buffer.alloc(131_072, 'a')
    expect((await server.call('POST', path(client.id), { body })).status).toBe(200)
    expect(await client.next()).toSatisfy(({ data, isBinary }) => body.equals(data) && !isBinary)
    const answer = await server.call('POST', path(client.id), { body: Buffer.alloc(131_073) })
    expectRefusal(answer, 413, 'PayloadTooLargeException', '')
  })

  it('refuses 131073 bytes whose number was not announced', async () => {
    const client = await server.connect()
    const headers = { 'Transfer-Encoding': 'chunked' }
    const answer = await server.call('POST', path(client.id), { headers, body: Buffer.alloc(131_073) })
    expectRefusal(answer, 413, 'PayloadTooLargeException', '')
  })

  it('keeps the order of posts that one backend makes one after another', async () => {
    const client = await server.connect()
    for (let i = 0; i < 20; i++) await server.call('POST', path(client.id), { body: `${i}` })
    for (let i = 0; i < 20; i++) expect(await client.next()).toMatchObject({ data: Buffer.from(`${i}`) })
  })

  it('answers 410 while the connection is still in $connect, queues nothing, and 200 after the 101', async () => {
    const { id, open } = await server.connecting()
    expectGone(await server.call('POST', path(id), { body: 'too early' }))
    expectGone(await server.call('GET', path(id)))
    expectGone(await server.call('DELETE', path(id)))
    const client = await open()
    expect((await server.call('POST', path(id), { body: 'welcome' })).status).toBe(200)
    expect(await client.next()).toMatchObject({ data: Buffer.from('welcome') })
  })

  it('answers 429 while too many bytes wait for the client, and queues nothing', async () => {
    const client = await server.connect()
    client.socket.pause()
    const body = Buffer.alloc(131_072, 'a')
    let answer = await server.call('POST', path(client.id), { body })
    let sent = 0
    for (; answer.status === 200 && sent < 500; sent++) answer = await server.call('POST', path(client.id), { body })
    expectRefusal(answer, 429, 'LimitExceededException', '{"message":"Limit Exceeded"}')
    expect(answer.headers['retry-after']).toBe('1')
    client.socket.resume()
    for (; sent > 0; sent--) expect(await client.next()).toSatisfy(({ data }) => body.equals(data))
    expect((await server.call('POST', path(client.id), { body: 'again' })).status).toBe(200)
    expect(await client.next()).toMatchObject({ data: Buffer.from('again') })
  })
})

describe('GET @connections', () => {
  it('describes the connection, byte for byte as AWS prints it', async () => {
    const server = await startCallbackServer()
    const client = await server.connect({ userAgent: 'demo/1.0' })
    const answer = await server.call('GET', path(client.id, 'chat/prod'))
    expect(answer).toMatchObject({
      status: 200,
      body: `{
  "identity" : {
    "sourceIp" : "203.0.113.9",
    "userAgent" : "demo/1.0"
  },
  "connectedAt" : "2025-10-05T08:09:10.119Z",
  "lastActiveAt" : "2025-10-05T08:09:13.377Z"
}`,
    })
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'x-amzn-requestid': expect.stringMatching(uuid),
      'x-amz-apigw-id': expect.stringMatching(shortId),
      'x-amzn-trace-id': expect.stringMatching(traceId),
    })
  })

  it('prints a User-Agent with quotes as JSON, and null for none', async () => {
    const server = await startCallbackServer()
    const odd = await server.connect({ userAgent: 'a "quoted\\" agent' })
    const none = await server.connect()
    const bodies = [odd, none].map(async ({ id }) => JSON.parse((await server.call('GET', path(id))).body).identity)
    expect(await Promise.all(bodies)).toEqual([
      { sourceIp: '203.0.113.9', userAgent: 'a "quoted\\" agent' },
      { sourceIp: '203.0.113.9', userAgent: null },
    ])
  })
})

describe('DELETE @connections', () => {
  it('closes with 1000 "Connection Closed Normally" and answers 204 without a body', async () => {
    const server = await startCallbackServer()
    const client = await server.connect()
    const answer = await server.call('DELETE', path(client.id))
    expect(answer).toMatchObject({ status: 204, body: '' })
    expect(answer.headers).not.toHaveProperty('content-length')
    expect(answer.headers['x-amzn-requestid']).toMatch(uuid)
    expect(await client.next()).toEqual({ code: 1000, reason: 'Connection Closed Normally' })
    expectGone(await server.call('DELETE', path(client.id)))
  })

  it('ignores code and reason unless they are switched on', async () => {
    const server = await startCallbackServer()
    const client = await server.connect()
    expect((await server.call('DELETE', `${path(client.id)}?code=4001&reason=bye`)).status).toBe(204)
    expect(await client.next()).toEqual({ code: 1000, reason: 'Connection Closed Normally' })
  })
})

describe('what @connections refuses', () => {
  let server: CallbackServer
  beforeEach(async () => {
    server = await startCallbackServer()
  })

  const badIds: [string, string, string][] = [
    ['a uuid', '0b0e2a9c-3a8e-4b8a-9c38-4d4e8f0a5d11', '0b0e2a9c-3a8e-4b8a-9c38-4d4e8f0a5d11'],
    ['the id of zeros', 'AAAAAAAAAAAAAAA=', 'AAAAAAAAAAAAAAA='],
    ['a request id', 'request', 'request'],
    ['an id that is escaped twice', 'L0SM9cOFvHcCIhw%253D', 'L0SM9cOFvHcCIhw%3D'],
    ['NUL', 'L0SM9cOFvHcCIh%00=', 'L0SM9cOFvHcCIh\u0000='],
    ['overlong UTF-8', '%C1%8C0SM9cOFvHcCIhw%3D', '%C1%8C0SM9cOFvHcCIhw%3D'],
    ['an escape that ends early', 'L0SM9cOFvHcCIhw%3', 'L0SM9cOFvHcCIhw%3'],
    ['an escaped slash', '..%2f..%2fetc', '../../etc'],
    ['quotes and line ends', '%22%0d%0aX: 1', '"\r\nX: 1'],
    ['the letters of plain base64', '+0SM9cOFvHcCIhw=', '+0SM9cOFvHcCIhw='],
    ['non-ASCII', '%F0%9F%98%80', '😀'],
    ['4,000 characters', 'A'.repeat(4000), 'A'.repeat(4000)],
  ]
  it.each(badIds)('400 for %s', async (_, sent, shown) => {
    for (const method of ['POST', 'GET', 'DELETE']) {
      const answer = await server.call(
        method,
        path(sent).replaceAll(' ', '%20'),
        method === 'POST' ? { body: 'x' } : {},
      )
      expectRefusal(answer, 400, 'BadRequestException', JSON.stringify({ message: `Invalid connectionId: ${shown}` }))
    }
  })

  it('400 for an id whose check byte is wrong, 410 for a good one that never was', async () => {
    const id = allocateConnectionId(server.registry.owner)
    const wrong = `${id[0] === 'A' ? 'B' : 'A'}${id.slice(1)}`
    expect((await server.call('POST', path(wrong), { body: 'x' })).status).toBe(400)
    expect((await server.call('POST', path(allocateRequestId()), { body: 'x' })).status).toBe(400)
    for (const method of ['POST', 'GET', 'DELETE']) {
      expectGone(await server.call(method, path(id)))
      expectGone(await server.call(method, path(allocateConnectionId(server.registry.owner ^ 1))))
    }
  })

  it('410 for a connection that has closed', async () => {
    const client = await server.connect()
    await server.call('DELETE', path(client.id))
    await client.next()
    expectGone(await server.call('POST', path(client.id), { body: 'x' }))
    expectGone(await server.call('GET', path(client.id)))
  })

  it('410 for a connection of another API, which is left alone', async () => {
    const client = await server.connect({ api: 'orders' })
    for (const method of ['POST', 'GET', 'DELETE'])
      expectGone(await server.call(method, path(client.id), { body: 'x' }))
    expect((await server.call('POST', path(client.id, 'orders/dev'), { body: 'mine' })).status).toBe(200)
    expect(await client.next()).toMatchObject({ data: Buffer.from('mine') })
  })

  it.each([
    ['POST', '/@connections', '@connections'],
    ['POST', '/@connections/', '@connections/'],
    ['POST', '/%40connections/', '@connections/'],
    ['POST', '/%40connections/L0SM9cOFvHcCIhw%3D/x', '@connections/L0SM9cOFvHcCIhw=/x'],
    ['GET', '/@connections/a/b', '@connections/a/b'],
    ['GET', '/@connections//a', '@connections//a'],
    ['POST', '/@connectionsX/a', '@connectionsX/a'],
    ['POST', '/%2540connections/a', '%40connections/a'],
    ['POST', '/more', 'more'],
    ['GET', '/%E0%A4%A', '%E0%A4%A'],
    ['PUT', '/@connections/L0SM9cOFvHcCIhw=', '@connections/L0SM9cOFvHcCIhw='],
    ['PATCH', '/@connections/L0SM9cOFvHcCIhw=', '@connections/L0SM9cOFvHcCIhw='],
    ['OPTIONS', '/@connections/L0SM9cOFvHcCIhw=', '@connections/L0SM9cOFvHcCIhw='],
  ])('404 for %s %s', async (method, rest, shown) => {
    const message = `No method found matching route ${shown} for http method ${method}.`
    expectRefusal(await server.call(method, `/chat/dev${rest}`), 404, 'NotFoundException', JSON.stringify({ message }))
  })

  it('404 for HEAD, with the length of the body it would have and without the body', async () => {
    const answer = await server.call('HEAD', path('L0SM9cOFvHcCIhw='))
    expect(answer).toMatchObject({ status: 404, body: '' })
    expect(Number(answer.headers['content-length'])).toBeGreaterThan(0)
  })
})

describe('what a web page can do where callers show nothing', () => {
  it.each(['POST', 'GET', 'DELETE'])('%s of another origin than may connect is 403', async (method) => {
    const server = await startCallbackServer()
    const client = await server.connect()
    const host = `127.0.0.1:${server.port}`
    const send = (stage: string, headers: Record<string, string>) =>
      server.call(method, path(client.id, stage), { headers: { 'Content-Type': 'text/plain', ...headers }, body: 'x' })
    const pages: [stage: string, headers: Record<string, string>][] = [
      ['chat/dev', { Origin: 'https://evil.example' }],
      ['chat/dev', { Origin: 'null' }],
      ['chat/dev', { Origin: 'http://127.0.0.1:3000' }],
      ['chat/prod', { Origin: 'https://evil.example' }],
      ['chat/prod', { Origin: `http://${host}` }],
      // Its own name, which it has resolve to this machine.
      ['chat/dev', { Origin: 'http://evil.example:8080', Host: 'evil.example:8080' }],
      ['chat/dev', { Origin: 'http://127.0.0.1.evil.example', Host: '127.0.0.1.evil.example' }],
    ]
    for (const [stage, headers] of pages) {
      expectRefusal(await send(stage, headers), 403, 'ForbiddenException', '{"message":"Forbidden"}')
    }
    expect(server.errors).toEqual(pages.map(([stage]) => `${stage.replace('/', ' ')} ORIGIN_REFUSED`))
    expect((await server.call('GET', path(client.id))).status).toBe(200)
  })

  it('of an origin that may connect is what every caller can do, and no origin is no page', async () => {
    const server = await startCallbackServer()
    const client = await server.connect()
    const host = `127.0.0.1:${server.port}`
    const callers: [stage: string, headers: Record<string, string>][] = [
      ['chat/dev', { Origin: `http://${host}` }],
      ['chat/dev', { Origin: 'http://localhost:8080', Host: 'localhost:8080' }],
      ['chat/dev', { Origin: 'http://[::1]:8080', Host: '[::1]:8080' }],
      ['chat/prod', { Origin: 'https://app.example' }],
      ['chat/prod', { Origin: 'http://gateway.example', Host: 'gateway.example' }],
      ['chat/dev', { Host: 'gateway.example' }],
    ]
    for (const [stage, headers] of callers) {
      const answer = await server.call('POST', path(client.id, stage), { headers, body: 'x' })
      expect([headers, answer.status]).toEqual([headers, 200])
    }
  })

  it('is not asked for where callers show a token, which no other page has', async () => {
    const server = await startCallbackServer({ authorizer: createTokenVerifier(['good']) })
    const client = await server.connect()
    const headers = { Authorization: 'Bearer good', Origin: 'https://tool.example' }
    expect((await server.call('POST', path(client.id), { headers, body: 'x' })).status).toBe(200)
  })
})

describe('who may call', () => {
  const tokens = createTokenVerifier(['good', 'other'])
  const missing = '{"message":"Missing Authentication Token"}'

  it('is nobody without a bearer token, for every operation', async () => {
    const server = await startCallbackServer({ authorizer: tokens })
    const client = await server.connect()
    for (const method of ['POST', 'GET', 'DELETE']) {
      for (const Authorization of [undefined, '', 'Basic Z29vZA==', 'AWS4-HMAC-SHA256 Credential=good/x']) {
        const headers: Record<string, string> = Authorization === undefined ? {} : { Authorization }
        const answer = await server.call(method, path(client.id), { headers })
        expectRefusal(answer, 403, 'MissingAuthenticationTokenException', missing)
      }
      const headers = { Authorization: 'Bearer wrong' }
      const answer = await server.call(method, path(client.id), { headers })
      expectRefusal(answer, 403, 'ForbiddenException', '{"message":"Forbidden"}')
    }
    const headers = { Authorization: 'Bearer other' }
    expect((await server.call('POST', path(client.id), { headers, body: 'x' })).status).toBe(200)
    expect(await client.next()).toMatchObject({ data: Buffer.from('x') })
  })

  it('is asked after the size, and before the id is looked at', async () => {
    const server = await startCallbackServer({ authorizer: tokens })
    const gone = allocateConnectionId(server.registry.owner)
    const statusOf = async (id: string, body: Uint8Array | string, token?: string) =>
      (await server.call('POST', path(id), { body, headers: token ? { Authorization: `Bearer ${token}` } : {} })).status
    const tooLarge = Buffer.alloc(131_073)
    expect(await statusOf('bad', tooLarge)).toBe(413)
    expect(await statusOf(gone, tooLarge, 'wrong')).toBe(413)
    expect(await statusOf('bad', 'x')).toBe(403)
    expect(await statusOf(gone, 'x', 'wrong')).toBe(403)
    expect(await statusOf('bad', 'x', 'good')).toBe(400)
    expect(await statusOf(gone, 'x', 'good')).toBe(410)
    expect((await server.call('POST', '/chat/dev/@connections', { body: tooLarge })).status).toBe(404)
  })

  it('is judged with the body at hand and what was copied of the request, also by an authorizer that has to ask', async () => {
    const judged: string[] = []
    const asking: CallerAuthorizer<string> = {
      readsBody: true,
      credentials: (request) => `${request.method} ${request.path.slice(0, 10)} ${request.header('authorization')}`,
      async judge(credentials, body) {
        await setImmediate()
        judged.push(`${credentials} ${body === null ? null : Buffer.from(body).toString()}`)
        return credentials.endsWith('good') ? 'allowed' : 'refused'
      },
    }
    const server = await startCallbackServer({ authorizer: asking })
    const client = await server.connect()
    const as = (Authorization: string) => ({ headers: { Authorization } })
    expect(await server.call('POST', path(client.id), { ...as('good'), body: 'hello' })).toMatchObject({ status: 200 })
    expect(await client.next()).toMatchObject({ data: Buffer.from('hello') })
    expect(await server.call('POST', path(client.id), { ...as('bad'), body: 'x' })).toMatchObject({ status: 403 })
    expect(await server.call('GET', path(client.id), as('good'))).toMatchObject({ status: 200 })
    expect(await server.call('DELETE', path(client.id), as('bad'))).toMatchObject({ status: 403 })
    expect(await server.call('DELETE', path(client.id), as('good'))).toMatchObject({ status: 204 })
    expect(await client.next()).toMatchObject({ code: 1000 })
    expect(judged).toEqual([
      'POST /chat/dev/ good hello',
      'POST /chat/dev/ bad x',
      'GET /chat/dev/ good null',
      'DELETE /chat/dev/ bad null',
      'DELETE /chat/dev/ good null',
    ])
  })

  it('of an authorizer that breaks its promise and throws gets nothing but 500', async () => {
    const broken: CallerAuthorizer = {
      readsBody: false,
      credentials: () => null,
      judge() {
        throw new Error('broken')
      },
    }
    const server = await startCallbackServer({ authorizer: broken })
    const client = await server.connect()
    expect(await server.call('POST', path(client.id), { body: 'x' })).toMatchObject({ status: 500 })
    expect(await server.call('DELETE', path(client.id))).toMatchObject({ status: 500 })
  })
})

describe('beyond AWS, when switched on', () => {
  it.each([
    ['code=4001&reason=go%20away+%C3%A9', 4001, 'go away é'],
    ['code=1000', 1000, ''],
    ['code=3000&reason=', 3000, ''],
    ['code=1012&reason=restart', 1012, 'restart'],
    ['reason=done', 1000, 'done'],
    [`code=4999&reason=${'é'.repeat(61)}a`, 4999, `${'é'.repeat(61)}a`],
    ['', 1000, 'Connection Closed Normally'],
    ['other=1', 1000, 'Connection Closed Normally'],
  ])('DELETE?%s closes with %i %j', async (query, code, reason) => {
    const server = await startCallbackServer({ disconnectCodeAndReason: true })
    const client = await server.connect()
    const encoded = query.replaceAll('é', '%C3%A9')
    expect((await server.call('DELETE', `${path(client.id)}?${encoded}`)).status).toBe(204)
    expect(await client.next()).toEqual({ code, reason })
  })

  it.each([
    'code=',
    'code=999',
    'code=1004',
    'code=1005',
    'code=1006',
    'code=1015',
    'code=2000',
    'code=5000',
    'code=04001',
    'code=4001.0',
    'code=1e3',
    `code=4000&reason=${'a'.repeat(124)}`,
    `reason=${'%C3%A9'.repeat(62)}`,
  ])('DELETE?%s is a 400 that says what is allowed, and closes nothing', async (query) => {
    const server = await startCallbackServer({ disconnectCodeAndReason: true })
    const client = await server.connect()
    const answer = await server.call('DELETE', `${path(client.id)}?${query}`)
    expectRefusal(
      answer,
      400,
      'BadRequestException',
      '{"message":"Invalid close code or reason: code is 1000 to 1003, 1007 to 1014 or 3000 to 4999; reason has at most 123 bytes of UTF-8"}',
    )
    expect((await server.call('GET', path(client.id))).status).toBe(200)
  })

  it.each(['filter', 'except', 'report'])(
    'POST with ?%s=, an option of messages to many, is refused before it is sent to whom that may leave out',
    async (option) => {
      const server = await startCallbackServer()
      const client = await server.connect()
      for (const query of [
        `${option}=x`,
        `coalesce=k&${option}=`,
        `%${option.charCodeAt(0).toString(16)}${option.slice(1)}=x`,
      ]) {
        const answer = await server.call('POST', `${path(client.id)}?${query}`, { body: 'no' })
        expect([answer.status, answer.body]).toEqual([
          400,
          `{"message":"Invalid parameters: ${option} is an option of messages to many: an item of POST /@batch takes it for one connection"}`,
        ])
      }
      expect((await server.call('POST', `${path(client.id)}?x=${option}&my${option}=1`, { body: 'yes' })).status).toBe(
        200,
      )
      expect(await client.next()).toMatchObject({ data: Buffer.from('yes') })
      expect((await server.call('GET', `${path(client.id)}?${option}=x`)).status).toBe(200)
    },
  )

  it('POST of application/octet-stream with ?frame=binary sends the bytes as a binary frame', async () => {
    const server = await startCallbackServer({ binaryFrames: true })
    const client = await server.connect()
    const body = Uint8Array.of(0, 255, 0x80)
    for (const type of ['application/octet-stream', 'Application/Octet-Stream; x=1']) {
      const headers = { 'Content-Type': type }
      expect((await server.call('POST', `${path(client.id)}?frame=binary`, { headers, body })).status).toBe(200)
      expect(await client.next()).toEqual({ data: Buffer.from(body), isBinary: true })
    }
  })

  it('POST stays text where only one of the two asks for binary', async () => {
    const server = await startCallbackServer({ binaryFrames: true })
    const client = await server.connect()
    const octets = { 'Content-Type': 'application/octet-stream' }
    await server.call('POST', path(client.id), { headers: octets, body: 'a' })
    await server.call('POST', `${path(client.id)}?frame=text`, { headers: octets, body: 'b' })
    await server.call('POST', `${path(client.id)}?frame=binary`, {
      headers: { 'Content-Type': 'text/plain' },
      body: 'c',
    })
    for (const text of 'abc') expect(await client.next()).toEqual({ data: Buffer.from(text), isBinary: false })
  })
})

describe('connections of other workers', () => {
  const id = allocateConnectionId(1)
  const frames: unknown[] = []
  const far: ConnectionsOptions['registry'] = {
    deliver: () => Promise.resolve('sent'),
    disconnect: () => Promise.resolve('closed'),
    get: () => Promise.resolve(null),
    changeUser: () => Promise.resolve('changed'),
  }

  it('are reached through the registry, with the API of the URL', async () => {
    const server = await startCallbackServer({
      registry: {
        ...far,
        deliver(...call) {
          frames.push(call)
          return Promise.resolve('sent')
        },
      },
    })
    expect((await server.call('POST', path(id), { body: 'far' })).status).toBe(200)
    expect(frames).toEqual([[id, { data: Buffer.from('far'), binary: false }, 'chat']])
    expect((await server.call('DELETE', path(id))).status).toBe(204)
    expectGone(await server.call('GET', path(id)))
  })

  it('are a 503, which may be tried again, while their worker lives and does not answer', async () => {
    const server = await startCallbackServer({
      registry: {
        deliver: () => Promise.resolve('unreachable'),
        disconnect: () => Promise.resolve('unreachable'),
        get: () => Promise.reject(new GatewayError('WORKER_UNREACHABLE')),
        changeUser: () => Promise.resolve('unreachable'),
      },
    })
    for (const method of ['POST', 'GET', 'DELETE']) {
      const answer = await server.call(method, path(id))
      expectRefusal(answer, 503, 'ServiceUnavailableException', '{"message":"Service Unavailable"}')
    }
    const answer = await server.call('PUT', `${path(id)}/attributes`, { body: '{"userId":"ada"}' })
    expectRefusal(answer, 503, 'ServiceUnavailableException', '{"message":"Service Unavailable"}')
  })

  it('are a 500, with the cause in the log only, when the registry fails', async () => {
    const fails = async () => {
      throw new Error('the secret of the store')
    }
    const server = await startCallbackServer({
      registry: { deliver: fails, disconnect: fails, get: fails, changeUser: fails },
    })
    logged.length = 0
    for (const method of ['POST', 'GET', 'DELETE']) {
      const answer = await server.call(method, path(id))
      expectRefusal(answer, 500, 'InternalServerErrorException', '{"message":"Internal server error"}')
    }
    expect(logged.map(({ level, message }) => `${level} ${message}`)).toEqual(Array(3).fill('error a callback failed'))
  })

  it('harm nothing when the caller goes before the answer', async () => {
    const asked = new Events<(outcome: DeliverOutcome) => void>()
    const server = await startCallbackServer({
      registry: {
        ...far,
        deliver: () => new Promise((resolve) => asked.push(resolve)),
        disconnect: () => 'gone',
      },
    })
    const caller = RawClient.to(server.port)
    caller.write(`POST ${path(id)} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx`)
    const answer = await asked.next()
    caller.socket.destroy()
    await caller.closed
    answer('sent')
    expectGone(await server.call('DELETE', path(id)))
  })
})

describe('what a call leaves behind', () => {
  let server: CallbackServer
  beforeEach(async () => {
    server = await startCallbackServer({ authorizer: createTokenVerifier(['good']) })
  })

  it('is one access-log row with the caller as identity, whose id is the x-amz-apigw-id', async () => {
    const client = await server.connect()
    const headers = { Authorization: 'Bearer good', 'User-Agent': 'backend/2' }
    const answer = await server.call('POST', path(client.id), { headers, body: 'x' })
    expect(server.rows).toHaveLength(1)
    const [row] = server.rows
    expect(row).toMatchObject({
      eventType: 'CONNECTION_API',
      routeKey: 'POST /@connections/{connectionId}',
      status: 200,
      requestId: answer.headers['x-amz-apigw-id'],
      traceId: answer.headers['x-amzn-trace-id'],
      failure: null,
      apiId: 'chat',
      stage: 'dev',
      connectionId: client.id,
      sourceIp: '127.0.0.1',
      userAgent: 'backend/2',
      domainName: `127.0.0.1:${server.port}`,
    })
  })

  it('names the error in the row, but not for a 410', async () => {
    const headers = { Authorization: 'Bearer good' }
    const gone = allocateConnectionId(1)
    await server.call('GET', path(gone), { headers })
    await server.call('DELETE', path('bad'), { headers })
    await server.call('GET', path(gone))
    await server.call('POST', '/chat/dev/@connections', { headers })
    expect(
      server.rows.map(({ status, routeKey, failure }) =>
        [status, routeKey.split(' ')[0], failure?.message, failure?.responseType].join(' | '),
      ),
    ).toEqual([
      '410 | GET |  | ',
      '400 | DELETE | Invalid connectionId: bad | BAD_REQUEST_PARAMETERS',
      '403 | GET | Missing Authentication Token | MISSING_AUTHENTICATION_TOKEN',
      '404 | POST | No method found matching route @connections for http method POST. | RESOURCE_NOT_FOUND',
    ])
  })

  it('is nothing for a stage without an access log: not even the address of its caller is asked for', async () => {
    const sourceIp = vi.fn(() => '203.0.113.9')
    server = await startCallbackServer({ sourceIp })
    await server.call('POST', path('bad', 'chat/prod'), { headers: { Authorization: 'Bearer good' } })
    expect(server.rows).toEqual([])
    expect(sourceIp).not.toHaveBeenCalled()
  })

  it('names the caller by the address that trusted proxies tell of', async () => {
    server = await startCallbackServer({ sourceIp: (request) => request.header('x-forwarded-for') })
    await server.call('POST', path('bad'), { headers: { 'X-Forwarded-For': '203.0.113.9' }, body: 'x' })
    expect(server.rows.map(({ sourceIp }) => sourceIp)).toEqual(['203.0.113.9'])
  })

  it('is counted by API, operation and status, and errors by their code', async () => {
    const headers = { Authorization: 'Bearer good' }
    const client = await server.connect()
    await server.call('POST', path(client.id), { headers, body: 'a' })
    await server.call('POST', path(client.id), { headers, body: 'b' })
    await server.call('GET', path(client.id, 'chat/prod'), { headers })
    await server.call('GET', path(client.id, 'orders/dev'), { headers })
    await server.call('DELETE', path(client.id), { headers })
    await server.call('DELETE', path('bad'), { headers })
    await server.call('PUT', path(client.id), { headers })
    expect((await server.metrics()).sort()).toEqual([
      'postern_callbacks_total{api="chat",operation="delete",status="204"} 1',
      'postern_callbacks_total{api="chat",operation="delete",status="400"} 1',
      'postern_callbacks_total{api="chat",operation="get",status="200"} 1',
      'postern_callbacks_total{api="chat",operation="post",status="200"} 2',
      'postern_callbacks_total{api="orders",operation="get",status="410"} 1',
    ])
    expect(server.errors).toEqual([
      'orders dev CONNECTION_GONE',
      'chat dev INVALID_CONNECTION_ID',
      'chat dev NO_SUCH_CALLBACK',
    ])
  })
})

describe('an Idempotency-Key', () => {
  const headers = { 'Idempotency-Key': 'order-17' }

  it('has a POST made once: the same call again gets the first answer', async () => {
    const server = await startCallbackServer()
    const client = await server.connect()
    const post = () => server.call('POST', path(client.id), { headers, body: 'one' })
    const [first, second, third] = [await post(), ...(await Promise.all([post(), post()]))]
    expect(first).toMatchObject({ status: 200, body: '' })
    expect(first?.headers).not.toHaveProperty('idempotency-replayed')
    for (const again of [second, third]) {
      expect(again).toMatchObject({ status: 200, body: '', headers: { 'idempotency-replayed': 'true' } })
      expect(again?.headers['x-amzn-requestid']).not.toBe(first?.headers['x-amzn-requestid'])
    }
    expect(await client.next()).toEqual({ data: Buffer.from('one'), isBinary: false })
    await server.call('POST', path(client.id), { body: 'two' })
    expect(await client.next()).toEqual({ data: Buffer.from('two'), isBinary: false })
  })

  it.each([
    ['body', (id: string) => [path(id), 'two']],
    ['connection', () => [path(allocateConnectionId(1)), 'one']],
    ['query', (id: string) => [`${path(id)}?x=1`, 'one']],
  ] as const)('is of one call: another %s under it is 422', async (_, other) => {
    const server = await startCallbackServer()
    const client = await server.connect()
    await server.call('POST', path(client.id), { headers, body: 'one' })
    const [url, body] = other(client.id)
    const answer = await server.call('POST', url as string, { headers, body: body as string })
    expectRefusal(
      answer,
      422,
      'UnprocessableEntityException',
      '{"message":"The Idempotency-Key was used for another request"}',
    )
  })

  it('keeps a 410, and forgets what was held off', async () => {
    let full = true
    const registry: ConnectionsOptions['registry'] = {
      get: () => null,
      deliver: (id) => (ownerOfConnectionId(id) === 1 ? 'gone' : full ? 'full' : 'sent'),
      disconnect: () => 'gone',
      changeUser: () => 'gone',
    }
    const server = await startCallbackServer({ registry })
    const gone = () => server.call('POST', path(allocateConnectionId(1)), { headers, body: 'one' })
    expect((await gone()).status).toBe(410)
    const id = allocateConnectionId(2)
    const post = () => server.call('POST', path(id), { headers: { 'Idempotency-Key': 'k' }, body: 'one' })
    expect((await post()).status).toBe(429)
    full = false
    expect((await post()).status).toBe(200)
    full = true
    expect((await post()).status).toBe(200)
  })

  it('is 503 where nothing can be known of a first call, and nothing is sent', async () => {
    const sent: string[] = []
    const registry: ConnectionsOptions['registry'] = {
      get: () => null,
      deliver(id) {
        sent.push(id)
        return 'sent'
      },
      disconnect: () => 'gone',
      changeUser: () => 'gone',
    }
    const away = { claim: () => Promise.reject(new Error('Redis is away')) }
    const server = await startCallbackServer({ registry, idempotency: away })
    const answer = await server.call('POST', path(allocateConnectionId(1)), { headers, body: 'one' })
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    expect(sent).toEqual([])
    // Without a key nobody asks.
    expect((await server.call('POST', path(allocateConnectionId(1)), { body: 'one' })).status).toBe(200)
  })

  it('has at most 255 bytes', async () => {
    const server = await startCallbackServer()
    const client = await server.connect()
    const long = { 'Idempotency-Key': 'k'.repeat(256) }
    const answer = await server.call('POST', path(client.id), { headers: long, body: 'one' })
    expectRefusal(
      answer,
      400,
      'BadRequestException',
      '{"message":"Invalid parameters: the Idempotency-Key has at most 255 bytes"}',
    )
  })
})
