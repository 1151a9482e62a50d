import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConnectEvent, type ConnectRequest } from '../../src/events/connect-event.ts'
import { DisconnectEvent } from '../../src/events/disconnect-event.ts'
import type { ConnectionEvent } from '../../src/events/event.ts'
import { MessageEvent } from '../../src/events/message-event.ts'
import { createProxyEvent } from '../../src/integrations/lambda-event.ts'
import type { ConnectionRecord } from '../../src/vocabulary/connection.ts'
import { anyUtf16 } from '../helpers/any-text.ts'

const host = 'a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com'

const connection: ConnectionRecord = {
  connectionId: 'Abc1cXy9ghICMno=',
  apiId: 'a1b2c3d4e5',
  stage: 'prod',
  connectedAt: 1759651750119,
  sourceIp: '203.0.113.9',
  userAgent: 'demo/1.0',
  domainName: host,
  authorizer: null,
  identity: null,
}

/** An event whose ids are the given ones. */
function withIds<Event extends ConnectionEvent>(event: Event, ids: { requestId: string; messageId?: string }): Event {
  Object.defineProperty(event, 'requestId', { value: ids.requestId })
  if (ids.messageId !== undefined) Object.defineProperty(event, 'messageId', { value: ids.messageId })
  return event
}

function connectEvent(time: number, requestId: string, request: ConnectRequest, record = connection): ConnectEvent {
  const event = withIds(new ConnectEvent(record, time, null), { requestId })
  event.request = request
  return event
}

function messageEvent(routeKey: string, body: string, record = connection): MessageEvent {
  return withIds(new MessageEvent(record, routeKey, body, 1), { requestId: 'r', messageId: 'm' })
}

const handshake: ConnectRequest = {
  headers: [
    ['Host', host],
    ['User-Agent', 'demo/1.0'],
    ['Sec-WebSocket-Version', '13'],
    ['Sec-WebSocket-Key', 'q83vEjRWeJASNFZ4kBI0Vg=='],
    ['Sec-WebSocket-Extensions', 'permessage-deflate; client_max_window_bits'],
    ['X-Amzn-Trace-Id', 'Root=1-6700aa00-00112233445566778899aabb'],
    ['X-Forwarded-For', '203.0.113.9'],
    ['X-Forwarded-Port', '443'],
    ['X-Forwarded-Proto', 'https'],
  ],
  query: [
    ['room', 'red'],
    ['room', 'blue'],
  ],
}

describe('events of AWS_PROXY, text for text as in "Set up AWS Lambda proxy integration"', () => {
  test('CONNECT has headers, query, stage variables and the authorizer', () => {
    const event = connectEvent(1759651750120, 'Abc1dEf2ghIFJkl=', handshake, {
      ...connection,
      authorizer: { principalId: 'user-7', tenant: 'acme', level: '3' },
    })
    const single = {
      Host: host,
      'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
      'Sec-WebSocket-Key': 'q83vEjRWeJASNFZ4kBI0Vg==',
      'Sec-WebSocket-Version': '13',
      'User-Agent': 'demo/1.0',
      'X-Amzn-Trace-Id': 'Root=1-6700aa00-00112233445566778899aabb',
      'X-Forwarded-For': '203.0.113.9',
      'X-Forwarded-Port': '443',
      'X-Forwarded-Proto': 'https',
    }
    const multi = Object.fromEntries(Object.entries(single).map(([name, value]) => [name, [value]]))
    expect(createProxyEvent({ flavour: 'beta' })(event)).toBe(
      `{"headers":${JSON.stringify(single)},"multiValueHeaders":${JSON.stringify(multi)},` +
        '"queryStringParameters":{"room":"blue"},"multiValueQueryStringParameters":{"room":["red","blue"]},' +
        '"stageVariables":{"flavour":"beta"},"requestContext":{"routeKey":"$connect",' +
        '"authorizer":{"principalId":"user-7","tenant":"acme","level":"3"},"eventType":"CONNECT",' +
        '"extendedRequestId":"Abc1dEf2ghIFJkl=","requestTime":"05/Oct/2025:08:09:10 +0000","messageDirection":"IN",' +
        '"stage":"prod","connectedAt":1759651750119,"requestTimeEpoch":1759651750120,' +
        '"identity":{"userAgent":"demo/1.0","sourceIp":"203.0.113.9"},"requestId":"Abc1dEf2ghIFJkl=",' +
        `"domainName":"${host}","connectionId":"Abc1cXy9ghICMno=","apiId":"a1b2c3d4e5"},"isBase64Encoded":false}`,
    )
  })

  test('MESSAGE has a messageId and the frame, and neither headers nor query', () => {
    const body = '{"action":"sendmessage","data":"hi"}'
    const event = withIds(new MessageEvent(connection, 'sendmessage', body, 1759651753377), {
      requestId: 'Abc2eRs3ghIFTuv=',
      messageId: 'Abc2ePq1ghICMno=',
    })
    expect(createProxyEvent({})(event)).toBe(
      '{"requestContext":{"routeKey":"sendmessage","messageId":"Abc2ePq1ghICMno=","eventType":"MESSAGE",' +
        '"extendedRequestId":"Abc2eRs3ghIFTuv=","requestTime":"05/Oct/2025:08:09:13 +0000","messageDirection":"IN",' +
        '"stage":"prod","connectedAt":1759651750119,"requestTimeEpoch":1759651753377,' +
        '"identity":{"userAgent":"demo/1.0","sourceIp":"203.0.113.9"},"requestId":"Abc2eRs3ghIFTuv=",' +
        `"domainName":"${host}","connectionId":"Abc1cXy9ghICMno=","apiId":"a1b2c3d4e5"},` +
        '"body":"{\\"action\\":\\"sendmessage\\",\\"data\\":\\"hi\\"}","isBase64Encoded":false}',
    )
  })

  test('DISCONNECT has the four stub headers, the close code and the reason', () => {
    const reason = 'Client-side close frame status not set'
    const event = withIds(new DisconnectEvent(connection, 1005, reason, 1759652400001), {
      requestId: 'Abc9kLm4ghIFNop=',
    })
    expect(createProxyEvent({})(event)).toBe(
      `{"headers":{"Host":"${host}","x-api-key":"","X-Forwarded-For":"","x-restapi":""},` +
        `"multiValueHeaders":{"Host":["${host}"],"x-api-key":[""],"X-Forwarded-For":[""],"x-restapi":[""]},` +
        '"requestContext":{"routeKey":"$disconnect","disconnectStatusCode":1005,"eventType":"DISCONNECT",' +
        '"extendedRequestId":"Abc9kLm4ghIFNop=","requestTime":"05/Oct/2025:08:20:00 +0000","messageDirection":"IN",' +
        '"disconnectReason":"Client-side close frame status not set","stage":"prod","connectedAt":1759651750119,' +
        '"requestTimeEpoch":1759652400001,"identity":{"userAgent":"demo/1.0","sourceIp":"203.0.113.9"},' +
        `"requestId":"Abc9kLm4ghIFNop=","domainName":"${host}","connectionId":"Abc1cXy9ghICMno=",` +
        '"apiId":"a1b2c3d4e5"},"isBase64Encoded":false}',
    )
  })

  test('with attributesInEvents the user and the attributes follow the apiId, where there are any', () => {
    const tell = createProxyEvent({}, true)
    const connectionOf = (members: Partial<ConnectionRecord>) =>
      parse(new DisconnectEvent({ ...connection, ...members }, 1000, '', 1), tell).requestContext.connection
    const attributes = { plan: '"gold"\n', constructor: 'é😀' }
    expect(connectionOf({})).toBeUndefined()
    expect(connectionOf({ authorizer: { principalId: 'ada' } })).toEqual({ userId: 'ada' })
    expect(connectionOf({ authorizer: { principalId: 'ada' }, userId: null })).toBeUndefined()
    expect(connectionOf({ userId: 'a"b', attributes })).toEqual({ userId: 'a"b', attributes })
    expect(connectionOf({ attributes })).toEqual({ attributes })
    const event = new DisconnectEvent({ ...connection, userId: 'ada', attributes }, 1000, '', 1)
    expect(parse(event).requestContext).not.toHaveProperty('connection')
  })

  test('a reason that the client left empty is an empty string, not absent', () => {
    const event = withIds(new DisconnectEvent(connection, 1000, '', 1), { requestId: 'r' })
    expect(parse(event).requestContext.disconnectReason).toBe('')
  })

  test('the stub Host is the host alone where the path named the API', () => {
    const record = { ...connection, domainName: 'localhost:8080/chat' }
    const event = parse(withIds(new DisconnectEvent(record, 1000, '', 1), { requestId: 'r' }))
    expect(event.headers.Host).toBe('localhost:8080')
    expect(event.requestContext.domainName).toBe('localhost:8080/chat')
  })
})

describe('members of the event', () => {
  test('both query members are absent without a query string', () => {
    const event = parse(connectEvent(1, 'r', { ...handshake, query: [] }))
    expect(Object.keys(event)).toEqual(['headers', 'multiValueHeaders', 'requestContext', 'isBase64Encoded'])
  })

  test('identity has what credentials have brought, a certificate as a map', () => {
    const identity = {
      ...{ accountId: '123456789012', userArn: 'arn:aws:iam::123456789012:user/ada', apiKeyId: 'k1' },
      ...{ 'clientCert.subjectDN': 'CN=ada', 'clientCert.validity.notAfter': 'Jan  1 00:00:00 2030 GMT' },
    }
    const event = messageEvent('x', '', { ...connection, userAgent: null, identity })
    expect(parse(event).requestContext.identity).toEqual({
      ...{ accountId: '123456789012', userArn: 'arn:aws:iam::123456789012:user/ada', apiKeyId: 'k1' },
      clientCert: { subjectDN: 'CN=ada', validity: { notAfter: 'Jan  1 00:00:00 2030 GMT' } },
      sourceIp: '203.0.113.9',
    })
    const strange = messageEvent('x', '', { ...connection, identity: { '__proto__.x': '1', a: '1', 'a.b': '2' } })
    expect(parse(strange).requestContext.identity).not.toHaveProperty('x')
    expect(Object.prototype).not.toHaveProperty('x')
  })

  test('userAgent is absent from identity when the client sent none', () => {
    const event = messageEvent('x', '', { ...connection, userAgent: null })
    expect(parse(event).requestContext.identity).toEqual({ sourceIp: '203.0.113.9' })
  })

  test('an empty frame is an empty body, not an absent one', () => {
    expect(parse(messageEvent('$default', '')).body).toBe('')
  })

  test('a repeated header has its last value in headers and all in multiValueHeaders, whatever its case', () => {
    const request: ConnectRequest = {
      headers: [
        ['X-Tag', 'a'],
        ['Host', 'h'],
        ['x-tag', 'b'],
      ],
      query: [],
    }
    const event = parse(connectEvent(1, 'r', request))
    expect(event.headers).toEqual({ Host: 'h', 'X-Tag': 'b' })
    expect(event.multiValueHeaders).toEqual({ Host: ['h'], 'X-Tag': ['a', 'b'] })
  })

  test('names of JavaScript are data like any other', () => {
    const request: ConnectRequest = {
      headers: [
        ['__proto__', 'h'],
        ['constructor', 'c'],
      ],
      query: [
        ['__proto__', 'a'],
        ['__proto__', 'b'],
        ['toString', 't'],
      ],
    }
    const event = parse(connectEvent(1, 'r', request))
    expect(Object.entries(event.headers)).toEqual([
      ['__proto__', 'h'],
      ['constructor', 'c'],
    ])
    expect(Object.entries(event.queryStringParameters)).toEqual([
      ['__proto__', 'b'],
      ['toString', 't'],
    ])
    expect(Object.entries(event.multiValueQueryStringParameters)).toEqual([
      ['__proto__', ['a', 'b']],
      ['toString', ['t']],
    ])
  })

  test('whatever a client sends, the event is JSON that carries it unchanged', () => {
    const text = anyUtf16
    fc.assert(
      fc.property(text, text, text, text, (body, name, value, agent) => {
        const record = { ...connection, userAgent: agent }
        const event = parse(messageEvent(name, body, record))
        expect(event.body).toBe(body)
        expect(event.requestContext.routeKey).toBe(name)
        expect(event.requestContext.identity.userAgent).toBe(agent)
        const { queryStringParameters } = parse(connectEvent(1, 'r', { headers: [], query: [[name, value]] }))
        expect(Object.entries(queryStringParameters)).toEqual([[name, value]])
      }),
    )
  })
})

interface ProxyEvent {
  headers: Record<string, string>
  multiValueHeaders: Record<string, string[]>
  queryStringParameters: Record<string, string>
  multiValueQueryStringParameters: Record<string, string[]>
  requestContext: Record<string, unknown> & { identity: Record<string, unknown> }
  body?: string
}

function parse(event: ConnectionEvent, tell = createProxyEvent({})): ProxyEvent {
  return JSON.parse(tell(event)) as ProxyEvent
}
