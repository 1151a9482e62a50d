import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { allocateConnectionId } from '../../src/vocabulary/ids.ts'
import { Client } from '../helpers/client.ts'
import { says } from '../helpers/definitions.ts'
import { httpCall } from '../helpers/http-call.ts'
import { pipelined } from '../helpers/pipelined.ts'
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
  return {
    status,
    body: text,
    get json() {
      return text === '' ? null : JSON.parse(text)
    },
  }
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

  test('gets in order what is pipelined on one HTTP connection, beside a message for one member', async () => {
    const group = fresh()
    const [[one, id], [two, other]] = await Promise.all([connect(), connect()])
    for (const each of [id, other]) await join(group, each)
    const base = new URL(gateway.http).pathname
    const paths = [groupPath(group), `/@connections/${id}`, groupPath(group)]
    const statuses = await pipelined(gateway.port, Array(10).fill(paths).flat(), (path, i) => [
      `${base}${path}`,
      `${i}`,
    ])
    expect(statuses).toEqual(Array(10).fill([202, 200, 202]).flat())
    for (let i = 0; i < 30; i++) {
      expect(await one.next()).toBe(`${i}`)
      if (i % 3 !== 1) expect(await two.next()).toBe(`${i}`)
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

  test('is closed with no code and by no word that may not be, and then stays as it is', async () => {
    const group = fresh()
    const [, id] = await connect()
    await join(group, id)
    const message = (body: string) => ({ status: 400, body: expect.stringContaining(body) })
    expect(await call('DELETE', `${groupPath(group)}?close=maybe`)).toMatchObject(message('close is true or false'))
    for (const query of ['close=true&code=99', `close=true&reason=${'x'.repeat(124)}`])
      expect(await call('DELETE', `${groupPath(group)}?${query}`)).toMatchObject(message('code is 1000 to'))
    expect(await call('DELETE', '/@users/ada?code=1005')).toMatchObject(message('code is 1000 to'))
    expect((await call('GET', groupPath(group))).json).toEqual({ group, connections: 1 })
  })

  test('takes all connections of a user that it may, and says how many it may not', async () => {
    const user = fresh()
    const [[one, a], [, b]] = await Promise.all([connect(), connect()])
    for (const id of [a, b]) {
      expect(
        (await call('PUT', `/@connections/${id}/attributes`, { body: JSON.stringify({ userId: user }) })).status,
      ).toBe(204)
    }
    for (let i = 0; i < 5; i++) await join(fresh(), b)
    const path = `/@users/${encodeURIComponent(user)}`
    const group = fresh()
    expect(await call('PUT', `${path}${groupPath(group).replace('/@', '/')}`)).toMatchObject({
      ...{ status: 200, json: { connections: 1, tooMany: 1 } },
    })
    expect((await call('GET', groupPath(group, '/connections'))).json).toEqual({ connectionIds: [a], nextToken: null })
    expect(await call('DELETE', `${path}?code=4001&reason=late`)).toMatchObject({ json: { connections: 2 } })
    expect(await one.closed).toEqual({ code: 4001, reason: 'late' })
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

describe('a batch', () => {
  const lines = { 'Content-Type': 'application/x-ndjson' }
  const results = (body: string) => body.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))

  test('has a result for each item, in order, and one bad item spoils no other', async () => {
    const group = fresh()
    const [[one, a], [two, b]] = await Promise.all([connect(), connect()])
    await join(group, a)
    await join(group, b)
    const items = [
      { groups: [group], data: 'first' },
      { groups: [], data: 'x' },
      { connectionIds: [a], data: 'second' },
      { connectionIds: [allocateConnectionId(7)], data: 'x' },
      { connectionIds: [a, b, allocateConnectionId(7)], data: 'third', report: 'counts' },
      { users: ['nobody'], data: 'x', report: 'counts' },
      { groups: [group, group], dataBase64: 'aGk=', except: [b], report: 'counts' },
      'x',
    ]
    const expected = [
      { status: 202 },
      { status: 400, message: 'groups is a list of texts' },
      { status: 200 },
      { status: 410 },
      { status: 200, ...counts, targets: 3, sent: 2, gone: 1 },
      { status: 200, ...counts },
      { status: 200, ...counts, targets: 2, sent: 2 },
      { status: 400, message: 'an item is an object' },
    ]
    const asArray = await call('POST', '/@batch', { body: JSON.stringify(items) })
    expect(asArray).toMatchObject({ status: 200, json: expected })
    const asLines = await call('POST', '/@batch', {
      body: items.map((item) => JSON.stringify(item)).join('\n\n'),
      headers: lines,
    })
    expect(asLines.status).toBe(200)
    expect(results(asLines.body)).toEqual(expected)
    for (let i = 0; i < 2; i++) {
      for (const data of ['first', 'second', 'third', 'hi', 'hi']) expect(await one.next()).toBe(data)
      for (const data of ['first', 'third']) expect(await two.next()).toBe(data)
    }
  })

  test('reaches only those of the connections it names that its filter is true of, and not those it excepts', async () => {
    const [[one, a], [two, b], [three, c]] = await Promise.all([connect(), connect(), connect()])
    const gone = allocateConnectionId(7)
    const attributes = '{"userId":"ada","attributes":{"plan":"gold"}}'
    expect(await call('PUT', `/@connections/${a}/attributes`, { body: attributes })).toMatchObject({ status: 204 })
    const gold = "attributes.plan = 'gold'"
    const ids = { connectionIds: [a, b, c, gone] }
    const huge = `${'('.repeat(1_000)}userId exists${')'.repeat(1_000)}`
    const items: [item: object, result: object][] = [
      [
        { ...ids, data: '1', filter: gold, report: 'counts' },
        { status: 200, ...counts, targets: 2, sent: 1, gone: 1 },
      ],
      [
        { ...ids, data: '2', filter: `not ${gold}`, except: [c], report: 'failures' },
        { status: 200, ...counts, targets: 2, sent: 1, gone: 1, failures: [{ connectionId: gone, reason: 'gone' }] },
      ],
      [{ ...ids, data: '3', filter: gold }, { status: 202 }],
      [{ connectionIds: [a], data: '4', filter: gold, frame: 'binary', coalesce: 'k' }, { status: 200 }],
      [{ connectionIds: [b], data: 'x', filter: gold }, { status: 202 }],
      [
        { connectionIds: [b], data: 'x', filter: gold, report: 'counts' },
        { status: 200, ...counts },
      ],
      [{ connectionIds: [gone], data: 'x', filter: gold }, { status: 410 }],
      [{ connectionIds: [b], data: 'x', except: [b] }, { status: 202 }],
      [{ connectionIds: [gone], data: 'x', except: [b] }, { status: 410 }],
      [
        { ...ids, data: 'x', filter: 'plan = gold' },
        { status: 400, message: expect.stringMatching(/^filter: /) },
      ],
      [
        { ...ids, data: 'x', filter: '' },
        { status: 400, message: expect.stringMatching(/^filter: /) },
      ],
      [
        { ...ids, data: 'x', filter: `userId = '${'x'.repeat(2_048)}'` },
        { status: 400, message: expect.any(String) },
      ],
      [
        { ...ids, data: 'x', filter: huge },
        { status: 400, message: expect.any(String) },
      ],
      [
        {
          ...ids,
          data: 'x',
          filter: "attributes['__proto__'] exists or attributes.constructor exists",
          report: 'counts',
        },
        { status: 200, ...counts, targets: 1, gone: 1 },
      ],
      [{ connectionIds: [a, b, c], data: 'last' }, { status: 202 }],
    ]
    const expected = items.map(([, result]) => result)
    const asArray = await call('POST', '/@batch', { body: JSON.stringify(items.map(([item]) => item)) })
    expect(asArray).toMatchObject({ status: 200, json: expected })
    const body = items.map(([item]) => JSON.stringify(item)).join('\n')
    expect(results((await call('POST', '/@batch', { body, headers: lines })).body)).toEqual(expected)
    for (let i = 0; i < 2; i++) {
      for (const data of ['1', '3', '4', 'last']) expect(await one.next()).toBe(data)
      for (const data of ['2', 'last']) expect(await two.next()).toBe(data)
      expect(await three.next()).toBe('last')
    }
  })

  test('has more failures than one answer names in a report, which has pages', async () => {
    const ids = Array.from({ length: 1_203 }, () => allocateConnectionId(7))
    const failures = ids.map((connectionId) => ({ connectionId, reason: 'gone' }))
    const item = { connectionIds: ids, data: 'x', report: 'failures' }
    const [result] = (await call('POST', '/@batch', { body: JSON.stringify([item]) })).json
    expect(result).toEqual({
      ...{ status: 200, ...counts, targets: 1_203, gone: 1_203, failures: failures.slice(0, 1_000) },
      ...{ reportId: expect.any(String), nextToken: '1000' },
    })
    const report = `/@reports/${encodeURIComponent(result.reportId)}`
    expect((await call('GET', `${report}?nextToken=1000&maxResults=200`)).json).toEqual({
      ...{ failures: failures.slice(1_000, 1_200), nextToken: '1200' },
    })
    expect((await call('GET', `${report}?nextToken=1200`)).json).toEqual({
      ...{ failures: failures.slice(1_200), nextToken: null },
    })
    expect((await call('GET', `/%40reports/${result.reportId}?maxResults=1000`)).json).toEqual({
      ...{ failures: failures.slice(0, 1_000), nextToken: '1000' },
    })
    // Nobody else's, and no other call.
    const gone = { status: 410, json: { message: 'The report is not kept any more' } }
    for (const base of ['/test/prod', '/other/dev'].map((path) => gateway.http.replace('/test/dev', path)))
      expect(await call('GET', report, { base })).toMatchObject(gone)
    expect(await call('GET', `/@reports/${allocateConnectionId(7)}`)).toMatchObject(gone)
    expect(await call('GET', '/@reports/abc')).toMatchObject({
      ...{ status: 400, body: expect.stringContaining('the reportId is none that a send gave out') },
    })
    for (const [query, fault] of [
      ['maxResults=0', 'maxResults is 1 to 1000'],
      ['nextToken=x', 'nextToken is none that a page of this listing gave out'],
    ]) {
      const answer = { status: 400, body: expect.stringContaining(fault as string) }
      expect(await call('GET', `${report}?${query}`)).toMatchObject(answer)
    }
    expect(await call('DELETE', report)).toMatchObject({ status: 404 })
  })

  test('has as many failures in a report as one may have, and counts the others', async () => {
    const connectionIds = Array.from({ length: 10_002 }, () => allocateConnectionId(7))
    const item = { connectionIds, data: 'x', report: 'failures' }
    const [result] = (await call('POST', '/@batch', { body: JSON.stringify([item]) })).json
    expect(result).toMatchObject({ gone: 10_002, reportId: expect.any(String), unnamed: 2 })
    expect((await call('GET', `/@reports/${result.reportId}?nextToken=9999`)).json).toEqual({
      ...{ failures: [{ connectionId: connectionIds[9_999], reason: 'gone' }], nextToken: null },
    })
  })

  test('of lines is answered line by line, and one that is cut off has sent what it was answered for', async () => {
    const [client, id] = await connect()
    const { hostname, port, pathname } = new URL(gateway.http)
    const request = httpRequest({ hostname, port, path: `${pathname}/@batch`, method: 'POST', headers: lines })
    const answered: string[] = []
    const answer = once(request, 'response').then(([response]) => {
      response.on('data', (data: Buffer) => answered.push(...data.toString().split('\n').filter(Boolean)))
      response.on('error', () => {})
    })
    request.on('error', () => {})
    const item = (data: string) => JSON.stringify({ connectionIds: [id], data })
    request.write(`${item('one')}\n`)
    await answer
    request.write(`${item('two')}\n${item('three').slice(0, 20)}`)
    await expect.poll(() => answered).toEqual(['{"status":200}', '{"status":200}'])
    request.destroy()
    await call('POST', `/@connections/${id}`, { body: 'last' })
    for (const data of ['one', 'two', 'last']) expect(await client.next()).toBe(data)
  })

  test('of 100,000 lines for others than are there is answered to its end', async () => {
    const gone = allocateConnectionId(7)
    const body = `${JSON.stringify({ connectionIds: [gone], data: 'x' })}\n`.repeat(100_000)
    const answer = await call('POST', '/@batch', { body, headers: lines })
    expect(answer.body).toBe('{"status":410}\n'.repeat(100_000))
  })

  test.each([
    ['{', 'this is no JSON'],
    ['{}', 'the body is a JSON array of items'],
  ])('that is %s is refused', async (body, message) => {
    expect(await call('POST', '/@batch', { body })).toMatchObject({
      status: 400,
      body: expect.stringContaining(message),
    })
  })

  test('of lines may have bad ones, but none that is too long', async () => {
    const body = `{\n${'x'.repeat(4 * 1024 * 1024 + 1)}\n[]`
    expect(results((await call('POST', '/@batch', { body, headers: lines })).body)).toEqual([
      { status: 400, message: expect.stringContaining('this is no JSON') },
      { status: 400, message: 'a line has at most 4194304 bytes' },
    ])
    expect(await call('POST', '/@batch', { body: 'x'.repeat(8 * 1024 * 1024 + 1) })).toMatchObject({ status: 413 })
  })

  test('with an Idempotency-Key is made once, as an array or as lines', async () => {
    const [client, id] = await connect()
    for (const headers of [{}, lines]) {
      const item = JSON.stringify({ connectionIds: [id], data: 'once' })
      const post = () =>
        call('POST', '/@batch', {
          body: headers === lines ? item : `[${item}]`,
          headers: { ...headers, 'Idempotency-Key': `${id}${headers === lines}` },
        })
      const first = await post()
      expect(await post()).toEqual(first)
      expect(await client.next()).toBe('once')
    }
    await call('POST', `/@connections/${id}`, { body: 'last' })
    expect(await client.next()).toBe('last')
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

test('a group is served while the gateway drains, and loses who is closed', async () => {
  const draining = await startGateway({ routes: { $default: says('$context.connectionId') }, stages: { dev: {} } })
  onTestFinished(() => draining.close())
  const base = draining.http
  const members = await Promise.all(Array.from({ length: 10 }, () => connect(draining.ws)))
  for (const [, id] of members) await call('PUT', `/@groups/a/connections/${id}`, { base })
  const drained = draining.drain(1)
  let most = Number.POSITIVE_INFINITY
  let sends = 0
  while (most > 0) {
    const answer = await call('POST', '/@groups/a?report=counts', { base, body: 'x' }).catch(() => null)
    if (answer === null) break
    sends++
    expect(answer.status).toBe(200)
    const { targets, sent, gone } = answer.json
    expect(sent + gone).toBe(targets)
    expect(targets).toBeLessThanOrEqual(most)
    most = targets
  }
  expect(sends).toBeGreaterThan(0)
  await drained
  expect((await members[0]?.[0].closed)?.code).toBe(1001)
})
