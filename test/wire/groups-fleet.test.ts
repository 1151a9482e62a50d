import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { allocateConnectionId, ownerOfConnectionId } from '../../src/vocabulary/ids.ts'
import { Client } from '../helpers/client.ts'
import { says } from '../helpers/definitions.ts'
import { httpCall } from '../helpers/http-call.ts'
import { pipelined } from '../helpers/pipelined.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'
import { handshake, RawClient } from '../transport/raw-client.ts'

let redis: RedisServer
let one: TestGateway
let two: TestGateway
beforeAll(async () => {
  redis = await startRedis()
  const chat = {
    routes: {
      $connect: { groups: [{ groupName: '${request.querystring.room}' }] },
      $default: says('$context.connectionId'),
    },
  }
  const options = { settings: { redis: redis.url } }
  ;[one, two] = await Promise.all([startGateway(chat, options), startGateway(chat, options)])
})
afterAll(async () => {
  await Promise.all([one.close(), two.close()])
  await redis.close()
})

async function connect(gateway: TestGateway, room: string): Promise<[Client, string]> {
  const client = await Client.connect(`${gateway.ws}?room=${room}`)
  onTestFinished(() => client.close())
  client.send('who am I')
  return [client, await client.next()]
}

async function call({ http }: TestGateway, method: string, path: string, body?: string) {
  const answer = await httpCall(method, http, new URL(http).pathname + path, body === undefined ? {} : { body })
  return { status: answer.status, json: answer.body === '' ? null : JSON.parse(answer.body) }
}

test('a group has its members on any node, and is joined, reached, counted and closed through any', async () => {
  const [[near, nearId], [far, farId]] = [await connect(one, 'hall'), await connect(two, 'hall')]
  const room = '/@groups/attic%2F%F0%9F%98%80'
  expect(await call(one, 'PUT', `${room}/connections/${farId}`)).toEqual({ status: 204, json: null })
  expect(await call(two, 'PUT', `${room}/connections/${nearId}`)).toEqual({ status: 204, json: null })
  const sent = (count: number) => ({ targets: count, sent: count, full: 0, gone: 0, unreachable: 0 })
  for (const gateway of [one, two]) {
    expect(await call(gateway, 'POST', `${room}?report=counts`, 'hello')).toEqual({ status: 200, json: sent(2) })
    expect(await call(gateway, 'GET', room)).toMatchObject({ json: { connections: 2 } })
    const members = await call(gateway, 'GET', `${room}/connections`)
    expect([...members.json.connectionIds].sort()).toEqual([nearId, farId].sort())
    const { groups } = (await call(gateway, 'GET', '/@groups')).json
    expect(groups).toEqual([
      { group: 'attic/😀', connections: 2 },
      { group: 'hall', connections: 2 },
    ])
  }
  expect(await call(one, 'POST', `${room}?except=${nearId}&report=counts`, 'but you')).toMatchObject({ json: sent(1) })
  const filter = encodeURIComponent("sourceIp = '10.0.0.1'")
  expect(await call(one, 'POST', `${room}?filter=${filter}&report=counts`, 'no')).toMatchObject({ json: sent(0) })
  for (let i = 0; i < 6; i++) {
    const path = i % 2 === 0 ? room : `/@connections/${farId}`
    expect((await call(one, 'POST', path, `${i}`)).status).toBe(i % 2 === 0 ? 202 : 200)
  }
  const frames = async (client: Client, count: number) => {
    const found: string[] = []
    while (found.length < count) found.push(await client.next())
    return found
  }
  expect(await frames(far, 9)).toEqual(['hello', 'hello', 'but you', '0', '1', '2', '3', '4', '5'])
  expect(await frames(near, 5)).toEqual(['hello', 'hello', '0', '2', '4'])
  expect((await call(two, 'DELETE', `${room}/connections/${nearId}`)).status).toBe(204)
  expect(await call(one, 'DELETE', `${room}?close=true&code=4001&reason=over`)).toMatchObject({
    json: { connections: 1 },
  })
  expect(await far.closed).toEqual({ code: 4001, reason: 'over' })
  // No name reaches Redis, and nothing is left of a group without members.
  await expect.poll(async () => (await redis.client.keys('*{a:*')).length).toBe(1)
  expect((await redis.client.keys('*')).filter((key) => /attic|hall/.test(key))).toEqual([])
})

test('what is pipelined behind a call that other nodes have to answer ends the connection, and is not done', async () => {
  const [[near, nearId], [far]] = [await connect(one, 'piped'), await connect(two, 'piped')]
  const base = new URL(one.http).pathname
  const paths = ['/@groups/piped', `/@connections/${nearId}`, '/@groups/piped']
  expect(await pipelined(one.port, paths, (path, i) => [`${base}${path}`, `${i}`])).toEqual([])
  expect((await call(one, 'POST', '/@groups/piped', 'last')).status).toBe(202)
  for (const client of [near, far]) expect([await client.next(), await client.next()]).toEqual(['0', 'last'])
})

test('a client gets its 101 when all nodes can find it in its groups', async () => {
  const entries = async () => await redis.client.keys('*{a:*')
  const before = new Set(await entries())
  await redis.client.call('CLIENT', 'PAUSE', '300', 'WRITE')
  const client = await Client.connect(`${one.ws}?room=paused`)
  onTestFinished(() => client.close())
  expect((await entries()).filter((key) => !before.has(key))).toHaveLength(1)
})

test('a client that leaves before its 101 leaves no group behind', async () => {
  const [, id] = await connect(one, 'stays')
  const before = new Set(await redis.client.keys('*{a:*'))
  await redis.client.call('CLIENT', 'PAUSE', '300', 'WRITE')
  const raw = RawClient.to(one.port).write(handshake({}, 'GET /test/dev?room=leaves HTTP/1.1'))
  // It is read by now: what came on a later connection was answered.
  expect((await call(one, 'GET', '/nothing')).status).toBe(404)
  raw.socket.destroy()
  // What is stored after it is stored.
  expect((await call(one, 'PUT', `/@groups/other/connections/${id}`)).status).toBe(204)
  const others = async () => (await redis.client.keys('*{a:*')).filter((key) => !before.has(key))
  await expect.poll(async () => (await others()).length).toBe(1)
})

test('whatever is sent through any node after the 101 reaches the groups of $connect', async () => {
  for (let i = 0; i < 10; i++) {
    const room = `fresh ${i}`
    const [[here, there], name] = [i % 2 === 0 ? [one, two] : [two, one], encodeURIComponent(room)]
    const client = await Client.connect(`${here?.ws}?room=${name}`)
    onTestFinished(() => client.close())
    const sent = await call(there as TestGateway, 'POST', `/@groups/${name}?report=counts`, 'at once')
    expect(sent.json, room).toMatchObject({ targets: 1, sent: 1 })
    expect(await client.next()).toBe('at once')
  }
})

test('a report is read through any node, as long as the one that made it lives', async () => {
  const [, nearId] = await connect(one, 'report')
  // The node that is asked knows that it has no such connection.
  const connectionIds = Array.from({ length: 1_100 }, () => allocateConnectionId(ownerOfConnectionId(nearId)))
  const item = { connectionIds, data: 'x', report: 'failures' }
  const batch = await call(one, 'POST', '/@batch', JSON.stringify([item]))
  const [{ gone, unreachable, reportId }] = batch.json
  expect([gone, unreachable]).toEqual([1_100, 0])
  for (const gateway of [one, two]) {
    const page = await call(gateway, 'GET', `/@reports/${reportId}?nextToken=1000`)
    expect(page).toEqual({
      ...{ status: 200 },
      json: {
        failures: connectionIds.slice(1_000).map((connectionId) => ({ connectionId, reason: 'gone' })),
        nextToken: null,
      },
    })
  }
})

test('an item of a batch has its filter applied where its connections are, in the order of its lines', async () => {
  const [[near, nearId], [far, farId]] = [await connect(one, 'a'), await connect(two, 'b')]
  const [, otherId] = await connect(two, 'c')
  const connectionIds = [nearId, farId, otherId, allocateConnectionId(ownerOfConnectionId(farId))]
  for (const plan of ['gold', 'tin']) {
    for (const id of [nearId, farId])
      await call(one, 'PUT', `/@connections/${id}/attributes`, `{"attributes":{"plan":"${plan}"}}`)
    const items = Array.from({ length: 40 }, (_, i) => ({
      ...{ connectionIds, data: `${plan} ${i}`, report: 'counts' },
      ...(i % 2 === 0 && { filter: i % 4 === 0 ? "attributes.plan = 'gold'" : "attributes.plan = 'tin'" }),
    }))
    const results = (await call(one, 'POST', '/@batch', JSON.stringify(items))).json
    const isSent = (i: number) => i % 2 === 1 || (i % 4 === 0) === (plan === 'gold')
    expect(results).toEqual(
      items.map((_, i) => {
        const sent = i % 2 === 1 ? 3 : isSent(i) ? 2 : 0
        return { status: 200, targets: sent + 1, sent, full: 0, gone: 1, unreachable: 0 }
      }),
    )
    for (const client of [near, far]) {
      for (const i of items.keys()) if (isSent(i)) expect(await client.next()).toBe(`${plan} ${i}`)
    }
  }
})

test('a user has connections on any node, wherever they got their user', async () => {
  const [[near, nearId], [far, farId]] = [await connect(one, 'a'), await connect(two, 'b')]
  for (const id of [nearId, farId]) {
    expect((await call(two, 'PUT', `/@connections/${id}/attributes`, '{"userId":"ada"}')).status).toBe(204)
  }
  for (const gateway of [one, two]) {
    expect(await call(gateway, 'POST', '/@users/ada?report=counts', 'you')).toMatchObject({ json: { sent: 2 } })
  }
  expect(await call(one, 'PUT', '/@users/ada/groups/den')).toMatchObject({ json: { connections: 2 } })
  expect(await call(two, 'POST', '/@groups/den?report=counts', 'den')).toMatchObject({ json: { sent: 2 } })
  for (const client of [near, far])
    expect([await client.next(), await client.next(), await client.next()]).toEqual(['you', 'you', 'den'])
  const batch = JSON.stringify([
    { users: ['ada'], data: 'one' },
    { all: true, data: 'two', report: 'counts' },
  ])
  expect((await call(two, 'POST', '/@batch', batch)).json).toMatchObject([{ status: 202 }, { sent: 2 }])
  expect(await call(one, 'DELETE', '/@users/ada')).toMatchObject({ json: { connections: 2 } })
  for (const client of [near, far]) {
    expect([await client.next(), await client.next()]).toEqual(['one', 'two'])
    expect((await client.closed).code).toBe(1000)
  }
})

// The last one: it takes Redis away.
test('a client is let in while Redis is away, and is in its groups on its own node', async () => {
  await redis.kill()
  const [client, id] = await connect(one, 'lonely')
  const sent = await call(one, 'POST', '/@groups/lonely?report=counts', 'hello')
  expect(sent.json).toMatchObject({ sent: 1, unreachable: 1 })
  expect(await client.next()).toBe('hello')
  expect((await call(one, 'GET', '/@groups/lonely/connections')).json).toMatchObject({
    ...{ connectionIds: [id], incomplete: true },
  })
})
