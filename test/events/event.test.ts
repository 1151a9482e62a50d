import { expect, test } from 'vitest'
import { ConnectEvent } from '../../src/events/connect-event.ts'
import { contextVariable } from '../../src/events/context-variables.ts'
import { DisconnectEvent } from '../../src/events/disconnect-event.ts'
import { bodyOf, requestOf } from '../../src/events/event.ts'
import { MessageEvent } from '../../src/events/message-event.ts'

const connection = {
  connectionId: 'L0SM9cOFvHcCIhw=',
  apiId: 'chat',
  stage: 'dev',
  connectedAt: 1_759_651_750_119,
  sourceIp: '203.0.113.9',
  userAgent: 'demo/1.0',
  domainName: '127.0.0.1:8080/chat',
  authorizer: null,
  identity: null,
}

test('a trace id is Root=1-, the seconds as 8 hex digits and 24 random ones, and stays', () => {
  const event = new MessageEvent(connection, 'send', '', 1_759_651_750_119)
  expect(event.traceId).toMatch(/^Root=1-68e227a6-[0-9a-f]{24}$/)
  expect(event.traceId).toBe(event.traceId)
})

test('a trace id is the one that the client brought, if it did', () => {
  expect(new ConnectEvent(connection, 0, 'Root=1-client').traceId).toBe('Root=1-client')
})

test('only a MESSAGE has a message id, and the ids of an event stay', () => {
  const message = new MessageEvent(connection, 'send', '', 0)
  expect(message.messageId).toMatch(/^[\w-]{15}=$/)
  expect(message.messageId).toBe(message.messageId)
  expect(message.requestId).toBe(message.requestId)
  expect(message.requestId).not.toBe(message.messageId)
  const messageId = contextVariable('messageId')
  expect(messageId?.(message)).toBe(message.messageId)
  expect(messageId?.(new ConnectEvent(connection, 0, null))).toBeNull()
  expect(messageId?.(new DisconnectEvent(connection, 1000, '', 0))).toBeNull()
})

test('a MESSAGE brings a body and no handshake, a CONNECT its handshake once it is copied, a DISCONNECT neither', () => {
  const connect = new ConnectEvent(connection, 0, null)
  const message = new MessageEvent(connection, 'send', 'hi', 0)
  const disconnect = new DisconnectEvent(connection, 1000, '', 0)
  expect([connect, message, disconnect].map(bodyOf)).toEqual([null, 'hi', null])
  expect([connect, message, disconnect].map(requestOf)).toEqual([null, null, null])
  connect.request = { headers: [['Host', 'h']], query: [] }
  expect(requestOf(connect)).toBe(connect.request)
})
