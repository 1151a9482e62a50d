import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { allocateConnectionId } from '../../src/vocabulary/ids.ts'
import { Client } from '../helpers/client.ts'
import { says } from '../helpers/definitions.ts'
import { httpCall } from '../helpers/http-call.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'

let gateway: TestGateway
beforeAll(async () => {
  const chat = { routes: { $default: says('$context.connectionId') }, stages: { dev: {}, prod: {} } }
  gateway = await startGateway(chat, {
    settings: { maxGroupsPerConnection: 5 },
    apis: { other: chat },
  })
})
afterAll(() => gateway.close())

let names = 0
/** The name of a group that no other test has. */
const fresh = () => `room ${names++}`

async function connect(url = gateway.ws): Promise<[Client, string]> {
  const client = await Client.connect(url)
  onTestFinished(() => client.close())
  client.send('who am I')
  return [client, await client.next()]
}

interface Sent {
  readonly body?: string | Uint8Array
  readonly headers?: Record<string, string>
  readonly base?: string
}
async function call(method: string, path: string, { body, headers, base = gateway.http }: Sent = {}) {
  const { status, body: text } = await httpCall(method, base, new URL(base).pathname + path, {
    ...(body !== undefined && { body }),
    ...(headers && { headers }),
  })
  return { status, body: text, json: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : null }
}
const groupPath = (group: string, rest = '') => `/@groups/${encodeURIComponent(group)}${rest}`
const join = (group: string, id: string) => call('PUT', groupPath(group, `/connections/${encodeURIComponent(id)}`))
const leave = (group: string, id: string) => call('DELETE', groupPath(group, `/connections/${encodeURIComponent(id)}`))
const counts = { targets: 0, sent: 0, full: 0, gone: 0, unreachable: 0 }

describe('a group', () => {
  test('gets each message once, in the order in which they are sent', async () => {
    const group = fresh()
    const members = await Promise.all([connect(), connect(), connect()])
    for (const [, id] of members) expect(await join(group, id)).toMatchObject({ status: 204, body: '' })
    expect(await join(group, members[0][1])).toMatchObject({ status: 204 })
    for (let i = 0; i < 5; i++) {
      expect(await call('POST', groupPath(group), { body: `message ${i}` })).toMatchObject({ status: 202, body: '' })
      await call('POST', `/@connections/${members[0][1]}`, { body: `alone ${i}` })
    }
    const [[first], [second], [third]] = members
    for (let i = 0; i < 5; i++) {
      for (const client of [first, second, third]) expect(await client.next()).toBe(`message ${i}`)
      expect(await first.next()).toBe(`alone ${i}`)
    }
  })

  test('loses whoever leaves or goes', async () => {
    const group = fresh()
    const [[one, a], [two, b], [, c]] = await Promise.all([connect(), connect(), connect()])
    for (const id of [a, b, c]) await join(group, id)
    expect(await leave(group, c)).toMatchObject({ status: 204 })
    expect(await leave(group, c)).toMatchObject({ status: 204 })
    expect((await call('GET', groupPath(group))).json).toEqual({ group, connections: 2 })
    two.close()
    await expect.poll(async () => (await call('GET', groupPath(group))).json.connections).toBe(1)
    expect((await call('POST', `${groupPath(group)}?report=counts`, { body: 'x' })).json).toEqual({
      ...counts,
      targets: 1,
      sent: 1,
    })
    expect(await one.next()).toBe('x')
    expect(await join(group, b)).toMatchObject({ status: 410, body: '' })
    expect(await leave(group, b)).toMatchObject({ status: 410, body: '' })
  })

  test('of which nobody is a member is no error', async () => {
    const group = fresh()
    expect(await call('POST', groupPath(group), { body: 'x' })).toMatchObject({ status: 202, body: '' })
    expect((await call('POST', `${groupPath(group)}?report=counts`, { body: 'x' })).json).toEqual(counts)
    expect((await call('POST', `${groupPath(group)}?report=failures`, { body: 'x' })).json).toEqual({
      ...counts,
      failures: [],
    })
    expect((await call('GET', groupPath(group))).json).toEqual({ group, connections: 0 })
    expect((await call('GET', groupPath(group, '/connections'))).json).toEqual({ connectionIds: [], nextToken: null })
    expect((await call('DELETE', groupPath(group))).json).toEqual({ connections: 0 })
  })

  test('lists its members in pages, and the stage its groups', async () => {
    const group = fresh()
    const ids = (await Promise.all(Array.from({ length: 5 }, () => connect()))).map(([, id]) => id)
    for (const id of ids) await join(group, id)
    const found: string[] = []
    let token: string | null = ''
    let pages = 0
    while (token !== null) {
      const page: { connectionIds: string[]; nextToken: string | null } = (
        await call('GET', `${groupPath(group, '/connections')}?maxResults=2&nextToken=${encodeURIComponent(token)}`)
      ).json
      expect(page.connectionIds.length).toBeLessThanOrEqual(2)
      found.push(...page.connectionIds)
      token = page.nextToken
      pages++
    }
    expect(found.toSorted()).toEqual(ids.toSorted())
    expect(pages).toBeGreaterThanOrEqual(3)
    const { groups } = (await call('GET', '/@groups?maxResults=1000')).json
    expect(groups).toContainEqual({ group, connections: 5 })
    for (const wrong of ['maxResults=0', 'nextToken=nonsense']) {
      expect(await call('GET', `${groupPath(group, '/connections')}?${wrong}`)).toMatchObject({ status: 400 })
    }
  })

  test('is left by all, or closed, at once', async () => {
    const group = fresh()
    const [[one, a], [two, b]] = await Promise.all([connect(), connect()])
    for (const id of [a, b]) await join(group, id)
    expect(await call('DELETE', groupPath(group))).toMatchObject({ status: 200, json: { connections: 2 } })
    expect((await call('GET', groupPath(group))).json.connections).toBe(0)
    for (const id of [a, b]) await join(group, id)
    const closed = await call('DELETE', `${groupPath(group)}?close=true&code=4001&reason=full`)
    expect(closed).toMatchObject({ status: 200, json: { connections: 2 } })
    for (const client of [one, two]) expect(await client.closed).toMatchObject({ code: 4001, reason: 'full' })
    expect((await call('GET', groupPath(group))).json.connections).toBe(0)
  })

  test.each([['..'], ['a/b'], ['\0\r\n'], ['%2F'], ['ünïcode 💬'], ['x'.repeat(256)]])(
    'may be called %j',
    async (group) => {
      const [client, id] = await connect()
      expect((await join(group, id)).status).toBe(204)
      await call('POST', groupPath(group), { body: 'x' })
      expect(await client.next()).toBe('x')
      expect((await call('GET', groupPath(group))).json).toEqual({ group, connections: 1 })
    },
  )

  test.each([[''], ['x'.repeat(257)], ['ä'.repeat(129)]])('may not be called %j', async (group) => {
    const answer = await call('POST', groupPath(group), { body: 'x' })
    expect(answer).toMatchObject({
      status: 400,
      body: '{"message":"Invalid parameters: the group has 1 to 256 bytes of UTF-8"}',
    })
  })

  test('is one of its stage: connections of others are gone', async () => {
    const group = fresh()
    const [, ofProd] = await connect(gateway.ws.replace('/test/dev', '/test/prod'))
    const [, ofOther] = await connect(gateway.ws.replace('/test/dev', '/other/dev'))
    for (const id of [ofProd, ofOther, allocateConnectionId(7)])
      expect(await join(group, id)).toMatchObject({ status: 410 })
    for (const id of ['x', '%FF'])
      expect(await call('PUT', groupPath(group, `/connections/${id}`))).toMatchObject({ status: 400 })
  })

  test('has a limit of groups for each connection', async () => {
    const [, id] = await connect()
    for (let i = 0; i < 5; i++) expect((await join(fresh(), id)).status).toBe(204)
    const { status, json } = await join(fresh(), id)
    expect({ status, json }).toEqual({
      status: 429,
      json: { message: `The connection is in as many groups as one may be in: ${id}` },
    })
  })
})

describe('a send', () => {
  test('leaves out connections, and those that a filter does not mean', async () => {
    const group = fresh()
    const [[one, a], [two, b], [three, c]] = await Promise.all([connect(), connect(), connect()])
    for (const id of [a, b, c]) await join(group, id)
    const except = await call('POST', `${groupPath(group)}?except=${encodeURIComponent(a)}&report=counts`, {
      body: 'not one',
    })
    expect(except.json).toEqual({ ...counts, targets: 2, sent: 2 })
    const nobody = encodeURIComponent("userId = 'nobody'")
    expect((await call('POST', `${groupPath(group)}?filter=${nobody}&report=counts`, { body: 'x' })).json).toEqual(
      counts,
    )
    const here = encodeURIComponent("sourceIp = '127.0.0.0/8'")
    await call('POST', `${groupPath(group)}?filter=${here}`, { body: 'all' })
    expect(await one.next()).toBe('all')
    for (const client of [two, three]) expect([await client.next(), await client.next()]).toEqual(['not one', 'all'])
  })

  test('may be binary', async () => {
    const group = fresh()
    const [client, id] = await connect()
    await join(group, id)
    await call('POST', `${groupPath(group)}?frame=binary`, { body: Uint8Array.of(1, 2, 255) })
    expect(await client.nextFrame()).toEqual({ data: '\u0001\u0002\ufffd', binary: true })
  })

  test('with an Idempotency-Key is made once', async () => {
    const group = fresh()
    const [client, id] = await connect()
    await join(group, id)
    const post = (body: string) =>
      call('POST', `${groupPath(group)}?report=counts`, { body, headers: { 'Idempotency-Key': group } })
    const first = await post('once')
    for (let i = 0; i < 3; i++) expect(await post('once')).toEqual(first)
    expect(await post('other')).toMatchObject({ status: 422 })
    await call('POST', groupPath(group), { body: 'last' })
    expect([await client.next(), await client.next()]).toEqual(['once', 'last'])
  })

  test.each(['report=all', 'filter=x', 'except=x', 'coalesce='])(
    'with %s is refused, and sends nothing',
    async (query) => {
      const group = fresh()
      const [client, id] = await connect()
      await join(group, id)
      expect(await call('POST', `${groupPath(group)}?${query}`, { body: 'x' })).toMatchObject({ status: 400 })
      await call('POST', groupPath(group), { body: 'last' })
      expect(await client.next()).toBe('last')
    },
  )

  test('of more than 128 KB is refused', async () => {
    expect(await call('POST', groupPath('a'), { body: 'x'.repeat(131_073) })).toMatchObject({ status: 413, body: '' })
  })
})

test('everyone on a stage is reached with one call, and nobody of another', async () => {
  const base = gateway.http.replace('/test/dev', '/test/prod')
  const url = gateway.ws.replace('/test/dev', '/test/prod')
  const [[one], [two], [other]] = await Promise.all([connect(url), connect(url), connect()])
  const { json } = await call('POST', '/@connections?report=counts', { body: 'all', base })
  expect(json).toEqual({ ...counts, targets: 2, sent: 2 })
  for (const client of [one, two]) expect(await client.next()).toBe('all')
  other.send('x')
  expect(await other.next()).not.toBe('all')
})

test('paths and methods that are none are 404 in the words of AWS', async () => {
  for (const [method, path] of [
    ['PATCH', '/@groups/a'],
    ['GET', '/@batch'],
    ['PUT', '/@connections'],
    ['GET', '/@group/a'],
  ] as const) {
    expect(await call(method, path)).toMatchObject({
      status: 404,
      body: `{"message":"No method found matching route ${path.slice(1)} for http method ${method}."}`,
    })
  }
})
