import { join } from 'node:path'
import { sign } from 'aws4'
import { AwsV4Signer } from 'aws4fetch'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { allocateConnectionId } from '../../src/vocabulary/ids.ts'
import { ranIn } from '../cli/ran-in.ts'
import { type Backend, startBackend } from '../helpers/backend.ts'
import { Client, refused } from '../helpers/client.ts'
import { says } from '../helpers/definitions.ts'
import { httpCall } from '../helpers/http-call.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'

const env = {
  POSTERN_CONNECTIONS_TOKENS: 'canary-connections-token',
  POSTERN_MANAGEMENT_TOKENS: 'canary-management-token',
  POSTERN_JWT_SECRETS: 'own=canary-secret-of-the-jwt-authorizer-0123456789',
  ACCESS_SECRET: 'canary-secret-access-key-0123456789',
  API_KEY: 'canary-api-key-0123456789',
}
const accessKey = { accessKeyId: 'AKIDEXAMPLECANARY', secretAccessKey: env.ACCESS_SECRET }
const [service, region] = ['execute-api', 'us-east-1']

const invoke = { Effect: 'Allow', Action: 'execute-api:Invoke', Resource: '*' }
const settings = {
  connectionsAuthorization: 'TOKEN',
  apiKeys: [{ id: 'acme', valueVariable: 'API_KEY' }],
  usagePlans: [{ id: 'all', apiStages: [{ apiId: 'keyed', stage: 'dev' }], keyIds: ['acme'] }],
  credentials: {
    principals: [
      {
        userName: 'signer',
        accessKeys: [{ accessKeyId: accessKey.accessKeyId, secretAccessKeyVariable: 'ACCESS_SECRET' }],
        policies: [{ Version: '2012-10-17', Statement: invoke }],
      },
    ],
  },
}

/** Lets in who shows the one token; the others see how it fails. */
const guard = `const secret = 'canary-in-the-authorizer'
export const handler = async ({ methodArn, queryStringParameters: { token } }) => {
  if (token.endsWith('throws')) throw new Error('no database')
  if (token.endsWith('unauthorized')) throw new Error('Unauthorized')
  if (token.endsWith('nonsense')) return { secret }
  const Effect = token.endsWith('good') ? 'Allow' : 'Deny'
  return { principalId: 'ada', policyDocument: { Version: '2012-10-17', Statement: [{ Action: '*', Effect, Resource: methodArn }] } }
}
`

const format =
  '$context.requestId $context.status $context.eventType $context.routeKey $context.authorizer.principalId ' +
  '$context.authorizer.status $context.authorizer.error $context.error.message $context.identity.apiKeyId ' +
  '$context.identity.userArn $context.identity.userAgent'

let gateway: TestGateway
let backend: Backend
/** Whatever clients have shown: nothing of it may be found anywhere. */
const shown = new Set<string>(Object.values(env))
/** Whatever could be seen: error bodies, answers, outputs. */
const seen: string[] = []

const behind = (connect: object, rest: object = {}) => ({
  ...rest,
  routes: { $connect: connect, $default: says('served') },
  stages: { dev: { accessLogSettings: { format } } },
})
const authorizer = (definition: object) =>
  behind(
    { authorizationType: 'CUSTOM', authorizerId: 'guard' },
    {
      authorizers: {
        guard: { authorizerType: 'REQUEST', identitySource: ['route.request.querystring.token'], ...definition },
      },
    },
  )

beforeAll(async () => {
  backend = await startBackend()
  gateway = await startGateway(
    { functions: { guard: { handler: 'guard.handler' } }, ...authorizer({ authorizerUri: 'function:guard' }) },
    {
      ...{ settings, env, files: { 'guard.mjs': guard } },
      apis: {
        endpoint: authorizer({
          authorizerUri: `${backend.url}/canary-in-the-path?key=canary-in-the-query`,
          timeoutInMillis: 200,
        }),
        down: authorizer({ authorizerUri: 'http://127.0.0.1:1/canary-in-the-path?key=canary-in-the-query' }),
        jwt: behind(
          { authorizationType: 'JWT', authorizerId: 'users' },
          {
            authorizers: {
              users: {
                authorizerType: 'JWT',
                identitySource: [
                  '$request.header.Authorization',
                  '$request.querystring.token',
                  '$request.subprotocol.bearer',
                  '$request.cookie.session',
                ],
                jwtConfiguration: { issuer: 'https://id.example.com', audience: ['chat'], secretName: 'own' },
              },
            },
          },
        ),
        signed: behind({ authorizationType: 'AWS_IAM' }),
        keyed: behind({ apiKeyRequired: true }),
      },
    },
  )
})
afterAll(async () => {
  await gateway?.close()
  await backend?.close()
})

const urlOf = (api: string, query = '') => `ws://127.0.0.1:${gateway.port}/${api}/dev${query}`

/** Connects, or is refused, with something that nobody may find again; the status. */
async function tries(url: string, options: Parameters<typeof Client.connect>[1] = {}): Promise<number> {
  const client = new Client(url, options)
  onTestFinished(() => client.socket.terminate())
  const outcome = await Promise.race([
    client.accepted.then(() => null),
    new Promise<true>((resolve) => client.socket.on('unexpected-response', () => resolve(true))),
  ])
  if (outcome === null) {
    client.send('hello')
    seen.push(await client.next())
    return 101
  }
  const answer = await refused(url, options)
  seen.push(answer.body, JSON.stringify(answer.headers))
  return answer.status
}

const canary = (text: string) => {
  shown.add(`canary-${text}`)
  return `canary-${text}`
}

async function jwtOf(claims: object = {}, secret = env.POSTERN_JWT_SECRETS.slice('own='.length)): Promise<string> {
  const token = await new SignJWT({
    iss: 'https://id.example.com',
    aud: 'chat',
    sub: 'ada',
    exp: 9_999_999_999,
    ...claims,
  })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(Buffer.from(secret))
  for (const part of token.split('.').slice(1)) shown.add(part)
  return token
}

async function presigned(credentials = accessKey): Promise<string> {
  const url = `http://127.0.0.1:${gateway.port}/signed/dev?X-Amz-Expires=60`
  const { url: signed } = await new AwsV4Signer({
    ...credentials,
    url,
    service,
    region,
    signQuery: true,
    method: 'GET',
  }).sign()
  shown.add(signed.searchParams.get('X-Amz-Signature') ?? '')
  return signed.href.replace('http', 'ws')
}

test('no secret that is shown, by whom it may be, is found in a log, a metric, an answer or an output', async () => {
  const statuses = async (all: Promise<number>[]) => Promise.all(all)
  const guarded = (api: string, text: string) =>
    tries(urlOf(api, `?token=${canary(text)}`), { headers: { Authorization: canary('unread') } })
  expect(
    await statuses(['good', 'bad', 'throws', 'unauthorized', 'nonsense'].map((text) => guarded('test', text))),
  ).toEqual([101, 403, 500, 401, 500])
  expect(await statuses([guarded('endpoint', 'good'), guarded('down', 'good')])).toEqual([500, 500])

  const wrong = await jwtOf({}, 'canary-another-secret-0123456789-0123456789')
  const [good, old] = [await jwtOf(), await jwtOf({ exp: 1 })]
  expect(
    await statuses([
      tries(urlOf('jwt', `?token=${good}`)),
      tries(urlOf('jwt'), { headers: { Authorization: `Bearer ${good}` } }),
      tries(urlOf('jwt'), { protocols: ['bearer', good] }),
      tries(urlOf('jwt'), { headers: { Cookie: `session=${old}` } }),
      tries(urlOf('jwt', `?token=${wrong}`)),
      tries(urlOf('jwt', `?token=${canary('no-token')}`)),
      tries(urlOf('jwt', `?token=${good}&token=${old}`)),
    ]),
  ).toEqual([101, 101, 101, 401, 401, 401, 400])

  const headers =
    sign({ host: `127.0.0.1:${gateway.port}`, path: '/signed/dev', service, region }, accessKey).headers ?? {}
  shown.add(/Signature=(\w+)/.exec(String(headers.Authorization))?.[1] ?? '')
  const { Host: _, ...sent } = headers as Record<string, string>
  expect(
    await statuses([
      tries(urlOf('signed'), { headers: sent }),
      tries(urlOf('signed', '?more=1'), { headers: sent }),
      tries(await presigned()),
      tries(await presigned({ ...accessKey, secretAccessKey: 'canary-guessed-secret' })),
    ]),
  ).toEqual([101, 403, 101, 403])

  expect(
    await statuses(
      [env.API_KEY, canary('wrong-api-key-0123456789')].map((key) =>
        tries(urlOf('keyed'), { headers: { 'X-Api-Key': key } }),
      ),
    ),
  ).toEqual([101, 403])

  const call = async (port: number, method: string, path: string, token: string, body?: string) => {
    const type = { 'Content-Type': 'application/json' }
    const answer = await httpCall(method, `http://127.0.0.1:${port}`, path, {
      headers: { Authorization: `Bearer ${token}`, ...type },
      ...(body !== undefined && { body }),
    })
    seen.push(JSON.stringify(answer))
    return answer.status
  }
  const nobody = `/test/dev/@connections/${encodeURIComponent(allocateConnectionId(0x123456))}`
  expect(await call(gateway.port, 'POST', nobody, env.POSTERN_CONNECTIONS_TOKENS, 'hi')).toBe(410)
  expect(await call(gateway.port, 'POST', nobody, canary('wrong-token'), 'hi')).toBe(403)
  const port = gateway.managementPort
  expect(await call(port, 'GET', '/api/apis', canary('wrong-token'))).toBe(401)
  const paths = ['apis', 'connections?limit=1000', 'workers', 'usage', 'refusals', 'revocations', 'close-reasons']
  for (const path of [...paths.map((each) => `/api/${each}`), '/metrics']) {
    expect(await call(port, 'GET', path, env.POSTERN_MANAGEMENT_TOKENS)).toBe(200)
  }
  const root = join(gateway.directory, '..', '..')
  const sources = ['--config', join(root, 'postern.yaml'), '--dir', join(root, 'apis')]
  for (const command of [['config'], ['config', '--json'], ['check']]) {
    const given = command[0] === 'check' ? [join(root, 'apis'), ...sources.slice(0, 2)] : sources.slice(0, 2)
    const { out, err } = await ranIn([...command, ...given], env)
    seen.push(out, err)
  }

  const all = [...seen, ...gateway.lines].join('\n')
  // What is looked for is really there: lines of every kind of refusal, and the answers.
  for (const text of ['no database', 'INVALID_API_KEY', 'acme', 'user/signer', 'postern_']) expect(all).toContain(text)
  expect(all.split('\n').filter((line) => line.includes('canary'))).toEqual([])
  expect([...shown].filter((secret) => all.includes(secret))).toEqual([])
})
