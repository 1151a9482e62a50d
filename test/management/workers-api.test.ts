import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTokenVerifier } from '../../src/authorizers/bearer-tokens.ts'
import type { WorkerDescription } from '../../src/registry/contract.ts'
import { GatewayError } from '../../src/vocabulary/errors.ts'
import { startTestManagement } from '../helpers/management.ts'

let management: Awaited<ReturnType<typeof startTestManagement>>
beforeEach(async () => {
  management = await startTestManagement()
})
afterEach(() => management.close())

async function ask(init?: RequestInit): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${management.url}/api/workers`, init)
  return { status: response.status, body: await response.json() }
}

test('a worker that is alone describes itself', async () => {
  management.add()
  const { status, body } = await ask()
  expect(status).toBe(200)
  expect(body).toEqual({
    workers: [
      {
        owner: management.registry.owner,
        name: 'test',
        self: true,
        state: 'alive',
        version: '0.0.0-test',
        connections: 1,
        startedAt: expect.stringMatching(/^20.*Z$/),
        leaseUntil: null,
      },
    ],
    incomplete: false,
    now: expect.stringMatching(/^20.*Z$/),
  })
})

test('others are told from it, and what is not known is null; workers may be missing while they come back', async () => {
  const { registry } = management
  management.close()
  const dead: WorkerDescription = {
    ...{ owner: registry.owner + 1, name: 'b', state: 'dead', version: null },
    ...{ startedAt: null, connections: 20, leaseUntil: null },
  }
  const fleet = async () => ({ workers: [...(await registry.workers()).workers, dead], incomplete: true })
  management = await startTestManagement({
    registry: { ...registry, workers: fleet },
  })
  expect((await ask()).body).toMatchObject({
    workers: [{ self: true }, { ...dead, self: false }],
    incomplete: true,
  })
})

test('it is 503 with a sentence while Redis is away', async () => {
  const { registry } = management
  management.close()
  const workers = () => Promise.reject(new GatewayError('WORKER_UNREACHABLE', 'Redis (redis:6379) did not answer'))
  management = await startTestManagement({ registry: { ...registry, workers } })
  expect(await ask()).toEqual({ status: 503, body: { message: 'Redis (redis:6379) did not answer' } })
  management.close()
  const trouble = () => "Redis (redis:6379): can't be used: connect ECONNREFUSED"
  management = await startTestManagement({ registry: { ...registry, workers, trouble } })
  expect(await ask()).toEqual({
    status: 503,
    body: { message: "Other workers can't be reached: Redis (redis:6379): can't be used: connect ECONNREFUSED" },
  })
})

test('it is for reading, and behind the token', async () => {
  expect((await ask({ method: 'DELETE' })).status).toBe(405)
  management.close()
  management = await startTestManagement({ callers: createTokenVerifier(['s3cret-token']) })
  expect((await ask()).status).toBe(401)
  expect((await ask({ headers: { authorization: 'Bearer s3cret-token' } })).status).toBe(200)
})
