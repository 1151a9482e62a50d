import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import type { Backend } from '../helpers/backend.ts'
import { Client, refused } from '../helpers/client.ts'
import { envelope, frame, says } from '../helpers/definitions.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'
import { useBackend } from '../helpers/use-backend.ts'

const http = { integrationType: 'HTTP_PROXY', integrationMethod: 'POST' }

/** So slow that no test sees a token come back. */
const few = (burstLimit: number) => ({ rateLimit: 0.01, burstLimit })
const fewRequests = (throttlingBurstLimit: number) => ({ throttlingRateLimit: 0.01, throttlingBurstLimit })

let backend: Backend
useBackend((started) => {
  backend = started
})

let gateway: TestGateway
let narrow: TestGateway
beforeAll(async () => {
  const routes = { say: says('said'), $default: says('served') }
  gateway = await startGateway(
    { routes },
    {
      settings: { sourceLimits: { ...few(4), maxConnections: 2 }, trustedProxies: ['127.0.0.0/8', '::1'] },
      apis: {
        waits: {
          routes: {
            $connect: { integration: { ...http, integrationUri: `${backend.url}/connect` } },
            ...routes,
          },
        },
        closed: { routes, stages: { dev: { newConnectionThrottle: few(0) } } },
        connects: { routes, stages: { dev: { newConnectionThrottle: few(1) } } },
        guarded: {
          routes: { $connect: {}, ...routes },
          stages: { dev: { routeSettings: { $connect: fewRequests(1) } } },
        },
        talks: {
          routes,
          stages: {
            dev: { connectionThrottle: { messages: few(3), bytes: few(300) } },
            slow: { defaultRouteSettings: fewRequests(5), routeSettings: { say: { throttlingBurstLimit: 1 } } },
          },
        },
      },
    },
  )
  narrow = await startGateway(
    { routes },
    { settings: { throttleSettings: few(5), newConnectionThrottle: few(2) }, apis: { other: { routes } } },
  )
})
afterAll(() => Promise.all([gateway?.close(), narrow?.close()]))

/** Much longer than anything takes here. */
const deadline = { timeout: 15_000 }

let address = 0
/** An address that nobody has connected from. */
const nobody = () => `203.0.113.${++address}`
const from = (source: string) => ({ headers: { 'X-Forwarded-For': source } })
const urlOf = (apiId: string, stage = 'dev') => gateway.ws.replace('/test/dev', `/${apiId}/${stage}`)

async function connect(url: string, source = nobody()): Promise<Client> {
  const client = await Client.connect(url, from(source))
  onTestFinished(() => client.socket.terminate())
  return client
}

async function ask(client: Client, action: string, text = ''): Promise<string> {
  client.send({ action, text })
  return client.next()
}

/** Connects, once the source has a place, and closes. A handshake without a place takes no token. */
async function comeAndGo(source: string): Promise<void> {
  const client = await vi.waitFor(() => Client.connect(gateway.ws, from(source)), deadline)
  client.close()
  await client.closed
}

/** The status of a refused handshake, when it may be tried again, and that its body is the envelope. */
async function refusal(url: string, source = nobody()) {
  const { status, headers, body } = await refused(url, from(source))
  expect(body).toMatch(envelope('Too Many Requests'))
  return [status, Number(headers['retry-after'])]
}

/** 429, and a token comes every 100 seconds. */
const soon = [429, expect.toSatisfy((seconds: number) => seconds > 50 && seconds <= 100)]

async function throttled(of: TestGateway, apiId: string, cause: string): Promise<number> {
  const metrics = await readMetrics(of.managementPort)
  return metrics.get(`postern_throttled_total{api="${apiId}",cause="${cause}",stage="dev"}`) ?? 0
}

test('a stage lets in so many, whether it has a $connect route or not; others go on', async () => {
  await connect(urlOf('connects'))
  expect(await refusal(urlOf('connects'))).toEqual(soon)
  await connect(urlOf('talks'))
  await connect(urlOf('guarded'))
  expect(await refusal(urlOf('guarded'))).toEqual(soon)
  expect(await throttled(gateway, 'connects', 'stageConnections')).toBe(1)
  expect(await throttled(gateway, 'guarded', 'route')).toBe(1)
})

test('a source has so many connections, and a place again when one of them ends', async () => {
  const [source, network] = [nobody(), '2001:db8:1:2']
  const first = await connect(gateway.ws, source)
  await connect(gateway.ws, source)
  expect(await refusal(gateway.ws, source)).toEqual([429, 10])
  await connect(gateway.ws, `${network}::1`)
  await connect(gateway.ws, `${network}::2`)
  expect(await refusal(gateway.ws, `${network}:3::4`)).toEqual([429, 10])
  await connect(gateway.ws)
  first.close()
  await first.closed
  await comeAndGo(source)
})

test('a source may connect so often, and a handshake that is refused gives its place back', async () => {
  const source = nobody()
  for (let i = 0; i < 4; i++) await comeAndGo(source)
  await expect.poll(() => refusal(gateway.ws, source), deadline).toEqual(soon)
  const other = nobody()
  for (let i = 0; i < 3; i++) expect(await refusal(urlOf('closed'), other)).toEqual([429, Number.NaN])
  await connect(gateway.ws, other)
})

test('a handshake whose backend has not answered holds a place of its source', async () => {
  const source = nobody()
  const held: (() => void)[] = []
  backend.answer = (_call, response) => void held.push(() => response.end())
  const pending = [0, 1].map(() => new Client(urlOf('waits'), from(source)))
  onTestFinished(() => void pending.map(({ socket }) => socket.terminate()))
  await backend.call(1)
  expect(await refusal(gateway.ws, source)).toEqual([429, 10])
  for (const finish of held) finish()
  await Promise.all(pending.map(({ accepted }) => accepted))
  expect(await refusal(gateway.ws, source)).toEqual([429, 10])
})

test('so many handshakes of a source may wait for their backend, and as many connections as come one after another', async () => {
  const held: (() => void)[] = []
  backend.answer = (_call, response) => void held.push(() => response.end())
  const waits = { $connect: { integration: { ...http, integrationUri: `${backend.url}/connect` } } }
  const patient = await startGateway({ routes: waits }, { settings: { sourceLimits: { maxPendingHandshakes: 2 } } })
  onTestFinished(() => patient.close())
  const pending = [0, 1].map(() => new Client(patient.ws))
  onTestFinished(() => void pending.map(({ socket }) => socket.terminate()))
  await expect.poll(() => held.length).toBe(2)
  const answer = await refused(patient.ws)
  expect([answer.status, answer.headers['retry-after']]).toEqual([429, '1'])
  expect(await throttled(patient, 'test', 'sourceHandshakes')).toBe(1)
  backend.answer = (_call, response) => void response.end()
  for (const finish of held) finish()
  await Promise.all(pending.map(({ accepted }) => accepted))
  for (let i = 0; i < 3; i++) {
    const client = await Client.connect(patient.ws)
    onTestFinished(() => client.socket.terminate())
  }
})

test('what one connection sends is limited in messages and in bytes; it stays open, and others go on', async () => {
  const client = await connect(urlOf('talks'))
  expect(await ask(client, 'say', 'x'.repeat(300))).toMatch(frame('Too Many Requests'))
  expect([await ask(client, 'say'), await ask(client, 'other')]).toEqual(['said', 'served'])
  expect(await ask(client, 'say', 'x'.repeat(200))).toBe('said')
  expect(await ask(client, 'say')).toMatch(frame('Too Many Requests'))
  expect(await ask(await connect(urlOf('talks')), 'say')).toBe('said')
  expect(await throttled(gateway, 'talks', 'connectionBytes')).toBe(1)
  expect(await throttled(gateway, 'talks', 'connectionMessages')).toBe(1)
  const line = gateway.lines.find((each) => each.includes('message throttled') && each.includes('connectionBytes'))
  expect(JSON.parse(line ?? '{}')).toMatchObject({
    api: 'talks',
    stage: 'dev',
    level: 'info',
    cause: 'connectionBytes',
  })
})

test('a reload that leaves limits as they are gives nobody a burst anew', async () => {
  const stage = { defaultRouteSettings: fewRequests(2) }
  const definition = { routes: { say: says('said') }, stages: { dev: {}, kept: stage } }
  await gateway.redefine(definition)
  const client = await connect(urlOf('test', 'kept'))
  expect([await ask(client, 'say'), await ask(client, 'say')]).toEqual(['said', 'said'])
  await gateway.redefine({ ...definition, routes: { say: says('changed') } })
  expect(await ask(client, 'say')).toMatch(frame('Too Many Requests'))
  await gateway.redefine({ ...definition, stages: { dev: {}, kept: {} } })
  expect(await ask(client, 'say')).toBe('said')
})

test('the account limits handshakes, messages and callbacks of all APIs together', async () => {
  const post = () => fetch(`${narrow.http}/@connections/AAAAAAAAAAAAAAA=`, { method: 'POST', body: 'x' })
  const client = await Client.connect(narrow.ws)
  const other = await Client.connect(narrow.ws.replace('/test/', '/other/'))
  onTestFinished(() => void [client, other].map(({ socket }) => socket.terminate()))
  const answer = await refused(narrow.ws)
  expect([answer.status, Number(answer.headers['retry-after'])]).toEqual(soon)
  expect(await throttled(narrow, 'test', 'newConnections')).toBe(1)
  expect([await ask(client, 'say'), await ask(other, 'say')]).toEqual(['said', 'said'])
  expect((await post()).status).toBe(400)
  const callback = await post()
  expect([callback.status, Number(callback.headers.get('retry-after'))]).toEqual(soon)
  expect(callback.headers.get('x-amzn-errortype')).toBe('TooManyRequestsException')
  expect(await callback.json()).toEqual({ message: 'Too Many Requests' })
  expect(await ask(client, 'say')).toMatch(frame('Too Many Requests'))
  expect(await throttled(narrow, 'test', 'account')).toBe(2)
})
