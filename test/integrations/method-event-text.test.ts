import { APIGatewayProxyEventSchema } from '@aws-lambda-powertools/parser/schemas/api-gateway'
import { APIGatewayProxyEventV2Schema } from '@aws-lambda-powertools/parser/schemas/api-gatewayv2'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MethodCaller, MethodEvent } from '../../src/events/method-event.ts'
import { createMethodEventText } from '../../src/integrations/method-event-text.ts'
import { anyText } from '../helpers/any-text.ts'
import { arrival, type MethodCall, methodEvent, methodScope } from './method-calls.ts'

const variables = { stageVariables: { tier: 'gold' } }

/** The event as a function gets it, and what the public schema of its format says of it. */
function shown(format: '1.0' | '2.0', event: MethodEvent, scope = {}) {
  const value = JSON.parse(createMethodEventText(format, methodScope(scope))(event))
  const schema = format === '2.0' ? APIGatewayProxyEventV2Schema : APIGatewayProxyEventSchema
  expect(schema.safeParse(value).error).toBeUndefined()
  return value
}

function calledBy(part: Partial<MethodCaller> & Pick<MethodCaller, 'kind'>, call: MethodCall = {}): MethodEvent {
  const event = methodEvent(call)
  event.caller = { context: null, nestedContext: null, scopes: null, identity: null, ...part }
  return event
}

const full: MethodCall = {
  stage: 'prod',
  method: 'POST',
  routeKey: 'POST /pets/{id}',
  rawQuery: 'a=1%20&a=2&b',
  more: [
    ['Content-Type', 'application/json; charset=utf-8'],
    ['X-A', '1'],
    ['x-a', '2'],
    ['Cookie', 'one=1; two=2'],
    ['cookie', 'three=3'],
  ],
  body: '{"text":"grüße"}',
}
const signer = { accountId: '123456789012', caller: 'AIDA', user: 'AIDA', userArn: 'arn:u', accessKey: 'AKIA' }
const certificate = {
  'clientCert.clientCertPem': 'PEM',
  'clientCert.subjectDN': 'CN=a',
  'clientCert.issuerDN': 'CN=b',
  'clientCert.serialNumber': '01',
  'clientCert.validity.notBefore': 'May 28 12:30:02 2019 GMT',
  'clientCert.validity.notAfter': 'Aug  5 09:36:04 2021 GMT',
}
const clientCert = {
  ...{ clientCertPem: 'PEM', subjectDN: 'CN=a', issuerDN: 'CN=b', serialNumber: '01' },
  validity: { notBefore: 'May 28 12:30:02 2019 GMT', notAfter: 'Aug  5 09:36:04 2021 GMT' },
}

describe('format 2.0', () => {
  test('has what there is of the request, in AWS’s order', () => {
    const event = methodEvent(full)
    const value = shown('2.0', event, variables)
    expect(value).toEqual({
      ...{ version: '2.0', routeKey: 'POST /pets/{id}', rawPath: '/prod/pets/7', rawQueryString: 'a=1%20&a=2&b' },
      cookies: ['one=1', 'two=2', 'three=3'],
      headers: {
        ...{ host: 'pets.example', 'user-agent': 'demo/1.0', 'x-a': '1,2' },
        'content-type': 'application/json; charset=utf-8',
        'x-amzn-trace-id': arrival.traceId,
        ...{ 'x-forwarded-for': '203.0.113.9', 'x-forwarded-port': '443', 'x-forwarded-proto': 'https' },
      },
      queryStringParameters: { a: '1 ,2', b: '' },
      requestContext: {
        ...{ accountId: '123456789012', apiId: 'pets', domainName: 'pets.example', domainPrefix: 'pets' },
        http: {
          ...{ method: 'POST', path: '/prod/pets/7', protocol: 'HTTP/1.1' },
          ...{ sourceIp: '203.0.113.9', userAgent: 'demo/1.0' },
        },
        ...{ requestId: event.requestId, routeKey: 'POST /pets/{id}', stage: 'prod' },
        ...{ time: '05/Oct/2025:08:09:10 +0000', timeEpoch: 1_759_651_750_120 },
      },
      ...{ body: '{"text":"grüße"}', pathParameters: { id: '7' }, isBase64Encoded: false },
      stageVariables: { tier: 'gold' },
    })
    expect(Object.keys(value).join()).toBe(
      'version,routeKey,rawPath,rawQueryString,cookies,headers,queryStringParameters,requestContext,body,pathParameters,isBase64Encoded,stageVariables',
    )
  })

  test('leaves out what is empty, and the name of the $default stage', () => {
    const call = { routeKey: '$default', pathParameters: null, headers: [], userAgent: null, body: '' }
    const value = shown('2.0', methodEvent(call))
    expect(Object.keys(value)).toEqual([
      ...['version', 'routeKey', 'rawPath', 'rawQueryString', 'headers', 'requestContext', 'isBase64Encoded'],
    ])
    expect(value).toMatchObject({ rawPath: '/pets/7', rawQueryString: '', headers: {}, isBase64Encoded: false })
    expect(value.requestContext.http.userAgent).toBe('')
  })

  test.each<[string, MethodEvent, object]>([
    [
      'a token',
      calledBy({ kind: 'jwt', context: { sub: 'ada' }, scopes: ['read'] }),
      { authorizer: { jwt: { claims: { sub: 'ada' }, scopes: ['read'] } } },
    ],
    [
      'a token where no scope is asked for',
      calledBy({ kind: 'jwt', context: { sub: 'ada' } }),
      { authorizer: { jwt: { claims: { sub: 'ada' }, scopes: null } } },
    ],
    [
      'a function, with its types',
      calledBy({ kind: 'lambda', context: { level: '3' }, nestedContext: { level: 3, list: [true] } }),
      { authorizer: { lambda: { level: 3, list: [true] } } },
    ],
    ['a function without a context', calledBy({ kind: 'lambda' }), { authorizer: { lambda: {} } }],
    [
      'a signature',
      calledBy({ kind: 'iam', identity: signer }),
      {
        authorizer: {
          iam: {
            ...{ accessKey: 'AKIA', accountId: '123456789012', callerId: 'AIDA', cognitoIdentity: null },
            ...{ principalOrgId: null, userArn: 'arn:u', userId: 'AIDA' },
          },
        },
      },
    ],
    [
      'a certificate',
      calledBy({ kind: 'jwt', identity: certificate, context: {} }),
      { authentication: { clientCert }, authorizer: { jwt: { claims: {}, scopes: null } } },
    ],
  ])('tells who calls: %s', (_, event, context) => {
    const { authentication, authorizer } = shown('2.0', event).requestContext
    expect({ authentication, authorizer }).toEqual(context)
  })
})

describe('format 1.0 of HTTP APIs', () => {
  test('has all members, in AWS’s order', () => {
    const event = methodEvent(full)
    const value = shown('1.0', event, variables)
    expect(value).toMatchObject({
      ...{ version: '1.0', resource: '/pets/{id}', path: '/prod/pets/7', httpMethod: 'POST' },
      queryStringParameters: { a: '2', b: '' },
      multiValueQueryStringParameters: { a: ['1 ', '2'], b: [''] },
      ...{ pathParameters: { id: '7' }, stageVariables: { tier: 'gold' } },
      ...{ body: '{"text":"grüße"}', isBase64Encoded: false },
    })
    expect(value.headers).toMatchObject({ Host: 'pets.example', 'X-A': '2', Cookie: 'three=3' })
    expect(value.multiValueHeaders).toMatchObject({ 'X-A': ['1', '2'], Cookie: ['one=1; two=2', 'three=3'] })
    expect(Object.keys(value).join()).toBe(
      'version,resource,path,httpMethod,headers,multiValueHeaders,queryStringParameters,multiValueQueryStringParameters,requestContext,pathParameters,stageVariables,body,isBase64Encoded',
    )
    expect(value.requestContext).toEqual({
      ...{ accountId: '123456789012', apiId: 'pets', domainName: 'pets.example', domainPrefix: 'pets' },
      ...{ extendedRequestId: event.requestId, httpMethod: 'POST' },
      identity: {
        ...{ accessKey: null, accountId: null, caller: null, cognitoAmr: null, cognitoAuthenticationProvider: null },
        ...{ cognitoAuthenticationType: null, cognitoIdentityId: null, cognitoIdentityPoolId: null },
        ...{ principalOrgId: null, sourceIp: '203.0.113.9', user: null, userAgent: 'demo/1.0', userArn: null },
      },
      ...{ path: '/prod/pets/7', protocol: 'HTTP/1.1', requestId: event.requestId },
      ...{ requestTime: '05/Oct/2025:08:09:10 +0000', requestTimeEpoch: 1_759_651_750_120 },
      ...{ resourceId: 'POST /pets/{id}', resourcePath: '/pets/{id}', stage: 'prod' },
    })
  })

  test('says null for what is empty', () => {
    const value = shown('1.0', methodEvent({ routeKey: '$default', pathParameters: null }))
    expect(value).toMatchObject({
      ...{ resource: '$default', path: '/pets/7', queryStringParameters: null, multiValueQueryStringParameters: null },
      ...{ pathParameters: null, stageVariables: null, body: null, isBase64Encoded: false },
      requestContext: { resourceId: '$default', resourcePath: '$default' },
    })
  })

  test.each<[string, MethodCaller['kind'], Partial<MethodCaller>, unknown]>([
    ['a token', 'jwt', { context: { a: 'b' }, scopes: ['read'] }, { claims: { a: 'b' }, scopes: ['read'] }],
    ['a function', 'lambda', { context: { principalId: 'ada' } }, { principalId: 'ada', integrationLatency: 12 }],
    ['a signature', 'iam', { identity: signer }, undefined],
  ])('tells who calls: %s', (_, kind, part, authorizer) => {
    const event = calledBy({ kind, ...part })
    event.authorization = { latencyInMillis: 12.3, status: 200, errorMessage: null, requestId: null }
    const context = shown('1.0', event).requestContext
    expect(context.authorizer).toEqual(authorizer)
    if (kind === 'iam') expect(context.identity).toMatchObject(signer)
  })

  test('has the certificate in the identity', () => {
    const event = calledBy({ kind: 'iam', identity: { ...signer, ...certificate } })
    expect(shown('1.0', event).requestContext.identity.clientCert).toEqual(clientCert)
  })
})

describe('both formats', () => {
  test('show paths and the values of their variables decoded', () => {
    const call = { path: '/caf%C3%A9/a%2Fb', pathParameters: { proxy: 'caf%C3%A9/a%2Fb' } }
    expect(shown('2.0', methodEvent(call))).toMatchObject({
      ...{ rawPath: '/café/a/b', pathParameters: { proxy: 'café/a/b' } },
      requestContext: { http: { path: '/café/a/b' } },
    })
    expect(shown('1.0', methodEvent(call))).toMatchObject({
      ...{ path: '/café/a/b', pathParameters: { proxy: 'café/a/b' }, requestContext: { path: '/café/a/b' } },
    })
    const bad = methodEvent({ path: '/%ff%20', pathParameters: { id: '%zz' } })
    expect(shown('2.0', bad)).toMatchObject({ rawPath: '/%ff%20', pathParameters: { id: '%zz' } })
  })

  test.each<[string | null, boolean]>([
    ['text/plain', true],
    ['Text/Csv; charset=utf-8', true],
    ['application/json', true],
    ['application/json;charset=utf-8', true],
    ['application/xml', true],
    ['application/javascript', true],
    ['application/problem+json', false],
    ['application/jsonx', false],
    ['application/x-www-form-urlencoded', false],
    ['multipart/form-data; boundary=x', false],
    ['application/octet-stream', false],
    ['image/svg+xml', false],
    [null, false],
  ])('have the body of Content-Type %s as text: %s', (type, isText) => {
    const event = methodEvent({ body: 'grüße', more: type === null ? [] : [['Content-Type', type]] })
    const expected = isText
      ? { body: 'grüße', isBase64Encoded: false }
      : { body: Buffer.from('grüße').toString('base64'), isBase64Encoded: true }
    expect(shown('2.0', event)).toMatchObject(expected)
    expect(shown('1.0', event)).toMatchObject(expected)
  })

  test('lose no byte of a text that is not UTF-8', () => {
    const event = methodEvent({ body: Buffer.from([0xff, 0x61]), more: [['Content-Type', 'text/plain']] })
    expect(shown('2.0', event)).toMatchObject({ body: '/2E=', isBase64Encoded: true })
  })

  test('take any names and values for data', () => {
    const name = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toString'), anyText)
    fc.assert(
      fc.property(name, anyText, anyText, (key, value, body) => {
        const query = `${encodeURIComponent(key)}=${encodeURIComponent(value)}`
        const pathParameters = Object.fromEntries([[key, encodeURIComponent(value)]])
        const more: MethodCall['more'] = [
          [key, value],
          ['content-type', 'text/plain'],
        ]
        const event = methodEvent({ rawQuery: query, pathParameters, more, body, headers: [] })
        const second = JSON.parse(createMethodEventText('2.0', methodScope())(event))
        const first = JSON.parse(createMethodEventText('1.0', methodScope())(event))
        for (const map of [second.pathParameters, first.pathParameters]) {
          expect(Object.entries(map)).toEqual([[key, value]])
        }
        expect(Object.entries(second.queryStringParameters)).toEqual([[key, value]])
        expect(Object.entries(first.multiValueQueryStringParameters)).toEqual([[key, [value]]])
        if (!/^(cookie|content-type)$/i.test(key)) {
          expect(Object.entries(second.headers)).toContainEqual([key.toLowerCase(), value])
          expect(Object.entries(first.multiValueHeaders)).toContainEqual([key, [value]])
        }
        expect(second.body ?? '').toBe(body)
        expect(first.body ?? '').toBe(body)
      }),
      { numRuns: 200 },
    )
  })
})
