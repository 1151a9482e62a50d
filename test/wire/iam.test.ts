import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  ApiGatewayManagementApiClient,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi'
import { sign } from 'aws4'
import { AwsV4Signer } from 'aws4fetch'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { findExecutable } from '../../scripts/executables.ts'
import type { Io } from '../../src/cli/io.ts'
import { run } from '../../src/cli/run.ts'
import { readSettings } from '../../src/config/read-settings.ts'
import type { Settings } from '../../src/config/settings.ts'
import { allocateConnectionId } from '../../src/vocabulary/ids.ts'
import { Client, refused } from '../helpers/client.ts'
import { callTo, mock, says } from '../helpers/definitions.ts'
import { httpCall } from '../helpers/http-call.ts'
import { readPage } from '../helpers/markdown.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'

const secrets = { FIRST_SECRET: 'canary-first-secret-key', SECOND_SECRET: 'canary-second-secret-key' }
const first = { accessKeyId: 'AKIDEXAMPLEFIRST', secretAccessKey: secrets.FIRST_SECRET }
const second = { accessKeyId: 'AKIDEXAMPLESECOND', secretAccessKey: secrets.SECOND_SECRET }
const firstKey = { accessKeyId: first.accessKeyId, secretAccessKeyVariable: 'FIRST_SECRET' }
const secondKey = { accessKeyId: second.accessKeyId, secretAccessKeyVariable: 'SECOND_SECRET' }
const region = 'us-east-1'

const allow = (Action: string, Resource: string) => ({ Effect: 'Allow', Action, Resource })
const settingsWith = (accessKeys: readonly object[]) => ({
  managementAuthorization: 'AWS_IAM',
  trustedProxies: ['127.0.0.1'],
  credentials: {
    accountId: '123456789012',
    principals: [
      {
        userName: 'backend',
        accessKeys,
        policies: [
          {
            Version: '2012-10-17',
            Statement: [
              allow('execute-api:ManageConnections', 'arn:aws:execute-api:*:*:open/dev/POST/@connections/*'),
              allow('execute-api:ManageConnections', 'arn:aws:execute-api:*:*:open/dev/POST/@batch'),
              allow('execute-api:Invoke', 'arn:aws:execute-api:us-east-1:123456789012:test/dev/$connect'),
              allow('apigateway:GET', 'arn:aws:apigateway:*::/api/*'),
              allow('apigateway:POST', 'arn:aws:apigateway:*::/api/connections/*'),
            ],
          },
        ],
      },
    ],
  },
})

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway(
    {
      functions: { tell: { handler: 'tell.handler' } },
      routes: {
        $connect: { authorizationType: 'AWS_IAM', integration: mock('') },
        identity: { integration: callTo('tell'), routeResponse: true },
        $default: says('$context.identity.userArn $context.identity.accessKey $context.identity.caller'),
      },
      stages: { dev: {}, prod: {} },
    },
    {
      settings: settingsWith([firstKey, secondKey]),
      env: secrets,
      files: {
        'tell.mjs':
          'export const handler = async ({ requestContext }) => ({ statusCode: 200, body: JSON.stringify(requestContext.identity) })\n',
      },
      apis: { open: { routes: { $default: says('$context.connectionId') } } },
    },
  )
})
afterAll(() => gateway?.close())

const origin = () => `http://127.0.0.1:${gateway.port}`
const management = () => `http://127.0.0.1:${gateway.managementPort}`

/** Reads settings anew, as a SIGHUP does. */
async function reload(settings: object): Promise<Settings | null> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'postern.yaml'), stringify(settings))
  const read = await readSettings({ flags: {}, env: secrets, file: join(folder, 'postern.yaml') })
  await gateway.reload(read.settings ?? undefined, read.faults)
  return read.settings
}

async function connectOpen(): Promise<{ client: Client; id: string }> {
  const client = await Client.connect(`${origin().replace('http', 'ws')}/open/dev`)
  onTestFinished(() => client.socket.terminate())
  client.send('id')
  return { client, id: await client.next() }
}

describe('@connections', () => {
  const post = (ConnectionId: string, credentials = first) => {
    const endpoint = `${origin()}/open/dev`
    const client = new ApiGatewayManagementApiClient({ endpoint, region, credentials, maxAttempts: 1 })
    onTestFinished(() => client.destroy())
    return client.send(new PostToConnectionCommand({ ConnectionId, Data: 'hello' }))
  }

  /** Runs the AWS command line; what it prints, or what it says of its failure. */
  async function aws(...command: string[]): Promise<string> {
    const program = findExecutable('aws')
    if (program === null) throw new Error('there is no aws: run tsx scripts/provision.ts aws')
    const environment = {
      ...process.env,
      AWS_ACCESS_KEY_ID: first.accessKeyId,
      AWS_SECRET_ACCESS_KEY: first.secretAccessKey,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    }
    const endpoint = ['--endpoint-url', `${origin()}/open/dev`, '--region', region]
    const given = ['apigatewaymanagementapi', ...command, ...endpoint]
    return promisify(execFile)(program, given, { env: environment }).then(
      ({ stdout }) => stdout,
      (error: { stderr: string }) => error.stderr,
    )
  }

  test('is called by the AWS command line with an access key, which is told what it may not', {
    timeout: 60_000,
  }, async () => {
    const { client, id } = await connectOpen()
    const [posted, denied] = await Promise.all([
      // Base64 to its second version, text to its first.
      aws('post-to-connection', '--connection-id', id, '--data', 'aGVsbG8='),
      aws('delete-connection', '--connection-id', id),
    ])
    expect(posted).toBe('')
    expect(['hello', 'aGVsbG8=']).toContain(await client.next())
    expect(denied).toContain('AccessDeniedException')
    expect(denied).toContain(
      'User: arn:aws:iam::123456789012:user/backend is not authorized to perform: execute-api:ManageConnections on resource: arn:aws:execute-api:us-east-1:********9012:open/dev/DELETE/@connections/{connectionId}',
    )
  })

  test('is called with each of two keys, and with none that a reload takes away; a faulty reload brings none back', async () => {
    const { client, id } = await connectOpen()
    await post(id, first)
    await post(id, second)
    expect([await client.next(), await client.next()]).toEqual(['hello', 'hello'])
    onTestFinished(() => reload(settingsWith([firstKey, secondKey])).then(() => {}))
    expect(await reload(settingsWith([secondKey]))).not.toBeNull()
    await expect(post(id, first)).rejects.toMatchObject({ name: 'UnrecognizedClientException' })
    await post(id, second)
    expect(await reload({ ...settingsWith([firstKey]), unknown: true })).toBeNull()
    await expect(post(id, first)).rejects.toMatchObject({ name: 'UnrecognizedClientException' })
    await post(id, second)
  })

  test('is no more than what a policy names: none for groups, users, everyone or reports, and a batch where it says so', async () => {
    const { client, id } = await connectOpen()
    const call = (method: string, rest: string, body: string | null, type = 'application/json') => {
      const path = `/open/dev${rest}`
      const content = body === null ? {} : { body, headers: { 'Content-Type': type } }
      const host = `127.0.0.1:${gateway.port}`
      const signed = sign({ ...{ method, host, path, service: 'execute-api', region }, ...content }, first)
      const given = Object.entries(signed.headers ?? {}).map(([name, value]): [string, string] => [name, String(value)])
      return httpCall(method, origin(), path, { headers: Object.fromEntries(given), ...(body !== null && { body }) })
    }
    const one = encodeURIComponent(id)
    const posted = await call('POST', `/@connections/${one}`, 'allowed')
    expect(posted).toMatchObject({ status: 200, body: '' })
    for (const [method, rest] of [
      ['POST', '/@groups/a'],
      ['POST', '/@users/a'],
      ['POST', '/@connections'],
      ['GET', '/@groups'],
      ['GET', `/@reports/${one}`],
      ['PUT', `/@groups/a/connections/${one}`],
    ] as const) {
      const { status, body } = await call(method, rest, method === 'POST' ? 'x' : null)
      expect([status, body], `${method} ${rest}`).toEqual([
        403,
        expect.stringContaining('is not authorized to perform'),
      ])
    }
    // Whose lines are read whole, since the signature is over all of them.
    const lines = `${JSON.stringify({ connectionIds: [id], data: 'one' })}\n{\n`
    const batch = await call('POST', '/@batch', lines, 'application/x-ndjson')
    expect([batch.status, batch.body.split('\n')[0]]).toEqual([200, '{"status":200}'])
    expect([await client.next(), await client.next()]).toEqual(['allowed', 'one'])
  })

  test('answers a signature that was made for the path of a trusted proxy', async () => {
    const path = `/open/dev/@connections/${encodeURIComponent(allocateConnectionId(0x123456))}`
    const { headers } = sign(
      { method: 'POST', host: 'ws.example.com', path: `/gateway${path}`, service: 'execute-api', region, body: 'x' },
      first,
    )
    const given = Object.entries(headers ?? {}).map(([name, value]): [string, string] => [name, String(value)])
    const call = (added: Record<string, string>) =>
      httpCall('POST', origin(), path, { headers: { ...Object.fromEntries(given), ...added }, body: 'x' })
    expect((await call({ 'X-Forwarded-Prefix': '/gateway' })).status).toBe(410)
    expect((await call({})).status).toBe(403)
  })

  test('of a connection that never was is gone only to who may know', async () => {
    await expect(post(allocateConnectionId(0x123456))).rejects.toBeInstanceOf(GoneException)
  })
})

describe('a client of $connect with AWS_IAM', () => {
  const presign = async (path = '/test/dev', query = '', credentials = first) => {
    const url = `${origin()}${path}?X-Amz-Expires=60${query}`
    const signer = new AwsV4Signer({
      ...credentials,
      url,
      service: 'execute-api',
      region,
      signQuery: true,
      method: 'GET',
    })
    return (await signer.sign()).url.href.replace('http', 'ws')
  }

  test('signs its headers, and is known by its signature in every event from then on', async () => {
    const { headers } = sign(
      { host: `127.0.0.1:${gateway.port}`, path: '/test/dev', service: 'execute-api', region },
      first,
    )
    const given = Object.entries(headers ?? {}).filter(([name]) => name !== 'Host')
    const client = await Client.connect(gateway.ws, { headers: Object.fromEntries(given) as Record<string, string> })
    onTestFinished(() => client.socket.terminate())
    client.send('hello')
    const [userArn, accessKey, caller] = (await client.next()).split(' ')
    expect([userArn, accessKey]).toEqual(['arn:aws:iam::123456789012:user/backend', first.accessKeyId])
    expect(caller).toMatch(/^AIDA[A-Z0-9]{17}$/)
    client.send({ action: 'identity' })
    expect(JSON.parse(await client.next())).toMatchObject({
      ...{ accountId: '123456789012', caller, user: caller, userArn, accessKey, sourceIp: '127.0.0.1' },
    })
  })

  test('is sent away by a reload that takes its key away, and may come back with another', async () => {
    onTestFinished(() => reload(settingsWith([firstKey, secondKey])).then(() => {}))
    const client = await Client.connect(await presign())
    const other = await Client.connect(await presign('/test/dev', '', second))
    onTestFinished(() => other.socket.terminate())
    await reload(settingsWith([{ ...firstKey, status: 'Inactive' }, secondKey]))
    expect(await client.closed).toEqual({ code: 3000, reason: 'Key revoked' })
    expect((await refused(await presign())).status).toBe(403)
    other.send('still here')
    expect(await other.next()).toContain(second.accessKeyId)
    expect(JSON.parse(gateway.lines.findLast((line) => line.includes('keys are gone')) ?? '')).toMatchObject({
      ...{ accessKeyIds: [first.accessKeyId], closed: 1 },
    })
  })

  test('or comes by a presigned URL, whose own query it covers', async () => {
    const client = await Client.connect(await presign('/test/dev', '&room=a%2Bb'))
    client.socket.terminate()
    expect((await refused(`${await presign()}&room=other`)).status).toBe(403)
  })

  test('is answered as AWS does: without a signature, with a bad one, with another stage, without a permission', async () => {
    const none = await refused(gateway.ws)
    expect([none.status, none.headers['x-amzn-errortype'], none.body]).toEqual([
      403,
      'MissingAuthenticationTokenException',
      '{"message":"Missing Authentication Token"}',
    ])
    const wrong = await refused(await presign('/test/dev', '', { ...first, secretAccessKey: 'guessed' }))
    expect([wrong.status, wrong.headers['x-amzn-errortype']]).toEqual([403, 'InvalidSignatureException'])
    const other = await refused((await presign()).replace('/test/dev', '/test/prod'))
    expect([other.status, other.headers['x-amzn-errortype']]).toEqual([403, 'InvalidSignatureException'])
    const denied = await refused(await presign('/test/prod'))
    expect([denied.status, denied.headers['x-amzn-errortype'], JSON.parse(denied.body)]).toEqual([
      403,
      'AccessDeniedException',
      {
        Message:
          'User: arn:aws:iam::123456789012:user/backend is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********9012:test/prod/$connect',
      },
    ])
  })
})

describe('the management port with AWS_IAM', () => {
  const call = (method: string, path: string, body?: string, sent = body) => {
    const { headers } = sign(
      {
        ...{ method, path, service: 'apigateway', region, host: `127.0.0.1:${gateway.managementPort}` },
        ...(body !== undefined && { body, headers: { 'Content-Type': 'application/json' } }),
      },
      first,
    )
    return httpCall(method, management(), path, {
      headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)])),
      ...(sent !== undefined && { body: sent }),
    })
  }

  test('is read and used by who signs, each request for what its policies allow', async () => {
    const { client, id } = await connectOpen()
    expect((await call('GET', '/api/connections?limit=1')).status).toBe(200)
    const path = `/api/connections/${encodeURIComponent(id)}`
    expect((await call('POST', path, '{"data":"hi"}')).status).toBe(200)
    expect(await client.next()).toBe('hi')
    const denied = await call('DELETE', path)
    expect([denied.status, denied.headers['x-amzn-errortype']]).toEqual([403, 'AccessDeniedException'])
    expect((await call('GET', '/metrics')).status).toBe(403)
  })

  test('is used by the commands of postern, which sign with the key of the environment where they are told to', async () => {
    const { client, id } = await connectOpen()
    const signer = { AWS_ACCESS_KEY_ID: first.accessKeyId, AWS_SECRET_ACCESS_KEY: first.secretAccessKey }
    const postern = async (args: string[], env: Record<string, string> = signer) => {
      let [out, err] = ['', '']
      const io: Pick<Io, 'stdout' | 'stderr' | 'env'> = {
        ...{ stdout: { write: (text) => (out += text) }, stderr: { write: (text) => (err += text) } },
        env: { POSTERN_MANAGEMENT_URL: management(), ...env },
      }
      return [await run(args, io as Io), out, err]
    }
    const [code, out] = await postern(['connections', 'list', '--json', '--user-agent', "a b+c'é", '--sign'])
    expect([code, out]).toEqual([0, ''])
    expect(await postern(['connections', 'send', id, 'signed é', '--sign'])).toEqual([0, 'sent\n', ''])
    expect(await client.next()).toBe('signed é')
    const told = { ...signer, AWS_REGION: region, POSTERN_MANAGEMENT_AUTHORIZATION: 'AWS_IAM' }
    expect((await postern(['usage', '--json'], told))[0]).toBe(0)
    const failures = await Promise.all([
      postern(['connections', 'close', id, '--sign']),
      postern(['connections', 'list', '--sign'], { ...signer, AWS_SECRET_ACCESS_KEY: 'guessed' }),
      postern(['connections', 'list', '--sign'], { ...signer, AWS_REGION: 'eu-west-1' }),
      postern(['connections', 'list', '--sign'], {}),
      postern(['connections', 'list']),
    ])
    expect(failures.map(([exit]) => exit)).toEqual([1, 1, 1, 1, 1])
    expect(failures.map(([, , text]) => text)).toEqual([
      expect.stringContaining('is not authorized to perform: apigateway:DELETE'),
      expect.stringContaining('The request signature we calculated does not match'),
      expect.stringContaining('region'),
      'postern: there is no access key to sign with: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY\n',
      expect.stringContaining('asks for a signature: give --sign'),
    ])
  })

  test('is closed to who does not sign, or signs another body, and open to probes', async () => {
    const unsigned = await httpCall('GET', management(), '/api/apis')
    expect([unsigned.status, unsigned.headers['x-amzn-errortype']]).toEqual([
      403,
      'MissingAuthenticationTokenException',
    ])
    const id = encodeURIComponent(allocateConnectionId(0x123456))
    expect((await call('POST', `/api/connections/${id}`, '{"data":"hi"}', '{"data":"ho"}')).status).toBe(403)
    expect((await httpCall('GET', management(), '/readyz')).status).toBe(200)
  })
})

test('the example of the page is all that a gateway of chat needs for the SDK to post by its key', async () => {
  const block = readPage('docs/authorization.md').blocks.find(
    ({ heading, language }) => heading === 'IAM' && language === 'yaml',
  )
  const folder = await mkdtemp(join(tmpdir(), 'postern-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const key = join(folder, 'backend.key')
  await writeFile(key, `${first.secretAccessKey}\n`)
  const settings = parse((block?.text ?? '').replace('/etc/postern/backend.key', key))
  const chat = { routes: { $default: says('$context.connectionId') } }
  const example = await startGateway({}, { settings, apis: { chat } })
  onTestFinished(() => example.close())
  const endpoint = `http://127.0.0.1:${example.port}/chat/dev`
  const client = await Client.connect(endpoint.replace('http', 'ws'))
  client.send('id')
  const ConnectionId = await client.next()
  const send = async (accessKeyId: string, secretAccessKey: string) => {
    const credentials = { accessKeyId, secretAccessKey }
    const sdk = new ApiGatewayManagementApiClient({ endpoint, region, credentials, maxAttempts: 1 })
    onTestFinished(() => sdk.destroy())
    return sdk.send(new PostToConnectionCommand({ ConnectionId, Data: 'signed' }))
  }
  await send('AKIAIOSFODNN7EXAMPLE', first.secretAccessKey)
  expect(await client.next()).toBe('signed')
  await expect(send('AKIAIOSFODNN7EXAMPLE', 'any')).rejects.toMatchObject({ name: 'InvalidSignatureException' })
  client.socket.close()
})

test('no secret and no signature is in a log', () => {
  expect(gateway.lines.join('')).not.toMatch(/canary|X-Amz-Signature|Signature=/)
})
