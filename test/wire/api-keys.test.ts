import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { readSettings } from '../../src/config/read-settings.ts'
import { Client, refused } from '../helpers/client.ts'
import { envelope, frame, mock, says } from '../helpers/definitions.ts'
import { readPage } from '../helpers/markdown.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'

const values = { ACME: 'canary-acme-0123456789', SLOW: 'canary-slow-0123456789', FEW: 'canary-few-0123456789' }
const keyOf = (id: keyof typeof values) => ({ id: id.toLowerCase(), valueVariable: id })
const dev = { apiId: 'keyed', stage: 'dev' }
const far = { rateLimit: 0.01, burstLimit: 2 }

const settingsWith = (keyIds = ['acme']) => ({
  apiKeys: [keyOf('ACME'), keyOf('SLOW'), keyOf('FEW')],
  usagePlans: [
    { id: 'all', apiStages: [dev, { apiId: 'test', stage: 'dev' }], keyIds },
    {
      id: 'slow',
      apiStages: [{ ...dev, throttle: { who: far } }],
      throttle: { ...far, burstLimit: 4 },
      keyIds: ['slow'],
    },
    { id: 'few', apiStages: [dev], quota: { limit: 3, period: 'MONTH' }, keyIds: ['few'] },
  ],
})

/** An authorizer that names the key which the query asks for. */
const guard = `export const handler = async ({ methodArn, queryStringParameters }) => ({
  principalId: 'ada',
  policyDocument: { Version: '2012-10-17', Statement: [{ Action: '*', Effect: 'Allow', Resource: methodArn }] },
  ...(queryStringParameters.key !== 'none' && { usageIdentifierKey: queryStringParameters.key }),
})
`
let gateway: TestGateway
beforeAll(async () => {
  const options = {
    settings: settingsWith(),
    env: values,
    files: { 'guard.mjs': guard },
    apis: {
      keyed: {
        routes: {
          $connect: { apiKeyRequired: true, integration: mock('') },
          who: says('$context.identity.apiKeyId $context.identity.apiKey'),
          $default: says('served'),
          scarce: says('never'),
        },
        stages: {
          dev: { routeSettings: { scarce: { throttlingRateLimit: 0, throttlingBurstLimit: 0 } } },
          unplanned: {},
        },
      },
      open: { routes: { $default: says('open') } },
    },
  }
  gateway = await startGateway(
    {
      functions: { guard: { handler: 'guard.handler' } },
      authorizers: {
        guard: {
          authorizerType: 'REQUEST',
          authorizerUri: 'function:guard',
          identitySource: ['route.request.querystring.key'],
        },
      },
      apiKeySelectionExpression: '$context.authorizer.usageIdentifierKey',
      routes: {
        $connect: { authorizationType: 'CUSTOM', authorizerId: 'guard', apiKeyRequired: true },
        $default: says('$context.identity.apiKeyId'),
      },
    },
    options,
  )
})
afterAll(() => gateway?.close())

/** The URL of the API whose keys come in the header. */
const keyed = () => gateway.ws.replace('/test/', '/keyed/')
const withKey = (value: string) => ({ headers: { 'X-Api-Key': value } })

async function connect(value: string, url = keyed()): Promise<Client> {
  const client = await Client.connect(url, withKey(value))
  onTestFinished(() => client.socket.terminate())
  return client
}

async function ask(client: Client, action: string): Promise<string> {
  client.send({ action })
  return client.next()
}

test('a client without a valid key of the stage gets 403, and the key is in no log', async () => {
  for (const headers of [{}, { 'x-api-key': '' }, { 'x-api-key': 'wrong-0123456789-0123456789' }]) {
    const answer = await refused(keyed(), { headers })
    expect([answer.status, answer.headers['retry-after']]).toEqual([403, undefined])
    expect(answer.body).toMatch(envelope('Forbidden'))
  }
  const unplanned = keyed().replace(/dev$/, 'unplanned')
  expect((await refused(unplanned, withKey(values.ACME))).status).toBe(403)
  const client = await connect(values.ACME)
  expect(await ask(client, 'who')).toBe(`acme ${values.ACME}`)
  expect(gateway.lines.join('')).not.toContain('canary')
})

test('a stage that no plan has is warned of, since nobody can connect', () => {
  expect(gateway.lines.join('')).toContain(
    'no usage plan of the settings has the stage unplanned: every client is refused there',
  )
})

test('an authorizer may name the key; the header then counts for nothing', async () => {
  const url = gateway.ws
  expect((await refused(`${url}?key=none`, withKey(values.ACME))).status).toBe(403)
  expect((await refused(`${url}?key=${values.SLOW}`)).status).toBe(403)
  const client = await Client.connect(`${url}?key=${values.ACME}`)
  onTestFinished(() => client.socket.terminate())
  expect(await ask(client, 'any')).toBe('acme')
})

test('plan and route throttle the handshakes and messages of a key, with 429 and a frame', async () => {
  const client = await connect(values.SLOW)
  const identity = `slow ${values.SLOW}`
  expect([await ask(client, 'who'), await ask(client, 'who')]).toEqual([identity, identity])
  expect(await ask(client, 'who')).toMatch(frame('Too Many Requests'))
  expect(await ask(client, 'any')).toBe('served')
  expect(await ask(client, 'any')).toMatch(frame('Too Many Requests'))
  const answer = await refused(keyed(), withKey(values.SLOW))
  const tokenComes = expect.toSatisfy((seconds: number) => seconds > 50 && seconds <= 100)
  expect([answer.status, Number(answer.headers['retry-after'])]).toEqual([429, tokenComes])
  expect(answer.body).toMatch(envelope('Too Many Requests'))
  // Another key has buckets of its own, and who needs no key has none.
  expect(await ask(await connect(values.ACME), 'any')).toBe('served')
  const free = await Client.connect(gateway.ws.replace('/test/', '/open/'))
  onTestFinished(() => free.socket.terminate())
  for (let i = 0; i < 10; i++) expect(await ask(free, 'any')).toBe('open')
})

test('a quota counts the handshake and each message, and is over with 429 and a frame', async () => {
  const client = await connect(values.FEW)
  // What the stage refuses is not counted.
  for (let i = 0; i < 3; i++) expect(await ask(client, 'scarce')).toMatch(frame('Too Many Requests'))
  expect([await ask(client, 'any'), await ask(client, 'any')]).toEqual(['served', 'served'])
  expect(await ask(client, 'any')).toMatch(frame('Limit Exceeded'))
  const answer = await refused(keyed(), withKey(values.FEW))
  expect(answer.status).toBe(429)
  expect(answer.body).toMatch(envelope('Limit Exceeded'))
  const seconds = Number(answer.headers['retry-after'])
  expect(seconds).toBeGreaterThan(0)
  expect(seconds).toBeLessThanOrEqual(31 * 24 * 3600)
})

/** Reads settings anew, as a SIGHUP does. */
async function reload(settings: object, env: Readonly<Record<string, string>> = values): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'postern.yaml'), stringify(settings))
  const read = await readSettings({ flags: {}, env, file: join(folder, 'postern.yaml') })
  await gateway.reload(read.settings ?? undefined, read.faults)
}

test('a reload takes over keys and plans, also for clients that are there', async () => {
  const client = await connect(values.ACME)
  await reload(settingsWith([]))
  expect(await ask(client, 'any')).toMatch(frame('Forbidden'))
  expect((await refused(keyed(), withKey(values.ACME))).status).toBe(403)
  await reload(settingsWith())
  expect(await ask(client, 'any')).toBe('served')
})

test('a key that a reload removes, switches off or gives another value closes what it opened, and nothing else', async () => {
  onTestFinished(() => reload(settingsWith()))
  const { apiKeys, ...others } = settingsWith()
  const fresh = { ...values, ACME: 'canary-acme-of-tomorrow' }
  const changes = [
    [{ ...others, apiKeys: apiKeys.slice(1), usagePlans: others.usagePlans.slice(1) }, values],
    [{ ...others, apiKeys: apiKeys.map((key) => (key.id === 'acme' ? { ...key, enabled: false } : key)) }, values],
    [settingsWith(), fresh],
  ] as const
  // The handshakes and messages of its other tests may have used up the bucket of another key.
  const other = await Client.connect(gateway.ws.replace('/test/', '/open/'))
  onTestFinished(() => other.socket.terminate())
  for (const [settings, env] of changes) {
    await reload(settingsWith())
    const client = await connect(values.ACME)
    await reload(settings, env)
    expect(await client.closed).toEqual({ code: 3000, reason: 'Key revoked' })
    expect((await refused(keyed(), withKey(values.ACME))).status).toBe(403)
    expect(JSON.parse(gateway.lines.findLast((line) => line.includes('keys are gone')) ?? '')).toMatchObject({
      ...{ level: 'info', apiKeyIds: ['acme'], closed: 1 },
    })
  }
  const client = await connect(fresh.ACME)
  await reload(settingsWith(), fresh)
  expect([await ask(client, 'any'), await ask(other, 'any')]).toEqual(['served', 'open'])
  expect(gateway.lines.join('')).not.toContain('canary')
})

test('a daily quota for a customer, as the page about authorization has it, outlives a restart', async () => {
  const page = readPage('docs/authorization.md')
  const blocks = page.blocks.filter(({ heading }) => heading === 'API keys and usage plans')
  const [settings, api] = blocks.map(({ text }) => text)
  const [prices] = page.blocks.filter(({ heading }) => heading.startsWith('What was used'))
  const folder = await mkdtemp(join(tmpdir(), 'postern-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const example = parse(settings ?? '')
  const start = () =>
    startGateway(
      { routes: { $default: says('served') } },
      {
        settings: { ...example, ...parse(prices?.text ?? ''), usageFile: join(folder, 'usage.json') },
        env: { ACME_API_KEY: values.ACME },
        apis: { chat: { routes: { ...parse(api ?? '').routes, $default: says('served') } } },
      },
    )
  example.usagePlans[0].quota.limit = 3
  const first = await start()
  const url = (of: TestGateway) => of.ws.replace('/test/', '/chat/')
  expect(await ask(await connect(values.ACME, url(first)), 'any')).toBe('served')
  await first.close()
  const second = await start()
  onTestFinished(() => second.close())
  const client = await connect(values.ACME, url(second))
  const report = await fetch(`http://127.0.0.1:${second.managementPort}/api/usage`).then((answer) => answer.json())
  expect(report).toMatchObject({
    currency: 'EUR',
    usage: [{ usagePlanId: 'daily', apiKeyId: 'acme', apiId: 'chat', stage: 'dev', requests: 3, cost: 0.0000105 }],
  })
  expect(await ask(client, 'any')).toMatch(frame('Limit Exceeded'))
})
