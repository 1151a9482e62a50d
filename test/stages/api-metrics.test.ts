import { expect, test } from 'vitest'
import { createMetrics } from '../../src/observability/metrics.ts'
import { createApiMetrics } from '../../src/stages/api-metrics.ts'

const labels = { api: 'chat', stage: 'dev', code: 'INTERNAL_ERROR' } as const

test('every version of a stage counts in one group, until it is taken away', async () => {
  const metrics = createMetrics({ processMetrics: false })
  const chat = createApiMetrics(metrics, 'chat')
  const first = chat.stage('dev').counter('postern_errors_total', labels)
  first.value++
  expect(chat.stage('dev').counter('postern_errors_total', labels)).toBe(first)
  expect(chat.names()).toEqual(['dev'])
  const old = chat.take('dev')
  expect([chat.take('dev'), chat.names()]).toEqual([null, []])
  // The stage is back before the old one has told its last connection.
  chat.stage('dev').counter('postern_errors_total', labels).value++
  old?.close()
  expect(await metrics.scrape()).toContain('postern_errors_total{api="chat",stage="dev",code="INTERNAL_ERROR"} 2\n')
  chat.take('dev')?.close()
  expect(await metrics.scrape()).toBe('')
})

test('the series of an API go with the last of its stages, and a snapshot says whose a series is', async () => {
  const metrics = createMetrics({ processMetrics: false })
  const chat = createApiMetrics(metrics, 'chat')
  chat.api.counter('postern_callbacks_total', { api: 'chat', operation: 'get', status: '200' })
  chat.stage('dev').counter('postern_errors_total', labels)
  const scopes = (await metrics.snapshot()).map(({ series }) => series[0]?.scope)
  expect(scopes).toEqual(['chat', 'chat/dev'])
  const dev = chat.take('dev')
  chat.close()
  expect(await metrics.scrape()).toContain('postern_callbacks_total{')
  dev?.close()
  expect(await metrics.scrape()).toBe('')
})
