import { afterEach, expect, test } from 'vitest'
import type { Backend } from '../helpers/backend.ts'
import { Client } from '../helpers/client.ts'
import { type Definition, startGateway, type TestGateway } from '../helpers/postern.ts'
import { useBackend } from '../helpers/use-backend.ts'

let backend: Backend
let gateway: TestGateway
useBackend((started) => {
  backend = started
})
afterEach(() => gateway.close())

const start = (definition: Definition) =>
  startGateway({
    routes: {
      $default: {
        integration: { integrationType: 'MOCK', requestTemplates: { 'application/json': '{"statusCode":200}' } },
      },
      $disconnect: {
        integration: {
          integrationType: 'HTTP_PROXY',
          integrationMethod: 'POST',
          integrationUri: `${backend.url}/`,
          requestParameters: {
            'integration.request.header.code': 'context.disconnectStatusCode',
            'integration.request.header.reason': 'context.disconnectReason',
          },
        },
      },
    },
    ...definition,
  })

test('no data for idleTimeoutInSeconds: 1001 Going away, to the client and to $disconnect', async () => {
  gateway = await start({ idleTimeoutInSeconds: 1 })
  const client = await Client.connect(gateway.ws)
  expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' })
  expect((await backend.call(1)).headers).toMatchObject({ code: '1001', reason: 'Going away' })
})

test('messages and pings from the client, and pushes to it, keep a connection from being idle', async () => {
  gateway = await start({ idleTimeoutInSeconds: 1 })
  const [silent, talking, pinging] = await Promise.all([1, 2, 3].map(() => Client.connect(gateway.ws)))
  const timer = setInterval(() => {
    talking?.send('still here')
    pinging?.socket.ping()
  }, 200)
  await silent?.closed
  // Of three that began together only the silent one is closed in the same tick of the clock.
  expect(talking?.socket.readyState).toBe(talking?.socket.OPEN)
  expect(pinging?.socket.readyState).toBe(pinging?.socket.OPEN)
  clearInterval(timer)
  await Promise.all([talking?.closed, pinging?.closed])
})

test('an age of connectionLifetimeInSeconds: 1001 Going away, however active', async () => {
  gateway = await start({ connectionLifetimeInSeconds: 1 })
  const client = await Client.connect(gateway.ws)
  const timer = setInterval(() => client.send('still here'), 100)
  expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' })
  clearInterval(timer)
  expect((await backend.call(1)).headers).toMatchObject({ code: '1001' })
})
