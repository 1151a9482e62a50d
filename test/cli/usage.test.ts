import { expect, onTestFinished, test } from 'vitest'
import type { Io } from '../../src/cli/io.ts'
import { run } from '../../src/cli/run.ts'
import type { ManagementOptions } from '../../src/management/handlers.ts'
import type { QuotaRow, UsageQuotas } from '../../src/usage/contract.ts'
import { createMemoryStore } from '../../src/usage/memory-store.ts'
import { dayBucket, dayField } from '../../src/usage/usage-buckets.ts'
import { createUsageLedger } from '../../src/usage/usage-ledger.ts'
import { createUsageReports } from '../../src/usage/usage-report.ts'
import { startTestManagement } from '../helpers/management.ts'

const model = {
  apiKeys: [{ id: 'acme', name: '=Acme, "Inc."', enabled: true, value: 'canary-0123456789abcdef' }],
  usagePlans: [],
  prices: { currency: 'EUR', perMillionRequests: { gold: 250_000 } },
}

/** A management port of a gateway that has counted some requests. */
async function startCounted(overrides: Partial<ManagementOptions> = {}): Promise<string> {
  const now = () => Date.parse('2026-11-27T12:00:00Z')
  const store = createMemoryStore(now)
  const ledger = createUsageLedger(store)
  const count = (day: string, usagePlanId: string, stage: string, times: number) => {
    const field = dayField({ usagePlanId, apiKeyId: 'acme', apiId: 'chat', stage })
    const cell = ledger.cell(dayBucket(Date.parse(day)), field)
    for (let i = 0; i < times; i++) cell.add()
  }
  count('2026-10-31', 'gold', 'prod', 7)
  count('2026-11-01', 'gold', 'prod', 3)
  count('2026-11-27', 'gold', 'prod', 1)
  count('2026-11-27', 'free', 'dev', 5)
  const usage = createUsageReports({ ledger, store, now })
  const management = await startTestManagement({ usage, usageModel: () => model, now, ...overrides })
  onTestFinished(() => management.close())
  return management.url
}

async function usage(url: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const io: Pick<Io, 'stdout' | 'stderr' | 'env'> = {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: { POSTERN_MANAGEMENT_URL: url },
  }
  const code = await run(['usage', ...args], io as Io)
  return { code, out, err }
}

const cellsOf = (out: string) =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/\s{2,}/))

test('the requests of this month are a line for each key, plan and stage, with what they cost', async () => {
  const url = await startCounted()
  const { code, out } = await usage(url)
  expect(code).toBe(0)
  expect(cellsOf(out)).toEqual([
    ['PERIOD', 'KEY', 'NAME', 'PLAN', 'STAGE', 'REQUESTS', 'COST'],
    ['2026-11', 'acme', '=Acme, "Inc."', 'gold', 'chat/prod', '4', '1.0000 EUR'],
    ['2026-11', 'acme', '=Acme, "Inc."', 'free', 'chat/dev', '5', '-'],
  ])
  expect(out).not.toContain('canary')
})

test('other days are named, and are shown a line each, or all in one', async () => {
  const url = await startCounted()
  const days = ['--from', '2026-10-01', '--to', '2026-11-26']
  const byDay = cellsOf((await usage(url, ...days, '--by', 'day')).out).slice(1)
  expect(byDay.map(([period, , , , , requests]) => [period, requests])).toEqual([
    ['2026-10-31', '7'],
    ['2026-11-01', '3'],
  ])
  const total = cellsOf((await usage(url, ...days, '--by', 'total')).out).slice(1)
  expect(total.map(([period, , , , , requests]) => [period, requests])).toEqual([['2026-10-01/2026-11-26', '10']])
})

test('programs get a JSON object a line, and spreadsheets comma-separated values in which nothing is a formula', async () => {
  const url = await startCounted()
  const [first] = (await usage(url, '--json')).out.split('\n')
  expect(JSON.parse(first as string)).toEqual({
    ...{ period: '2026-11', usagePlanId: 'gold', apiKeyId: 'acme', apiKeyName: '=Acme, "Inc."' },
    ...{ apiId: 'chat', stage: 'prod', requests: 4, cost: 1, currency: 'EUR' },
  })
  expect((await usage(url, '--csv', '--to', '2026-11-01')).out).toBe(
    'period,apiKeyId,apiKeyName,usagePlanId,apiId,stage,requests,cost,currency\r\n' +
      `2026-11,acme,"'=Acme, ""Inc.""",gold,chat,prod,3,0.7500,EUR\r\n`,
  )
})

test('what is no day, or too many, is refused, and counts that can not be read are a failure', async () => {
  const url = await startCounted()
  expect((await usage(url, '--from', 'today')).code).toBe(2)
  expect(await usage(url, '--from', '2026-01-01')).toMatchObject({
    code: 1,
    err: 'postern: a report has at most 92 days\n',
  })
  expect(await usage(url, '--from', '2026-12-01')).toMatchObject({ code: 1, err: 'postern: from is behind to\n' })
  expect((await fetch(`${url}/api/usage?from=2026-13-01`)).status).toBe(400)
  const broken = await startCounted({ usage: { read: () => Promise.reject(new Error('away')) } })
  expect(await usage(broken)).toMatchObject({
    code: 1,
    err: 'postern: The counts can not be read now; the log says why\n',
  })
})

const quota: QuotaRow = {
  ...{ usagePlanId: 'gold', apiKeyId: 'acme', period: 'DAY', limit: 1_000, granted: 50, used: 250, remaining: 800 },
  ...{ start: Date.parse('2026-11-27'), end: Date.parse('2026-11-28') },
}

/** A management port with quotas; what they were asked to change is kept. */
async function startWithQuotas(rows: readonly QuotaRow[]) {
  const asked: unknown[] = []
  const quotas: UsageQuotas = {
    read: async () => rows,
    async change(...wish) {
      asked.push(wish)
      return wish[1] === 'acme' ? { ...quota, remaining: 900 } : null
    },
  }
  return { url: await startCounted({ quotas }), asked }
}

test('what remains of quotas stands below the requests, or alone', async () => {
  const { url } = await startWithQuotas([quota])
  const table = [
    ['KEY', 'PLAN', 'QUOTA', 'UNTIL', 'USED', 'OF', 'REMAINING'],
    ['acme', 'gold', 'day', '2026-11-28T00:00Z', '250', '1050', '800'],
  ]
  expect(cellsOf((await usage(url)).out).slice(-3)).toEqual([[''], ...table])
  expect(cellsOf((await usage(url, 'quotas')).out)).toEqual(table)
  const times = { start: '2026-11-27T00:00:00.000Z', end: '2026-11-28T00:00:00.000Z' }
  expect(JSON.parse((await usage(url, 'quotas', '--json')).out)).toEqual({ ...quota, ...times })
})

test('a key is granted more in its plan, which is named where there are several', async () => {
  const { url, asked } = await startWithQuotas([quota])
  expect(await usage(url, 'grant', 'acme', '--extra', '100')).toEqual({
    ...{ code: 0, out: '900 remain until 2026-11-28T00:00:00.000Z\n', err: '' },
  })
  expect((await usage(url, 'grant', 'acme', '--remaining', '0', '--plan', 'free')).code).toBe(0)
  expect(asked).toEqual([
    ['gold', 'acme', { extra: 100 }],
    ['free', 'acme', { remaining: 0 }],
  ])
  expect((await usage(url, 'grant', 'acme')).err).toContain('--extra or --remaining')
  expect((await usage(url, 'grant', 'other', '--extra', '1')).err).toBe('postern: the key other has no quota\n')
  expect((await usage(url, 'grant', 'no', '--plan', 'gold', '--extra', '1')).err).toContain('There is no such key')
  expect((await usage(url, 'grant', 'acme', '--extra', '-1')).code).toBe(2)
  const several = await startWithQuotas([quota, { ...quota, usagePlanId: 'free' }])
  expect((await usage(several.url, 'grant', 'acme', '--extra', '1')).err).toBe('postern: --plan is one of gold, free\n')
})

test('a change that is none is refused in a sentence', async () => {
  const { url, asked } = await startWithQuotas([quota])
  const name = { usagePlanId: 'gold', apiKeyId: 'acme' }
  const bodies = [
    '',
    '[]',
    'null',
    ...[{}, { extra: -1 }, { extra: 0.5 }, { extra: '1' }, { extra: 1, remaining: 1 }, { limit: 1 }].map((each) =>
      JSON.stringify({ ...name, ...each }),
    ),
  ]
  const patch = (body: string, type = 'application/json') =>
    fetch(`${url}/api/usage`, { method: 'PATCH', body, headers: { 'Content-Type': type } })
  for (const body of bodies) expect((await patch(body)).status).toBe(400)
  expect((await patch(JSON.stringify({ ...name, extra: 1 }), 'text/plain')).status).toBe(415)
  expect((await fetch(`${url}/api/usage`, { method: 'POST' })).status).toBe(405)
  expect(asked).toEqual([])
})
