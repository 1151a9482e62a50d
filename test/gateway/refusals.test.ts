import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createRefusals } from '../../src/gateway/refusals.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { recordLog } from '../helpers/record-log.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function start() {
  const metrics = createMetrics({ processMetrics: false })
  const log = recordLog()
  return { metrics, log, refusals: createRefusals({ metrics, sourceIp: () => '::1', log, now: Date.now }) }
}

const refusal = {
  code: 'STAGE_NOT_FOUND' as const,
  ...{ status: 403, cause: 'No API.', host: 'localhost', path: '/none', sourceIp: '::1' },
}

test('each refusal is a line and a count; beyond ten lines a second they are only counted, and their number is a line', () => {
  const { metrics, log, refusals } = start()
  for (let i = 0; i < 1_000; i++) refusals.note(refusal)
  expect(log.entries).toHaveLength(10)
  expect(log.entries[0]).toEqual({ level: 'info', fields: refusal, message: 'refused' })
  expect(metrics.counter('postern_refusals_total', { code: 'STAGE_NOT_FOUND' }).value).toBe(1_000)
  vi.advanceTimersByTime(1_000)
  expect(log.entries.slice(10).map(({ level, fields }) => [level, fields])).toEqual([['warn', { leftOut: 990 }]])
  refusals.note(refusal)
  expect(log.entries).toHaveLength(12)
  vi.advanceTimersByTime(60_000)
  expect(log.entries).toHaveLength(12)
})

test('what was left out is a line at the end, too', () => {
  const { log, refusals } = start()
  for (let i = 0; i < 12; i++) refusals.note(refusal)
  refusals.close()
  refusals.close()
  expect(log.entries.slice(10).map(({ fields }) => fields)).toEqual([{ leftOut: 2 }])
})

test('only the newest are kept, and texts of the client are cut and can steer no terminal', () => {
  const { log, refusals } = start()
  for (let i = 0; i < 60; i++) refusals.note({ ...refusal, path: `/${i}` })
  expect(refusals.recent().map(({ path }) => path)).toEqual(Array.from({ length: 50 }, (_, i) => `/${i + 10}`))
  vi.advanceTimersByTime(1_000)
  refusals.note({ ...refusal, host: '\u001b]0;x\u0007\u202ey', path: `/token=hunter2&${'a'.repeat(10_000)}` })
  const shown = refusals.recent().at(-1)
  expect(shown?.host).toBe('\ufffd]0;x\ufffd\ufffdy')
  expect(shown?.path).toMatch(/^\/token=…&a{100,}…$/)
  expect(shown?.path.length).toBeLessThan(300)
  expect(log.entries.at(-1)?.fields).toMatchObject({ host: shown?.host, path: shown?.path })
})

test('what the log tells already is counted and kept, and no second line', () => {
  const { metrics, log, refusals } = start()
  refusals.note({ ...refusal, code: 'INTEGRATION_TIMEOUT', status: 504 }, true)
  expect(log.entries).toEqual([])
  expect(refusals.recent()).toHaveLength(1)
  expect(metrics.counter('postern_refusals_total', { code: 'INTEGRATION_TIMEOUT' }).value).toBe(1)
})
