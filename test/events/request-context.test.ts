import { expect, test } from 'vitest'
import { RequestContext } from '../../src/events/request-context.ts'

const connection = {
  connectionId: 'L0SM9cOFvHcCIhw=',
  apiId: 'chat',
  stage: 'dev',
  connectedAt: 1_759_651_750_119,
  sourceIp: '203.0.113.9',
  userAgent: 'demo/1.0',
  domainName: '127.0.0.1:8080/chat',
  authorizer: null,
}

test('a trace id is Root=1-, the seconds as 8 hex digits and 24 random ones, and stays', () => {
  const context = new RequestContext(connection, 'MESSAGE', 'send', 1_759_651_750_119)
  expect(context.traceId).toMatch(/^Root=1-68e227a6-[0-9a-f]{24}$/)
  expect(context.traceId).toBe(context.traceId)
})

test('only a MESSAGE has a message id, and the ids of an event stay', () => {
  const message = new RequestContext(connection, 'MESSAGE', 'send', 0)
  expect(message.messageId).toMatch(/^[\w-]{15}=$/)
  expect(message.messageId).toBe(message.messageId)
  expect(message.requestId).toBe(message.requestId)
  expect(message.requestId).not.toBe(message.messageId)
  expect(new RequestContext(connection, 'CONNECT', '$connect', 0).messageId).toBeNull()
})
