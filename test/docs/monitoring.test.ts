import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type MetricRow, metricTable } from '../../src/observability/metric-table.ts'
import { repository } from '../helpers/examples.ts'
import { type Selector, selectorsOf } from '../helpers/promql.ts'

const read = (path: string) => readFileSync(join(repository, path), 'utf8')

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly for: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}
interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

const { groups } = parse(read('docs/examples/prometheus-alerts.yaml')) as {
  groups: { name: string; rules: Rule[] }[]
}
const rules = groups.flatMap((group) => group.rules)
const { panels, templating } = JSON.parse(read('docs/examples/grafana-dashboard.json')) as {
  panels: Panel[]
  templating: { list: { name: string; definition?: string }[] }
}
const targets = panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target })))
const known: Readonly<Record<string, MetricRow>> = metricTable

// What every process of Node.js tells, as prom-client has it, and what Prometheus itself says of a target.
const processMetrics = new Registry()
collectDefaultMetrics({ register: processMetrics })
const foreign = new Set(['up', ...processMetrics.getMetricsAsArray().map(({ name }) => name)])
/** Labels that Prometheus puts on whatever it reads, and the one that `--workers` puts on the metrics of a process. */
const added = ['instance', 'job']

/** What is wrong with a selector: a name, label, value or use that the table does not have. */
function faultsOf({ metric, matchers, isRange, within, by }: Selector): string[] {
  if (foreign.has(metric))
    return unknownLabels(metric, ['worker', ...added], [...matchers.map(({ label }) => label), ...by])
  const name = Object.hasOwn(known, metric) ? metric : metric.replace(/_(bucket|count|sum)$/, '')
  const row = Object.hasOwn(known, name) ? known[name] : undefined
  if (row === undefined) return [`${metric}: there is no such metric`]
  const suffix = metric.slice(name.length)
  const faults: string[] = []
  if ((row.type === 'histogram') !== (suffix !== '')) faults.push(`${metric}: its type is ${row.type}`)
  const labels = [...Object.keys(row.labels), ...added, ...(suffix === '_bucket' ? ['le'] : [])]
  faults.push(...unknownLabels(metric, labels, [...matchers.map(({ label }) => label), ...by]))
  const counts = row.type !== 'gauge'
  if (counts !== (within[0] === 'rate' || within[0] === 'increase'))
    faults.push(`${metric}: a ${row.type} in ${within[0]}`)
  if (counts && !isRange) faults.push(`${metric}: no range`)
  if ((suffix === '_bucket') !== within.includes('histogram_quantile')) faults.push(`${metric}: not in a quantile`)
  if (suffix === '_bucket' && within.includes('sum') && !by.includes('le')) faults.push(`${metric}: le is lost`)
  for (const { label, value, operator } of matchers) {
    const values = row.labels[label]?.values ?? null
    if (values === null || value.startsWith('$')) continue
    const asked = operator.endsWith('~') ? value.split('|') : [value]
    for (const each of asked) if (!values.includes(each)) faults.push(`${metric}: ${label} is never ${each}`)
  }
  return faults
}

function unknownLabels(metric: string, labels: readonly string[], used: readonly string[]): string[] {
  return used.filter((label) => !labels.includes(label)).map((label) => `${metric}: it has no label ${label}`)
}

/** A dashboard's variables, as Grafana fills them in. */
const filledIn = (expression: string) => expression.replaceAll('$__rate_interval', '1m')

test.each([
  ['sum(rate(postern_messages[5m]))', 'there is no such metric'],
  ['postern_messages_total', 'a counter in undefined'],
  ['rate(postern_connections[5m])', 'a gauge in rate'],
  ['sum by (route) (rate(postern_connects_total[5m]))', 'it has no label route'],
  ['rate(postern_connects_total{outcome="fails"}[5m])', 'outcome is never fails'],
  ['rate(postern_connects_total{result="failed"}[5m])', 'it has no label result'],
  ['rate(postern_event_loop_lag_seconds[5m])', 'its type is histogram'],
  ['rate(postern_messages_total_sum[5m])', 'its type is counter'],
  ['histogram_quantile(0.9, sum by (api) (rate(postern_integration_duration_seconds_bucket[5m])))', 'le is lost'],
  ['sum(rate(postern_integration_duration_seconds_bucket[5m]))', 'not in a quantile'],
])('the check finds what is wrong with %s', (expression, fault) => {
  expect(selectorsOf(expression).flatMap(faultsOf).join('\n')).toContain(fault)
})

describe('the alerts', () => {
  test.each(rules)('$alert asks for metrics, labels and values that exist', ({ expr, annotations }) => {
    const selectors = selectorsOf(expr)
    expect(selectors.length).toBeGreaterThan(0)
    expect(selectors.flatMap(faultsOf)).toEqual([])
    // What the text names is a label that the expression leaves.
    for (const [, label = ''] of Object.values(annotations)
      .join(' ')
      .matchAll(/\$labels\.(\w+)/g)) {
      for (const { within, by } of selectors) {
        const aggregates = within.some((name) => ['sum', 'max', 'min', 'count', 'avg', 'absent'].includes(name))
        expect(aggregates ? by : [label], label).toContain(label)
      }
    }
  })

  test('each says what is the matter and what to do, and operators find it in the docs', () => {
    const operating = read('docs/operating.md')
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
    for (const { alert, for: time, labels, annotations } of rules) {
      expect(alert).toMatch(/^Postern[A-Za-z]+$/)
      expect(time).toMatch(/^\d+m$/)
      expect(['critical', 'warning']).toContain(labels.severity)
      expect(Object.keys(annotations)).toEqual(['summary', 'remedy'])
      for (const text of Object.values(annotations)) expect(text).toMatch(/\.$/)
      expect(operating).toContain(`\`${alert}\``)
    }
  })

  test('name settings that exist', () => {
    const settings = read('docs/settings.md')
    const named = rules.flatMap(({ annotations }) => [...(annotations.remedy ?? '').matchAll(/`([a-z]+[A-Z]\w+)`/g)])
    expect(named.length).toBeGreaterThan(0)
    for (const [, name] of named) expect(settings).toContain(`\`${name}\``)
  })
})

describe('the dashboard', () => {
  test.each(targets)(
    '$title: $legendFormat asks for metrics, labels and values that exist',
    ({ expr, legendFormat }) => {
      const selectors = selectorsOf(filledIn(expr))
      expect(selectors.length).toBeGreaterThan(0)
      expect(selectors.flatMap(faultsOf)).toEqual([])
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
        for (const { by } of selectors) expect(by).toContain(label)
      }
      const variables = new Set(['__rate_interval', ...templating.list.map(({ name }) => name)])
      for (const [, name = ''] of expr.matchAll(/\$(\w+)/g)) expect(variables).toContain(name)
    },
  )

  test('its variables take their values from labels that exist', () => {
    for (const { definition } of templating.list) {
      if (definition === undefined) continue
      const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(definition) ?? []
      expect([...Object.keys(known[metric]?.labels ?? {}), ...added]).toContain(label)
    }
  })

  test('has panels that say what they mean and do not overlap', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const cells = new Set<string>()
    for (const { type, title, description, gridPos } of panels) {
      if (type !== 'row') expect(description, title).toMatch(/\.$/)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(cells.has(`${x},${y}`), title).toBe(false)
          cells.add(`${x},${y}`)
        }
      }
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
    }
  })
})
