import { expect, test } from 'vitest'
import { CallbackEvent } from '../../src/events/callback-event.ts'
import { contextVariable, contextVariables, nearestContextVariable } from '../../src/events/context-variables.ts'
import { DisconnectEvent } from '../../src/events/disconnect-event.ts'
import type { GatewayEvent } from '../../src/events/event.ts'
import { MessageEvent } from '../../src/events/message-event.ts'

const connectedAt = 1_759_651_750_119

const record = {
  connectionId: 'L0SM9cOFvHcCIhw=',
  apiId: 'chat',
  stage: 'dev',
  connectedAt,
  sourceIp: '203.0.113.9',
  userAgent: null,
  domainName: 'a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com',
  authorizer: null,
  identity: null,
}

function messageOf(authorizer: Record<string, string> | null = null): MessageEvent {
  return new MessageEvent({ ...record, authorizer }, 'send', '', 1_759_652_400_001)
}

function read(name: string, event: GatewayEvent): unknown {
  const variable = contextVariable(name)
  if (variable === null) throw new Error(`no variable ${name}`)
  return variable(event)
}

/** Every name of AWS's page on context variables, in two columns. */
const rows = {
  both: `apiId stage routeKey eventType connectionId connectedAt domainName messageId requestId extendedRequestId
    requestTime requestTimeEpoch status authorizer.principalId authorizer.anything error.messageString
    error.validationErrorString identity.accountId identity.apiKey identity.apiKeyId identity.caller identity.user
    identity.userAgent identity.userArn identity.sourceIp identity.cognitoAuthenticationProvider
    identity.cognitoAuthenticationType identity.cognitoIdentityId identity.cognitoIdentityPoolId domainPrefix
    disconnectStatusCode disconnectReason messageDirection`,
  logs: `authorize.error authorize.status authorize.latency authenticate.error authenticate.status
    authenticate.latency error.message error.responseType identity.principalOrgId integration.error
    integration.integrationStatus integration.latency integration.requestId integration.status integrationLatency
    integrationErrorMessage awsEndpointRequestId integrationStatus waf.error waf.latency waf.status responseLatency
    responseLength`,
  logsButAlsoProperties: `authorizer.error authorizer.status authorizer.latency authorizer.integrationLatency
    authorizer.integrationStatus authorizer.requestId`,
}
const names = (text: string): string[] => text.trim().split(/\s+/)

test.each(names(rows.both))('$context.%s may stand in templates and in access logs', (name) => {
  expect(contextVariable(name, 'mapping')).not.toBeNull()
  expect(contextVariable(name, 'logs')).not.toBeNull()
})

test.each(names(rows.logs))('$context.%s may stand in access logs only', (name) => {
  expect(contextVariable(name, 'logs')).not.toBeNull()
  expect(contextVariable(name, 'mapping')).toBeNull()
})

test.each(names(rows.logsButAlsoProperties))(
  '$context.%s is for logs, and elsewhere a property like any other',
  (name) => {
    expect(contextVariable(name, 'logs')).not.toBeNull()
    expect(contextVariable(name, 'mapping')).not.toBeNull()
  },
)

test('the table holds each variable once and nothing that AWS does not name', () => {
  const known = new Set([...names(rows.both), ...names(rows.logs), ...names(rows.logsButAlsoProperties)])
  const listed = contextVariables.map((variable) => variable.name)
  expect(new Set(listed).size).toBe(listed.length)
  expect(listed.filter((name) => !known.has(name))).toEqual([
    ...['xrayTraceId', 'identity.accessKey'],
    // AWS names these for REST APIs, where it takes client certificates.
    ...['clientCertPem', 'subjectDN', 'issuerDN', 'serialNumber', 'validity.notBefore', 'validity.notAfter'].map(
      (member) => `identity.clientCert.${member}`,
    ),
    'connection.userId',
    // AWS names these for HTTP APIs ("Customize HTTP API access logs").
    ...['httpMethod', 'path', 'protocol'],
  ])
})

test.each([
  '',
  'requestid',
  'request',
  'authorizer',
  'authorizer.',
  'identity',
  'identity.x',
  'connection',
  'connection.attributes',
  'connection.attributes.',
  'connection.attributes.a.b',
  'connection.attributes.__proto__',
  '__proto__',
  'constructor',
])('there is no variable %j', (name) => expect(contextVariable(name)).toBeNull())

test('a name that is not known has a nearest one, and nonsense has none', () => {
  expect(nearestContextVariable('requestid')).toBe('requestId')
  expect(nearestContextVariable('identity.sourceip')).toBe('identity.sourceIp')
  expect(nearestContextVariable('conectionId')).toBe('connectionId')
  expect(nearestContextVariable('qqqqqqqq')).toBeNull()
  expect(nearestContextVariable('x'.repeat(100_000))).toBeNull()
})

test('the steps of an event write what the variables read', () => {
  const event = new DisconnectEvent(record, 1005, '', 1_759_652_400_001)
  expect(read('status', event)).toBeNull()
  expect(read('error.messageString', event)).toBeNull()
  expect(read('integrationLatency', event)).toBeNull()
  event.status = 504
  event.failure = {
    message: 'Endpoint "x" timed out',
    responseType: 'INTEGRATION_TIMEOUT',
    validationErrorString: 'missing key',
  }
  event.integration = { latencyInMillis: 12.4, status: 503, errorMessage: 'reset', requestId: 'abc' }
  const expected = {
    status: 504,
    disconnectStatusCode: 1005,
    disconnectReason: '',
    'error.message': 'Endpoint "x" timed out',
    'error.messageString': '"Endpoint \\"x\\" timed out"',
    'error.responseType': 'INTEGRATION_TIMEOUT',
    'error.validationErrorString': 'missing key',
    integrationLatency: 12,
    'integration.latency': 12,
    integrationStatus: 503,
    'integration.status': 503,
    'integration.integrationStatus': 503,
    integrationErrorMessage: 'reset',
    'integration.error': 'reset',
    awsEndpointRequestId: 'abc',
    'integration.requestId': 'abc',
    domainPrefix: 'a1b2c3d4e5',
    requestTime: '05/Oct/2025:08:20:00 +0000',
    requestTimeEpoch: 1_759_652_400_001,
    connectedAt,
  }
  expect(Object.fromEntries(Object.keys(expected).map((name) => [name, read(name, event)]))).toEqual(expected)
  expect(read('requestId', event)).toBe(read('extendedRequestId', event))
})

test('an authorizer property is read by name, and a prototype never is', () => {
  const event = messageOf({ principalId: 'user-7', 'a.b': 'dotted', latency: 'mine' })
  expect(read('authorizer.principalId', event)).toBe('user-7')
  expect(read('authorizer.a.b', event)).toBe('dotted')
  expect(read('authorizer.latency', event)).toBe('mine')
  expect(read('authorizer.other', event)).toBeNull()
  expect(read('authorizer.constructor', event)).toBeNull()
  expect(read('authorizer.__proto__', event)).toBeNull()
  expect(read('authorizer.principalId', messageOf())).toBeNull()
})

test('a callback has the id of its path and the identity of its caller, and nothing of the connection', () => {
  expect(read('connectedAt', messageOf())).toBe(connectedAt)
  const callback = new CallbackEvent({
    apiId: 'chat',
    stage: 'dev',
    method: 'POST',
    path: '/@connections/{connectionId}',
    domainName: 'chat.example:8080',
    connectionId: record.connectionId,
    sourceIp: '10.0.0.7',
    userAgent: 'backend/2',
    requestTimeEpoch: 1_759_652_400_001,
  })
  const expected = {
    apiId: 'chat',
    stage: 'dev',
    eventType: 'CONNECTION_API',
    routeKey: 'POST /@connections/{connectionId}',
    connectionId: record.connectionId,
    connectedAt: null,
    domainName: 'chat.example:8080',
    domainPrefix: 'chat',
    messageId: null,
    disconnectStatusCode: null,
    disconnectReason: null,
    'authorizer.principalId': null,
    'identity.sourceIp': '10.0.0.7',
    'identity.userAgent': 'backend/2',
    requestTime: '05/Oct/2025:08:20:00 +0000',
    requestTimeEpoch: 1_759_652_400_001,
  }
  expect(Object.fromEntries(Object.keys(expected).map((name) => [name, read(name, callback)]))).toEqual(expected)
})
