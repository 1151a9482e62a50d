import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type EventType, RequestContext } from '../../src/events/request-context.ts'
import type { ConnectRequest, IntegrationCall } from '../../src/integrations/contract.ts'
import { createProxyEvent } from '../../src/integrations/lambda-event.ts'
import type { ConnectionRecord } from '../../src/vocabulary/connection.ts'

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
}

/** A context whose ids are the given ones. */
function contextOf(
  eventType: EventType,
  routeKey: string,
  time: number,
  ids: { requestId: string; messageId?: string },
  record = connection,
): RequestContext {
  const context = new RequestContext(record, eventType, routeKey, time)
  Object.defineProperty(context, 'requestId', { value: ids.requestId })
  if (ids.messageId !== undefined) Object.defineProperty(context, 'messageId', { value: ids.messageId })
  return context
}

function callOf(context: RequestContext, rest: Partial<IntegrationCall> = {}): IntegrationCall {
  return { context, request: null, body: null, ...rest }
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
  test('CONNECT has headers, query, stage variables and the authorizer (§3.3)', () => {
    const context = contextOf(
      'CONNECT',
      '$connect',
      1759651750120,
      { requestId: 'Abc1dEf2ghIFJkl=' },
      { ...connection, authorizer: { principalId: 'user-7', tenant: 'acme', level: '3' } },
    )
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
    expect(createProxyEvent({ flavour: 'beta' })(callOf(context, { request: handshake }))).toBe(
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

  test('MESSAGE has a messageId and the frame, and neither headers nor query (§3.4)', () => {
    const context = contextOf('MESSAGE', 'sendmessage', 1759651753377, {
      requestId: 'Abc2eRs3ghIFTuv=',
      messageId: 'Abc2ePq1ghICMno=',
    })
    expect(createProxyEvent({})(callOf(context, { body: '{"action":"sendmessage","data":"hi"}' }))).toBe(
      '{"requestContext":{"routeKey":"sendmessage","messageId":"Abc2ePq1ghICMno=","eventType":"MESSAGE",' +
        '"extendedRequestId":"Abc2eRs3ghIFTuv=","requestTime":"05/Oct/2025:08:09:13 +0000","messageDirection":"IN",' +
        '"stage":"prod","connectedAt":1759651750119,"requestTimeEpoch":1759651753377,' +
        '"identity":{"userAgent":"demo/1.0","sourceIp":"203.0.113.9"},"requestId":"Abc2eRs3ghIFTuv=",' +
        `"domainName":"${host}","connectionId":"Abc1cXy9ghICMno=","apiId":"a1b2c3d4e5"},` +
        '"body":"{\\"action\\":\\"sendmessage\\",\\"data\\":\\"hi\\"}","isBase64Encoded":false}',
    )
  })

  test('DISCONNECT has the four stub headers, the close code and the reason (§3.4)', () => {
    const context = contextOf('DISCONNECT', '$disconnect', 1759652400001, { requestId: 'Abc9kLm4ghIFNop=' })
    context.disconnectStatusCode = 1005
    context.disconnectReason = 'Client-side close frame status not set'
    expect(createProxyEvent({})(callOf(context))).toBe(
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

  test('a reason that the client left empty is an empty string, not absent (§3.5)', () => {
    const context = contextOf('DISCONNECT', '$disconnect', 1, { requestId: 'r' })
    context.disconnectStatusCode = 1000
    context.disconnectReason = ''
    expect(parse(callOf(context)).requestContext.disconnectReason).toBe('')
  })

  test('the stub Host is the host alone where the path named the API', () => {
    const context = contextOf(
      'DISCONNECT',
      '$disconnect',
      1,
      { requestId: 'r' },
      { ...connection, domainName: 'localhost:8080/chat' },
    )
    const event = parse(callOf(context))
    expect(event.headers.Host).toBe('localhost:8080')
    expect(event.requestContext.domainName).toBe('localhost:8080/chat')
  })
})

describe('members of the event', () => {
  test('both query members are absent without a query string (§1.5)', () => {
    const context = contextOf('CONNECT', '$connect', 1, { requestId: 'r' })
    const event = parse(callOf(context, { request: { ...handshake, query: [] } }))
    expect(Object.keys(event)).toEqual(['headers', 'multiValueHeaders', 'requestContext', 'isBase64Encoded'])
  })

  test('userAgent is absent from identity when the client sent none (§3.5)', () => {
    const context = contextOf('MESSAGE', 'x', 1, { requestId: 'r', messageId: 'm' }, { ...connection, userAgent: null })
    expect(parse(callOf(context, { body: '' })).requestContext.identity).toEqual({ sourceIp: '203.0.113.9' })
  })

  test('an empty frame is an empty body, not an absent one', () => {
    const context = contextOf('MESSAGE', '$default', 1, { requestId: 'r', messageId: 'm' })
    expect(parse(callOf(context, { body: '' })).body).toBe('')
  })

  test('a repeated header has its last value in headers and all in multiValueHeaders, whatever its case (§1.5)', () => {
    const context = contextOf('CONNECT', '$connect', 1, { requestId: 'r' })
    const request: ConnectRequest = {
      headers: [
        ['X-Tag', 'a'],
        ['Host', 'h'],
        ['x-tag', 'b'],
      ],
      query: [],
    }
    const event = parse(callOf(context, { request }))
    expect(event.headers).toEqual({ Host: 'h', 'X-Tag': 'b' })
    expect(event.multiValueHeaders).toEqual({ Host: ['h'], 'X-Tag': ['a', 'b'] })
  })

  test('names of JavaScript are data like any other', () => {
    const context = contextOf('CONNECT', '$connect', 1, { requestId: 'r' })
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
    const event = parse(callOf(context, { request }))
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
    const text = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(text, text, text, text, (body, name, value, agent) => {
        const record = { ...connection, userAgent: agent }
        const message = contextOf('MESSAGE', name, 1, { requestId: 'r', messageId: 'm' }, record)
        const event = parse(callOf(message, { body }))
        expect(event.body).toBe(body)
        expect(event.requestContext.routeKey).toBe(name)
        expect(event.requestContext.identity.userAgent).toBe(agent)
        const connect = contextOf('CONNECT', '$connect', 1, { requestId: 'r' })
        const { queryStringParameters } = parse(callOf(connect, { request: { headers: [], query: [[name, value]] } }))
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
  requestContext: Record<string, unknown> & { identity: Record<string, string> }
  body?: string
}

function parse(call: IntegrationCall): ProxyEvent {
  return JSON.parse(createProxyEvent({})(call)) as ProxyEvent
}
