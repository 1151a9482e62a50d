import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createTokenAuthorizers } from '../../../src/app/token-authorizers.ts'
import type { JwtGuardDefinition, OpenGuard } from '../../../src/authorizers/guard-contract.ts'
import { type Issuer, startIssuer } from '../../helpers/issuer.ts'
import { recordLog } from '../../helpers/record-log.ts'
import { called, guardedStage, openGuard, type RequestWishes } from '../called-request.ts'

let issuer: Issuer
let guard: OpenGuard
const tokens = createTokenAuthorizers({ settings: { jwtTrustedOrigins: [], jwtSecrets: [] }, log: recordLog() })

beforeAll(async () => {
  issuer = await startIssuer()
  guard = openGuard(tokens.guardType, definition())
  // A busy machine may take longer than the keys may take; from then on they are known.
  const token = await issuer.token()
  await vi.waitFor(async () => expect(await ask({ token })).toMatchObject({ allowed: true }), 20_000)
})
afterAll(async () => {
  guard.close()
  tokens.close()
  await issuer.close()
})

function definition(members: Partial<JwtGuardDefinition> = {}): JwtGuardDefinition {
  const jwtConfiguration = { issuer: issuer.url, audience: ['chat'], clockToleranceInSeconds: 5 }
  return { authorizerType: 'JWT', identitySource: ['$request.header.Authorization'], jwtConfiguration, ...members }
}

interface Asked extends RequestWishes {
  readonly token?: string
  readonly scopes?: readonly string[]
  readonly of?: OpenGuard
}

function ask({ token, scopes = [], of = guard, ...wishes }: Asked) {
  const route = of.forRoute({ routeKey: 'GET /pets/{id}', authorizationScopes: scopes })
  return route.authorize(...called(token === undefined ? wishes : { headers: [['Authorization', token]], ...wishes }))
}

describe('a request with a good token', () => {
  test('is of whom its claims say, every one a text', async () => {
    const claims = { level: 3, admin: true, groups: ['a', 'b'], address: { city: 'x' }, nothing: null, scope: 'r w' }
    const verdict = await ask({ token: `Bearer ${await issuer.token({ claims })}` })
    expect(verdict).toEqual({
      allowed: true,
      caller: {
        kind: 'jwt',
        context: expect.objectContaining({
          ...{ iss: issuer.url, sub: 'alice', aud: 'chat', level: '3', admin: 'true', groups: '[a b]' },
          ...{ address: '{"city":"x"}', scope: 'r w' },
        }),
        nestedContext: null,
        scopes: null,
        identity: null,
      },
    })
    expect(verdict.allowed && verdict.caller.context).not.toHaveProperty('nothing')
    expect(verdict.allowed && verdict.caller.context).not.toHaveProperty('principalId')
  })

  test('tells all scopes of the token where the route asks for some', async () => {
    const token = await issuer.token({ claims: { scope: 'pets/read', scp: ['pets/write'] } })
    expect(await ask({ token, scopes: ['pets/write', 'pets/admin'] })).toMatchObject({
      allowed: true,
      caller: { scopes: ['pets/read', 'pets/write'] },
    })
    expect(await ask({ token })).toMatchObject({ allowed: true, caller: { scopes: null } })
  })

  test('may leave out the scheme, or have the token in the query', async () => {
    const token = await issuer.token()
    const sources = ['$request.header.X-Token', '$request.querystring.access_token']
    const of = openGuard(tokens.guardType, definition({ identitySource: sources }))
    expect(await ask({ token })).toMatchObject({ allowed: true })
    expect(await ask({ of, query: `a=1&access_token=${token}` })).toMatchObject({ allowed: true })
    expect(await ask({ of, headers: [['x-token', token]] })).toMatchObject({ allowed: true })
    expect(await ask({ of, token })).toMatchObject({ allowed: false, cause: 'there is no token' })
    of.close()
  })

  test('is let in at once when the token was verified before, on any route of the authorizer', async () => {
    const token = await issuer.token({ claims: { scope: 'r' } })
    await ask({ token })
    expect(ask({ token, scopes: ['r'] })).toMatchObject({ allowed: true })
    expect(ask({ token, scopes: ['w'] })).toMatchObject({ allowed: false, code: 'SCOPE_MISSING' })
  })
})

describe('a request without one', () => {
  test.each<[string, () => Promise<string>, string]>([
    ['has expired', () => issuer.token({ claims: { exp: 1 } }), 'the token has expired'],
    ['is of another issuer', () => issuer.token({ claims: { iss: 'https://x.example' } }), 'a valid issuer'],
    ['is for another audience', () => issuer.token({ claims: { aud: 'x' } }), 'a valid audience'],
    ['is not valid yet', () => issuer.token({ claims: { nbf: 9_999_999_999 } }), 'the token is not valid yet'],
    ['is none', async () => 'Bearer x', 'the token is malformed'],
  ])('that %s is refused with 401 and says why', async (_, token, why) => {
    expect(await ask({ token: await token() })).toMatchObject({
      allowed: false,
      code: 'UNAUTHORIZED',
      headers: [['WWW-Authenticate', expect.stringMatching(`^Bearer scope="" error="invalid_token".*${why}"$`)]],
    })
  })

  test('is asked for one', async () => {
    expect(await ask({})).toEqual({
      ...{
        allowed: false,
        code: 'UNAUTHORIZED',
        cause: 'there is no token',
        headers: [['WWW-Authenticate', 'Bearer']],
      },
    })
  })

  test('but with two of them is refused with 401: whoever reads the other would see another caller', async () => {
    const token = await issuer.token()
    const headers: [string, string][] = [
      ['Authorization', token],
      ['authorization', token],
    ]
    expect(await ask({ headers })).toMatchObject({ allowed: false, code: 'UNAUTHORIZED' })
  })

  test('with a scope that the route asks for is refused with 403', async () => {
    expect(await ask({ token: await issuer.token({ claims: { scope: 'a' } }), scopes: ['b', 'c'] })).toMatchObject({
      ...{ allowed: false, code: 'SCOPE_MISSING' },
      headers: [['WWW-Authenticate', expect.stringMatching(/^Bearer scope="b c" error="insufficient_scope"/)]],
    })
  })
})

test('an issuer that may not be asked is a fault of the definition', () => {
  const jwtConfiguration = { issuer: 'http://id.example', audience: ['chat'], clockToleranceInSeconds: 5 }
  expect(tokens.guardType.compile(definition({ jwtConfiguration }), guardedStage).faults).toEqual([
    { path: ['jwtConfiguration', 'issuer'], message: expect.stringContaining('jwtTrustedOrigins') },
  ])
})
