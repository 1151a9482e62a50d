import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { Backend } from '../helpers/backend.ts'
import { Client } from '../helpers/client.ts'
import { says, tells } from '../helpers/definitions.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { type Definition, minimalApi, startGateway, type TestGateway } from '../helpers/postern.ts'
import { startRedis } from '../helpers/redis-server.ts'
import { workersCanRun } from '../helpers/test-transport.ts'
import { useBackend } from '../helpers/use-backend.ts'
import { startWorkers, type WorkersProcess } from '../helpers/workers.ts'

let backend: Backend
let gateway: TestGateway | null = null
useBackend((started) => {
  backend = started
})
afterEach(async () => {
  await gateway?.close()
  gateway = null
})

const definition = (stages: readonly string[], reply = 'hello'): Definition => ({
  stages: Object.fromEntries(stages.map((name) => [name, {}])),
  routes: { say: says(reply), $disconnect: tells(backend.url, { code: 'disconnectStatusCode' }) },
})

/** Functions that write down whom they have seen; the one behind `$connect` waits for a file. */
const doormen = `
  const { existsSync, writeFileSync } = require('node:fs')
  const { join } = require('node:path')
  const note = (name, { requestContext }) => writeFileSync(join(__dirname, name), requestContext.connectionId)
  exports.enter = async (event) => {
    note('entered', event)
    while (!existsSync(join(__dirname, 'go'))) await new Promise((resolve) => setTimeout(resolve, 10))
    return { statusCode: 200 }
  }
  exports.leave = async (event) => {
    note('left', event)
    return { statusCode: 200 }
  }
`

/** Calls of `$disconnect` wait for what this returns. */
function holdBackend(): () => void {
  const held: ServerResponse[] = []
  backend.answer = (_call, response) => void held.push(response)
  return () => {
    for (const response of held) response.end()
    backend.answer = (_call, response) => void response.end()
  }
}

async function start(stages: readonly string[]): Promise<TestGateway> {
  gateway = await startGateway(definition(stages))
  return gateway
}

/** Says something that is answered, and something that has no route, over a new connection. */
async function connect({ http }: TestGateway, stage: string): Promise<Client> {
  const client = await Client.connect(http.replace('http', 'ws').replace(/dev$/, stage))
  client.send('{"action":"say"}')
  await client.next()
  client.send('{"action":"nothing"}')
  await client.next()
  return client
}

/** The series with this label, without their buckets. */
async function seriesOf({ managementPort }: TestGateway | WorkersProcess, label: string): Promise<Map<string, number>> {
  const all = await readMetrics(managementPort)
  return new Map([...all].filter(([name]) => name.includes(label) && !name.includes('_bucket{')))
}

const series = (name: string, stage: string, labels = '') => `${name}{api="test",${labels}stage="${stage}"}`

describe('a stage that a reload removes', () => {
  test('is told and counted to its last connection, and then its series are gone', async () => {
    const running = await start(['dev', 'prod'])
    const [stays, goes] = [await connect(running, 'dev'), await connect(running, 'prod')]
    expect((await fetch(`${running.http}/@connections/none`)).status).toBe(400)
    const before = await seriesOf(running, 'stage="prod"')
    expect(before.get(series('postern_connections', 'prod'))).toBe(1)
    expect(before.get(series('postern_errors_total', 'prod', 'code="ROUTE_NOT_FOUND",'))).toBe(1)

    const answer = holdBackend()
    await running.redefine(definition(['dev'], 'hello again'))
    expect((await goes.closed).code).toBe(1001)
    await backend.call(1)
    const during = await seriesOf(running, 'stage="prod"')
    expect(during.get(series('postern_connections', 'prod'))).toBe(0)
    expect(during.get('postern_closes_total{api="test",reason="stageRemoved",stage="prod"}')).toBe(1)
    expect([...during.keys()]).toEqual(expect.arrayContaining([...before.keys()]))

    answer()
    await expect.poll(async () => [...(await seriesOf(running, 'stage="prod"')).keys()]).toEqual([])
    // A new version of a stage that stays goes on in the same series, those included that only an event makes.
    stays.send('{"action":"say"}')
    expect(await stays.next()).toBe('hello again')
    const after = await seriesOf(running, 'api="test"')
    expect(after.get('postern_messages_total{api="test",direction="out",route="say",stage="dev"}')).toBe(2)
    expect(after.get(series('postern_errors_total', 'dev', 'code="ROUTE_NOT_FOUND",'))).toBe(1)
    expect(after.get(series('postern_connections', 'dev'))).toBe(1)
    expect(after.get('postern_callbacks_total{api="test",operation="get",status="400"}')).toBe(1)
    stays.close()
  })

  test('goes at once when nobody is connected', async () => {
    const running = await start(['dev', 'prod'])
    expect((await seriesOf(running, 'stage="prod"')).size).toBeGreaterThan(0)
    await running.redefine(definition(['dev']))
    expect([...(await seriesOf(running, 'stage="prod"')).keys()]).toEqual([])
  })

  test('and comes back while its old connections end keeps its series', async () => {
    const running = await start(['dev', 'prod'])
    const old = await connect(running, 'prod')
    const answer = holdBackend()
    await running.redefine(definition(['dev']))
    await old.closed
    await backend.call(1)
    await running.redefine(definition(['dev', 'prod']))
    const fresh = await connect(running, 'prod')
    answer()
    // The answer of the backend is counted when it has come.
    const told = 'postern_integration_duration_seconds_count{api="test",route="$disconnect",stage="prod"}'
    await expect.poll(async () => (await seriesOf(running, 'stage="prod"')).get(told)).toBe(1)
    await connect(running, 'prod').then((client) => client.close())
    const after = await seriesOf(running, 'stage="prod"')
    expect(after.get(series('postern_connects_total', 'prod', 'outcome="accepted",'))).toBe(3)
    fresh.close()
    await expect
      .poll(async () => (await seriesOf(running, 'stage="prod"')).get(series('postern_connections', 'prod')))
      .toBe(0)
  })

  test('counts a message that its connection has left behind', async () => {
    gateway = await startGateway({
      ...definition(['dev', 'prod']),
      routes: { slow: tells(`${backend.url}/slow`, {}) },
    })
    const running = gateway
    const client = await Client.connect(running.ws.replace(/dev$/, 'prod'))
    const answer = holdBackend()
    client.send('{"action":"slow"}')
    await backend.call(1)
    await running.redefine(definition(['dev']))
    await client.closed
    const during = await seriesOf(running, 'stage="prod"')
    expect(during.get('postern_messages_total{api="test",direction="in",route="slow",stage="prod"}')).toBe(1)
    answer()
    await expect.poll(async () => [...(await seriesOf(running, 'stage="prod"')).keys()]).toEqual([])
  })

  test('keeps its functions for who was in $connect, whose end is told', async () => {
    const functionBehind = (name: string): Definition => ({
      integration: { integrationType: 'AWS_PROXY', integrationUri: `function:${name}` },
    })
    const members: Definition = {
      functions: { enter: { handler: 'handlers.enter' }, leave: { handler: 'handlers.leave' } },
      routes: { $connect: functionBehind('enter'), $disconnect: functionBehind('leave') },
    }
    gateway = await startGateway({ ...members, stages: { dev: {}, prod: {} } }, { files: { 'handlers.cjs': doormen } })
    const { directory, ws, redefine } = gateway
    const connecting = Client.connect(ws.replace(/dev$/, 'prod'))
    await expect.poll(() => existsSync(join(directory, 'entered')), { timeout: 20_000 }).toBe(true)
    // Nothing of the definition names the functions any more.
    await redefine({ stages: { dev: {} } })
    await writeFile(join(directory, 'go'), '')
    expect((await (await connecting).closed).code).toBe(1001)
    await expect.poll(() => existsSync(join(directory, 'left')), { timeout: 20_000 }).toBe(true)
    expect(await readFile(join(directory, 'left'), 'utf8')).toBe(await readFile(join(directory, 'entered'), 'utf8'))
  })

  test('takes the series of its API along when it was the last', async () => {
    const running = await start(['dev'])
    expect((await fetch(`${running.http}/@connections/none`)).status).toBe(400)
    const client = await connect(running, 'dev')
    const answer = holdBackend()
    await running.redefine({ apiId: 'other' })
    await client.closed
    await backend.call(1)
    expect([...(await seriesOf(running, 'api="test"')).keys()]).toContain(
      'postern_callbacks_total{api="test",operation="get",status="400"}',
    )
    answer()
    await expect.poll(async () => [...(await seriesOf(running, 'api="test"')).keys()]).toEqual([])
    expect((await seriesOf(running, 'api="other"')).size).toBeGreaterThan(0)
  })
})

test.skipIf(!workersCanRun)(
  'of several workers the series stay until no worker has them, though one has died that had counted',
  async () => {
    const redis = await startRedis()
    const workers = await startWorkers(['--workers', '2', '--redis', redis.url])
    try {
      const connections = await workers.connect(12)
      const accepted = 'postern_connects_total{api="test",outcome="accepted",stage="dev"}'
      await expect.poll(() => workers.metric(accepted)).toBe(12)
      const [pid] = workers.pids().values()
      process.kill(pid as number, 'SIGKILL')
      await expect.poll(async () => (await workers.readyz()).reasons, { timeout: 60_000 }).toEqual([])
      expect(await workers.metric(accepted)).toBe(12)

      await writeFile(join(workers.directory, 'api.yaml'), stringify({ ...minimalApi, apiId: 'other' }))
      workers.child.kill('SIGHUP')
      await expect
        .poll(async () => [...(await seriesOf(workers, 'api="test"')).keys()], { timeout: 60_000 })
        .toEqual([])
      expect((await seriesOf(workers, 'api="other"')).size).toBeGreaterThan(0)
      for (const { client } of connections) client.close()
    } finally {
      await workers.close()
      await redis.close()
    }
  },
  240_000,
)
