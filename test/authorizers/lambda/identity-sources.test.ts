import { expect, test } from 'vitest'
import { compileIdentitySources } from '../../../src/authorizers/lambda/identity-sources.ts'
import { ConnectEvent } from '../../../src/events/connect-event.ts'

const event = new ConnectEvent(
  {
    ...{ connectionId: 'Abc1cXy9ghICMno=', apiId: 'chat', stage: 'dev', connectedAt: 1, sourceIp: '203.0.113.9' },
    ...{ userAgent: null, domainName: 'ws.example', authorizer: null, identity: null },
  },
  1,
  null,
)
const request = {
  ...{ path: '/dev', query: 'token=abc&empty=&twice=&twice=x', clientCertificate: () => null },
  header: (name: string) => (name === 'authorization' ? 'Bearer x' : ''),
  headers: () => [],
  client: { sourceIp: '203.0.113.9', proto: 'http', prefix: '' },
  connectRequest: () => ({ headers: [], query: [] }),
}

function areThere(...sources: string[]): boolean {
  const compiled = compileIdentitySources(sources, { stageVariables: { tenant: 'acme', nothing: '' } })
  if (compiled.faults !== null) throw new Error(JSON.stringify(compiled.faults))
  return compiled.areThere(event, request)
}

test.each([
  ['route.request.header.Authorization', true],
  ['route.request.header.authorization', true],
  ['route.request.header.X-Other', false],
  ['route.request.querystring.token', true],
  ['route.request.querystring.Token', false],
  ['route.request.querystring.empty', false],
  ['route.request.querystring.twice', true],
  ['stageVariables.tenant', true],
  ['stageVariables.nothing', false],
  ['stageVariables.other', false],
  ['context.connectionId', true],
  ['context.identity.sourceIp', true],
  ['context.identity.userAgent', false],
  ['context.requestTimeEpoch', true],
  ['context.eventType', false],
  ['context.messageDirection', false],
])('%s is there: %s', (source, isThere) => {
  expect(areThere(source)).toBe(isThere)
})

test('all of them have to be there, and none where none is named', () => {
  expect(areThere('route.request.header.Authorization', 'route.request.querystring.none')).toBe(false)
  expect(areThere('route.request.header.Authorization', 'route.request.querystring.token')).toBe(true)
  expect(areThere()).toBe(true)
})

test('a variable that does not exist is a fault', () => {
  expect(compileIdentitySources(['context.apiId', 'context.nope'], { stageVariables: {} }).faults).toEqual([
    { index: 1, message: 'there is no $context.nope' },
  ])
})
