import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { GatewayError } from '../../src/vocabulary/errors.ts'
import { maxMessageBytes } from '../../src/vocabulary/frames.ts'
import { allocateConnectionId } from '../../src/vocabulary/ids.ts'
import { startTestManagement } from '../helpers/management.ts'

let management: Awaited<ReturnType<typeof startTestManagement>>
beforeEach(async () => {
  management = await startTestManagement()
})
afterEach(() => management.close())

interface Listing {
  connections: { connectionId: string }[]
  cursor: string | null
  now: string
}

async function list(query = ''): Promise<Listing> {
  const response = await fetch(`${management.url}/api/connections${query}`)
  const answer = (await response.json()) as Record<string, unknown>
  return { status: response.status, ...answer } as unknown as Listing
}

function one(id: string, init?: RequestInit, query = '') {
  return fetch(`${management.url}/api/connections/${encodeURIComponent(id)}${query}`, init)
}

function push(id: string, body: string) {
  return one(id, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
}

async function pushed(id: string, body: string) {
  const response = await push(id, body)
  return { status: response.status, ...((await response.json()) as { message?: string }) }
}

test('a listing shows records, in pages that the cursor leads through', async () => {
  const ids = Array.from({ length: 5 }, () => management.add().connectionId)
  const seen: string[] = []
  let cursor: string | null = ''
  for (let pages = 0; cursor !== null && pages < 10; pages++) {
    const page = await list(`?limit=2&cursor=${encodeURIComponent(cursor)}`)
    expect(page.connections.length).toBeLessThanOrEqual(2)
    seen.push(...page.connections.map((each) => each.connectionId))
    cursor = page.cursor
  }
  expect(cursor).toBeNull()
  expect(seen).toEqual(ids)
})

test('a record is shown with times in ISO 8601 and nothing beyond its members', async () => {
  const identity = { apiKeyId: 'k1', apiKey: 'the-secret', 'clientCert.clientCertPem': '-----BEGIN' }
  const record = management.add({ connectedAt: 1_759_651_750_119, authorizer: { principalId: 'p' }, identity })
  Object.assign(record, { socket: 'internal' })
  const { connections, cursor, now } = await list()
  expect(connections).toEqual([
    {
      connectionId: record.connectionId,
      apiId: 'chat',
      stage: 'dev',
      connectedAt: '2025-10-05T08:09:10.119Z',
      sourceIp: '127.0.0.1',
      userAgent: 'test/1.0',
      domainName: '127.0.0.1:8080',
      authorizer: { principalId: 'p' },
      identity: { apiKeyId: 'k1' },
      userId: 'p',
      attributes: null,
    },
  ])
  expect(cursor).toBeNull()
  expect(Date.parse(now)).toBeCloseTo(Date.now(), -4)
})

test('every filter narrows the listing', async () => {
  management.add({ apiId: 'other', stage: 'prod', userAgent: null, sourceIp: '10.0.0.9', connectedAt: 1000 })
  const authorizer = { principalId: 'ada', jti: 't1' }
  const identity = { apiKeyId: 'k1' }
  const wanted = management.add({ userAgent: 'Mozilla/5.0 Firefox', connectedAt: 5000, authorizer, identity })
  const filters = [
    'apiId=chat',
    'stage=dev',
    'userAgent=firefox',
    'sourceIp=127.0.0.1',
    'principalId=ada',
    'tokenId=t1',
    'apiKeyId=k1',
    'userId=ada',
    'since=5000',
    'since=1970-01-01T00:00:02Z',
  ]
  for (const filter of filters) {
    const { connections } = await list(`?${filter}`)
    expect(connections, filter).toMatchObject([{ connectionId: wanted.connectionId }])
  }
  expect((await list('?apiId=chat&stage=prod')).connections).toEqual([])
  expect((await list('?apiId=&stage=')).connections).toHaveLength(2)
})

test.each([
  [
    '?api=chat',
    'There is no "api"; known are apiId, stage, userAgent, sourceIp, principalId, tokenId, apiKeyId, userId, since, limit, cursor',
  ],
  ['?limit=0', 'limit is a number from 1 to 1000'],
  ['?limit=1001', 'limit is a number from 1 to 1000'],
  ['?limit=1e1', 'limit is a number from 1 to 1000'],
  ['?since=yesterday', 'since is a time like 2025-10-05T08:09:10Z, or milliseconds since 1970'],
  ['?stage=a&stage=b', 'stage may be given only once'],
  ['?cursor=zzz', 'The cursor is not one that a listing gave out'],
])('a listing with %s is 400', async (query, message) => {
  expect(await list(query)).toEqual({ status: 400, message })
})

test('a connection is described with its last activity', async () => {
  const { connectionId } = management.add({ connectedAt: 1_759_651_750_119 })
  const response = await one(connectionId)
  expect(await response.json()).toMatchObject({ connectionId, lastActiveAt: '2025-10-05T08:09:15.119Z' })
})

test('a push is one text message, and says what became of it', async () => {
  const { connectionId } = management.add()
  const response = await push(connectionId, JSON.stringify({ data: 'grüße "x"' }))
  expect([response.status, await response.json()]).toEqual([200, { outcome: 'sent' }])
  expect(management.sockets.sent).toEqual([[connectionId, 'grüße "x"']])
  expect((await push(connectionId, '{"data":""}')).status).toBe(200)
})

test('a push that can not be delivered is 429 with a full buffer and 410 when the connection is gone', async () => {
  const { connectionId } = management.add()
  management.sockets.outcome = 'full'
  const full = await push(connectionId, '{"data":"x"}')
  expect([full.status, full.headers.get('retry-after')]).toEqual([429, '1'])
  management.sockets.records.clear()
  expect((await push(connectionId, '{"data":"x"}')).status).toBe(410)
})

test.each(['', 'x', '[]', '{}', 'null', '{"data":1}', '{"data":["x"]}'])('a push of %j is 400', async (body) => {
  const { connectionId } = management.add()
  expect((await push(connectionId, body)).status).toBe(400)
  expect(management.sockets.sent).toEqual([])
})

test('a message of 128 KB is taken however JSON escapes it, one byte more is 413, and so is far more', async () => {
  const { connectionId } = management.add()
  expect((await push(connectionId, JSON.stringify({ data: '\u001f'.repeat(maxMessageBytes) }))).status).toBe(200)
  for (const length of [maxMessageBytes + 1, maxMessageBytes * 7, maxMessageBytes * 40]) {
    const { status, message } = await pushed(connectionId, JSON.stringify({ data: 'x'.repeat(length) }))
    expect([length, status, message]).toEqual([length, 413, 'A message has at most 131072 bytes'])
  }
  expect(management.sockets.sent).toHaveLength(1)
})

test('closing takes code and reason, code only, reason only (1000), or neither (as AWS closes)', async () => {
  const ids = Array.from({ length: 4 }, () => management.add().connectionId)
  const queries = ['?code=4001&reason=go%20away', '?code=4002', '?reason=why', '']
  for (const [i, query] of queries.entries()) {
    expect((await one(ids[i] ?? '', { method: 'DELETE' }, query)).status).toBe(204)
  }
  expect(management.sockets.closed).toEqual([
    [ids[0], 4001, 'go away'],
    [ids[1], 4002, null],
    [ids[2], 1000, 'why'],
    [ids[3], null, null],
  ])
})

test('every code that may stand in a close frame closes, 1002 among them', async () => {
  for (const code of [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999]) {
    const { connectionId } = management.add()
    expect([code, (await one(connectionId, { method: 'DELETE' }, `?code=${code}`)).status]).toEqual([code, 204])
  }
})

test.each([
  ...['?code=999', '?code=1004', '?code=1005', '?code=1006', '?code=1015', '?code=2999', '?code=5000', '?code=x'],
  '?codes=1000',
])('closing with %s is 400', async (query) => {
  const { connectionId } = management.add()
  expect((await one(connectionId, { method: 'DELETE' }, query)).status).toBe(400)
  expect((await one(connectionId, { method: 'DELETE' }, `?reason=${'é'.repeat(62)}`)).status).toBe(400)
  expect(management.sockets.closed).toEqual([])
})

test.each(['GET', 'DELETE', 'POST'])(
  '%s of an id is 400 when it is malformed and 410 when nobody has it',
  async (method) => {
    const init =
      method === 'POST' ? { method, headers: { 'content-type': 'application/json' }, body: '{"data":"x"}' } : { method }
    for (const id of ['x', 'AAAAAAAAAAAAAAA=', '../apis', '%', 'é'.repeat(16)]) {
      const response = await fetch(
        `${management.url}/api/connections/${id === '%' ? '%' : encodeURIComponent(id)}`,
        init,
      )
      expect([id, response.status]).toEqual([id, 400])
    }
    expect((await one(allocateConnectionId(1), init)).status).toBe(410)
  },
)

test('a registry that fails is 503, and its words stay in the log', async () => {
  const { registry } = management
  management.close()
  const fails = () => Promise.reject(new Error('redis://:password@host'))
  const unreachable = async () => 'unreachable' as const
  management = await startTestManagement({
    registry: {
      ...registry,
      list: fails,
      get: fails,
      deliver: unreachable,
      disconnect: unreachable,
    },
  })
  const { connectionId } = management.add()
  expect(await list()).toEqual({ status: 503, message: 'The registry did not answer; the log says why' })
  for (const response of [
    await one(connectionId),
    await push(connectionId, '{"data":"x"}'),
    await one(connectionId, { method: 'DELETE' }),
  ]) {
    expect(response.status).toBe(503)
    expect(await response.text()).not.toContain('password')
  }
})

test('a worker that does not answer is named, and does not keep the others from being listed', async () => {
  const { registry } = management
  management.close()
  const silent = { owner: 7, name: 'web-2' }
  management = await startTestManagement({
    registry: {
      ...registry,
      list: async (...args) => ({ ...(await registry.list(...args)), unanswered: [silent], incomplete: true }),
      workers: async () => ({
        workers: [{ ...silent, state: 'alive', version: null, startedAt: null, connections: 1, leaseUntil: null }],
        incomplete: false,
      }),
      get: () => Promise.reject(new GatewayError('WORKER_UNREACHABLE')),
      deliver: async () => 'unreachable' as const,
      disconnect: async () => 'unreachable' as const,
    },
  })
  expect(await list()).toMatchObject({ status: 200, unanswered: [silent], incomplete: true })
  const id = allocateConnectionId(silent.owner)
  for (const response of [await one(id), await push(id, '{"data":"x"}'), await one(id, { method: 'DELETE' })]) {
    expect([response.status, await response.json()]).toEqual([
      503,
      { message: 'Worker web-2 (7), which holds the connection, did not answer; try again' },
    ])
  }
})

test('while Redis is away, 503 says so', async () => {
  const { registry } = management
  management.close()
  const trouble = "Redis (redis:6379): can't be used: connect ECONNREFUSED"
  management = await startTestManagement({
    registry: {
      ...registry,
      trouble: () => trouble,
      list: () => Promise.reject(new GatewayError('WORKER_UNREACHABLE', trouble)),
      get: () => Promise.reject(new GatewayError('WORKER_UNREACHABLE')),
    },
  })
  const message = `Other workers can't be reached: ${trouble}`
  expect(await list()).toEqual({ status: 503, message })
  expect(await (await one(allocateConnectionId(7))).json()).toEqual({ message })
})

test('other methods are 405', async () => {
  expect((await one(allocateConnectionId(1), { method: 'PUT' })).status).toBe(405)
  expect((await fetch(`${management.url}/api/connections`, { method: 'POST' })).status).toBe(405)
})

describe('the connections of somebody', () => {
  const closeAll = async (query: string) => {
    const response = await fetch(`${management.url}/api/connections${query}`, { method: 'DELETE' })
    return { status: response.status, ...((await response.json()) as object) }
  }

  test('are closed all at once, those of others stay', async () => {
    const ada = { principalId: 'ada' }
    const mine = Array.from({ length: 1_200 }, () => management.add({ authorizer: ada }))
    const other = management.add({ authorizer: { principalId: 'bob' } })
    const elsewhere = management.add({ authorizer: ada, apiId: 'other' })
    expect(await closeAll('?principalId=ada&apiId=chat&code=4003&reason=signed%20out')).toEqual({
      ...{ status: 200, closed: 1_200, incomplete: false, unanswered: [] },
    })
    const closed = new Set(management.sockets.closed.map(([id]) => id))
    expect(mine.every(({ connectionId }) => closed.has(connectionId))).toBe(true)
    expect(management.sockets.closed[0]?.slice(1)).toEqual([4003, 'signed out'])
    expect([other, elsewhere].some(({ connectionId }) => closed.has(connectionId))).toBe(false)
    expect(await closeAll('?tokenId=none')).toMatchObject({ closed: 0 })
  })

  test.each([
    ['', 'A closing of many needs one of principalId, tokenId, apiKeyId, userId'],
    ['?apiId=chat', 'A closing of many needs one of principalId, tokenId, apiKeyId, userId'],
    ['?principalId=', 'A closing of many needs one of principalId, tokenId, apiKeyId, userId'],
    ['?principalId=a&code=1005', expect.stringContaining('code is ')],
  ])('are not closed by a request with %j', async (query, message) => {
    management.add({ authorizer: { principalId: 'ada' } })
    expect(await closeAll(query)).toEqual({ status: 400, message })
    expect(management.sockets.closed).toEqual([])
  })
})
