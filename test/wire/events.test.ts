import { afterEach, describe, expect, test } from 'vitest'
import type { Backend } from '../helpers/backend.ts'
import { Client, refused } from '../helpers/client.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'
import { abilities, faultCode } from '../helpers/transport-abilities.ts'
import { useBackend } from '../helpers/use-backend.ts'
import { handshake, RawClient } from '../transport/raw-client.ts'

const id = expect.stringMatching(/^[\w-]{15}=$/)

let backend: Backend
let gateway: TestGateway
useBackend((started) => {
  backend = started
})
afterEach(() => gateway.close())

const call = (name: string) => ({ integrationType: 'AWS_PROXY', integrationUri: `function:${name}` })
/** Functions that show their event: as the refusal of $connect, as the reply to a message, or to the backend. */
const start = (stage: object = {}, connect = 'refuse') =>
  startGateway(
    {
      functions: {
        refuse: { handler: 'handlers.refuse' },
        accept: { handler: 'handlers.accept' },
        reply: { handler: 'handlers.reply' },
        report: { handler: 'handlers.report', environment: { BACKEND: backend.url } },
      },
      routes: {
        $connect: { integration: call(connect) },
        sendmessage: { integration: call('reply'), routeResponse: true },
        $default: { integration: call('reply'), routeResponse: true },
        $disconnect: { integration: call('report') },
      },
      stages: { dev: stage },
    },
    {
      files: {
        'handlers.mjs': `
          export const refuse = async (event) => ({ statusCode: 403, body: JSON.stringify(event) })
          export const accept = async () => ({ statusCode: 200 })
          export const reply = async (event) => ({ statusCode: 200, body: JSON.stringify(event) })
          export const report = async (event) => {
            await fetch(process.env.BACKEND, { method: 'POST', body: JSON.stringify(event) })
            return { statusCode: 200 }
          }`,
      },
    },
  )

describe('the CONNECT event', () => {
  test('carries its members in the order of AWS, and nothing else', async () => {
    gateway = await start()
    const { body } = await refused(gateway.ws, { headers: { 'User-Agent': 'demo/1.0' } })
    const event = JSON.parse(body)
    expect(Object.keys(event)).toEqual(['headers', 'multiValueHeaders', 'requestContext', 'isBase64Encoded'])
    expect(Object.keys(event.requestContext)).toEqual([
      'routeKey',
      'eventType',
      'extendedRequestId',
      'requestTime',
      'messageDirection',
      'stage',
      'connectedAt',
      'requestTimeEpoch',
      'identity',
      'requestId',
      'domainName',
      'connectionId',
      'apiId',
    ])
    const { requestContext } = event
    expect(requestContext).toEqual({
      routeKey: '$connect',
      eventType: 'CONNECT',
      extendedRequestId: requestContext.requestId,
      requestTime: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
      messageDirection: 'IN',
      stage: 'dev',
      connectedAt: expect.any(Number),
      requestTimeEpoch: expect.any(Number),
      identity: { userAgent: 'demo/1.0', sourceIp: '127.0.0.1' },
      requestId: id,
      domainName: `127.0.0.1:${gateway.port}/test`,
      connectionId: id,
      apiId: 'test',
    })
    expect(requestContext.connectedAt).toBeLessThanOrEqual(requestContext.requestTimeEpoch)
    expect(event.isBase64Encoded).toBe(false)
  })

  test('headers: those of the client and the added ones, without Connection, Upgrade and Content-Length', async () => {
    gateway = await start()
    const { body } = await refused(gateway.ws, {
      headers: { 'User-Agent': 'demo/1.0', Cookie: 'a=b', 'x-custom': 'one', 'X-Forwarded-Proto': 'spoofed' },
    })
    const { headers, multiValueHeaders } = JSON.parse(body)
    expect(headers).toEqual({
      Host: `127.0.0.1:${gateway.port}`,
      'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
      'Sec-WebSocket-Key': expect.stringMatching(/^.{22}==$/),
      'Sec-WebSocket-Version': '13',
      'User-Agent': 'demo/1.0',
      Cookie: 'a=b',
      'x-custom': 'one',
      'X-Amzn-Trace-Id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
      'X-Forwarded-For': '127.0.0.1',
      'X-Forwarded-Port': String(gateway.port),
      'X-Forwarded-Proto': 'http',
    })
    expect(Object.keys(multiValueHeaders)).toEqual(Object.keys(headers))
    expect(multiValueHeaders['User-Agent']).toEqual(['demo/1.0'])
  })

  test('a repeated header: its last value in headers, all of them in multiValueHeaders, whatever their case', async () => {
    gateway = await start()
    const lines = handshake({ 'X-Many': ['a', 'b'], 'x-MANY': 'c', Cookie: ['d=1', 'e=2'] }, 'GET /test/dev HTTP/1.1')
    const client = RawClient.to(gateway.port).write(lines)
    const { headers, multiValueHeaders } = JSON.parse((await client.readResponse()).body)
    const name = abilities.headerSpelling.can ? 'X-Many' : 'x-many'
    expect([headers[name], multiValueHeaders[name]]).toEqual(['c', ['a', 'b', 'c']])
    expect([headers.Cookie, multiValueHeaders.Cookie]).toEqual(['e=2', ['d=1', 'e=2']])
    client.socket.destroy()
  })

  test('query: decoded, last value in the single map and all in the multi map; both absent without a query', async () => {
    gateway = await start()
    const { body } = await refused(`${gateway.ws}?room=red&room=blue&name=a%20b+c%C3%BC&flag&__proto__=x&bad=%zz`)
    const event = JSON.parse(body)
    expect(Object.entries(event.queryStringParameters)).toEqual([
      ['room', 'blue'],
      ['name', 'a b cü'],
      ['flag', ''],
      ['__proto__', 'x'],
      ['bad', '%zz'],
    ])
    expect(event.multiValueQueryStringParameters.room).toEqual(['red', 'blue'])
    expect(Object.keys(event).slice(0, 4)).toEqual([
      'headers',
      'multiValueHeaders',
      'queryStringParameters',
      'multiValueQueryStringParameters',
    ])
  })

  test('stageVariables when the stage has some; userAgent only when one was sent', async () => {
    gateway = await start({ stageVariables: { flavour: 'beta' } })
    const event = JSON.parse((await refused(gateway.ws)).body)
    expect(event.stageVariables).toEqual({ flavour: 'beta' })
    expect(event.requestContext.identity).toEqual({ sourceIp: '127.0.0.1' })
  })
})

describe('the MESSAGE event', () => {
  test('carries requestContext, body and isBase64Encoded, in the order of AWS', async () => {
    gateway = await start({}, 'accept')
    const client = await Client.connect(`${gateway.ws}?a=b`, { headers: { 'User-Agent': 'demo/1.0' } })
    const sent = '{"action":"sendmessage", "data":"hi ü"}'
    client.send(sent)
    const event = JSON.parse(await client.next())
    expect(Object.keys(event)).toEqual(['requestContext', 'body', 'isBase64Encoded'])
    expect(Object.keys(event.requestContext)).toEqual([
      'routeKey',
      'messageId',
      'eventType',
      'extendedRequestId',
      'requestTime',
      'messageDirection',
      'stage',
      'connectedAt',
      'requestTimeEpoch',
      'identity',
      'requestId',
      'domainName',
      'connectionId',
      'apiId',
    ])
    expect(event.body).toBe(sent)
    expect(event.isBase64Encoded).toBe(false)
    expect(event.requestContext).toMatchObject({ routeKey: 'sendmessage', eventType: 'MESSAGE', messageId: id })

    client.send('no JSON')
    const second = JSON.parse(await client.next())
    expect(second.requestContext.routeKey).toBe('$default')
    expect(second.requestContext.connectionId).toBe(event.requestContext.connectionId)
    expect(second.requestContext.connectedAt).toBe(event.requestContext.connectedAt)
    expect(second.requestContext.requestId).not.toBe(event.requestContext.requestId)
    expect(second.requestContext.messageId).not.toBe(event.requestContext.messageId)
    client.close()
  })
})

describe('the DISCONNECT event', () => {
  const end = async (finish: (client: Client, connectionId: string) => unknown) => {
    gateway = await start({}, 'accept')
    const client = await Client.connect(gateway.ws, { headers: { 'User-Agent': 'demo/1.0' } })
    client.send('who am I')
    const { connectionId } = JSON.parse(await client.next()).requestContext
    await finish(client, connectionId)
    return { event: JSON.parse((await backend.call(1)).body), connectionId, client }
  }
  const reported = async (finish: (client: Client, connectionId: string) => unknown) => {
    const { disconnectStatusCode, disconnectReason } = (await end(finish)).event.requestContext
    return [disconnectStatusCode, disconnectReason]
  }

  test('carries the stub headers and the close code, in the order of AWS', async () => {
    const { event, connectionId } = await end((client) => client.close())
    expect(Object.keys(event)).toEqual(['headers', 'multiValueHeaders', 'requestContext', 'isBase64Encoded'])
    const host = `127.0.0.1:${gateway.port}`
    expect(event.headers).toEqual({ Host: host, 'x-api-key': '', 'X-Forwarded-For': '', 'x-restapi': '' })
    expect(event.multiValueHeaders).toEqual({
      Host: [host],
      'x-api-key': [''],
      'X-Forwarded-For': [''],
      'x-restapi': [''],
    })
    expect(Object.keys(event.requestContext)).toEqual([
      'routeKey',
      'disconnectStatusCode',
      'eventType',
      'extendedRequestId',
      'requestTime',
      'messageDirection',
      'disconnectReason',
      'stage',
      'connectedAt',
      'requestTimeEpoch',
      'identity',
      'requestId',
      'domainName',
      'connectionId',
      'apiId',
    ])
    expect(event.requestContext).toMatchObject({ routeKey: '$disconnect', eventType: 'DISCONNECT', connectionId })
  })

  test('a close frame without a status: 1005 and its fixed text', async () => {
    expect(await reported((client) => client.close())).toEqual([1005, 'Client-side close frame status not set'])
  })

  test('a code with a reason: both verbatim, and the whole payload is echoed', async () => {
    const { event, client } = await end((each) => each.close(4001, 'was fun'))
    expect([event.requestContext.disconnectStatusCode, event.requestContext.disconnectReason]).toEqual([
      4001,
      'was fun',
    ])
    expect(await client.closed).toEqual({ code: 4001, reason: 'was fun' })
  })

  test('a code without a reason: the code and an empty text', async () => {
    expect(await reported((client) => client.close(1001))).toEqual([1001, ''])
  })

  test('a lost TCP connection: 1006', async () => {
    expect(await reported((client) => client.socket.terminate())).toEqual([1006, 'Connection closed abnormally'])
  })

  test('DELETE @connections: 1000 and its fixed text, to the client too', async () => {
    const { event, client } = await end((_client, connectionId) =>
      fetch(`${gateway.http}/@connections/${encodeURIComponent(connectionId)}`, { method: 'DELETE' }),
    )
    expect([event.requestContext.disconnectStatusCode, event.requestContext.disconnectReason]).toEqual([
      1000,
      'Connection Closed Normally',
    ])
    expect(await client.closed).toEqual({ code: 1000, reason: 'Connection Closed Normally' })
  })

  test('a binary frame: 1003', async () => {
    expect((await reported((client) => client.send(Buffer.from([1]))))[0]).toBe(1003)
  })

  test('a message over 128 KB: 1009', async () => {
    expect((await reported((client) => client.send('x'.repeat(131_073))))[0]).toBe(1009)
  })

  test('a message far over 128 KB: the connection is cut off, and $disconnect still runs', async () => {
    expect((await reported((client) => client.send('x'.repeat(2_000_000))))[0]).toBe(faultCode(1009))
  })

  test('invalid UTF-8: the connection is cut off, and $disconnect still runs', async () => {
    const [code] = await reported((client) => client.socket.send(Buffer.from([0xff, 0xfe]), { binary: false }))
    expect(code).toBe(faultCode(1007))
  })
})
