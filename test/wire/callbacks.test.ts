import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  GoneException,
  LimitExceededException,
  PayloadTooLargeException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Backend } from '../helpers/backend.ts'
import { Client } from '../helpers/client.ts'
import { frame, says, shortId, uuid } from '../helpers/definitions.ts'
import { httpCall } from '../helpers/http-call.ts'
import { type Definition, type GatewayOptions, startGateway, type TestGateway } from '../helpers/postern.ts'
import { useBackend } from '../helpers/use-backend.ts'
import { clientFrame, handshake, opcodes, RawClient } from '../transport/raw-client.ts'

let backend: Backend
let gateway: TestGateway
useBackend((started) => {
  backend = started
})
afterEach(() => gateway.close())

const start = async (definition: Definition = {}, options: GatewayOptions = {}) => {
  gateway = await startGateway(
    { routes: { $default: says('$context.connectionId') }, stages: { dev: {}, prod: {} }, ...definition },
    options,
  )
}

/** The SDK as a backend uses it, with nothing but its endpoint and any keys; every call is tried once. */
const sdk = (endpoint = gateway.http): ApiGatewayManagementApiClient => {
  const client = new ApiGatewayManagementApiClient({
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    maxAttempts: 1,
  })
  onTestFinished(() => client.destroy())
  return client
}
const post = (id: string, Data: Uint8Array | string, client = sdk()) =>
  client.send(new PostToConnectionCommand({ ConnectionId: id, Data }))

async function connect(options: ConstructorParameters<typeof Client>[1] = {}): Promise<[Client, string]> {
  const client = await Client.connect(gateway.ws, options)
  client.send('who am I')
  return [client, await client.next()]
}

/** Waits until the clock shows another millisecond, so that two times differ. */
async function nextMillisecond(): Promise<void> {
  const now = Date.now()
  while (Date.now() === now) await new Promise(setImmediate)
}

describe('POST', () => {
  test('the SDK sends bytes and texts as text frames, bad sequences of UTF-8 replaced, and empty ones', async () => {
    await start()
    const [client, id] = await connect()
    await post(id, 'hello ü')
    expect(await client.nextFrame()).toEqual({ data: 'hello ü', binary: false })
    await post(id, Uint8Array.of(0x61, 0xff, 0xc3, 0x28))
    expect(await client.nextFrame()).toEqual({ data: 'a\uFFFD\uFFFD(', binary: false })
    await post(id, '')
    expect(await client.nextFrame()).toEqual({ data: '', binary: false })
    client.close()
  })

  test('is answered with 200, no body, application/json and the three ids', async () => {
    await start()
    const [client, id] = await connect()
    const answer = await httpCall('POST', gateway.http, `/test/dev/@connections/${id}`, { body: 'x' })
    expect([answer.status, answer.body]).toEqual([200, ''])
    expect(answer.headers).toMatchObject({
      'content-length': '0',
      'content-type': 'application/json',
      'x-amzn-requestid': expect.stringMatching(uuid),
      'x-amz-apigw-id': expect.stringMatching(shortId),
      'x-amzn-trace-id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
    })
    client.close()
  })

  test('more than 32 KB arrive as one message, up to 128 KB; one byte more is PayloadTooLargeException', async () => {
    await start()
    const [client, id] = await connect()
    for (const size of [32_769, 65_536, 131_072]) {
      await post(id, new Uint8Array(size).fill(0x61))
      expect((await client.next()).length).toBe(size)
    }
    await expect(post(id, new Uint8Array(131_073))).rejects.toThrow(PayloadTooLargeException)
    expect(client.unread).toEqual([])
    client.close()
  })

  test('while $connect is asked the id is gone, nothing is kept for later, and after the 101 it is there', async () => {
    let accept = () => {}
    backend.answer = (_call, response) => {
      accept = () => void response.end()
    }
    await start({
      routes: {
        $default: says('hello'),
        $connect: {
          integration: {
            integrationType: 'HTTP_PROXY',
            integrationMethod: 'POST',
            integrationUri: backend.url,
            requestParameters: { 'integration.request.header.connectionId': 'context.connectionId' },
          },
        },
      },
    })
    const client = new Client(gateway.ws)
    const id = String((await backend.call(1)).headers.connectionid)
    const error = await post(id, 'too early').catch((each) => each)
    expect(error).toBeInstanceOf(GoneException)
    expect(error.$metadata.httpStatusCode).toBe(410)
    await expect(sdk().send(new GetConnectionCommand({ ConnectionId: id }))).rejects.toThrow(GoneException)
    await expect(sdk().send(new DeleteConnectionCommand({ ConnectionId: id }))).rejects.toThrow(GoneException)
    accept()
    await client.accepted
    await post(id, 'now')
    expect(await client.next()).toBe('now')
    client.close()
  })

  test('posts that follow each other arrive in their order, posts at the same time each once', async () => {
    await start()
    const [client, id] = await connect()
    const caller = sdk()
    for (let i = 0; i < 20; i++) await post(id, `after ${i}`, caller)
    for (let i = 0; i < 20; i++) expect(await client.next()).toBe(`after ${i}`)
    const sent = Array.from({ length: 100 }, (_, i) => `together ${i}`)
    await Promise.all(sent.map((text) => post(id, text, caller)))
    const got: string[] = []
    for (const _ of sent) got.push(await client.next())
    expect(got.sort()).toEqual(sent.sort())
    client.close()
  })
})

describe('GET', () => {
  test('describes the connection: address, User-Agent or null, and both times', async () => {
    await start()
    const before = Date.now()
    const [client, id] = await connect({ headers: { 'User-Agent': 'demo/1.0 "quoted"' } })
    const found = await sdk().send(new GetConnectionCommand({ ConnectionId: id }))
    expect(found.Identity).toEqual({ SourceIp: '127.0.0.1', UserAgent: 'demo/1.0 "quoted"' })
    expect(found.ConnectedAt?.getTime()).toBeGreaterThanOrEqual(before)
    expect(found.LastActiveAt?.getTime()).toBeGreaterThanOrEqual(found.ConnectedAt?.getTime() ?? 0)
    const [silent, silentId] = await connect()
    const { body } = await httpCall('GET', gateway.http, `/test/dev/%40connections/${encodeURIComponent(silentId)}`)
    expect(body).toMatch(
      /^\{\n {2}"identity" : \{\n {4}"sourceIp" : "127\.0\.0\.1",\n {4}"userAgent" : null\n {2}\},\n {2}"connectedAt" : "[\d-]{10}T[\d:]{8}\.\d{3}Z",\n {2}"lastActiveAt" : "[\d-]{10}T[\d:]{8}\.\d{3}Z"\n\}$/,
    )
    client.close()
    silent.close()
  })

  test('lastActiveAt moves with frames and pings from the client and with frames to it, and with nothing else', async () => {
    // One-way: what the message moves is not moved by a reply.
    const integration = { integrationType: 'HTTP_PROXY', integrationMethod: 'POST', integrationUri: backend.url }
    await start({ routes: { $default: {}, say: { integration } } })
    const client = await Client.connect(gateway.ws)
    client.send('x')
    const id = JSON.parse(await client.next()).connectionId
    const look = async () => {
      const { LastActiveAt, ConnectedAt } = await sdk().send(new GetConnectionCommand({ ConnectionId: id }))
      return [LastActiveAt?.getTime() ?? 0, ConnectedAt?.getTime() ?? 0] as const
    }
    const [afterError, connectedAt] = await look()
    await nextMillisecond()
    expect(await look()).toEqual([afterError, connectedAt])

    await post(id, 'to the client')
    const [afterPost] = await look()
    expect(afterPost).toBeGreaterThan(afterError)

    await nextMillisecond()
    client.socket.ping()
    await new Promise((resolve) => client.socket.once('pong', resolve))
    const [afterPing] = await look()
    expect(afterPing).toBeGreaterThan(afterPost)

    await nextMillisecond()
    client.send({ action: 'say' })
    await backend.call(1)
    const [afterMessage, stillConnectedAt] = await look()
    expect(afterMessage).toBeGreaterThan(afterPing)
    expect(stillConnectedAt).toBe(connectedAt)
    client.close()
  })
})

describe('DELETE', () => {
  test('the SDK closes with 1000 and its fixed reason; afterwards the id is gone for every operation', async () => {
    await start()
    const [client, id] = await connect()
    const { $metadata } = await sdk().send(new DeleteConnectionCommand({ ConnectionId: id }))
    expect($metadata.httpStatusCode).toBe(204)
    expect(await client.closed).toEqual({ code: 1000, reason: 'Connection Closed Normally' })
    await expect(post(id, 'x')).rejects.toThrow(GoneException)
    await expect(sdk().send(new GetConnectionCommand({ ConnectionId: id }))).rejects.toThrow(GoneException)
    await expect(sdk().send(new DeleteConnectionCommand({ ConnectionId: id }))).rejects.toThrow(GoneException)
  })

  test('code and reason of the query count only where the setting allows it', async () => {
    await start()
    const [usual, first] = await connect()
    await httpCall('DELETE', gateway.http, `/test/dev/@connections/${first}?code=4403&reason=no`)
    expect(await usual.closed).toEqual({ code: 1000, reason: 'Connection Closed Normally' })
    await gateway.close()
    await start({}, { flags: { disconnectCodeAndReason: true } })
    const [chosen, second] = await connect()
    await httpCall('DELETE', gateway.http, `/test/dev/@connections/${second}?code=4403&reason=no%20entry`)
    expect(await chosen.closed).toEqual({ code: 4403, reason: 'no entry' })
  })
})

describe('ids', () => {
  test('of the wrong shape, alphabet, padding or check byte are 400 with the id; well-formed unknown ones 410 without a body', async () => {
    await start({}, { apis: { other: { routes: { $default: says('$context.connectionId') } } } })
    const [client, id] = await connect()
    const changed = id[3] === 'A' ? 'B' : 'A'
    const wrong = [
      'x',
      'AAAAAAAAAAAAAAA=',
      '550e8400-e29b-41d4-a716-446655440000',
      `${id}=`,
      id.slice(0, 15),
      `${id.slice(0, 15)}A`,
      id.slice(0, 3) + changed + id.slice(4),
      `${id.slice(0, 14)}+=`,
      ` ${id.slice(1)}`,
      '__proto__',
      'constructor',
      `${id.slice(0, 14)}\u00fc=`,
    ]
    for (const each of wrong) {
      const path = `/test/dev/@connections/${encodeURIComponent(each)}`
      for (const method of ['POST', 'GET', 'DELETE']) {
        const { status, headers, body } = await httpCall(method, gateway.http, path)
        expect([each, method, status, headers['x-amzn-errortype']]).toEqual([each, method, 400, 'BadRequestException'])
        expect(JSON.parse(body)).toEqual({ message: `Invalid connectionId: ${each}` })
        expect(headers['x-amzn-trace-id']).toBeUndefined()
      }
    }
    // Bytes that are no UTF-8, a lonely percent sign, a null byte.
    for (const text of ['%FF%FE', '%', '%zz', '%00']) {
      expect((await httpCall('POST', gateway.http, `/test/dev/@connections/${text}`)).status).toBe(400)
    }
    // Of another API it is well-formed and not there.
    const { status, headers, body } = await httpCall('POST', gateway.http, `/other/dev/@connections/${id}`)
    expect([status, body, headers['content-length'], headers['x-amzn-errortype']]).toEqual([
      410,
      '',
      '0',
      'GoneException',
    ])
    client.close()
  })
})

describe('a client that reads too slowly', () => {
  /** A client that has stopped reading, behind a route that says who it is. */
  async function stalled(): Promise<[RawClient, string]> {
    const client = RawClient.to(gateway.port).write(handshake({}, 'GET /test/dev HTTP/1.1'))
    await client.readTo('\r\n\r\n')
    client.write(clientFrame(opcodes.text, 'who am I'))
    const { payload } = await client.readFrame()
    client.socket.pause()
    return [client, payload.toString()]
  }
  const chunk = new Uint8Array(100_000).fill(0x61)

  test('POST gets LimitExceededException, nothing is queued, and the connection goes on once the client reads', async () => {
    await start({}, { flags: { maxBufferedBytes: '65536' } })
    const [client, id] = await stalled()
    const caller = sdk()
    let sent = 0
    const refusal = await (async () => {
      for (;;) {
        const outcome = await post(id, chunk, caller).catch((error) => error)
        if (outcome instanceof Error) return outcome
        sent++
      }
    })()
    expect(refusal).toBeInstanceOf(LimitExceededException)
    expect((refusal as LimitExceededException).$metadata.httpStatusCode).toBe(429)
    client.socket.resume()
    for (let i = 0; i < sent; i++) expect((await client.readFrame()).payload.length).toBe(chunk.length)
    client.write(clientFrame(opcodes.text, 'still here'))
    expect((await client.readFrame()).payload.toString()).toBe(id)
    client.socket.destroy()
  })

  test('a reply that does not fit closes with 1008, behind what was queued', async () => {
    await start({ routes: { $default: says('$context.connectionId') } }, { flags: { maxBufferedBytes: '65536' } })
    const [client, id] = await stalled()
    const caller = sdk()
    let sent = 0
    while (
      await post(id, chunk, caller).then(
        () => true,
        () => false,
      )
    )
      sent++
    client.write(clientFrame(opcodes.text, 'one reply too many'))
    await expect.poll(() => post(id, 'x', caller).catch((error) => error.name)).toBe('GoneException')
    client.socket.resume()
    for (let i = 0; i < sent; i++) await client.readFrame()
    const { opcode, payload } = await client.readFrame()
    expect([opcode, payload.readUInt16BE(), payload.toString('utf8', 2)]).toEqual([
      opcodes.close,
      1008,
      'Slow consumer',
    ])
    client.socket.destroy()
  })
})

test('frames that come behind the close frame of the gateway run no route', async () => {
  backend.answer = (_call, response) => void response.end()
  await start({
    routes: {
      $default: says('$context.connectionId'),
      call: { integration: { integrationType: 'HTTP_PROXY', integrationMethod: 'POST', integrationUri: backend.url } },
    },
  })
  const client = RawClient.to(gateway.port).write(handshake({}, 'GET /test/dev HTTP/1.1'))
  await client.readTo('\r\n\r\n')
  client.write(clientFrame(opcodes.text, 'x'))
  const id = (await client.readFrame()).payload.toString()
  await sdk().send(new DeleteConnectionCommand({ ConnectionId: id }))
  expect((await client.readFrame()).opcode).toBe(opcodes.close)
  client.write(clientFrame(opcodes.text, '{"action":"call"}'))
  await client.closed
  const [other] = await connect()
  other.send({ action: 'call' })
  await backend.call(1)
  expect(backend.calls.length).toBe(1)
  other.close()
})

test('callers without the token learn nothing of ids, and the SDK works with it', async () => {
  await start({}, { env: { POSTERN_CONNECTIONS_TOKENS: 'token-1' } })
  const [client, id] = await connect()
  const path = `/test/dev/@connections/${encodeURIComponent(id)}`
  for (const each of [path, '/test/dev/@connections/nonsense']) {
    const none = await httpCall('GET', gateway.http, each)
    expect([none.status, none.headers['x-amzn-errortype'], none.body]).toEqual([
      403,
      'MissingAuthenticationTokenException',
      '{"message":"Missing Authentication Token"}',
    ])
    const wrong = await httpCall('GET', gateway.http, each, { headers: { Authorization: 'Bearer token-2' } })
    expect([wrong.status, wrong.headers['x-amzn-errortype']]).toEqual([403, 'ForbiddenException'])
  }
  const caller = new ApiGatewayManagementApiClient({
    endpoint: gateway.http,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    signer: {
      sign: async (request) => ({ ...request, headers: { ...request.headers, authorization: 'Bearer token-1' } }),
    },
  })
  onTestFinished(() => caller.destroy())
  await post(id, 'hello', caller)
  expect(await client.next()).toBe('hello')
  client.close()
})

test('an error frame names the connection that GET finds', async () => {
  await start({ routes: { join: {} } })
  const client = await Client.connect(gateway.ws)
  client.send('nothing matches')
  const text = await client.next()
  expect(text).toMatch(frame('Forbidden'))
  const { connectionId } = JSON.parse(text)
  expect((await sdk().send(new GetConnectionCommand({ ConnectionId: connectionId }))).Identity?.SourceIp).toBe(
    '127.0.0.1',
  )
  client.close()
})
