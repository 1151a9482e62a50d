import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import type { AuthorizerResult, RouteAuthorizer } from '../../src/authorizers/contract.ts'
import type { ConnectionEvent } from '../../src/events/event.ts'
import { requestOf } from '../../src/events/event.ts'
import type { Connection } from '../../src/gateway/connection.ts'
import type { Integration } from '../../src/integrations/contract.ts'
import type { Revocation, RevocationCheck } from '../../src/revocations/contract.ts'
import { GatewayError } from '../../src/vocabulary/errors.ts'
import { emptyRoute, emptyStage } from '../helpers/empty-stage.ts'
import { createStageGateway } from '../helpers/stage-gateway.ts'
import { createTransport, defaultOptions, Events } from '../transport/harness.ts'

const revocation: Revocation = {
  ...{ kind: 'principalId', value: 'revoked', apiId: null, revokedAt: 0, expiresAt: 1, reason: null },
}

interface Asked {
  readonly request: Parameters<RouteAuthorizer['authorize']>[1]
  answer(result: AuthorizerResult | GatewayError): void
}

/** A gateway with place for one connection, over real sockets, whose `$connect` route has an authorizer that waits. */
async function startGateway(now?: (request: Asked['request']) => AuthorizerResult, revocations?: RevocationCheck) {
  const asked = new Events<Asked>()
  const connected: ConnectionEvent[] = []
  const outcomes = { accepted: { value: 0 }, refused: { value: 0 }, failed: { value: 0 }, aborted: { value: 0 } }
  const authorizer: RouteAuthorizer = {
    authorize: (_, request) =>
      now?.(request) ??
      new Promise((resolve, reject) => {
        asked.push({
          request,
          answer: (result) => (result instanceof GatewayError ? reject(result) : resolve(result)),
        })
      }),
  }
  const integration: Integration = {
    constant: null,
    invoke(event) {
      connected.push(event)
      return { status: 200, headers: [['Sec-WebSocket-Protocol', 'chat']], body: '' }
    },
    close() {},
  }
  const stage = emptyStage({
    connects: outcomes,
    connectRoute: emptyRoute({ authorizer, integration, required: [{ place: 'querystring', name: 'room' }] }),
  })
  const { gateway, open, slot } = createStageGateway(stage, undefined, revocations)
  const transport = createTransport<Connection>(defaultOptions, {
    ...gateway,
    request: (exchange) => exchange.respond(404, [], ''),
  })
  onTestFinished(() => transport.close())
  const port = await transport.listen()
  return {
    gateway,
    slot,
    open,
    outcomes,
    connected,
    nextAsked: () => asked.next(),
    dial(query = '?room=blue') {
      const client = new WebSocket(`ws://127.0.0.1:${port}/dev${query}`, ['chat'], { headers: { 'X-Pass': 'letmein' } })
      onTestFinished(() => client.terminate())
      client.on('error', () => {})
      return client
    },
  }
}

/** The status that stands in place of the 101. */
async function refusalOf(client: WebSocket): Promise<number | undefined> {
  const [, response] = await once(client, 'unexpected-response')
  response.resume()
  return response.statusCode
}

test('a client is let in once its authorizer has said yes, and every step still sees the whole request', async () => {
  const gateway = await startGateway()
  const client = gateway.dial()
  const { request, answer } = await gateway.nextAsked()
  expect(gateway.gateway.inFlight).toBe(1)
  expect(gateway.connected).toEqual([])
  // Long after the synchronous part of the handler.
  expect([request.header('x-pass'), request.header('absent'), request.query]).toEqual(['letmein', '', 'room=blue'])
  expect(request.headers()).toContainEqual(['x-pass', 'letmein'])
  const token = { subject: 'ann', id: null, expiresAt: null, scopes: [] }
  answer({ allowed: true, context: { principalId: 'ann', tenant: 'acme' }, identity: { accountId: '1' }, token })
  await once(client, 'open')
  expect(client.protocol).toBe('chat')
  const [event] = gateway.connected
  expect(event?.record.authorizer).toEqual({ principalId: 'ann', tenant: 'acme' })
  expect(event && requestOf(event)?.headers).toContainEqual(['x-pass', 'letmein'])
  expect(event && requestOf(event)?.query).toEqual([['room', 'blue']])
  expect([...gateway.open.all()].map(({ authorizer }) => authorizer?.tenant)).toEqual(['acme'])
  expect([...gateway.open.all()].map(({ identity }) => identity)).toEqual([{ accountId: '1' }])
  expect([...gateway.open.all()].map((connection) => connection.token)).toEqual([token])
  expect(gateway.gateway.inFlight).toBe(0)
})

test('an authorizer that need not ask anybody keeps nobody waiting', async () => {
  const gateway = await startGateway((request) => ({ allowed: true, context: { pass: request.header('x-pass') } }))
  await once(gateway.dial(), 'open')
  expect(gateway.connected[0]?.record.authorizer).toEqual({ pass: 'letmein' })
})

test.each<[string, string | null, Pick<Extract<AuthorizerResult, { allowed: true }>, 'context' | 'identity'>]>([
  ['the principal', 'ann', { context: { principalId: 'ann' }, identity: { user: 'AIDAADA' } }],
  ['who signs, where there is no principal', 'AIDAADA', { context: null, identity: { user: 'AIDAADA' } }],
  ['nobody, where the principal is too long', null, { context: { principalId: 'x'.repeat(257) } }],
  ['nobody, where none is named', null, { context: {} }],
])('the user of a connection is %s', async (_, userId, named) => {
  const gateway = await startGateway(() => ({ allowed: true, ...named }))
  await once(gateway.dial(), 'open')
  expect(gateway.connected[0]?.record.userId).toBe(userId)
  expect([...gateway.open.all()].map((connection) => connection.userId)).toEqual([userId])
})

test('a client whose authorizer says no is answered that, its backend is not asked, and its place is free', async () => {
  const gateway = await startGateway()
  for (let round = 0; round < 2; round++) {
    const refusal = refusalOf(gateway.dial())
    ;(await gateway.nextAsked()).answer({ allowed: false, code: 'CALLER_REFUSED' })
    expect(await refusal).toBe(403)
  }
  expect(gateway.connected).toEqual([])
  expect(gateway.outcomes.failed.value).toBe(2)
  expect(gateway.gateway.inFlight).toBe(0)
})

test('a refusal may say more than its row of the table, in the message and in headers', async () => {
  const gateway = await startGateway()
  const client = gateway.dial()
  const refused = once(client, 'unexpected-response')
  const headers = [['WWW-Authenticate', 'Bearer']] as const
  ;(await gateway.nextAsked()).answer({ allowed: false, code: 'UNAUTHORIZED', detail: ': "why"', headers })
  const [, response] = await refused
  expect([response.statusCode, response.headers['www-authenticate']]).toEqual([401, 'Bearer'])
  expect((await response.toArray()).join('')).toMatch(/^\{"message": "Unauthorized: \\"why\\"", "connectionId":"/)
})

test('a client whose authorizer fails is not let in', async () => {
  const gateway = await startGateway()
  const refusal = refusalOf(gateway.dial())
  ;(await gateway.nextAsked()).answer(new GatewayError('INTEGRATION_TIMEOUT'))
  expect(await refusal).toBe(504)
  expect(gateway.connected).toEqual([])
})

test('the steps behind the authorizer still read the request: a missing parameter is refused', async () => {
  const gateway = await startGateway()
  const refusal = refusalOf(gateway.dial('?other=x'))
  ;(await gateway.nextAsked()).answer({ allowed: true, context: null })
  expect(await refusal).toBe(400)
  expect(gateway.connected).toEqual([])
})

test('of a client that leaves while its authorizer is asked no backend hears, and its place is free', async () => {
  const gateway = await startGateway()
  const client = gateway.dial()
  const { answer } = await gateway.nextAsked()
  // `once` would reject with the error that `ws` makes of it.
  const closed = new Promise((resolve) => client.on('close', resolve))
  client.terminate()
  await closed
  // The server underneath has seen the end once it has answered somebody who came later.
  await refusalOf(gateway.dial())
  answer({ allowed: true, context: null })
  await expect.poll(() => gateway.outcomes.aborted.value).toBe(1)
  expect(gateway.connected).toEqual([])
  expect([gateway.slot.connections, gateway.open.size, gateway.gateway.inFlight]).toEqual([0, 0, 0])
  const next = gateway.dial()
  ;(await gateway.nextAsked()).answer({ allowed: true, context: null })
  await once(next, 'open')
})

test.each([
  ['whose key goes', { key: { isRevoked: true } }, 'Key revoked'],
  ['who is revoked', { context: { principalId: 'revoked' } }, 'Credentials revoked'],
])('a client %s while its backend is asked is sent away as soon as it is there', async (_, admitted, reason) => {
  const gateway = await startGateway(undefined, {
    // Neither is known yet when the steps of the handshake look.
    find: ({ authorizer }) => (gateway.connected.length > 0 && authorizer !== null ? revocation : null),
  })
  const client = gateway.dial()
  const closed = once(client, 'close')
  ;(await gateway.nextAsked()).answer({ allowed: true, context: null, ...admitted })
  const [code, text] = await closed
  expect([code, String(text)]).toEqual([3000, reason])
  expect(gateway.open.size).toBe(0)
})

test('a client for whose templates there is no time left is told when to try again', async () => {
  const { dial, nextAsked } = await startGateway()
  const client = dial()
  const answered = once(client, 'unexpected-response')
  const { answer } = await nextAsked()
  answer(new GatewayError('TEMPLATE_TIME_EXCEEDED'))
  const [, response] = await answered
  expect([response.statusCode, response.headers['retry-after']]).toEqual([429, '1'])
})
