import { createHmac, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createTokenAuthorizers } from '../../../src/app/token-authorizers.ts'
import type {
  AuthorizerDefinition,
  CognitoAuthorizerDefinition,
  HandshakeRequest,
  JwtAuthorizerDefinition,
} from '../../../src/authorizers/contract.ts'
import type { ConnectEvent } from '../../../src/events/connect-event.ts'
import { type Issuer, startIssuer } from '../../helpers/issuer.ts'
import { recordLog } from '../../helpers/record-log.ts'

let issuer: Issuer
const directory = mkdtempSync(join(tmpdir(), 'postern-'))
const secret = randomBytes(24).toString('hex')
const tokens = createTokenAuthorizers({
  settings: { jwtTrustedOrigins: [], jwtSecrets: [{ name: 'chat', secret }] },
  log: recordLog(),
})

beforeAll(async () => {
  issuer = await startIssuer()
  // A busy machine may take longer than the keys may take; from then on they are known.
  const token = await issuer.token()
  await vi.waitFor(async () => expect(await judge(jwt(), token)).toMatchObject({ allowed: true }), 20_000)
  issuer.requests.length = 0
})
afterAll(async () => {
  tokens.close()
  await issuer.close()
  rmSync(directory, { recursive: true })
})

const scope = { apiId: 'chat', stage: 'dev', stageVariables: {}, directory, functions: {} }
const pool = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC'
const arn = 'arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_AbC'
const usual = { identitySource: ['$request.header.Authorization'], tokenExpiry: 'IGNORE' as const }

function jwt(
  configuration: Partial<JwtAuthorizerDefinition['jwtConfiguration']> = {},
  members: Partial<JwtAuthorizerDefinition> = {},
): JwtAuthorizerDefinition {
  const jwtConfiguration = { issuer: issuer.url, audience: ['chat'], clockToleranceInSeconds: 5, ...configuration }
  return { authorizerType: 'JWT', ...usual, tokenExpiryWarningInSeconds: 0, jwtConfiguration, ...members }
}

function cognito(members: Partial<CognitoAuthorizerDefinition> = {}): CognitoAuthorizerDefinition {
  const jwks = issuer.jwks() as CognitoAuthorizerDefinition['jwks']
  const warning = { tokenExpiryWarningInSeconds: 0 }
  return { authorizerType: 'COGNITO_USER_POOLS', ...usual, ...warning, providerARNs: [arn], jwks, ...members }
}

function compile(definition: AuthorizerDefinition) {
  const type = tokens.types.find((each) => each.type === definition.authorizerType)
  return type?.compile(definition, scope) ?? expect.fail('no such type')
}

function open(definition: AuthorizerDefinition, authorizationScopes: readonly string[] = []) {
  const compiled = compile(definition)
  if (compiled.faults !== null) throw new Error(JSON.stringify(compiled.faults))
  return compiled.open().forRoute({ routeKey: '$connect', authorizationScopes })
}

async function judge(definition: AuthorizerDefinition, token: string, scopes: readonly string[] = []) {
  const headers: [string, string][] = [['Authorization', token]]
  const request = { query: '', headers: () => headers, header: () => token } as unknown as HandshakeRequest
  return open(definition, scopes).authorize({} as ConnectEvent, request)
}

describe('a definition', () => {
  test.each<[string, () => AuthorizerDefinition, (string | number)[], RegExp]>([
    [
      'an issuer without TLS',
      () => jwt({ issuer: 'http://id.example' }),
      ['jwtConfiguration', 'issuer'],
      /jwtTrustedOrigins/,
    ],
    [
      'keys of a metadata service',
      () => jwt({ jwksUri: 'https://169.254.169.254/' }),
      ['jwtConfiguration', 'jwksUri'],
      /never asked/,
    ],
    [
      'a secret beside keys',
      () => jwt({ jwksUri: 'https://a.example/', secretName: 'chat' }),
      ['jwtConfiguration', 'secretName'],
      /never verify side by side/,
    ],
    [
      'keys that are none',
      () => jwt({ jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } }),
      ['jwtConfiguration', 'jwks'],
      /none of its keys/,
    ],
    [
      'a file of keys that is not there',
      () => jwt({ jwksFile: 'none.json' }),
      ['jwtConfiguration', 'jwksFile'],
      /ENOENT/,
    ],
    [
      'an algorithm of secrets, and keys',
      () => jwt({ algorithms: ['RS256', 'HS256'] }),
      ['jwtConfiguration', 'algorithms', 1],
      /HS256 is an algorithm of a secret/,
    ],
    [
      'an algorithm of keys, and a secret',
      () => jwt({ secretName: 'chat', algorithms: ['RS256'] }),
      ['jwtConfiguration', 'algorithms', 0],
      /RS256 is an algorithm of keys/,
    ],
    [
      'a warning of nothing',
      () => jwt({}, { tokenExpiryWarningInSeconds: 5 }),
      ['tokenExpiryWarningInSeconds'],
      /tokenExpiry CLOSE/,
    ],
    ['an ARN that is none', () => cognito({ providerARNs: ['arn:aws:x'] }), ['providerARNs', 0], /no ARN|not the ARN/],
    [
      'a pattern that is none',
      () => cognito({ identityValidationExpression: '(' }),
      ['identityValidationExpression'],
      /./,
    ],
  ])('with %s has a fault', (_, make, path, message) => {
    expect(compile(make()).faults).toEqual([{ path, message: expect.stringMatching(message) }])
  })

  test('that names a secret which is not there compiles, and is not opened', () => {
    expect(() => open(jwt({ secretName: 'shop' }))).toThrow('have no secret shop')
  })
})

describe('keys', () => {
  test('may be in the definition, in a file, and without TLS where nothing is fetched', async () => {
    writeFileSync(join(directory, 'jwks.json'), JSON.stringify(issuer.jwks()))
    const token = await issuer.token({ claims: { iss: 'http://id.example' } })
    const jwks = issuer.jwks() as NonNullable<JwtAuthorizerDefinition['jwtConfiguration']['jwks']>
    for (const place of [{ jwks }, { jwksFile: 'jwks.json' }]) {
      expect(await judge(jwt({ issuer: 'http://id.example', ...place }), token)).toMatchObject({ allowed: true })
    }
    expect(issuer.requests).toEqual([])
  })

  test('may be a secret, which verifies its own algorithms only', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = { iss: issuer.url, sub: 'alice', aud: 'chat', exp: 9_999_999_999 }
    const signed = `${part({ alg: 'HS256' })}.${part(claims)}`
    const token = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
    expect(await judge(jwt({ secretName: 'chat' }), token)).toMatchObject({ allowed: true })
    expect(await judge(jwt({ secretName: 'chat' }), await issuer.token())).toMatchObject({ code: 'UNAUTHORIZED' })
    expect(await judge(jwt({ secretName: 'chat', algorithms: ['HS512'] }), token)).toMatchObject({ allowed: false })
    expect(await judge(jwt(), token)).toMatchObject({ allowed: false, cause: expect.stringMatching(/signing method/) })
  })
})

describe('a client', () => {
  test('is who its token says: claims as strings, the subject as principalId, and what is needed later', async () => {
    const exp = Math.floor(Date.now() / 1_000) + 60
    const claims = { exp, principalId: 'root', level: 3, scope: 'a b', jti: 'one' }
    expect(await judge(jwt(), await issuer.token({ claims }))).toMatchObject({
      allowed: true,
      context: { sub: 'alice', principalId: 'alice', level: '3', scope: 'a b', iss: issuer.url },
      token: { subject: `["${issuer.url}","alice"]`, id: 'one', expiresAt: (exp + 5) * 1_000, scopes: ['a', 'b'] },
    })
  })

  test('without a subject is nobody, and no claim makes it somebody', async () => {
    const result = await judge(jwt(), await issuer.token({ claims: { sub: undefined, principalId: 'root' } }))
    expect(result).toMatchObject({ allowed: true, token: { subject: null } })
    expect(result.allowed && result.context).not.toHaveProperty('principalId')
  })

  test('whose issuer can not be reached is told so, and is not let in', async () => {
    const away = await startIssuer()
    const token = await away.token()
    await away.shut()
    expect(await judge(jwt({ issuer: away.url }), token)).toMatchObject({
      code: 'UNAUTHORIZED',
      headers: [['WWW-Authenticate', expect.stringContaining('OIDC discovery endpoint communication error')]],
    })
    await away.open()
    await away.close()
  })
})

describe('a client of a Cognito user pool', () => {
  const token = (claims: Record<string, unknown>) =>
    issuer.token({ claims: { iss: pool, aud: undefined, client_id: undefined, ...claims } })

  test('shows an ID token, whose audience has to fit, or an access token where scopes are asked for', async () => {
    const id = await token({ token_use: 'id', aud: 'app-1' })
    const access = await token({ token_use: 'access', client_id: 'app-1', scope: 'chat/read' })
    const definition = cognito({ identityValidationExpression: 'app-\\d' })
    expect(await judge(definition, id)).toMatchObject({ allowed: true })
    expect(await judge(definition, access)).toMatchObject({ code: 'UNAUTHORIZED' })
    expect(await judge(definition, access, ['chat/read', 'chat/write'])).toMatchObject({ allowed: true })
    expect(await judge(definition, access, ['chat/write'])).toMatchObject({ code: 'SCOPE_MISSING' })
    expect(await judge(definition, id, ['chat/read'])).toMatchObject({ code: 'UNAUTHORIZED' })
    const other = await token({ token_use: 'id', aud: 'app-10' })
    expect(await judge(definition, other)).toMatchObject({ code: 'UNAUTHORIZED' })
    expect(await judge(cognito(), other)).toMatchObject({ allowed: true })
  })

  test('is told that its token has expired, in the words of REST APIs', async () => {
    const expired = await token({ token_use: 'id', exp: 1 })
    expect(await judge(cognito(), expired)).toMatchObject({ code: 'EXPIRED_TOKEN' })
    expect(await judge(jwt(), await issuer.token({ claims: { exp: 1 } }))).toMatchObject({ code: 'UNAUTHORIZED' })
  })

  test('of another pool is not let in', async () => {
    const other = await token({ iss: `${pool}X`, token_use: 'id' })
    expect(await judge(cognito(), other)).toMatchObject({ code: 'UNAUTHORIZED' })
  })
})
