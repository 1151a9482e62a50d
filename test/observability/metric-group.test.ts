import { expect, test } from 'vitest'
import { createMetrics } from '../../src/observability/metrics.ts'

const own = { processMetrics: false }
const stage = { api: 'chat', stage: 'dev' } as const
const message = { ...stage, route: 'send', direction: 'in' } as const

async function samples(metrics: ReturnType<typeof createMetrics>): Promise<string[]> {
  return (await metrics.scrape()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

test('the series of a group go when it is closed, and the others stay', async () => {
  const metrics = createMetrics(own)
  const group = metrics.group('chat/dev')
  group.counter('postern_messages_total', message).value++
  group.histogram('postern_integration_duration_seconds', { ...stage, route: 'send' }).observe(1)
  group.gauge('postern_connections', stage, () => 3)
  metrics.counter('postern_worker_restarts_total', {}).value++
  expect(await samples(metrics)).toContain('postern_connections{api="chat",stage="dev"} 3')
  expect(await samples(metrics)).toContain(
    'postern_messages_total{api="chat",stage="dev",route="send",direction="in"} 1',
  )
  group.close()
  group.close()
  expect(await samples(metrics)).toEqual(['postern_worker_restarts_total 1'])
})

test('what is asked of a closed group is counted nowhere, and wrong names still throw', async () => {
  const metrics = createMetrics(own)
  const group = metrics.group('chat/dev')
  group.close()
  group.counter('postern_messages_total', message).value++
  group.gauge('postern_connections', stage, () => 3)
  group.group('chat/prod').counter('postern_messages_total', message).value++
  expect(await metrics.scrape()).toBe('')
  // @ts-expect-error: labels are missing
  expect(() => group.counter('postern_messages_total', stage)).toThrow('has the labels')
})

test('a series that two groups asked for is one, and goes with the last of them', async () => {
  const metrics = createMetrics(own)
  const before = metrics.group('chat/dev')
  const old = before.counter('postern_messages_total', message)
  before.counter('postern_messages_total', message).value++
  const after = metrics.group('chat/dev')
  expect(after.counter('postern_messages_total', message)).toBe(old)
  before.close()
  after.counter('postern_messages_total', message).value++
  expect(await samples(metrics)).toEqual([
    'postern_messages_total{api="chat",stage="dev",route="send",direction="in"} 2',
  ])
  after.close()
  expect(await samples(metrics)).toEqual([])
  expect(metrics.group('chat/dev').counter('postern_messages_total', message).value).toBe(0)
})

test('what the process itself counts outlives every group', async () => {
  const metrics = createMetrics(own)
  const group = metrics.group('chat/dev')
  group.counter('postern_messages_total', message).value++
  metrics.counter('postern_messages_total', message).value++
  group.close()
  expect(await samples(metrics)).toEqual([
    'postern_messages_total{api="chat",stage="dev",route="send",direction="in"} 2',
  ])
})

test('of the gauges of two groups the newer is read, and after its end the other', async () => {
  const metrics = createMetrics(own)
  const [one, other] = [metrics.group('chat/dev'), metrics.group('chat/dev')]
  const shown = async () => (await samples(metrics)).map((line) => line.split(' ')[1])
  one.gauge('postern_connections', stage, () => 1)
  other.gauge('postern_connections', stage, () => 2)
  expect(await shown()).toEqual(['2'])
  other.close()
  expect(await shown()).toEqual(['1'])
  one.gauge('postern_connections', stage, () => 3)
  expect(await shown()).toEqual(['3'])
  one.close()
  expect(await shown()).toEqual([])
})

test('a group keeps the one above it, whichever is closed first', async () => {
  for (const order of [
    [0, 1],
    [1, 0],
  ]) {
    const metrics = createMetrics(own)
    const above = metrics.group('chat')
    const groups = [above, above.group('chat/dev')]
    above.counter('postern_callbacks_total', { api: 'chat', operation: 'get', status: '200' }).value++
    groups[order[0] as number]?.close()
    expect(await samples(metrics)).toHaveLength(1)
    groups[order[1] as number]?.close()
    expect(await samples(metrics)).toEqual([])
  }
})

test('series that are gone make room for others', async () => {
  const metrics = createMetrics({ ...own, maxSeries: 1 })
  const group = metrics.group('chat/dev')
  group.counter('postern_messages_total', message)
  group.close()
  metrics.counter('postern_messages_total', { ...message, route: 'other' })
  expect(await samples(metrics)).toEqual([
    'postern_messages_total{api="chat",stage="dev",route="other",direction="in"} 0',
  ])
})

test('a snapshot says what a series belongs to', async () => {
  const metrics = createMetrics(own)
  metrics.group('chat/dev').counter('postern_messages_total', message)
  metrics.counter('postern_worker_restarts_total', {})
  expect((await metrics.snapshot()).map(({ series }) => series[0]?.scope)).toEqual(['chat/dev', undefined])
})
