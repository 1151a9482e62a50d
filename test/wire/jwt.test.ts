import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Backend, startBackend } from '../helpers/backend.ts'
import { Client, refused } from '../helpers/client.ts'
import { envelope, frame, says } from '../helpers/definitions.ts'
import { httpCall } from '../helpers/http-call.ts'
import { type Issuer, startIssuer } from '../helpers/issuer.ts'
import { type Definition, startGateway, type TestGateway } from '../helpers/postern.ts'

let issuer: Issuer
let rotating: Issuer
let backend: Backend
let gateway: TestGateway

const everywhere = [
  '$request.header.Authorization',
  '$request.querystring.token',
  '$request.cookie.session',
  '$request.subprotocol.bearer',
]

const guarded = (authorizer: Definition, connect: Definition = {}, routes: Definition = {}): Definition => ({
  authorizers: {
    users: { authorizerType: 'JWT', jwtConfiguration: { issuer: issuer.url, audience: ['chat'] }, ...authorizer },
  },
  routes: { $connect: { authorizationType: 'JWT', authorizerId: 'users', ...connect }, ...routes },
})

beforeAll(async () => {
  issuer = await startIssuer()
  rotating = await startIssuer()
  backend = await startBackend()
  const asks = {
    integration: {
      integrationType: 'HTTP_PROXY',
      integrationMethod: 'POST',
      integrationUri: `${backend.url}/connect`,
      requestParameters: { 'integration.request.header.user': 'context.authorizer.principalId' },
    },
  }
  const format = '$context.requestId $context.status $context.authorizer.principalId $context.error.message'
  gateway = await startGateway(
    {
      ...guarded({ identitySource: everywhere }, asks, {
        who: says('$context.authorizer.principalId $context.authorizer.groups $context.authorizer.level'),
        write: { ...says('written'), authorizationScopes: ['chat:write', 'chat:admin'] },
      }),
      stages: { dev: { accessLogSettings: { format } } },
    },
    {
      apis: {
        rotating: guarded({ jwtConfiguration: { issuer: rotating.url, audience: ['chat'] } }),
        scoped: guarded({}, { authorizationScopes: ['chat:connect'] }),
        expiring: guarded(
          { tokenExpiry: 'CLOSE', tokenExpiryWarningInSeconds: 3_600, tokenRefreshRouteKey: 'refresh', ...exact() },
          {},
          { who: says('$context.authorizer.name'), write: { ...says('written'), authorizationScopes: ['chat:write'] } },
        ),
        throttled: {
          ...guarded({ tokenRefreshRouteKey: 'refresh' }),
          stages: { dev: { routeSettings: { refresh: { throttlingRateLimit: 0, throttlingBurstLimit: 3 } } } },
        },
      },
    },
  )
  // A busy machine may take longer than the keys may take.
  for (const [api, each] of [['expiring', issuer] as const, ['rotating', rotating] as const]) {
    const token = await each.token()
    await vi.waitFor(async () => (await Client.connect(urlOf(api), bearer(token))).close(), 20_000)
  }
})
afterAll(async () => {
  await gateway.close()
  await backend.close()
  await issuer.close()
  await rotating.close()
})
beforeEach(() => {
  backend.calls.length = 0
})

/** Clocks are not forgiven anything, so that tests need not wait. */
function exact(): Definition {
  return { jwtConfiguration: { issuer: issuer.url, audience: ['chat'], clockToleranceInSeconds: 0 } }
}

const urlOf = (api: string) => `ws://127.0.0.1:${gateway.port}/${api}/dev`
const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })

async function ask(client: Client, message: object): Promise<string> {
  client.send(message)
  return client.next()
}

describe('a token', () => {
  test('lets its bearer in, and what it claims is part of every event', async () => {
    const token = await issuer.token({ claims: { groups: ['a', 'b'], level: 3 } })
    const client = await Client.connect(gateway.ws, bearer(token))
    expect(backend.calls[0]?.headers.user).toBe('alice')
    expect(await ask(client, { action: 'who' })).toBe('alice [a b] 3')
    client.close()
  })

  test.each<[string, (token: string) => [string, Parameters<typeof Client.connect>[1]], string | undefined]>([
    ['the Authorization header', (token) => ['?room=blue', bearer(token)], undefined],
    ['the query', (token) => [`?room=blue&token=${token}`, {}], undefined],
    ['a cookie', (token) => ['?room=blue', { headers: { Cookie: `theme=dark; session=${token}` } }], undefined],
    ['the subprotocols', (token) => ['?room=blue', { protocols: ['bearer', token] }], 'bearer'],
  ])('in %s is taken, and neither backend nor log ever sees it', async (_, carry, protocol) => {
    const token = await issuer.token({ claims: { jti: crypto.randomUUID() } })
    const [query, options] = carry(token)
    const client = await Client.connect(gateway.ws + query, options)
    expect((await client.accepted)['sec-websocket-protocol']).toBe(protocol)
    const [call] = backend.calls
    expect(call?.url).toBe('/connect?room=blue')
    expect(JSON.stringify([call?.url, call?.headers])).not.toContain(token)
    if (options?.headers?.Cookie !== undefined) expect(call?.headers.cookie).toBe('theme=dark')
    if (protocol !== undefined) expect(call?.headers['sec-websocket-protocol']).toBe('bearer')
    client.close()
    await client.closed
    expect(gateway.lines.join('')).not.toContain(token)
  })

  test('that is missing is told so, and the backend is not asked', async () => {
    const { status, headers, body } = await refused(gateway.ws)
    expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer'])
    expect(body).toMatch(envelope('Unauthorized'))
    expect(backend.calls).toEqual([])
  })

  test.each<[string, () => Promise<string>, string]>([
    ['has expired', () => issuer.token({ claims: { exp: 1 } }), 'the token has expired'],
    [
      'is of another issuer',
      () => issuer.token({ claims: { iss: 'https://evil.example' } }),
      'the token does not have a valid issuer',
    ],
    [
      'is for another audience',
      () => issuer.token({ claims: { aud: 'shop' } }),
      'the token does not have a valid audience',
    ],
    [
      'names a key that nobody knows',
      () => issuer.token({ header: { kid: '../../x' } }),
      'the key of the token is not known',
    ],
    ['is none', async () => 'Basic dXNlcjpwYXNz', 'the token is malformed'],
  ])('that %s is refused, and neither answer nor log shows it', async (_, make, description) => {
    const token = await make()
    const { status, headers, body } = await refused(gateway.ws, bearer(token))
    expect(status).toBe(401)
    expect(headers['www-authenticate']).toBe(`Bearer scope="" error="invalid_token" error_description="${description}"`)
    expect(body).toMatch(envelope('Unauthorized'))
    expect(gateway.lines.join('') + JSON.stringify(headers) + body).not.toContain(token)
    expect(gateway.lines.join('')).toContain(description)
  })

  test('comes once: two Authorization headers are refused', async () => {
    const token = await issuer.token()
    const headers = { Authorization: [`Bearer ${token}`, 'Bearer other'] } as unknown as Record<string, string>
    expect((await refused(gateway.ws, { headers })).status).toBe(400)
    expect((await refused(`${gateway.ws}?token=${token}&token=${token}`)).status).toBe(400)
  })

  test('needs one of the scopes of $connect, where it has some', async () => {
    const { status, headers, body } = await refused(urlOf('scoped'), bearer(await issuer.token()))
    expect([status, headers['www-authenticate']]).toEqual([
      403,
      'Bearer scope="chat:connect" error="insufficient_scope" error_description="the token has none of the scopes that are asked for"',
    ])
    expect(body).toMatch(envelope('Forbidden'))
    const client = await Client.connect(
      urlOf('scoped'),
      bearer(await issuer.token({ claims: { scp: ['chat:connect'] } })),
    )
    client.close()
  })

  test('needs one of the scopes of a message route, of which each connection is asked by itself', async () => {
    const reader = await Client.connect(gateway.ws, bearer(await issuer.token({ claims: { scope: 'chat:read' } })))
    const writer = await Client.connect(gateway.ws, bearer(await issuer.token({ claims: { scope: 'chat:admin x' } })))
    expect(await ask(reader, { action: 'write' })).toMatch(frame('Forbidden'))
    expect(await ask(writer, { action: 'write' })).toBe('written')
    reader.close()
    writer.close()
  })
})

describe('a connection whose token ends', () => {
  const soon = (seconds: number) => Math.ceil(Date.now() / 1_000) + seconds

  test('is closed then with a code of its own, and its client is warned before', async () => {
    const exp = soon(1)
    const client = await Client.connect(urlOf('expiring'), bearer(await issuer.token({ claims: { exp } })))
    expect(JSON.parse(await client.next())).toMatchObject({ message: 'Token expires', expiresAt: exp * 1_000 })
    expect(await client.closed).toEqual({ code: 3000, reason: 'Token expired' })
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1_000)
    expect(client.unread).toEqual([])
  })

  test('stays with a new token of the same subject, whose claims and scopes count from then on', async () => {
    const first = await issuer.token({ claims: { exp: soon(2), name: 'old' } })
    const client = await Client.connect(urlOf('expiring'), bearer(first))
    expect(JSON.parse(await client.next()).message).toBe('Token expires')
    expect(await ask(client, { action: 'who' })).toBe('old')
    expect(await ask(client, { action: 'write' })).toMatch(frame('Forbidden'))
    const exp = soon(86_400)
    const token = await issuer.token({ claims: { exp, name: 'new', scope: 'chat:write' } })
    expect(JSON.parse(await ask(client, { action: 'refresh', token }))).toEqual({
      ...{ message: 'Token accepted', connectionId: expect.any(String), requestId: expect.any(String) },
      expiresAt: exp * 1_000,
    })
    expect(await ask(client, { action: 'who' })).toBe('new')
    expect(await ask(client, { action: 'write' })).toBe('written')
    // One that ends sooner counts as well, but not before it ends: the first would have ended by then.
    const last = soon(4)
    const short = await issuer.token({ claims: { exp: last } })
    expect(JSON.parse(await ask(client, { action: 'refresh', token: short })).message).toBe('Token accepted')
    expect(await client.closed).toEqual({ code: 3000, reason: 'Token expired' })
    expect(Date.now()).toBeGreaterThanOrEqual(last * 1_000)
    expect(gateway.lines.join('')).not.toContain(token)
  })

  test('does not stay with the token of another, a bad one, or none', async () => {
    const client = await Client.connect(urlOf('expiring'), bearer(await issuer.token()))
    expect(JSON.parse(await client.next()).message).toBe('Token expires')
    const refresh = (token: unknown) => ask(client, { action: 'refresh', token })
    expect(await refresh(await issuer.token({ claims: { sub: 'mallory' } }))).toMatch(frame('Forbidden'))
    expect(await refresh(await issuer.token({ claims: { sub: undefined } }))).toMatch(frame('Forbidden'))
    expect(await refresh(await issuer.token({ claims: { exp: 1 } }))).toMatch(frame('Unauthorized'))
    expect(await refresh('none')).toMatch(frame('Unauthorized'))
    for (const token of [undefined, 7, { sub: 'alice' }]) expect(await refresh(token)).toMatch(frame('Unauthorized'))
    client.close()
  })
})

describe('a token that is revoked', () => {
  const revocations = (method: string, query: string, body?: object) =>
    httpCall(method, `http://127.0.0.1:${gateway.managementPort}`, `/api/revocations${query}`, {
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    })

  test('closes what it opened, opens nothing more, and keeps nobody connected; other tokens of the user do', async () => {
    const [jti, fresh] = [crypto.randomUUID(), crypto.randomUUID()]
    const token = await issuer.token({ claims: { jti } })
    const [client, other] = [
      await Client.connect(urlOf('expiring'), bearer(token)),
      await Client.connect(urlOf('expiring'), bearer(await issuer.token({ claims: { jti: fresh } }))),
    ]
    const expiresAt = Date.now() + 3_600_000
    expect((await revocations('POST', '', { tokenId: jti, expiresAt })).status).toBe(200)
    expect(await client.closed).toEqual({ code: 3000, reason: 'Credentials revoked' })
    const answer = await refused(urlOf('expiring'), bearer(token))
    expect([answer.status, answer.body]).toEqual([401, expect.stringMatching(envelope('Unauthorized'))])
    await other.next()
    expect(await ask(other, { action: 'refresh', token })).toMatch(frame('Unauthorized'))
    expect(await ask(other, { action: 'who' })).toBe('')
    expect((await revocations('DELETE', `?tokenId=${jti}`)).status).toBe(204)
    expect(JSON.parse(await ask(other, { action: 'refresh', token })).message).toBe('Token accepted')
    // From now on it is this token that the connection has.
    expect((await revocations('POST', '', { tokenId: jti, expiresAt })).status).toBe(200)
    expect((await other.closed).reason).toBe('Credentials revoked')
  })

  test('or whose user is, in one API, is as good as before in others', async () => {
    const token = await issuer.token({ claims: { sub: 'eve' } })
    const [client, other] = [
      await Client.connect(urlOf('expiring'), bearer(token)),
      await Client.connect(gateway.ws, bearer(token)),
    ]
    await revocations('POST', '', { principalId: 'eve', apiId: 'expiring', expiresAt: Date.now() + 60_000 })
    expect((await client.closed).reason).toBe('Credentials revoked')
    expect(await ask(other, { action: 'who' })).toContain('eve')
    other.close()
    await revocations('DELETE', '?principalId=eve&apiId=expiring')
  })
})

test('new tokens may be throttled: what makes the gateway verify costs a client no more than a frame', async () => {
  const client = await Client.connect(urlOf('throttled'), bearer(await issuer.token()))
  for (let i = 0; i < 3; i++)
    expect(await ask(client, { action: 'refresh', token: 'x' })).toMatch(frame('Unauthorized'))
  expect(await ask(client, { action: 'refresh', token: 'x' })).toMatch(frame('Too Many Requests'))
  client.close()
})

test('keys that rotate under a load of clients cost none of them its connection', async () => {
  const fetches = () => rotating.requests.filter((path) => path === '/jwks').length
  const before = fetches()
  const connect = async (jti: number) => {
    const token = await rotating.token({ claims: { jti: `${jti}` } })
    const client = await Client.connect(urlOf('rotating'), bearer(token))
    client.close()
  }
  const lane = async (number: number) => {
    for (let i = 0; i < 12; i++) {
      await connect(number * 100 + i)
      if (number === 0 && i === 5) await rotating.addKey('rotated')
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, number) => lane(number)))
  expect(fetches()).toBe(before + 1)
})
