import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Backend, startBackend } from '../helpers/backend.ts'
import { Client } from '../helpers/client.ts'
import { says, tells } from '../helpers/definitions.ts'
import { httpCall } from '../helpers/http-call.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'

let server: RedisServer
let backend: Backend
let near: TestGateway
let far: TestGateway
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.close())
beforeEach(async () => {
  await server.client.flushall()
  backend = await startBackend()
  const flags = { redis: server.url, maxBufferedBytes: '65536', disconnectCodeAndReason: true, binaryFrames: true }
  ;[near, far] = await Promise.all([startGateway(definition(), { flags }), startGateway(definition(), { flags })])
})
afterEach(async () => {
  await Promise.all([near.close(), far.close()])
  await backend.close()
})

const definition = () => ({
  routes: {
    $default: says('$context.connectionId'),
    $disconnect: tells(`${backend.url}/disconnect`, { code: 'disconnectStatusCode', id: 'connectionId' }),
  },
})

async function connect(gateway: TestGateway): Promise<{ client: Client; id: string }> {
  const client = await Client.connect(gateway.ws, { headers: { 'User-Agent': 'demo/1.0' } })
  client.send('who am I')
  return { client, id: await client.next() }
}

const callback = (method: string, id: string, body?: string | Uint8Array, query = '', headers = {}) =>
  httpCall(method, new URL(near.http).origin, `/test/dev/@connections/${encodeURIComponent(id)}${query}`, {
    headers,
    ...(body !== undefined && { body }),
  })

describe('@connections through another node', () => {
  test('POST delivers text, bytes and nothing at all, with 200', async () => {
    const { client, id } = await connect(far)
    for (const text of ['hello é😀', '', 'x'.repeat(131_072)]) {
      const answer = await callback('POST', id, text)
      expect([answer.status, answer.body, answer.headers['content-length']]).toEqual([200, '', '0'])
      expect(await client.nextFrame()).toEqual({ data: text, binary: false })
    }
    const octets = { 'content-type': 'application/octet-stream' }
    expect((await callback('POST', id, Uint8Array.of(0xff, 0x41), '', octets)).status).toBe(200)
    expect(await client.nextFrame()).toEqual({ data: '\ufffdA', binary: false })
    expect((await callback('POST', id, Uint8Array.of(1, 2), '?frame=binary', octets)).status).toBe(200)
    expect(await client.nextFrame()).toEqual({ data: '\u0001\u0002', binary: true })
  })

  test('GET describes the client', async () => {
    const { id } = await connect(far)
    const answer = await callback('GET', id)
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toEqual({
      identity: { sourceIp: '127.0.0.1', userAgent: 'demo/1.0' },
      connectedAt: expect.stringMatching(/Z$/),
      lastActiveAt: expect.stringMatching(/Z$/),
    })
  })

  test('DELETE closes with 1000, or as it is told, and $disconnect says so', async () => {
    const [usual, told] = [await connect(far), await connect(far)]
    expect((await callback('DELETE', usual.id)).status).toBe(204)
    expect((await usual.client.closed).code).toBe(1000)
    expect((await callback('DELETE', told.id, undefined, '?code=4001&reason=bye')).status).toBe(204)
    expect(await told.client.closed).toEqual({ code: 4001, reason: 'bye' })
    expect((await backend.call(2)).headers.code).toBe('4001')
  })

  test('answers 410 for a closed connection, and 400 for no id', async () => {
    const { client, id } = await connect(far)
    client.close()
    await backend.call(1)
    for (const method of ['POST', 'GET', 'DELETE']) {
      const answer = await callback(method, id, method === 'POST' ? 'x' : undefined)
      expect([answer.status, answer.headers['x-amzn-errortype'], answer.body]).toEqual([410, 'GoneException', ''])
    }
    expect((await callback('POST', 'nonsense', 'x')).status).toBe(400)
  })

  test('answers 429 when too much waits for the client on the other side', async () => {
    const { client, id } = await connect(far)
    client.socket.pause()
    const chunk = 'x'.repeat(131_072)
    let last = await callback('POST', id, chunk)
    for (let i = 0; i < 400 && last.status === 200; i++) last = await callback('POST', id, chunk)
    expect([last.status, last.headers['x-amzn-errortype']]).toEqual([429, 'LimitExceededException'])
    client.socket.resume()
  })

  test('keeps the order of one poster, and packs what is posted together', async () => {
    const { client, id } = await connect(far)
    const texts = Array.from({ length: 500 }, (_, i) => `${i}`)
    const statuses: number[] = []
    for (const text of texts.slice(0, 20)) statuses.push((await callback('POST', id, text)).status)
    const together = await Promise.all(texts.slice(20).map((text) => callback('POST', id, text)))
    statuses.push(...together.map(({ status }) => status))
    expect(new Set(statuses)).toEqual(new Set([200]))
    const got: string[] = []
    while (got.length < texts.length) got.push(await client.next())
    expect(got.slice(0, 20)).toEqual(texts.slice(0, 20))
    expect([...got].sort()).toEqual([...texts].sort())
    expect(
      (await readMetrics(near.managementPort)).get('postern_registry_envelopes_total{direction="out"}'),
    ).toBeLessThan(400)
  })

  test('answers 503 at once while Redis is away, and goes on with local connections', async () => {
    const [here, there] = [await connect(near), await connect(far)]
    await server.kill()
    await expect.poll(async () => (await callback('POST', there.id, 'x')).status).toBe(503)
    const took: number[] = []
    for (let i = 0; i < 5; i++) {
      const startedAt = performance.now()
      const answer = await callback('POST', there.id, 'x')
      took.push(performance.now() - startedAt)
      expect([answer.status, answer.headers['x-amzn-errortype']]).toEqual([503, 'ServiceUnavailableException'])
    }
    // Whoever waits does so each time; a machine that stands still does not.
    expect(Math.min(...took)).toBeLessThan(1_000)
    expect((await callback('POST', here.id, 'still here')).status).toBe(200)
    expect(await here.client.next()).toBe('still here')
    const meanwhile = await connect(far)
    there.client.close()
    await backend.call(1)
    const ready = await fetch(`http://127.0.0.1:${near.managementPort}/readyz`)
    expect(await ready.json()).toEqual({
      ready: false,
      reasons: [expect.stringContaining(`Redis (127.0.0.1:${server.port})`)],
    })
    await server.restart()
    await expect.poll(async () => (await callback('POST', meanwhile.id, 'back')).status, { timeout: 20_000 }).toBe(200)
    expect(await meanwhile.client.next()).toBe('back')
    await expect.poll(async () => (await listIds()).sort(), { timeout: 20_000 }).toEqual([here.id, meanwhile.id].sort())
    const stored = async () =>
      (await Promise.all((await server.client.keys('*connections')).map((key) => server.client.hkeys(key)))).flat()
    await expect.poll(async () => (await stored()).sort(), { timeout: 20_000 }).toEqual([here.id, meanwhile.id].sort())
  })
})

async function listIds(): Promise<string[]> {
  const response = await fetch(`http://127.0.0.1:${near.managementPort}/api/connections?limit=1000`)
  if (response.status !== 200) return []
  const page = (await response.json()) as { connections: { connectionId: string }[] }
  return page.connections.map(({ connectionId }) => connectionId)
}
