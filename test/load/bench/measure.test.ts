import { describe, expect, test, vi } from 'vitest'
import { startFleet } from '../../../load/bench/client-fleet.ts'
import { gatewayFleet } from '../../../load/bench/fleet-target.ts'
import { measureRound } from '../../../load/bench/measure.ts'
import { cpuMicros, residentBytes } from '../../../load/bench/process-stats.ts'
import { limitsTable, markdownTable, summarize } from '../../../load/bench/report.ts'
import { rows } from '../../../load/bench/rows.ts'
import { startServer } from '../../../load/bench/server-process.ts'
import { baseline, gateway, prepareApis, signedGateway, startBackend } from '../../../load/bench/targets.ts'

// Each starts several processes.
vi.setConfig({ testTimeout: 120_000 })

describe('every baseline answers its load without an error', () => {
  test.each(rows.filter(({ name, baseline: file }) => name !== 'idle' && file !== 'one gateway'))(
    '$name',
    async (row) => {
      const backend = await startBackend()
      const server = await baseline(row.baseline, `http://127.0.0.1:${backend.port}`)()
      const fleet = await startFleet(1, { ...row.load, connections: 5, port: server.port })
      try {
        expect(await fleet.take()).toMatchObject({ operations: 0, errors: 0 })
        for (let turn = 0; turn < 2; turn++) {
          let operations = 0
          await fleet.resume()
          while (operations === 0) {
            const result = await fleet.take()
            operations += result.operations
            expect(result.errors).toBe(0)
            expect(result.latencies.count).toBe(result.operations)
          }
          await fleet.pause()
          await fleet.take()
        }
        expect(await fleet.take()).toMatchObject({ operations: 0, errors: 0 })
      } finally {
        fleet.close()
        await Promise.all([server.stop(), backend.stop()])
      }
    },
  )
})

test('posts to a fleet go to the other worker, and what Redis did for them is counted', async () => {
  const row = rows.find(({ name }) => name === 'post-across') as (typeof rows)[number]
  const apis = await prepareApis('http://127.0.0.1:1')
  try {
    const options = { warmUpSeconds: 0.1, seconds: 0.5, clients: 1 }
    const [measured] = await measureRound(row, [gatewayFleet(apis.path, 2)], options)
    expect(measured?.rate).toBeGreaterThan(10)
    expect(measured?.counted.redisCommands).toBeGreaterThan(0)
    // Two publishes would be one for each post and one for each answer.
    expect(measured?.counted.redisCommands).toBeLessThan(2)
  } finally {
    await apis.remove()
  }
})

test('posts to a gateway whose callers sign are signed, and what that takes beyond others is judged', async () => {
  const row = rows.find(({ name }) => name === 'sigv4') as (typeof rows)[number]
  const apis = await prepareApis('http://127.0.0.1:1')
  try {
    const options = { warmUpSeconds: 0.1, seconds: 0.5, clients: 1 }
    const targets = [signedGateway(apis.path), gateway(apis.path)]
    const [ours, theirs] = await measureRound(row, targets, options)
    if (ours === undefined || theirs === undefined) throw new Error('not measured')
    const [limit] = summarize({ row, gateway: [ours], baseline: [theirs] }).limits
    expect(limit?.value).toBeCloseTo(ours.value - theirs.value)
  } finally {
    await apis.remove()
  }
})

test('a load of idle connections holds them', async () => {
  const server = await baseline('accept.mjs', '')()
  const idle = rows.find(({ name }) => name === 'idle') as (typeof rows)[number]
  const fleet = await startFleet(2, { ...idle.load, connections: 250, port: server.port })
  expect(await fleet.take()).toMatchObject({ operations: 250, errors: 0 })
  fleet.close()
  await server.stop()
})

test('a round measures every server', async () => {
  const row = rows.find(({ name }) => name === 'message') as (typeof rows)[number]
  const target = baseline(row.baseline, '')
  const measured = await measureRound(row, [target, target], { warmUpSeconds: 0.1, seconds: 0.5, clients: 1 })
  expect(measured).toHaveLength(2)
  for (const { value, rate, load, p50, p99 } of measured) {
    expect(value).toBeGreaterThan(0.5)
    expect(rate).toBeGreaterThan(10)
    expect(load).toBeGreaterThan(0)
    expect(p50).toBeGreaterThan(0)
    expect(p99).toBeGreaterThanOrEqual(p50)
  }
})

test('a server that answers wrongly makes the round fail', async () => {
  const row = rows.find(({ name }) => name === 'message') as (typeof rows)[number]
  const wrong = { ...row, load: { ...row.load, replyBytes: 3 } }
  const round = measureRound(wrong, [baseline(row.baseline, '')], { warmUpSeconds: 0.1, seconds: 0.1, clients: 1 })
  await expect(round).rejects.toThrow(/^message: \d+ errors in \d+ operations; the first: a reply of 15 bytes$/)
})

test('the message has 90 bytes, and 1 KB where it is validated', () => {
  for (const { name, load, baselineLoad } of rows) {
    if (load.message === '') continue
    expect(load.message).toHaveLength(name === 'validated' ? 1_024 : 90)
    if (baselineLoad?.message !== undefined) expect(baselineLoad.message).toHaveLength(load.message.length)
  }
})

test('CPU time and memory are read from the operating system', async () => {
  const server = await startServer([
    '--eval',
    'for (const end = Date.now() + 200; Date.now() < end; );console.log(JSON.stringify({ port: 1 }));setInterval(() => {}, 1000)',
  ])
  expect(cpuMicros(server.pid)).toBeGreaterThan(20_000)
  expect(residentBytes(server.pid)).toBeGreaterThan(10_000_000)
  await server.stop()
})

test('a server that ends before it listens is reported with what it wrote', async () => {
  await expect(startServer(['--eval', 'console.error("no way"); process.exit(1)'])).rejects.toThrow(/no way/)
})

describe('the table', () => {
  const latencies = { p50: 100, p99: 2000, answerP50: 50, answerP99: 900 }
  const measurement = (value: number) => ({ value, rate: 1000, load: 0.5, ...latencies, counted: {} })
  const row = (rows.find(({ name }) => name === 'message') ?? rows[0]) as (typeof rows)[number]

  test('compares medians, so that one bad round does not count', () => {
    const line = summarize({
      row,
      gateway: [6, 90, 7].map(measurement),
      baseline: [5, 5, 0.1].map(measurement),
    })
    expect(line).toMatchObject({ ratio: 1.4, withinBudget: true })
  })

  test('says when a budget is missed', () => {
    const line = summarize({ row, gateway: [measurement(8)], baseline: [measurement(5)] })
    expect(line.withinBudget).toBe(false)
    expect(markdownTable([line])).toContain('≤ 1.50 MISSED')
  })

  test('what a row counts besides is judged by its median', () => {
    const limits = [
      { title: 'posts a second', of: 'rate', atLeast: 2000 },
      { title: 'Redis commands a post', of: 'redisCommands', atMost: 0.15 },
    ] as const
    const rounds = [0.1, 0.9, 0.12].map((redisCommands) => ({ ...measurement(7), counted: { redisCommands } }))
    const line = summarize({ row: { ...row, limits }, gateway: rounds, baseline: [measurement(5)] })
    expect(line.limits.map(({ value, kept }) => ({ value, kept }))).toEqual([
      { value: 1000, kept: false },
      { value: 0.12, kept: true },
    ])
    expect(limitsTable([line])).toBe(
      `${row.title}: 1,000 posts a second (≥ 2,000 MISSED)\n${row.title}: 0.12 Redis commands a post (≤ 0.15)\n`,
    )
  })

  test('tells how much a core could do, and how much of the baseline', () => {
    const limits = [{ title: 'targets a second on one core', of: 'perCore', atLeast: 200_000 }] as const
    const line = summarize({ row: { ...row, limits }, gateway: [measurement(5.5)], baseline: [measurement(5)] })
    expect(limitsTable([line])).toBe(
      `${row.title}: 181,818 targets a second on one core (≥ 200,000 MISSED; the baseline 200,000)\n`,
    )
  })

  test('compares the bytes of an idle connection with the budget itself', () => {
    const idle = rows.find(({ name }) => name === 'idle') as (typeof rows)[number]
    const line = summarize({ row: idle, gateway: [measurement(3000)], baseline: [measurement(1)] })
    expect(line.withinBudget).toBe(true)
  })
})
