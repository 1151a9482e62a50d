import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MetricsSnapshot } from '../../src/observability/contract.ts'
import { createMergedMetrics, readSnapshot } from '../../src/observability/merged-metrics.ts'
import { createMetrics } from '../../src/observability/metrics.ts'

const own = { processMetrics: false }
const stage = { api: 'chat', stage: 'dev' }
const message = { ...stage, route: 'send', direction: 'in' } as const
const all = new Set([1, 2, 3, 4])

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

/** As the parent gets it: JSON between two processes. */
async function sent(metrics: ReturnType<typeof createMetrics>): Promise<MetricsSnapshot> {
  const snapshot = readSnapshot(JSON.parse(JSON.stringify(await metrics.snapshot())))
  if (snapshot === null) throw new Error('no snapshot')
  return snapshot
}

test('one process alone reads the same merged as not', async () => {
  const metrics = createMetrics({ ...own, version: '1' })
  metrics.counter('postern_messages_total', message).value = 3
  metrics.gauge('postern_connections', stage, () => 5)
  metrics.gauge('postern_registry_workers', { state: 'alive' }, () => Number.NaN)
  for (const value of [0.0001, 0.3, 60])
    metrics.histogram('postern_integration_duration_seconds', { ...stage, route: 'a"b' }).observe(value)
  const merged = createMergedMetrics()
  merged.update(1, 'a', await sent(metrics))
  expect(merged.expose(all)).toBe(await metrics.scrape())
})

test('counters and histograms are summed, gauges by the rule of the table', async () => {
  const merged = createMergedMetrics()
  for (const id of [1, 2, 3]) {
    const metrics = createMetrics(own)
    metrics.counter('postern_messages_total', message).value = id
    metrics.counter('postern_messages_total', { ...message, route: `of ${id}` }).value = 1
    metrics.histogram('postern_event_loop_lag_seconds', {}).observe(id)
    metrics.gauge('postern_connections', stage, () => 10 * id)
    metrics.gauge('postern_registry_up', {}, () => (id === 2 ? 0 : 1))
    metrics.gauge('postern_draining', {}, () => (id === 2 ? 1 : 0))
    metrics.gauge('postern_registry_workers', { state: 'alive' }, () => (id === 3 ? Number.NaN : id))
    merged.update(id, 'a', await sent(metrics))
  }
  const text = lines(merged.expose(all))
  expect(text.slice(0, 4)).toEqual([
    'postern_messages_total{api="chat",stage="dev",route="send",direction="in"} 6',
    'postern_messages_total{api="chat",stage="dev",route="of 1",direction="in"} 1',
    'postern_messages_total{api="chat",stage="dev",route="of 2",direction="in"} 1',
    'postern_messages_total{api="chat",stage="dev",route="of 3",direction="in"} 1',
  ])
  for (const line of [
    'postern_event_loop_lag_seconds_bucket{le="1"} 1',
    'postern_event_loop_lag_seconds_bucket{le="2.5"} 2',
    'postern_event_loop_lag_seconds_bucket{le="+Inf"} 3',
    'postern_event_loop_lag_seconds_sum 6',
    'postern_event_loop_lag_seconds_count 3',
    'postern_connections{api="chat",stage="dev"} 60',
    'postern_registry_up 0',
    'postern_draining 1',
    'postern_registry_workers{state="alive"} 2',
  ]) {
    expect(text).toContain(line)
  }
})

test('what is of one process has its name, each metric stands once, and of two with one name the newer is shown', async () => {
  const merged = createMergedMetrics()
  for (const [id, name] of [
    [3, 'a'],
    [1, 'a'],
    [2, 'b"'],
  ] as const) {
    const snapshot = await sent(createMetrics())
    const pid = { name: 'nodejs_pid', type: 'gauge', help: 'Id.', merge: 'worker', bounds: [] } as const
    merged.update(id, name, [...snapshot, { ...pid, series: [{ sample: 'nodejs_pid', labels: '', values: [id] }] }])
  }
  const text = merged.expose(all)
  expect(text.match(/^# TYPE process_resident_memory_bytes gauge$/gm)).toHaveLength(1)
  expect(text.match(/^process_resident_memory_bytes\{worker="a"\} \d+$/gm)).toHaveLength(1)
  expect(text.match(/^process_resident_memory_bytes\{worker="b\\""\} \d+$/gm)).toHaveLength(1)
  expect(text).toContain('nodejs_pid{worker="a"} 3\n')
  expect(text).toMatch(/^nodejs_version_info\{version="v[^}]*",worker="a"\} 1$/m)
  expect(text).not.toContain('undefined')
})

test('a process that is not present goes on to count, but its gauges are gone', async () => {
  const merged = createMergedMetrics()
  for (const id of [1, 2]) {
    const metrics = createMetrics(own)
    metrics.counter('postern_messages_total', message).value = id
    metrics.gauge('postern_connections', stage, () => id)
    merged.update(id, 'a', await sent(metrics))
  }
  expect(lines(merged.expose(new Set([2])))).toEqual([
    'postern_messages_total{api="chat",stage="dev",route="send",direction="in"} 3',
    'postern_connections{api="chat",stage="dev"} 2',
  ])
})

test('no counter goes backwards, whoever ends and whoever comes', () => {
  const of = (value: number): MetricsSnapshot => [
    {
      name: 'x_total',
      type: 'counter',
      help: 'X.',
      merge: 'sum',
      bounds: [],
      series: [{ labels: '', values: [value] }],
    },
    {
      ...{ name: 'x_seconds', type: 'histogram', help: 'X.', merge: 'sum', bounds: [1] },
      series: [{ labels: '', values: [value, 0, value] }],
    },
  ]
  const step = fc.oneof(
    fc.record({ kind: fc.constant('count'), process: fc.nat(4), by: fc.nat(9) }),
    fc.record({ kind: fc.constant('end'), process: fc.nat(4), by: fc.constant(0) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const merged = createMergedMetrics()
      const running = new Map<number, { id: number; value: number }>()
      let [ids, counted] = [0, 0]
      for (const { kind, process, by } of steps) {
        const { id, value } = running.get(process) ?? { id: ++ids, value: 0 }
        if (kind === 'end') {
          merged.end(id)
          running.delete(process)
        } else {
          running.set(process, { id, value: value + by })
          counted += by
          merged.update(id, `${process}`, of(value + by))
        }
        const text = lines(merged.expose(new Set()))
        const shown = text.find((line) => line.startsWith('x_total'))
        expect(Number(shown?.split(' ')[1] ?? 0)).toBe(counted)
        if (text.length > 1) expect(text).toContain(`x_seconds_count ${counted}`)
      }
    }),
  )
})

describe('a stage that is removed', () => {
  const scope = (metrics: ReturnType<typeof createMetrics>) => {
    const group = metrics.group('chat/dev')
    return { counter: group.counter('postern_messages_total', message), close: group.close }
  }
  const shown = (merged: ReturnType<typeof createMergedMetrics>) =>
    lines(merged.expose(all)).filter((line) => line.startsWith('postern_messages_total'))
  const of = (value: number) => [`postern_messages_total{api="chat",stage="dev",route="send",direction="in"} ${value}`]

  test('goes on in the sums while one process has it, and then is gone, with what ended processes counted', async () => {
    const merged = createMergedMetrics()
    const processes = [1, 2, 3].map((id) => {
      const metrics = createMetrics(own)
      const stage = scope(metrics)
      stage.counter.value = id
      return { id, metrics, stage }
    })
    const look = async () => {
      for (const { id, metrics } of processes) merged.update(id, 'a', await sent(metrics))
      merged.forgetScopes()
    }
    await look()
    merged.end(1)
    processes.shift()
    await look()
    expect(shown(merged)).toEqual(of(6))
    processes[0]?.stage.close()
    await look()
    expect(shown(merged)).toEqual(of(6))
    processes[1]?.stage.close()
    await look()
    expect(shown(merged)).toEqual([])
  })

  test('and comes back unseen in between begins anew in its process, and not in the sum', async () => {
    const merged = createMergedMetrics()
    const metrics = createMetrics(own)
    const before = scope(metrics)
    before.counter.value = 5
    merged.update(1, 'a', await sent(metrics))
    before.close()
    scope(metrics).counter.value = 2
    merged.update(1, 'a', await sent(metrics))
    merged.forgetScopes()
    expect(shown(merged)).toEqual(of(7))
  })

  test('is not taken for one because its processes have ended', async () => {
    const merged = createMergedMetrics()
    const metrics = createMetrics(own)
    scope(metrics).counter.value = 5
    merged.update(1, 'a', await sent(metrics))
    merged.end(1)
    const next = createMetrics(own)
    scope(next)
    merged.update(2, 'a', await sent(next))
    merged.forgetScopes()
    expect(shown(merged)).toEqual(of(5))
  })
})

test('a histogram whose buckets a new version has changed begins anew', () => {
  const of = (bounds: number[], values: number[]): MetricsSnapshot => [
    { name: 'x_seconds', type: 'histogram', help: 'X.', merge: 'sum', bounds, series: [{ labels: '', values }] },
  ]
  const merged = createMergedMetrics()
  merged.update(1, 'a', of([1], [5, 5, 9]))
  merged.end(1)
  merged.update(2, 'a', of([1, 2], [1, 1, 1, 4]))
  expect(lines(merged.expose(all))).toEqual([
    'x_seconds_bucket{le="1"} 1',
    'x_seconds_bucket{le="2"} 2',
    'x_seconds_bucket{le="+Inf"} 3',
    'x_seconds_sum 4',
    'x_seconds_count 3',
  ])
})

test('what the ended leave behind is bounded', () => {
  const refused: string[] = []
  const merged = createMergedMetrics({ maxSeries: 2, refused: (metric) => void refused.push(metric) })
  for (const id of [1, 2, 3]) {
    const series = [
      { labels: `{api="${id}"}`, values: [1] },
      { labels: '', values: [1] },
    ]
    merged.update(id, 'a', [{ name: 'x_total', type: 'counter', help: 'X.', merge: 'sum', bounds: [], series }])
    merged.end(id)
  }
  expect(lines(merged.expose(all))).toEqual(['x_total{api="1"} 1', 'x_total 3'])
  expect(refused).toEqual(['x_total', 'x_total'])
})

test('what is no snapshot is not taken for one', async () => {
  const [metric] = await createMetrics({ ...own, version: '1' }).snapshot()
  expect(readSnapshot([metric])).toEqual([metric])
  for (const wrong of [
    null,
    {},
    [null],
    [{ ...metric, type: 'x' }],
    [{ ...metric, merge: 'avg' }],
    [{ ...metric, bounds: ['1'] }],
    [{ ...metric, bounds: [1] }],
    [{ ...metric, series: [null] }],
    [{ ...metric, series: [{ labels: '', values: ['1'] }] }],
    [{ ...metric, series: [{ labels: 1, values: [1] }] }],
    [{ ...metric, series: [{ labels: '', scope: 1, values: [1] }] }],
  ]) {
    expect(readSnapshot(wrong)).toBeNull()
  }
})
