import { expect, onTestFinished, test } from 'vitest'
import type { SendReport } from '../../src/registry/group-contract.ts'
import type { LocalSocket } from '../helpers/local-sockets.ts'
import { startRedis } from '../helpers/redis-server.ts'
import { redisWorker } from '../helpers/redis-workers.ts'

const everyone = { apiId: 'chat', stage: 'dev', kind: 'all' as const, name: '' }
const frame = { data: 'x', binary: false }
const terms = { except: [], filter: null, coalesce: null, failures: 10_000 }
/** Long enough for whatever else the machine does. */
const timings = { answer: 30_000 }
const full = 7_000

test('many reports at once name fewer failures, count them all, and leave no worker unreachable', async () => {
  const server = await startRedis()
  onTestFinished(() => server.close())
  const [near, far] = [redisWorker(server.url, { timings }), redisWorker(server.url, { timings })]
  await near.registry.start()
  await far.registry.start()
  onTestFinished(async () => void (await Promise.all([near, far].map(({ registry }) => registry.close()))))
  // One is enough in Redis.
  const [first] = await far.connect(1)
  const { lastActiveAt: _, ...record } = (first as LocalSocket).description
  for (let i = 1; i < full; i++) far.sockets.open({ ...record, connectionId: far.registry.allocateId() }).full = true
  ;(first as LocalSocket).full = true
  const send = () => near.registry.send(everyone, frame, terms) as Promise<SendReport>
  expect((await send()).failures).toHaveLength(full)
  const reports = await Promise.all(Array.from({ length: 120 }, send))
  const counts = reports.map(({ targets, sent, full, gone, unreachable }) => [targets, sent, full, gone, unreachable])
  expect(counts).toEqual(Array(120).fill([full, 0, full, 0, 0]))
  const named = reports.map(({ failures }) => failures.length)
  expect([named[0], Math.min(...named) > 0]).toEqual([full, true])
  // Nothing of it is left behind, and what is named outlives the worker that held those connections.
  const { failures } = await send()
  expect(failures).toHaveLength(full)
  const id = near.registry.keepReport(everyone, failures)
  far.registry.abandon()
  expect(await near.registry.readReport(everyone, id, String(full - 2), 1_000)).toEqual({
    ...{ failures: failures.slice(-2), cursor: null },
  })
})
