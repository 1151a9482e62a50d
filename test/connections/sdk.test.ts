import {
  ApiGatewayManagementApiClient,
  ApiGatewayManagementApiServiceException,
  DeleteConnectionCommand,
  ForbiddenException,
  GetConnectionCommand,
  GoneException,
  LimitExceededException,
  PayloadTooLargeException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createTokenVerifier } from '../../src/authorizers/bearer-tokens.ts'
import { allocateConnectionId } from '../../src/vocabulary/ids.ts'
import { type CallbackServer, connectedAt, startCallbackServer } from './callback-server.ts'

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'not-a-secret' }
type Settings = ConstructorParameters<typeof ApiGatewayManagementApiClient>[0]

function clientOf(server: CallbackServer, settings: Settings = {}): ApiGatewayManagementApiClient {
  const endpoint = `http://127.0.0.1:${server.port}/chat/dev`
  const sdk = new ApiGatewayManagementApiClient({
    endpoint,
    region: 'eu-west-1',
    credentials,
    maxAttempts: 1,
    ...settings,
  })
  onTestFinished(() => sdk.destroy())
  return sdk
}

const anyId = () => allocateConnectionId(0x123456)
const post = (ConnectionId: string, Data: string | Uint8Array = 'x') =>
  new PostToConnectionCommand({ ConnectionId, Data })

describe('@aws-sdk/client-apigatewaymanagementapi', () => {
  it('posts, gets and deletes with nothing but its endpoint set', async () => {
    const server = await startCallbackServer()
    const sdk = clientOf(server)
    const client = await server.connect({ userAgent: 'demo/1.0' })
    const posted = await sdk.send(post(client.id, '{"text":"é😀"}'))
    expect(posted.$metadata.httpStatusCode).toBe(200)
    expect(posted.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/)
    expect(await client.next()).toEqual({ data: Buffer.from('{"text":"é😀"}'), isBinary: false })

    const found = await sdk.send(new GetConnectionCommand({ ConnectionId: client.id }))
    expect(found.Identity).toEqual({ SourceIp: '203.0.113.9', UserAgent: 'demo/1.0' })
    expect(found.ConnectedAt).toEqual(new Date(connectedAt))
    expect(found.LastActiveAt).toEqual(new Date('2025-10-05T08:09:13.377Z'))

    await sdk.send(new DeleteConnectionCommand({ ConnectionId: client.id }))
    expect(await client.next()).toEqual({ code: 1000, reason: 'Connection Closed Normally' })
  })

  it('reads the description of a client without a User-Agent', async () => {
    const server = await startCallbackServer()
    const client = await server.connect()
    const found = await clientOf(server).send(new GetConnectionCommand({ ConnectionId: client.id }))
    expect(found.Identity?.SourceIp).toBe('203.0.113.9')
    expect(found.Identity?.UserAgent ?? null).toBeNull()
  })

  it('throws GoneException with status 410 for every operation', async () => {
    const sdk = clientOf(await startCallbackServer())
    const ConnectionId = anyId()
    const calls = [
      () => sdk.send(post(ConnectionId)),
      () => sdk.send(new GetConnectionCommand({ ConnectionId })),
      () => sdk.send(new DeleteConnectionCommand({ ConnectionId })),
    ]
    for (const call of calls) {
      const error = await thrownBy(call())
      expect(error).toBeInstanceOf(GoneException)
      expect(error).toMatchObject({ name: 'GoneException', $metadata: { httpStatusCode: 410 } })
    }
  })

  it('throws PayloadTooLargeException above 128 KB', async () => {
    const sdk = clientOf(await startCallbackServer())
    const error = await thrownBy(sdk.send(post(anyId(), Buffer.alloc(131_073))))
    expect(error).toBeInstanceOf(PayloadTooLargeException)
    expect(error).toMatchObject({ $metadata: { httpStatusCode: 413 } })
  })

  it('throws LimitExceededException when the outbound buffer of the client is full', async () => {
    const server = await startCallbackServer({
      registry: { deliver: () => 'full', disconnect: () => 'gone', get: () => null, changeUser: () => 'gone' },
    })
    const error = await thrownBy(clientOf(server).send(post(anyId())))
    expect(error).toBeInstanceOf(LimitExceededException)
    expect(error).toMatchObject({ $metadata: { httpStatusCode: 429 } })
  })

  it('throws BadRequestException, which AWS does not model, for a malformed id', async () => {
    const sdk = clientOf(await startCallbackServer())
    for (const id of ['0b0e2a9c-3a8e-4b8a-9c38-4d4e8f0a5d11', 'a/b c%', 'AAAAAAAAAAAAAAA=']) {
      const error = await thrownBy(sdk.send(post(id)))
      expect(error).toBeInstanceOf(ApiGatewayManagementApiServiceException)
      expect(error).toMatchObject({
        name: 'BadRequestException',
        message: `Invalid connectionId: ${id}`,
        $metadata: { httpStatusCode: 400 },
      })
    }
  })

  it('tries again by itself when a worker does not answer', async () => {
    const outcomes = ['unreachable', 'sent'] as const
    let calls = 0
    const server = await startCallbackServer({
      registry: {
        deliver: () => outcomes[calls++] ?? 'gone',
        disconnect: () => 'gone',
        get: () => null,
        changeUser: () => 'gone',
      },
    })
    const posted = await clientOf(server, { maxAttempts: 3 }).send(post(anyId()))
    expect(posted.$metadata).toMatchObject({ httpStatusCode: 200, attempts: 2 })
  })

  it('is a caller without a token while it signs, and throws ForbiddenException for a wrong one', async () => {
    const server = await startCallbackServer({ authorizer: createTokenVerifier(['right']) })
    const signed = await thrownBy(clientOf(server).send(post(anyId())))
    expect(signed).toMatchObject({ name: 'MissingAuthenticationTokenException', $metadata: { httpStatusCode: 403 } })
    const wrong = await thrownBy(withToken(server, 'wrong').send(post(anyId())))
    expect(wrong).toBeInstanceOf(ForbiddenException)
    const client = await server.connect()
    await withToken(server, 'right').send(post(client.id, 'hello'))
    expect(await client.next()).toMatchObject({ data: Buffer.from('hello') })
  })
})

function thrownBy(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** The client as docs/connections.md shows it: a signer that sends the token instead of a signature. */
function withToken(server: CallbackServer, token: string): ApiGatewayManagementApiClient {
  return clientOf(server, {
    signer: {
      sign: async (request) => ({
        ...request,
        headers: { ...request.headers, authorization: `Bearer ${token}` },
      }),
    },
  })
}
