import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Fleet, startFleet } from '../../load/fleet/fleet.ts'
import { loadArguments } from '../../load/fleet/load-arguments.ts'
import type { LoadResult, SecondResult } from '../../load/src/contract.ts'
import { builtPostern } from '../helpers/built.ts'
import { repository } from '../helpers/examples.ts'
import { begin, clients, expectGood, playSmall, shipped, small, sourceOf } from './shipped-scenarios.ts'

const names = [...shipped.keys()].filter((name) => name !== 'ceiling')
const said: string[] = []
let fleet: Fleet

beforeAll(async () => {
  fleet = await startFleet({
    nodes: 3,
    postern: [builtPostern],
    routes: join(repository, 'routes'),
    balancer: true,
    drainSeconds: 1,
    say: (text) => void said.push(text),
  })
  expect(fleet.watch).toMatchObject({ haproxy: fleet.entries[0] })
})
afterAll(() => fleet?.stop())

test.concurrent.each(names)('%s passes against three nodes, in a small form', { timeout: 120_000 }, async (name) => {
  // A balancer takes some MB for each client before the gateway sees that nobody reads.
  const entries = name === 'slow-consumers' ? fleet.nodes.map(({ port }) => port) : fleet.entries
  const { targets, set } = loadArguments(parse(sourceOf(name)), { ...fleet, entries })
  const result = await playSmall(name, targets, set)
  expectGood(result)
  for (const { name } of result.processes) expect(Object.keys(fleet.watch)).toContain(name)
})

/** Plays a scenario while something is done to the fleet, and until all are connected again. */
async function playWhile(name: string, entries: readonly number[], deed: () => Promise<void>): Promise<LoadResult> {
  const { targets, set } = loadArguments(parse(sourceOf(name)), { ...fleet, entries })
  let last: SecondResult | null = null
  const run = await begin(name, targets, [...set, ...small(name), 'phases.1.duration=5m'], (second) => {
    last = second
  })
  const isFull = () => (last?.phase === 1 ? last.connections.open : 0)
  try {
    await expect.poll(isFull, { timeout: 60_000 }).toBe(clients)
    await deed()
    last = null
    await expect.poll(isFull, { timeout: 60_000 }).toBe(clients)
  } finally {
    run.stop()
  }
  return run.result
}

test('reconnect-storm: a node dies, its clients come back, and nothing is lost for the others', {
  timeout: 120_000,
}, async () => {
  const result = await playWhile(
    'reconnect-storm',
    fleet.nodes.map(({ port }) => port),
    fleet.kill,
  )
  expectGood(result)
  expect(said.splice(0)).toEqual(['node-3 is killed', 'node-3 is ready again'])
  // A third of the clients was there.
  expect(result.closes['1006']).toBe(clients / 3)
  expect(result.totals.connections.opened).toBe(clients + clients / 3)
})

test('rolling-deploy: all nodes are restarted, and clients are moved and never cut off', {
  timeout: 180_000,
}, async () => {
  const result = await playWhile('rolling-deploy', fleet.entries, fleet.roll)
  expectGood(result)
  expect(said.splice(0)).toEqual(
    ['node-1', 'node-2', 'node-3'].flatMap((name) => [`${name} gets SIGTERM`, `${name} is ready again`]),
  )
  expect(result.closes['1001']).toBeGreaterThanOrEqual(result.totals.connections.peak)
})
