import { readdir, readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { expect, test, vi } from 'vitest'
import { watchEventLoopLag } from '../../src/observability/event-loop-lag.ts'
import { type MetricRow, metricTable } from '../../src/observability/metric-table.ts'
import { createMetrics } from '../../src/observability/metrics.ts'

const own = { processMetrics: false }
const stage = { api: 'chat', stage: 'dev' }
const message = { ...stage, route: 'send', direction: 'in' } as const

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

test('the hot path writes a field, and a scrape prints it', async () => {
  const metrics = createMetrics(own)
  const counter = metrics.counter('postern_messages_total', message)
  counter.value++
  counter.value += 2
  expect(await metrics.scrape()).toBe(
    [
      `# HELP postern_messages_total ${metricTable.postern_messages_total.help}`,
      '# TYPE postern_messages_total counter',
      'postern_messages_total{api="chat",stage="dev",route="send",direction="in"} 3',
      '\n',
    ].join('\n'),
  )
})

test('asking twice gives the same series, in whatever order the labels come', () => {
  const metrics = createMetrics(own)
  const counter = metrics.counter('postern_messages_total', message)
  const { api, ...others } = message
  expect(metrics.counter('postern_messages_total', { ...others, api })).toBe(counter)
  expect(metrics.counter('postern_messages_total', { ...message, direction: 'out' })).not.toBe(counter)
  const histogram = metrics.histogram('postern_integration_duration_seconds', { ...stage, route: 'send' })
  expect(metrics.histogram('postern_integration_duration_seconds', { ...stage, route: 'send' })).toBe(histogram)
})

test('series stay apart when their labels would run together', () => {
  const metrics = createMetrics(own)
  const one = metrics.counter('postern_messages_total', { ...message, api: 'a",stage="b', stage: 'c' })
  expect(metrics.counter('postern_messages_total', { ...message, api: 'a', stage: 'b",stage="c' })).not.toBe(one)
})

test('a name that is not in the table, a wrong type and wrong labels are faults of the caller', () => {
  const metrics = createMetrics(own)
  // @ts-expect-error: a name without a row
  expect(() => metrics.counter('postern_nothing_total', {})).toThrow('postern_nothing_total is not in')
  // @ts-expect-error: what every object has
  expect(() => metrics.counter('constructor', {})).toThrow('constructor is not in')
  // @ts-expect-error: another type
  expect(() => metrics.counter('postern_draining', {})).toThrow('postern_draining is a gauge, not a counter')
  // @ts-expect-error: labels are missing
  expect(() => metrics.counter('postern_messages_total', stage)).toThrow(
    'postern_messages_total has the labels api, stage, route, direction, not api, stage',
  )
  // @ts-expect-error: labels too many
  expect(() => metrics.gauge('postern_draining', stage, () => 1)).toThrow('(none), not api, stage')
})

test('the compiler knows each label of each metric, and the values of closed lists', () => {
  const metrics = createMetrics(own)
  const route = { ...stage, route: 'send' }
  const extra: string = 'postern_messages_total'
  const any: string = 'in'
  const faults = [
    // @ts-expect-error: a name that is only known at run time
    () => metrics.counter(extra, { ...route, direction: 'in' }),
    // @ts-expect-error: a counter is no histogram
    () => metrics.histogram('postern_messages_total', { ...route, direction: 'in' }),
    // @ts-expect-error: a label too many, in plain sight
    () => metrics.counter('postern_worker_restarts_total', { version: '1' }),
    // @ts-expect-error: a label too many, brought along by others
    () => metrics.counter('postern_errors_total', { ...route, code: 'INTERNAL_ERROR' }),
    // @ts-expect-error: a label that no metric has
    () => metrics.histogram('postern_integration_duration_seconds', { ...route, colour: 'red' }),
    // @ts-expect-error: a label too few
    () => metrics.histogram('postern_integration_duration_seconds', stage),
  ]
  for (const fault of faults.slice(1)) expect(fault).toThrow()
  // What stands in a label is not looked at when it is counted: that is the compiler's alone.
  // @ts-expect-error: neither in nor out
  metrics.counter('postern_messages_total', { ...route, direction: 'up' })
  // @ts-expect-error: any text
  metrics.counter('postern_messages_total', { ...route, direction: any })
  // @ts-expect-error: no code of the table of errors
  metrics.counter('postern_errors_total', { ...stage, code: '4xx' })
  // @ts-expect-error: no name of the table of close reasons
  metrics.counter('postern_closes_total', { ...stage, reason: 'bored' })
  // @ts-expect-error: no outcome of a handshake
  metrics.counter('postern_connects_total', { ...stage, outcome: 'applied' })
  // @ts-expect-error: no state of a worker of one machine
  metrics.gauge('postern_workers', { state: 'dead' }, () => 1)
  metrics.counter('postern_integration_errors_total', { ...route, code: '4xx' })
  metrics.counter('postern_integration_errors_total', { ...route, code: 'INTEGRATION_TIMEOUT' })
  metrics.gauge('postern_registry_workers', { state: 'dead' }, () => 1)
})

test('a gauge is read at the scrape; a second one takes its place; one that throws is NaN', async () => {
  const metrics = createMetrics(own)
  let value = 1
  metrics.gauge('postern_connections', stage, () => value)
  value = 7
  expect(await metrics.scrape()).toContain('postern_connections{api="chat",stage="dev"} 7\n')
  metrics.gauge('postern_connections', stage, () => 8)
  const text = await metrics.scrape()
  expect(lines(text).filter((line) => line.startsWith('postern_connections{'))).toEqual([
    'postern_connections{api="chat",stage="dev"} 8',
  ])
  metrics.gauge('postern_draining', {}, () => {
    throw new Error('gone')
  })
  expect(await metrics.scrape()).toContain('\npostern_draining NaN\n')
})

test('a histogram counts a value in every bucket that it fits, bounds included, and sums it', async () => {
  const metrics = createMetrics(own)
  const lag = metrics.histogram('postern_event_loop_lag_seconds', {})
  for (const value of [0, 0.001, 0.0011, 5, 5.5]) lag.observe(value)
  for (const value of [Number.NaN, -1]) lag.observe(value)
  const text = lines(await metrics.scrape())
  expect(text).toContain('postern_event_loop_lag_seconds_bucket{le="0.001"} 2')
  expect(text).toContain('postern_event_loop_lag_seconds_bucket{le="0.0025"} 3')
  expect(text).toContain('postern_event_loop_lag_seconds_bucket{le="5"} 4')
  expect(text).toContain('postern_event_loop_lag_seconds_bucket{le="+Inf"} 5')
  expect(text).toContain('postern_event_loop_lag_seconds_sum 10.5021')
  expect(text).toContain('postern_event_loop_lag_seconds_count 5')
})

test('whatever is counted and however it is labelled, prom-client would have written the same', async () => {
  const values = fc.array(fc.oneof(fc.double({ min: 0, max: 40, noNaN: true }), fc.constantFrom(0.001, 0.005, 10, 30)))
  const text = fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', ',', '{', '}', '=', 'é', ' ') })
  await fc.assert(
    fc.asyncProperty(text, values, async (route, seconds) => {
      const metrics = createMetrics(own)
      const registry = new Registry()
      const labels = { api: 'chat', stage: 'dev', route }
      const settings = (name: keyof typeof metricTable) => ({
        name,
        help: metricTable[name].help,
        labelNames: Object.keys(metricTable[name].labels),
        registers: [registry],
      })
      const duration = 'postern_integration_duration_seconds'
      const theirs = new Histogram({ ...settings(duration), buckets: [...metricTable[duration].buckets] })
      const mine = metrics.histogram(duration, labels)
      theirs.zero(labels)
      for (const value of seconds) {
        theirs.observe(labels, value)
        mine.observe(value)
      }
      const count = new Counter(settings('postern_series_refused_total'))
      count.inc({ metric: route }, seconds.length)
      metrics.counter('postern_series_refused_total', { metric: route }).value = seconds.length
      new Gauge(settings('postern_connections')).set({ api: route, stage: 'x' }, seconds[0] ?? Number.POSITIVE_INFINITY)
      metrics.gauge('postern_connections', { api: route, stage: 'x' }, () => seconds[0] ?? Number.POSITIVE_INFINITY)
      expect(sortedSamples(await metrics.scrape())).toEqual(sortedSamples(await registry.metrics()))
    }),
    { numRuns: 200 },
  )
})

/** A sample's labels in a fixed order: the format gives them none. */
function sortedSamples(text: string): string[] {
  return lines(text)
    .map((line) => {
      const [, name, labels, value] = /^([^{# ]+)\{(.*)\} (\S+)$/.exec(line) ?? []
      if (labels === undefined) return line
      const pairs = labels.match(/[a-z_]+="(?:[^"\\]|\\.)*"/g) ?? []
      return `${name} ${pairs.sort().join(' ')} ${value}`
    })
    .sort()
}

test('a metric that has its most series gives spare ones, says so once, and counts them', async () => {
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn(), child: vi.fn() }
  const metrics = createMetrics({ ...own, log: () => log, maxSeries: 2 })
  const count = (route: string) => metrics.counter('postern_messages_total', { ...message, route })
  for (const route of ['a', 'b', 'c', 'd']) count(route).value++
  count('a').value++
  expect(lines(await metrics.scrape()).filter((line) => line.startsWith('postern_messages_total{'))).toEqual([
    'postern_messages_total{api="chat",stage="dev",route="a",direction="in"} 2',
    'postern_messages_total{api="chat",stage="dev",route="b",direction="in"} 1',
  ])
  expect(await metrics.scrape()).toContain('postern_series_refused_total{metric="postern_messages_total"} 2\n')
  expect(log.warn).toHaveBeenCalledTimes(1)
  expect(log.warn.mock.calls[0]?.[0]).toEqual({ metric: 'postern_messages_total', maxSeries: 2 })
})

test('build information and the metrics of the process come with it', async () => {
  const text = await createMetrics({ version: '1.2.3' }).scrape()
  expect(text).toContain(`postern_build_info{version="1.2.3",node="${process.version}"} 1\n`)
  expect(text).toMatch(/^process_cpu_user_seconds_total \d/m)
  expect(text).toMatch(/^process_resident_memory_bytes \d/m)
  expect(text).toMatch(/^# TYPE nodejs_gc_duration_seconds histogram$/m)
  expect(text.endsWith('\n')).toBe(true)
})

test('every row of the table has a unit in its name as Prometheus asks, labels with words, and rising buckets', () => {
  for (const [name, row] of Object.entries<MetricRow>(metricTable)) {
    expect(name).toMatch(/^postern_[a-z_]+$/)
    expect(name.endsWith('_total'), name).toBe(row.type === 'counter')
    if (row.type === 'histogram') expect(name).toMatch(/_(seconds|bytes)$/)
    expect(row.buckets.length > 0, name).toBe(row.type === 'histogram')
    expect([...row.buckets].sort((a, b) => a - b)).toEqual(row.buckets)
    for (const label of Object.keys(row.labels)) expect(label).toMatch(/^[a-z]+$/)
    for (const meaning of [row.help, ...Object.values(row.labels).map((each) => each.meaning)]) {
      expect(meaning, name).toMatch(/\.$/)
    }
    for (const { meaning, values } of Object.values(row.labels)) {
      // A list is in the docs as it is, or as the name of a table that has a page of its own.
      if (values === null || /\btable of\b/.test(meaning)) continue
      for (const value of values) expect(meaning, name).toContain(`\`${value}\``)
    }
  }
})

test('no row stands in the table that nothing in the gateway feeds', async () => {
  const root = new URL('../../src/', import.meta.url)
  const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith('.ts'))
  const others = files.filter((file) => !file.endsWith('metric-table.ts'))
  const source = (await Promise.all(others.map((file) => readFile(new URL(file, root), 'utf8')))).join('\n')
  expect(Object.keys(metricTable).filter((name) => !source.includes(`'${name}'`))).toEqual([])
})

test('a stall of the event loop is one sample as long as the stall', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    const metrics = createMetrics(own)
    let at = 0
    const watch = watchEventLoopLag({ metrics, now: () => at })
    at = 100
    vi.advanceTimersByTime(100)
    at = 500 // due at 200
    vi.advanceTimersByTime(100)
    at = 600
    vi.advanceTimersByTime(100)
    watch.close()
    watch.close()
    vi.advanceTimersByTime(1000)
    const text = await metrics.scrape()
    expect(text).toContain('postern_event_loop_lag_seconds_bucket{le="0.001"} 2\n')
    expect(text).toContain('postern_event_loop_lag_seconds_sum 0.3\n')
    expect(text).toContain('postern_event_loop_lag_seconds_count 3\n')
  } finally {
    vi.useRealTimers()
  }
})
