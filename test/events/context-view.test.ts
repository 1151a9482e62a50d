import { expect, test } from 'vitest'
import { ConnectEvent } from '../../src/events/connect-event.ts'
import { type ContextView, contextView } from '../../src/events/context-view.ts'
import { MessageEvent } from '../../src/events/message-event.ts'

const record = {
  connectionId: 'L0SM9cOFvHcCIhw=',
  apiId: 'chat',
  stage: 'dev',
  connectedAt: 1_759_651_750_119,
  sourceIp: '203.0.113.9',
  userAgent: null,
  domainName: 'a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com',
  authorizer: null,
  identity: null,
}

function dump(view: ContextView): Record<string, unknown> {
  const nested = (value: unknown): unknown =>
    value !== null && typeof value === 'object' ? dump(value as ContextView) : value
  return Object.fromEntries([...view.entries()].map(([name, value]) => [name, nested(value)]))
}

test('the user and the attributes are under connection, which is not printed with the whole', () => {
  const event = (members: object) => contextView(new MessageEvent({ ...record, ...members }, 'r', '', 1))
  const attributes = { plan: 'gold', constructor: 'x' }
  expect(dump(event({ userId: 'ada', attributes }).get('connection') as ContextView)).toEqual({
    ...{ userId: 'ada', attributes },
  })
  expect(dump(event({ authorizer: { principalId: 'bob' } }).get('connection') as ContextView)).toEqual({
    ...{ userId: 'bob', attributes: {} },
  })
  const view = (event({ attributes }).get('connection') as ContextView).get('attributes') as ContextView
  expect(['plan', 'constructor', 'toString', 'a.b', ''].map((name) => view.get(name))).toEqual([
    ...['gold', 'x', null, null, null],
  ])
  expect(Object.keys(dump(event({ userId: 'ada', attributes })))).not.toContain('connection')
})

test('$context as a whole lists the members in the order of AWS, with null where one is not set', () => {
  const authorizer = { principalId: 'p', level: '3' }
  const whole = dump(contextView(new ConnectEvent({ ...record, authorizer }, 1_759_652_400_001, null)))
  expect(Object.keys(whole)).toEqual([
    'routeKey',
    'disconnectStatusCode',
    'messageId',
    'authorizer',
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
  expect(whole).toMatchObject({
    disconnectStatusCode: null,
    messageId: null,
    authorizer: { principalId: 'p', level: '3' },
    identity: { sourceIp: '203.0.113.9', userAgent: null },
  })
  expect(dump(contextView(new ConnectEvent(record, 1_759_652_400_001, null)))).not.toHaveProperty('authorizer')
})

test('a template tells an unset variable (null) from one that does not exist (undefined)', () => {
  const view = contextView(new MessageEvent(record, 'send', '', 1_759_652_400_001))
  const nested = (name: string): ContextView => view.get(name) as ContextView
  expect(view.get('disconnectReason')).toBeNull()
  expect(view.get('requestOverride')).toBeUndefined()
  expect(view.get('__proto__')).toBeUndefined()
  expect(nested('identity').get('sourceIp')).toBe('203.0.113.9')
  expect(nested('identity').get('user')).toBeNull()
  expect(nested('identity').get('nothing')).toBeUndefined()
  expect(nested('authorizer').get('anything')).toBeNull()
  expect(nested('error').get('messageString')).toBeNull()
  expect([...nested('authorizer').entries()]).toEqual([])
  expect([...nested('error').entries()]).toEqual([
    ['messageString', null],
    ['validationErrorString', null],
  ])
})

test('the certificate of a client has members, and its validity too; without one they are not set', () => {
  const identity = { 'clientCert.subjectDN': 'CN=device 1', 'clientCert.validity.notAfter': 'Dec 31 00:00:00 2099 GMT' }
  const certificateOf = (event: MessageEvent) =>
    (contextView(event).get('identity') as ContextView).get('clientCert') as ContextView
  const shown = certificateOf(new MessageEvent({ ...record, identity }, 'send', '', 1_759_652_400_001))
  expect(shown.get('subjectDN')).toBe('CN=device 1')
  expect(shown.get('nothing')).toBeUndefined()
  expect(dump(shown)).toEqual({
    ...{ clientCertPem: null, subjectDN: 'CN=device 1', issuerDN: null, serialNumber: null },
    validity: { notBefore: null, notAfter: 'Dec 31 00:00:00 2099 GMT' },
  })
  const none = certificateOf(new MessageEvent(record, 'send', '', 1_759_652_400_001))
  expect(none.get('subjectDN')).toBeNull()
})
