import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTokenVerifier } from '../../src/authorizers/bearer-tokens.ts'
import type { Io } from '../../src/cli/io.ts'
import { run } from '../../src/cli/run.ts'
import type { WorkerDescription } from '../../src/registry/contract.ts'
import { startTestManagement } from '../helpers/management.ts'

let management: Awaited<ReturnType<typeof startTestManagement>>
beforeEach(async () => {
  management = await startTestManagement()
})
afterEach(() => management.close())

/** The whole command line in this process, with its own standard streams. */
async function workers(args: string[] = [], env: Io['env'] = {}): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const io: Pick<Io, 'stdout' | 'stderr' | 'env'> = {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: { POSTERN_MANAGEMENT_URL: management.url, ...env },
  }
  const code = await run(['workers', ...args], io as Io)
  return { code, out, err }
}

/** A fleet of which the worker that is asked is one. */
async function startFleetOf(others: readonly Partial<WorkerDescription>[], incomplete = false): Promise<void> {
  const { registry } = management
  management.close()
  const usual = { owner: 7, state: 'alive', version: '1.2.3', connections: 0, startedAt: 0, leaseUntil: null } as const
  const fleet = async () => ({
    workers: [
      ...others.map((each): WorkerDescription => ({ name: 'other', ...usual, ...each })),
      ...(await registry.workers()).workers,
    ],
    incomplete,
  })
  management = await startTestManagement({ registry: { ...registry, workers: fleet } })
}

const cellsOf = (line: string) => line.split(/\s{2,}/)

test('a worker that is alone is one line, and a line that counts', async () => {
  management.add()
  const { code, out, err } = await workers()
  const [head, row, count, ...rest] = out.trimEnd().split('\n')
  expect([code, err, rest]).toEqual([0, '', []])
  expect(cellsOf(head as string)).toEqual(['WORKER', 'OWNER', 'STATE', 'VERSION', 'AGE', 'CONNECTIONS', 'LEASE'])
  expect(cellsOf(row as string)).toEqual([
    ...['test *', String(management.registry.owner), 'alive', '0.0.0-test'],
    ...[expect.stringMatching(/^\ds$/), '1', '-'],
  ])
  expect(count).toBe('1 worker, 1 connection')
})

test('a fleet is sorted by name, with the age of each, what is left of its lease, and who is dead', async () => {
  const now = Date.now()
  await startFleetOf([
    { name: 'web-2', owner: 9, startedAt: now - 90_000, leaseUntil: now + 12_900, connections: 1200 },
    { name: 'web-1', owner: 8, state: 'dead', version: null, startedAt: null, connections: 34 },
    { name: 'web-1', owner: 3, state: 'burying', version: null, startedAt: null, connections: 1 },
  ])
  const { out } = await workers()
  const [, own, ...rows] = out.trimEnd().split('\n').map(cellsOf)
  expect(own?.[0]).toBe('test *')
  expect(rows).toEqual([
    ['web-1', '3', 'burying', '-', '-', '1', '-'],
    ['web-1', '8', 'dead', '-', '-', '34', '-'],
    ['web-2', '9', 'alive', '1.2.3', expect.stringMatching(/^1m3\ds$/), '1200', expect.stringMatching(/^1[012]s$/)],
    ['2 workers, 1200 connections; 2 dead, $disconnect owed to 35 connections'],
  ])
})

test('--json is an object a line', async () => {
  await startFleetOf([{ name: 'web-1', startedAt: 1_759_651_750_119 }])
  const { code, out } = await workers(['--json'])
  const rows = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(code).toBe(0)
  expect(rows).toEqual([
    expect.objectContaining({ name: 'test', self: true }),
    {
      ...{ owner: 7, name: 'web-1', self: false, state: 'alive', version: '1.2.3', connections: 0 },
      ...{ startedAt: '2025-10-05T08:09:10.119Z', leaseUntil: null },
    },
  ])
})

test('workers that may be missing, since Redis has lost its data, are a warning below those that are known, and exit code 1', async () => {
  await startFleetOf([{ name: 'web-1' }], true)
  for (const flags of [[], ['--json']]) {
    expect(await workers(flags)).toEqual({
      code: 1,
      out: expect.stringMatching(/test[\s\S]*web-1/),
      err: 'postern: Redis has lost its data, and workers are still coming back: workers and connections may be missing here; try again soon\n',
    })
  }
})

test('the name of a worker can not drive the terminal', async () => {
  await startFleetOf([{ name: '\u001b]0;owned\u0007' }])
  expect((await workers()).out).toContain('\ufffd]0;owned\ufffd')
})

test('a token opens the port as for the other commands', async () => {
  management.close()
  management = await startTestManagement({ callers: createTokenVerifier(['s3cret-token']) })
  expect(await workers()).toMatchObject({ code: 1, err: expect.stringContaining('asks for a token') })
  expect((await workers([], { POSTERN_MANAGEMENT_TOKEN: 's3cret-token' })).code).toBe(0)
})

test('what keeps it from an answer is exit code 1, wrong usage 2', async () => {
  const { registry } = management
  management.close()
  management = await startTestManagement({
    registry: {
      ...registry,
      workers: () => Promise.reject(new Error('away')),
      trouble: () => "Redis (redis:6379): can't be used: connect ECONNREFUSED",
    },
  })
  expect(await workers()).toEqual({
    code: 1,
    out: '',
    err: "postern: Other workers can't be reached: Redis (redis:6379): can't be used: connect ECONNREFUSED\n",
  })
  management.close()
  expect(await workers()).toMatchObject({ code: 1, err: expect.stringContaining('nothing listens on') })
  expect((await workers(['all'])).code).toBe(2)
})
