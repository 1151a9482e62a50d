import { expect, test } from 'vitest'
import { type ContextView, contextView } from '../../src/events/context-view.ts'
import { type EventType, RequestContext } from '../../src/events/request-context.ts'

function contextOf(eventType: EventType, authorizer: Record<string, string> | null = null): RequestContext {
  const connection = {
    connectionId: 'L0SM9cOFvHcCIhw=',
    apiId: 'chat',
    stage: 'dev',
    connectedAt: 1_759_651_750_119,
    sourceIp: '203.0.113.9',
    userAgent: null,
    domainName: 'a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com',
    authorizer,
  }
  return new RequestContext(connection, eventType, '$disconnect', 1_759_652_400_001)
}

function dump(view: ContextView): Record<string, unknown> {
  const nested = (value: unknown): unknown =>
    value !== null && typeof value === 'object' ? dump(value as ContextView) : value
  return Object.fromEntries([...view.entries()].map(([name, value]) => [name, nested(value)]))
}

test('$context as a whole lists the members in the order of AWS, with null where one is not set', () => {
  const context = contextOf('CONNECT', { principalId: 'p', level: '3' })
  const whole = dump(contextView(context))
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
  expect(dump(contextView(contextOf('CONNECT')))).not.toHaveProperty('authorizer')
})

test('a template tells an unset variable (null) from one that does not exist (undefined)', () => {
  const view = contextView(contextOf('MESSAGE'))
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
