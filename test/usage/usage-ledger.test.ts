import { expect, test } from 'vitest'
import type { UsageBatch } from '../../src/usage/contract.ts'
import { createMemoryStore } from '../../src/usage/memory-store.ts'
import { createUsageLedger } from '../../src/usage/usage-ledger.ts'

const bucket = { name: 'quota/DAY/2026-11-27T00', end: 1_000, keptUntil: 1_000 }
const add = (cell: { add(): void }, times: number) => {
  for (let i = 0; i < times; i++) cell.add()
}

test('two processes learn of each other with every hand-over', async () => {
  const store = createMemoryStore(() => 0)
  const [near, far] = [createUsageLedger(store), createUsageLedger(store)]
  add(near.cell(bucket, 'acme'), 3)
  add(far.cell(bucket, 'acme'), 4)
  await near.sync(0)
  await far.sync(0)
  expect([near.cell(bucket, 'acme').total, far.cell(bucket, 'acme').total]).toEqual([3, 7])
  near.cell(bucket, 'acme').add()
  await near.sync(0)
  expect(near.cell(bucket, 'acme').total).toBe(8)
})

test('what the store did not confirm is handed over again as the same batch, while counting goes on', async () => {
  const store = createMemoryStore(() => 0)
  const batches: UsageBatch[] = []
  let isAway = true
  const ledger = createUsageLedger({
    ...store,
    add(batch) {
      batches.push(batch)
      return isAway ? Promise.reject(new Error('away')) : store.add(batch)
    },
  })
  const cell = ledger.cell(bucket, 'acme')
  add(cell, 2)
  await expect(ledger.sync(0)).rejects.toThrow('away')
  add(cell, 3)
  expect(cell.total).toBe(5)
  await expect(ledger.sync(0)).rejects.toThrow('away')
  isAway = false
  await ledger.sync(0)
  expect(cell.total).toBe(5)
  expect(batches.map(({ serial, counts }) => [serial, counts])).toEqual([
    ...[1, 1, 1].map((serial) => [serial, [['acme', 2]]]),
    [2, [['acme', 3]]],
  ])
  expect((await store.read(bucket.name)).get('acme')).toBe(5)
})

test('a store that has lost its counts does not give a quota anew', async () => {
  const ledger = createUsageLedger({ ...createMemoryStore(() => 0), add: async ({ counts }) => counts.map(() => 1) })
  const cell = ledger.cell(bucket, 'acme')
  add(cell, 5)
  await ledger.sync(0)
  expect(cell.total).toBe(5)
})

test('a bucket whose time is over is forgotten when all of it is handed over', async () => {
  const ledger = createUsageLedger(createMemoryStore(() => 0))
  const cell = ledger.cell(bucket, 'acme')
  cell.add()
  await ledger.sync(10_000)
  expect(ledger.cell(bucket, 'acme')).toBe(cell)
  await ledger.sync(1_000_000)
  expect(ledger.cell(bucket, 'acme')).not.toBe(cell)
})
