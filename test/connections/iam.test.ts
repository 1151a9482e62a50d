import { request as httpRequest } from 'node:http'
import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi'
import aws4 from 'aws4'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createAccessKeys } from '../../src/authorizers/iam/access-keys.ts'
import { createIamCallers } from '../../src/authorizers/iam/iam-callers.ts'
import { readPolicy } from '../../src/policies/read-policy.ts'
import { allocateConnectionId } from '../../src/vocabulary/ids.ts'
import { alice, credentials, region } from '../authorizers/iam/signed.ts'
import { startCallbackServer } from './callback-server.ts'

const accountId = '123456789012'
const manage = { Effect: 'Allow', Action: 'execute-api:ManageConnections' }

/** A server whose callers sign, and Alice's client; her policy has these statements. */
async function startFor(statements: readonly object[], prefix = '') {
  const { policy } = readPolicy({ Version: '2012-10-17', Statement: statements }, { of: 'identity' })
  if (policy === null) throw new Error('not a policy')
  const keys = createAccessKeys([{ ...credentials, user: { ...alice, policies: [policy] } }])
  const authorizer = createIamCallers({
    ...{ keys, region, accountId, now: Date.now },
    clientAddress: (request) => ({ sourceIp: request.remoteAddress(), proto: 'http', prefix }),
  })
  const server = await startCallbackServer({ authorizer })
  const sdk = (change: { stage?: string; secretAccessKey?: string; accessKeyId?: string } = {}) => {
    const { stage = 'dev', ...other } = change
    const client = new ApiGatewayManagementApiClient({
      endpoint: `http://127.0.0.1:${server.port}/chat/${stage}`,
      ...{ region, credentials: { ...credentials, ...other }, maxAttempts: 1 },
    })
    onTestFinished(() => client.destroy())
    return client
  }
  return { server, sdk, keys }
}

const post = (ConnectionId: string, Data: string | Uint8Array = 'x') =>
  new PostToConnectionCommand({ ConnectionId, Data })
const resource = (path: string) => `arn:aws:execute-api:eu-west-1:123456789012:${path}`

function thrownBy(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('a caller of @connections who signs', () => {
  it('posts, gets and deletes with the unmodified SDK', async () => {
    const { server, sdk } = await startFor([{ ...manage, Resource: resource('chat/dev/*/@connections/*') }])
    const client = await server.connect()
    await sdk().send(post(client.id, 'é😀'))
    expect(await client.next()).toEqual({ data: Buffer.from('é😀'), isBinary: false })
    expect((await sdk().send(new GetConnectionCommand({ ConnectionId: client.id }))).Identity?.SourceIp).toBe(
      '203.0.113.9',
    )
    await sdk().send(new DeleteConnectionCommand({ ConnectionId: client.id }))
    expect(await client.next()).toMatchObject({ code: 1000 })
  })

  it('is told what AWS tells who may not, before anything is said of the connection', async () => {
    const { sdk } = await startFor([{ ...manage, Resource: resource('chat/dev/GET/@connections/*') }])
    const denied = `User: arn:aws:iam::123456789012:user/alice is not authorized to perform: execute-api:ManageConnections on resource: arn:aws:execute-api:eu-west-1:********9012:chat/dev/POST/@connections/{connectionId}`
    expect(await thrownBy(sdk().send(post(allocateConnectionId(0x123456))))).toMatchObject({
      ...{ name: 'AccessDeniedException', message: denied, $metadata: { httpStatusCode: 403 } },
    })
    expect(await thrownBy(sdk().send(post('no-id-at-all')))).toMatchObject({ name: 'AccessDeniedException' })
    const ConnectionId = allocateConnectionId(0x123456)
    expect(await thrownBy(sdk().send(new GetConnectionCommand({ ConnectionId })))).toBeInstanceOf(GoneException)
  })

  it('is allowed by stage and verb, on the template of the route and not on the id', async () => {
    const id = allocateConnectionId(0x123456)
    const allowed = async (path: string, stage = 'dev') => {
      const { sdk } = await startFor([{ ...manage, Resource: resource(path) }])
      return (await thrownBy(sdk({ stage }).send(post(id)))) instanceof GoneException
    }
    expect(await allowed('chat/dev/POST/@connections/*')).toBe(true)
    expect(await allowed('chat/*')).toBe(true)
    expect(await allowed('chat/dev/POST/@connections/{connectionId}')).toBe(true)
    expect(await allowed('chat/dev/POST/@connections')).toBe(false)
    expect(await allowed(`chat/dev/POST/@connections/${id}`)).toBe(false)
    expect(await allowed('chat/dev/POST/@connections/*', 'prod')).toBe(false)
    expect(await allowed('orders/dev/POST/@connections/*')).toBe(false)
  })

  it('is denied by one statement whatever others say, and told that it was one', async () => {
    const { sdk } = await startFor([
      { ...manage, Resource: '*' },
      { Effect: 'Deny', Action: '*', Resource: '*', Condition: { IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } } },
    ])
    expect(await thrownBy(sdk().send(post(allocateConnectionId(0x123456))))).toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringMatching(/ with an explicit deny$/),
    })
  })

  it('is refused for a wrong secret, an unknown key, and no signature, each in its own words', async () => {
    const { server, sdk, keys } = await startFor([{ ...manage, Resource: '*' }])
    const id = allocateConnectionId(0x123456)
    const status = { $metadata: { httpStatusCode: 403 } }
    expect(await thrownBy(sdk({ secretAccessKey: 'guessed' }).send(post(id)))).toMatchObject({
      ...status,
      name: 'InvalidSignatureException',
      message: expect.stringMatching(/^The request signature we calculated does not match/),
    })
    expect(await thrownBy(sdk({ accessKeyId: 'AKIDOTHER' }).send(post(id)))).toMatchObject({
      ...status,
      name: 'UnrecognizedClientException',
      message: 'The security token included in the request is invalid.',
    })
    const path = `/chat/dev/@connections/${id}`
    const unsigned = await server.call('POST', path, { body: 'x' })
    expect([unsigned.status, unsigned.headers['x-amzn-errortype'], unsigned.body]).toEqual([
      403,
      'MissingAuthenticationTokenException',
      '{"message":"Missing Authentication Token"}',
    ])
    const bearer = await server.call('POST', path, { body: 'x', headers: { authorization: 'Bearer token' } })
    expect([bearer.status, bearer.headers['x-amzn-errortype']]).toEqual([403, 'IncompleteSignatureException'])
    expect(bearer.body).not.toContain('token"')
    // Taken away, a key is nobody's with the next call.
    keys.replace([])
    expect(await thrownBy(sdk().send(post(id)))).toMatchObject({ name: 'UnrecognizedClientException' })
  })

  it('is refused with two Authorization headers, also where one of them would do', async () => {
    const { server } = await startFor([{ ...manage, Resource: '*' }])
    const path = `/chat/dev/@connections/${encodeURIComponent(allocateConnectionId(0x123456))}`
    const { headers } = aws4.sign(
      { method: 'GET', host: `127.0.0.1:${server.port}`, path, service: 'execute-api', region },
      credentials,
    )
    const given = Object.entries(headers ?? {}).map(([name, value]): [string, string] => [name, String(value)])
    const statusWith = (...added: [string, string][]) =>
      new Promise<number>((resolve, reject) => {
        const list = [...given, ...added].flat()
        httpRequest({ port: server.port, path, headers: list, agent: false }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode ?? 0))
        })
          .on('error', reject)
          .end()
      })
    expect(await statusWith()).toBe(410)
    expect(await statusWith(['X-Other', 'x'])).toBe(410)
    for (const name of ['Authorization', 'authorization', 'AUTHORIZATION'])
      expect(await statusWith([name, 'Bearer token']), name).toBe(403)
  })

  it('is refused for its size before its signature is looked at', async () => {
    const { server } = await startFor([{ ...manage, Effect: 'Deny', Resource: '*' }])
    const large = await server.call('POST', `/chat/dev/@connections/${allocateConnectionId(0x123456)}`, {
      body: Buffer.alloc(131_073),
    })
    expect(large.status).toBe(413)
  })

  it('signs the path that the proxy in front serves the gateway under', async () => {
    const { server, sdk } = await startFor([{ ...manage, Resource: '*' }], '/gateway')
    const client = sdk()
    // What a proxy does that takes its own part of the path away.
    client.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { path: string }
        request.path = request.path.replace('/gateway', '')
        return next(args)
      },
      { step: 'finalizeRequest', priority: 'low', override: true },
    )
    client.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { path: string }
        request.path = `/gateway${request.path}`
        return next(args)
      },
      { step: 'build' },
    )
    const listener = await server.connect()
    await client.send(post(listener.id, 'through'))
    expect(await listener.next()).toMatchObject({ data: Buffer.from('through') })
  })
})
