import { Agent, request } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { startBackend } from '../helpers/backend.ts'
import { Client, refused } from '../helpers/client.ts'
import { httpCall } from '../helpers/http-call.ts'
import { type Definition, startGateway, type TestGateway } from '../helpers/postern.ts'

const whoAmI = {
  integration: {
    integrationType: 'MOCK',
    requestTemplates: { 'application/json': '{"statusCode":200}' },
    integrationResponses: { $default: { responseTemplates: { 'application/json': '$context.connectionId' } } },
  },
  routeResponse: true,
}

async function start(routes: Definition = {}): Promise<TestGateway> {
  const gateway = await startGateway({ routes: { $default: whoAmI, ...routes } })
  onTestFinished(() => gateway.close())
  return gateway
}

async function connect(gateway: TestGateway): Promise<{ client: Client; id: string }> {
  const client = await Client.connect(gateway.ws)
  client.send('who am I')
  return { client, id: await client.next() }
}

const pathOf = (id: string) => `/test/dev/@connections/${encodeURIComponent(id)}`
const post = async (gateway: TestGateway, id: string, body: string) =>
  (await httpCall('POST', gateway.http, pathOf(id), { body })).status
const readiness = async (gateway: TestGateway) =>
  (await fetch(`http://127.0.0.1:${gateway.managementPort}/readyz`)).status

/** Pushes to a client that does not read until bytes wait for it; what was answered 200. */
async function fill(gateway: TestGateway, id: string): Promise<string[]> {
  const sent: string[] = []
  for (;;) {
    const frame = `${sent.length}:`.padEnd(100_000, 'x')
    const status = await post(gateway, id, frame)
    if (status === 429) return sent
    expect(status).toBe(200)
    sent.push(frame)
  }
}

test('while the end is only announced /readyz says no and everything is served; then connections end with 1001', async () => {
  const gateway = await start()
  const { client: first } = await connect(gateway)
  const drained = gateway.drain(0, 3)
  expect(await readiness(gateway)).toBe(503)
  const { client: second, id } = await connect(gateway)
  expect(await post(gateway, id, 'hello')).toBe(200)
  expect(await second.next()).toBe('hello')
  expect(first.socket.readyState).toBe(first.socket.OPEN)
  for (const client of [first, second]) expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' })
  await drained
})

test('when connections end new ones are refused and callers are answered, then sent away', async () => {
  const gateway = await start()
  const [{ client: first }, { client: last, id }] = [await connect(gateway), await connect(gateway)]
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  const call = (): Promise<{ status: number | undefined; connection: string | undefined }> =>
    new Promise((resolve, reject) => {
      const { port } = new URL(gateway.http)
      const outgoing = request({ agent, port, host: '127.0.0.1', method: 'POST', path: pathOf(id) }, (response) => {
        response.resume()
        const { statusCode: status, headers } = response
        response.on('end', () => resolve({ status, connection: headers.connection }))
      })
      outgoing.on('error', reject)
      outgoing.end('hello')
    })
  expect(await call()).toEqual({ status: 200, connection: undefined })
  // The second connection has half an hour left.
  void gateway.drain(3600)
  await first.closed
  expect((await refused(gateway.ws)).status).toBe(503)
  expect(await call()).toEqual({ status: 200, connection: 'close' })
  expect(await call()).toEqual({ status: 200, connection: 'close' })
  for (let i = 0; i < 3; i++) expect(await last.next()).toBe('hello')
})

test('what waits for a slow client arrives before its close frame, and nothing is answered 200 after it', async () => {
  const gateway = await start()
  const { client, id } = await connect(gateway)
  const { client: quick } = await connect(gateway)
  client.socket.pause()
  const sent = await fill(gateway, id)
  const drained = gateway.drain(0)
  await quick.closed
  expect(await post(gateway, id, 'too late')).toBe(410)
  client.socket.resume()
  expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' })
  expect(client.unread).toEqual(sent)
  await drained
})

test('a client that takes nothing does not keep the others from going', async () => {
  const gateway = await start()
  const { client, id } = await connect(gateway)
  client.socket.pause()
  await fill(gateway, id)
  await gateway.drain(0)
  client.socket.resume()
  expect((await client.closed).code).toBe(1006)
})

test('the last $disconnects are waited for, however slow their backend is', async () => {
  const backend = await startBackend()
  onTestFinished(() => backend.close())
  const gateway = await start({
    $disconnect: {
      integration: { integrationType: 'HTTP_PROXY', integrationMethod: 'POST', integrationUri: backend.url },
    },
  })
  let answer = () => {}
  backend.answer = (_call, response) => {
    answer = () => void response.end()
  }
  await connect(gateway)
  let isDrained = false
  const drained = gateway.drain(0).then(() => {
    isDrained = true
  })
  await backend.call(1)
  expect(await readiness(gateway)).toBe(503)
  expect(isDrained).toBe(false)
  answer()
  await drained
  expect(backend.calls.length).toBe(1)
})

test('a client whose $connect is still asked when connections end gets its 101, its 1001 and its $disconnect', async () => {
  const backend = await startBackend()
  onTestFinished(() => backend.close())
  const call = (path: string) => ({
    integration: { integrationType: 'HTTP_PROXY', integrationMethod: 'POST', integrationUri: `${backend.url}/${path}` },
  })
  let answer = () => {}
  backend.answer = ({ url }, response) => {
    if (url === '/connect') answer = () => void response.end()
    else response.end()
  }
  const gateway = await start({ $connect: call('connect'), $disconnect: call('disconnect') })
  const connecting = Client.connect(gateway.ws)
  await backend.call(1)
  const drained = gateway.drain(0)
  expect((await refused(gateway.ws)).status).toBe(503)
  answer()
  expect(await (await connecting).closed).toEqual({ code: 1001, reason: 'Going away' })
  await drained
  expect(backend.calls.map(({ url }) => url)).toEqual(['/connect', '/disconnect'])
})

test('close ends a drain that is under way', async () => {
  const gateway = await start()
  const { client } = await connect(gateway)
  const drained = gateway.drain(3600, 3600)
  await gateway.close()
  expect((await client.closed).code).toBe(1006)
  await drained
})
