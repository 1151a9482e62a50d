import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { CompactSign, exportJWK, exportSPKI, importJWK, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Algorithm,
  keyKinds,
  type PublicAlgorithm,
  publicAlgorithms,
  secretAlgorithms,
} from '../../../src/authorizers/jwt/algorithms.ts'
import { createIssuerKeys } from '../../../src/authorizers/jwt/issuer-keys.ts'
import { keySetOf } from '../../../src/authorizers/jwt/key-set.ts'
import { createSecretKeys, createStaticKeys, type KeySource } from '../../../src/authorizers/jwt/key-source.ts'
import { createRefreshedKeys } from '../../../src/authorizers/jwt/refreshed-keys.ts'
import { secretKey } from '../../../src/authorizers/jwt/verification-key.ts'
import { createTokenVerifier, type TokenVerifierOptions } from '../../../src/authorizers/jwt/verify-token.ts'
import { type Issuer, startIssuer, type TokenWishes } from '../../helpers/issuer.ts'

let issuer: Issuer
let remote: KeySource

beforeAll(async () => {
  issuer = await startIssuer()
  const rules = { trustedOrigins: [], timeoutInMillis: 10_000 }
  const now = () => performance.now()
  const load = createIssuerKeys({ issuer: issuer.url, jwksUri: null, rules, now })
  remote = createRefreshedKeys({ load, now, loaded: () => {} })
})
afterAll(() => issuer.close())

function verifier(options: Partial<TokenVerifierOptions> = {}) {
  return createTokenVerifier({
    issuers: new Map([[issuer.url, remote]]),
    algorithms: publicAlgorithms,
    rules: { audience: ['chat'], clockToleranceInMillis: 5_000 },
    now: Date.now,
    ...options,
  })
}

const faultOf = async (token: string, options: Partial<TokenVerifierOptions> = {}): Promise<unknown> => {
  try {
    await verifier(options).verify(token)
    return null
  } catch (error) {
    return (error as { fault?: unknown }).fault ?? error
  }
}

const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

test('a good token tells whose it is, until when, and what for', async () => {
  const exp = Math.floor(Date.now() / 1_000) + 60
  const claims = { exp, jti: 'one', scope: 'chat:read chat:write', scp: ['extra'], groups: ['a', 'b'] }
  const token = await verifier().verify(await issuer.token({ claims }))
  expect(token).toMatchObject({
    ...{ issuer: issuer.url, subject: 'alice', id: 'one', expiresAt: exp * 1_000 + 5_000 },
    scopes: ['chat:read', 'chat:write', 'extra'],
    claims: { sub: 'alice', exp: String(exp), groups: '[a b]', scp: '[extra]' },
  })
})

test('a token that was verified before is known at once', async () => {
  const both = verifier()
  const token = await issuer.token()
  const first = await both.verify(token)
  expect(both.verify(token)).toBe(first)
})

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })

function keyPairOf(alg: PublicAlgorithm) {
  const { kty, crv } = keyKinds[alg]
  if (kty === 'RSA') return rsa
  return kty === 'EC' ? generateKeyPairSync('ec', { namedCurve: crv as string }) : generateKeyPairSync('ed25519')
}

test.each(publicAlgorithms)('tokens of %s are verified', async (alg) => {
  const { privateKey, publicKey } = keyPairOf(alg)
  const keys = createStaticKeys(keySetOf({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'own' }] }) as never)
  const issuers = new Map([[issuer.url, keys]])
  const token = await new SignJWT({ iss: issuer.url, aud: 'chat' })
    .setProtectedHeader({ alg, kid: 'own' })
    .setExpirationTime('1h')
    .sign(privateKey)
  expect(await faultOf(token, { issuers })).toBeNull()
  expect(await faultOf(`${token.slice(0, -8)}AAAAAAAA`, { issuers })).toBe('signature')
})

test.each<[string, TokenWishes['claims'], string | null]>([
  ['of another issuer', { iss: 'https://evil.example' }, 'issuer'],
  ['of an issuer that is spelt with one slash more', { iss: 'slash' }, 'issuer'],
  ['without an issuer', { iss: undefined }, 'issuer'],
  ['whose issuer is a list', { iss: ['https://evil.example'] }, 'issuer'],
  ['for another audience', { aud: 'shop' }, 'audience'],
  ['for several audiences', { aud: ['shop', 'chat'] }, null],
  ['without an audience', { aud: undefined }, 'audience'],
  ['of a client that is an audience', { aud: undefined, client_id: 'chat' }, null],
  ['of a client that is an audience, for another audience', { aud: 'shop', client_id: 'chat' }, 'audience'],
  ['whose audience is null, of a client that is one', { aud: null, client_id: 'chat' }, 'audience'],
  ['that has expired', { exp: 1_000 }, 'expired'],
  ['that never expires', { exp: undefined }, 'claims'],
  ['whose end is a text', { exp: '9999999999' }, 'claims'],
  ['whose start is a text', { nbf: 'now' }, 'claims'],
  ['that is not valid yet', { nbf: 9_999_999_998 }, 'notYetValid'],
  ['that was issued in the future', { iat: 9_999_999_998 }, 'notYetValid'],
])('a token %s is judged as it should be', async (_, claims, fault) => {
  const wanted = claims?.iss === 'slash' ? { iss: `${issuer.url}/` } : claims
  expect(await faultOf(await issuer.token({ claims: wanted ?? {} }))).toBe(fault)
})

test('clocks may differ by the tolerance, and a token that was known ends with it', async () => {
  let now = Date.now()
  const both = verifier({ now: () => now })
  const exp = Math.floor(now / 1_000) + 1
  const token = await issuer.token({ claims: { exp, iat: exp + 3 } })
  await both.verify(token)
  now = exp * 1_000 + 4_999
  expect(both.verify(token)).toMatchObject({ subject: 'alice' })
  now = exp * 1_000 + 5_000
  await expect(both.verify(token)).rejects.toMatchObject({ fault: 'expired' })
})

test('what one authorizer knows says nothing to another', async () => {
  const token = await issuer.token()
  await verifier().verify(token)
  expect(await faultOf(token, { rules: { audience: ['shop'], clockToleranceInMillis: 0 } })).toBe('audience')
})

test('a token is known no longer than its key is published', async () => {
  const own = await startIssuer()
  try {
    let time = 0
    const rules = { trustedOrigins: [], timeoutInMillis: 10_000 }
    const now = () => time
    const load = createIssuerKeys({ issuer: own.url, jwksUri: `${own.url}/jwks`, rules, now })
    const keys = createRefreshedKeys({ load, now, loaded: () => {} })
    const both = verifier({ issuers: new Map([[own.url, keys]]) })
    const token = await own.token()
    await both.verify(token)
    await own.addKey('second')
    own.dropKey('first')
    await both.verify(await own.token())
    time += 60_000
    await expect(both.verify(token)).rejects.toMatchObject({ fault: 'key' })
  } finally {
    await own.close()
  }
})

// --- attacks ---

test('alg none is refused, however it is spelt and signed', async () => {
  const claims = { iss: issuer.url, sub: 'alice', aud: 'chat', exp: 9_999_999_999 }
  expect(await faultOf(new UnsecuredJWT(claims).encode())).toBe('algorithm')
  for (const alg of ['none', 'None', 'NONE', 'nOnE']) {
    expect(await faultOf(`${part({ alg, kid: 'first' })}.${part(claims)}.`)).toBe('algorithm')
    expect(await faultOf(`${part({ alg, kid: 'first' })}.${part(claims)}.AAAA`)).toBe('algorithm')
  }
  expect(await faultOf(`${part({ alg: 'ES256', kid: 'first' })}.${part(claims)}.`)).toBe('malformed')
  expect(await faultOf(`${part({ kid: 'first' })}.${part(claims)}.AAAA`)).toBe('malformed')
  expect(await faultOf(`${part({ alg: ['ES256'], kid: 'first' })}.${part(claims)}.AAAA`)).toBe('malformed')
})

test('a public key is never taken for a secret', async () => {
  const { publicKey } = rsa
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'rsa' }
  const keys = createStaticKeys(keySetOf({ keys: [jwk] }) as never)
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString()
  const secrets = [pem, pem.trim(), JSON.stringify(jwk), await exportSPKI(publicKey), String(jwk.n)]
  for (const secret of secrets) {
    const token = await new SignJWT({ iss: issuer.url, sub: 'alice', aud: 'chat' })
      .setProtectedHeader({ alg: 'HS256', kid: 'rsa' })
      .setExpirationTime('1h')
      .sign(Buffer.from(secret))
    const issuers = new Map([[issuer.url, keys]])
    expect(await faultOf(token, { issuers })).toBe('algorithm')
    // Even were both allowed, no public key fits an algorithm of secrets.
    expect(await faultOf(token, { issuers, algorithms: [...publicAlgorithms, ...secretAlgorithms] })).toBe('key')
  }
})

test('a key verifies nothing but its own algorithm', async () => {
  const key = { ...issuer.jwks().keys[0], alg: 'ES384' }
  const keys = createStaticKeys(keySetOf({ keys: [key] }) as never)
  expect(await faultOf(await issuer.token(), { issuers: new Map([[issuer.url, keys]]) })).toBe('key')
  expect(await faultOf(await issuer.token(), { algorithms: ['RS256'] })).toBe('algorithm')
})

test('a key id leads nowhere but to a key', async () => {
  for (const kid of [
    '../../../../dev/null',
    '/etc/passwd',
    '__proto__',
    'constructor',
    "' OR 1=1 --",
    '',
    'http://evil.example/',
  ]) {
    expect(await faultOf(await issuer.token({ header: { kid } }))).toBe('key')
  }
  expect(await faultOf(await issuer.token({ header: { kid: 'x'.repeat(513) } }))).toBe('malformed')
  const claims = part({ iss: issuer.url })
  for (const kid of [1, {}, ['first'], true]) {
    expect(await faultOf(`${part({ alg: 'ES256', kid })}.${claims}.AAAA`)).toBe('malformed')
  }
})

test('keys and addresses that a token brings along are not looked at', async () => {
  const evil = await startIssuer()
  try {
    await evil.addKey('first')
    const jwk = evil.jwks().keys[0]
    const header = { jku: `${evil.url}/jwks`, x5u: `${evil.url}/jwks`, jwk, x5c: ['AAAA'] }
    const token = await evil.token({ claims: { iss: issuer.url }, header })
    expect(await faultOf(token)).toBe('signature')
    expect(evil.requests).toEqual([])
    expect(await faultOf(await issuer.token({ header: { jku: `${evil.url}/jwks` } }))).toBeNull()
    expect(evil.requests).toEqual([])
  } finally {
    await evil.close()
  }
})

test('a critical header is refused, known or not', async () => {
  const claims = part({ iss: issuer.url })
  for (const header of [{ crit: ['exp'], exp: 1 }, { crit: [] }, { crit: ['b64'], b64: false }, { b64: true }]) {
    expect(await faultOf(`${part({ alg: 'ES256', kid: 'first', ...header })}.${claims}.AAAA`)).toBe('critical')
  }
})

test('encrypted tokens, and tokens in tokens, are refused', async () => {
  expect(await faultOf('a.b.c.d.e')).toBe('encrypted')
  expect(await faultOf(`${part({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.${part({})}.AAAA`)).toBe('encrypted')
  const signer = await importJWK(await exportJWK(createSecretKey(randomBytes(32))), 'HS256')
  const outer = await new CompactSign(Buffer.from(await issuer.token()))
    .setProtectedHeader({ alg: 'HS256', cty: 'JWT' })
    .sign(signer)
  expect(await faultOf(outer)).toBe('nested')
})

test('claims that nest deeply, and tokens of more than 8 KB, are refused before anything is verified', async () => {
  const deep = JSON.parse(`${'['.repeat(17)}${']'.repeat(17)}`)
  expect(await faultOf(await issuer.token({ claims: { deep } }))).toBe('nested')
  const bomb = `${part({ alg: 'ES256' })}.${part(`{"a":${'['.repeat(2_900)}${']'.repeat(2_900)}}`)}.AAAA`
  expect(bomb.length).toBeLessThan(8_192)
  expect(await faultOf(bomb)).toBe('nested')
  expect(await faultOf(await issuer.token({ claims: { padding: 'x'.repeat(8_192) } }))).toBe('tooLarge')
})

test.each([
  '',
  '.',
  '..',
  'a.b',
  'a.b.c',
  'a.b.c.d',
  'e30.e30.',
  'é.é.é',
  ' . . ',
  `${'.'.repeat(1_000)}`,
  `${part('[]')}.${part({})}.AAAA`,
  `${part('null')}.${part({})}.AAAA`,
  `${part({ alg: 'ES256' })}.${part('"claims"')}.AAAA`,
  `${part({ alg: 'ES256' })}=.${part({})}.AAAA`,
])('what is no token is refused as malformed: %j', async (text) => {
  expect(await faultOf(text)).toBe('malformed')
})

test('a changed claim breaks the signature', async () => {
  const [head, payload, signature] = (await issuer.token()).split('.') as [string, string, string]
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  expect(await faultOf(`${head}.${part({ ...claims, sub: 'mallory' })}.${signature}`)).toBe('signature')
})

test.each<[Algorithm, number]>([
  ['HS256', 32],
  ['HS384', 48],
  ['HS512', 64],
])('a secret verifies %s when it has %i bytes, whatever key a token names', async (alg, bytes) => {
  const token = (secret: Uint8Array) =>
    new SignJWT({ iss: issuer.url, sub: 'alice', aud: 'chat' })
      .setProtectedHeader({ alg, kid: 'any' })
      .setExpirationTime('1h')
      .sign(secret)
  const options = (secret: Uint8Array) => ({
    issuers: new Map([[issuer.url, createSecretKeys(() => [secretKey(secret)])]]),
    algorithms: secretAlgorithms,
  })
  const secret = randomBytes(bytes)
  expect(await faultOf(await token(secret), options(secret))).toBeNull()
  expect(await faultOf(await token(randomBytes(bytes)), options(secret))).toBe('signature')
  const short = randomBytes(bytes - 1)
  expect(await faultOf(await token(short), options(short))).toBe('key')
  expect(await faultOf(await issuer.token(), options(secret))).toBe('algorithm')
})

test.each<[string, Record<string, unknown>]>([
  ['a key for encryption', { use: 'enc' }],
  ['a key whose operations do not include to verify', { key_ops: ['sign'] }],
  ['a short RSA key', { kty: 'RSA', n: 'A'.repeat(171), e: 'AQAB' }],
  ['an RSA key that only takes time', { kty: 'RSA', n: 'A'.repeat(2_731), e: 'AQAB' }],
  ['an RSA key with a large exponent', { kty: 'RSA', n: 'A'.repeat(342), e: 'A'.repeat(342) }],
  ['a curve that is not allowed', { crv: 'secp256k1' }],
  ['a secret', { kty: 'oct', k: 'A'.repeat(43) }],
  ['a key whose id is no text', { kid: 1 }],
])('%s is no key', (_, members) => {
  expect(keySetOf({ keys: [{ ...issuer.jwks().keys[0], alg: undefined, ...members }] })?.size).toBe(0)
})

test('of a private key that was published by mistake only the public part is read', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'leaked' }
  const keys = createStaticKeys(keySetOf({ keys: [jwk] }) as never)
  const token = await new SignJWT({ iss: issuer.url, aud: 'chat' })
    .setProtectedHeader({ alg: 'ES256', kid: 'leaked' })
    .setExpirationTime('1h')
    .sign(privateKey)
  expect(await faultOf(token, { issuers: new Map([[issuer.url, keys]]) })).toBeNull()
})

test('a token that names no key is tried with those of its algorithm', async () => {
  const own = await startIssuer()
  try {
    await own.addKey('second')
    const keys = createStaticKeys(keySetOf(own.jwks() as never) as never)
    const issuers = new Map([[own.url, keys]])
    expect(await faultOf(await own.token({ kid: 'second', header: { kid: undefined } }), { issuers })).toBeNull()
    for (const kid of ['third', 'fourth', 'fifth']) await own.addKey(kid)
    const many = new Map([[own.url, createStaticKeys(keySetOf(own.jwks() as never) as never)]])
    expect(await faultOf(await own.token({ header: { kid: undefined } }), { issuers: many })).toBe('signature')
  } finally {
    await own.close()
  }
})
