import { afterEach, expect, test } from 'vitest'
import { createIssuerKeys, type IssuerKeysOptions } from '../../../src/authorizers/jwt/issuer-keys.ts'
import { createRefreshedKeys } from '../../../src/authorizers/jwt/refreshed-keys.ts'
import { type Issuer, startIssuer } from '../../helpers/issuer.ts'

/** A busy machine may take its time. */
const patient = { trustedOrigins: [], timeoutInMillis: 10_000 }

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function newIssuer(): Promise<Issuer> {
  const issuer = await startIssuer()
  closing.push(issuer.close)
  return issuer
}

function keysOf(issuer: Issuer, options: Partial<IssuerKeysOptions> = {}) {
  const clock = { now: 1_000_000 }
  const problems: (string | null)[] = []
  const now = () => clock.now
  const load = createIssuerKeys({ issuer: issuer.url, jwksUri: null, rules: patient, now, ...options })
  const keys = createRefreshedKeys({ load, now, loaded: (problem) => void problems.push(problem) })
  closing.push(keys.close)
  return { keys, clock, problems }
}

const fetches = (issuer: Issuer) => issuer.requests.filter((path) => path === '/jwks').length

test('keys are found by discovery, fetched once for all who wait, and then known', async () => {
  const issuer = await newIssuer()
  const { keys, problems } = keysOf(issuer)
  const found = await Promise.all(Array.from({ length: 50 }, () => keys.find('ES256', 'first')))
  expect(new Set(found.flat()).size).toBe(1)
  expect(found[0]?.[0]?.kid).toBe('first')
  expect(issuer.requests).toEqual(['/.well-known/openid-configuration', '/jwks'])
  expect(keys.find('ES256', 'first')).toEqual(found[0])
  expect(problems).toEqual([null])
})

test('a token that names no key gets those of its algorithm, few of them', async () => {
  const issuer = await newIssuer()
  const { keys } = keysOf(issuer, { jwksUri: `${issuer.url}/jwks` })
  expect((await keys.find('ES256', null))[0]?.kid).toBe('first')
  expect(await keys.find('RS256', null)).toEqual([])
})

test('a new key is fetched by the first token that names it', async () => {
  const issuer = await newIssuer()
  const { keys } = keysOf(issuer)
  await keys.find('ES256', 'first')
  await issuer.addKey('second')
  const found = await Promise.all([keys.find('ES256', 'second'), keys.find('ES256', 'second')])
  expect(found.map(([key]) => key?.kid)).toEqual(['second', 'second'])
  expect(fetches(issuer)).toBe(2)
})

test('a key that is published while the keys are being fetched is fetched all the same', async () => {
  const issuer = await newIssuer()
  const { keys } = keysOf(issuer, { jwksUri: `${issuer.url}/jwks` })
  const before = JSON.stringify(issuer.jwks())
  let late: Promise<unknown> | null = null
  issuer.respond = (_, response) => {
    if (issuer.requests.length > 1) return false
    void issuer.addKey('second').then(() => {
      late = Promise.resolve(keys.find('ES256', 'second'))
      response.end(before)
    })
    return true
  }
  await keys.find('ES256', 'first')
  expect(await late).toMatchObject([{ kid: 'second' }])
})

test('a flood of made-up key ids has the keys fetched once in ten seconds, and no oftener', async () => {
  const issuer = await newIssuer()
  const { keys, clock } = keysOf(issuer)
  await keys.find('ES256', 'first')
  for (let i = 0; i < 500; i++) expect(await keys.find('ES256', `made-up-${i}`)).toEqual([])
  expect(fetches(issuer)).toBe(2)
  clock.now += 10_000
  for (let i = 0; i < 500; i++) expect(await keys.find('ES256', `made-up-${i}`)).toEqual([])
  expect(fetches(issuer)).toBe(3)
})

test('a new key is asked for again a second after that could not be, not only after ten', async () => {
  const issuer = await newIssuer()
  const { keys, clock } = keysOf(issuer)
  await keys.find('ES256', 'first')
  await issuer.addKey('second')
  await issuer.shut()
  expect(await keys.find('ES256', 'second')).toEqual([])
  await issuer.open()
  expect(await keys.find('ES256', 'second')).toEqual([])
  clock.now += 1_000
  expect(await keys.find('ES256', 'second')).toMatchObject([{ kid: 'second' }])
})

test('the last keys stay while the issuer is down, and go once it publishes them no longer', async () => {
  const issuer = await newIssuer()
  const { keys, clock, problems } = keysOf(issuer)
  const [first] = await keys.find('ES256', 'first')
  await issuer.shut()
  clock.now += 8 * 3_600_000
  expect((await keys.find('ES256', 'first'))[0]).toBe(first)
  expect(problems.at(-1)).toMatch(/ECONNREFUSED/)
  expect(first?.current).toBe(true)
  await issuer.open()
  await issuer.addKey('second')
  issuer.dropKey('first')
  clock.now += 60_000
  expect(await keys.find('ES256', 'first')).toEqual([])
  expect(first?.current).toBe(false)
})

test('what a key has verified stands as long as it is published, also after it was fetched anew', async () => {
  const issuer = await newIssuer()
  const { keys, clock } = keysOf(issuer)
  const [first] = await keys.find('ES256', 'first')
  clock.now += 8 * 3_600_000
  expect((await keys.find('ES256', 'first'))[0]).toBe(first)
  expect(fetches(issuer)).toBe(2)
})

test('an issuer that was never reached is tried again after a second at first, later every half minute', async () => {
  const issuer = await newIssuer()
  await issuer.shut()
  const { keys, clock, problems } = keysOf(issuer)
  const fails = { fault: 'keysUnavailable' }
  await expect(keys.find('ES256', 'first')).rejects.toMatchObject(fails)
  expect(() => keys.find('ES256', 'first')).toThrow(expect.objectContaining(fails))
  for (let i = 0; i < 10; i++) {
    clock.now += 30_000
    await expect(keys.find('ES256', 'first')).rejects.toMatchObject(fails)
  }
  expect(problems).toHaveLength(11)
  await issuer.open()
  clock.now += 30_000
  expect((await keys.find('ES256', 'first'))[0]?.kid).toBe('first')
})

test.each<[string, Record<string, unknown>, RegExp]>([
  ['of another issuer', { issuer: 'https://evil.example' }, /another issuer/],
  ['without a jwks_uri', { jwks_uri: undefined }, /no jwks_uri/],
  ['with keys of another origin', { jwks_uri: 'https://evil.example/jwks' }, /another origin.*jwksUri/],
  ['with keys over plain http', { jwks_uri: 'http://evil.example/jwks' }, /not https/],
  ['with keys of a metadata service', { jwks_uri: 'https://169.254.169.254/latest' }, /never asked/],
  ['with keys in a file', { jwks_uri: 'file:///etc/passwd' }, /no https/],
])('a discovery document %s is not followed', async (_, discovery, problem) => {
  const issuer = await newIssuer()
  issuer.discovery = discovery
  const { keys, problems } = keysOf(issuer)
  await expect(keys.find('ES256', 'first')).rejects.toMatchObject({ fault: 'keysUnavailable' })
  expect(problems[0]).toMatch(problem)
  expect(issuer.requests).toEqual(['/.well-known/openid-configuration'])
})

test('keys of another origin are taken when the operator lists it', async () => {
  const issuer = await newIssuer()
  const other = await newIssuer()
  issuer.discovery = { jwks_uri: `${other.url}/jwks` }
  const { keys } = keysOf(issuer, { rules: { ...patient, trustedOrigins: [other.url] } })
  expect((await keys.find('ES256', 'first'))[0]?.kid).toBe('first')
})

test.each<[string, RegExp, (issuer: Issuer) => Issuer['respond']]>([
  [
    'a redirect',
    /302, not 200/,
    () => (_, response) => {
      response.writeHead(302, { location: '/elsewhere' }).end()
      return true
    },
  ],
  [
    'more than 150,000 bytes',
    /larger than 150000 bytes/,
    () => (_, response) => {
      response.end(JSON.stringify({ keys: [], padding: 'x'.repeat(150_000) }))
      return true
    },
  ],
  [
    'no end',
    /no answer within 200 ms/,
    () => (_, response) => {
      response.write('{"keys": [')
      return true
    },
  ],
  [
    'something else than a set of keys',
    /no JWK set/,
    () => (_, response) => {
      response.end('[]')
      return true
    },
  ],
  [
    'only keys that verify nothing',
    /none of its keys/,
    () => (_, response) => {
      response.end(JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'first', alg: 'HS256' }] }))
      return true
    },
  ],
])('an answer with %s is no answer', async (_, problem, respond) => {
  const issuer = await newIssuer()
  issuer.respond = respond(issuer)
  const rules = { ...patient, ...(problem.source.includes('within') && { timeoutInMillis: 200 }) }
  const { keys, problems } = keysOf(issuer, { jwksUri: `${issuer.url}/jwks`, rules })
  await expect(keys.find('ES256', 'first')).rejects.toMatchObject({ fault: 'keysUnavailable' })
  expect(problems).toEqual([expect.stringMatching(problem)])
  expect(issuer.requests).toEqual(['/jwks'])
})
