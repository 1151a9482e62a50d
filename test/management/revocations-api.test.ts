import { afterAll, beforeAll, expect, test } from 'vitest'
import { maxRevocations, type Revocations } from '../../src/revocations/contract.ts'
import { httpCall } from '../helpers/http-call.ts'
import { startTestManagement } from '../helpers/management.ts'

let outcome: 'added' | 'full' | Error = 'added'
const revocations: Revocations = {
  find: () => null,
  async add() {
    if (outcome instanceof Error) throw outcome
    return outcome
  },
  async remove() {
    if (outcome instanceof Error) throw outcome
    return true
  },
  async list() {
    if (outcome instanceof Error) throw outcome
    return ['ada', 'bob', 'eve'].map((value) => {
      return { kind: 'principalId', value, apiId: null, revokedAt: 0, expiresAt: 1_000, reason: null } as const
    })
  },
}
let management: Awaited<ReturnType<typeof startTestManagement>>
beforeAll(async () => {
  management = await startTestManagement({ revocations })
})
afterAll(() => management.close())

const json = { 'Content-Type': 'application/json' }
const call = async (method: string, query = '', body?: string, headers: Record<string, string> = json) => {
  const answer = await httpCall(method, management.url, `/api/revocations${query}`, {
    headers,
    ...(body !== undefined && { body }),
  })
  return [answer.status, answer.body === '' ? null : JSON.parse(answer.body)]
}
const whole = { principalId: 'ada', expiresAt: Date.now() + 60_000 }

test('a list has pages', async () => {
  const [status, page] = await call('GET', '?limit=2')
  expect([status, page]).toMatchObject([200, { total: 3, cursor: '2' }])
  expect(page.revocations).toEqual([
    ...['ada', 'bob'].map((principalId) => ({
      ...{ principalId, apiId: null, revokedAt: '1970-01-01T00:00:00.000Z' },
      ...{ expiresAt: '1970-01-01T00:00:01.000Z', reason: null },
    })),
  ])
  const [, last] = await call('GET', '?limit=2&cursor=2')
  expect([last.revocations.length, last.cursor]).toEqual([1, null])
})

test('what is not understood is refused in a sentence, and nothing is added', async () => {
  const bodies = [
    ...['', '[]', '{"principalId":"ada"', '{}', '{"principalId":"","expiresAt":9e15}'],
    JSON.stringify({ ...whole, expiresAt: undefined }),
    JSON.stringify({ ...whole, expiresAt: 'soon' }),
    JSON.stringify({ ...whole, tokenId: 't1' }),
    JSON.stringify({ ...whole, user: 'ada' }),
    JSON.stringify({ ...whole, principalId: 'x'.repeat(513) }),
    JSON.stringify({ ...whole, principalId: ['ada'] }),
    '{"__proto__":{"principalId":"ada"},"expiresAt":9e15}',
  ]
  for (const body of bodies) expect((await call('POST', '', body))[0]).toBe(400)
  expect((await call('POST', '', 'x'.repeat(8_193)))[0]).toBe(413)
  expect((await call('POST', '', JSON.stringify(whole), { 'Content-Type': 'text/plain' }))[0]).toBe(415)
  for (const query of ['', '?principalId=', '?principalId=a&tokenId=b', '?user=ada']) {
    expect((await call('DELETE', query))[0]).toBe(400)
  }
  for (const query of ['?limit=0', '?cursor=x', '?all=1']) expect((await call('GET', query))[0]).toBe(400)
  expect((await call('PUT'))[0]).toBe(405)
})

test('a list that is full, and one that can not be reached, are told', async () => {
  outcome = 'full'
  expect(await call('POST', '', JSON.stringify(whole))).toEqual([
    507,
    { message: `There are ${maxRevocations} revocations: take some back first` },
  ])
  outcome = new Error('redis is away')
  expect((await call('POST', '', JSON.stringify(whole)))[0]).toBe(503)
  expect((await call('GET'))[0]).toBe(503)
  expect((await call('DELETE', '?principalId=ada'))[0]).toBe(503)
})
