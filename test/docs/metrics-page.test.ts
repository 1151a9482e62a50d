import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { metricTable } from '../../src/observability/metric-table.ts'
import { repository } from '../helpers/examples.ts'
import { readPages } from '../helpers/markdown.ts'

test('every metric that a page names is one of the table', () => {
  const unknown = readPages().flatMap(({ path, text }) =>
    [...text.matchAll(/\bpostern_[a-z_]*[a-z]/g)]
      .map(([name]) => name.replace(/_(bucket|count|sum)$/, ''))
      .filter((name) => !Object.hasOwn(metricTable, name))
      .map((name) => `${path}: ${name}`),
  )
  expect(unknown).toEqual([])
})

test('the alerts are a rule file', () => {
  const page = readPages().find(({ path }) => path === 'docs/metrics-and-logs.md')
  expect(page?.links.map(({ target }) => target)).toContain('examples/prometheus-alerts.yaml')
  const text = readFileSync(join(repository, 'docs/examples/prometheus-alerts.yaml'), 'utf8')
  const { groups } = parse(text) as { groups: { name: string; rules: Record<string, string>[] }[] }
  const rules = groups.flatMap((group) => group.rules)
  expect(rules.length).toBeGreaterThan(3)
  for (const rule of rules) {
    expect(Object.keys(rule)).toEqual(['alert', 'expr', 'for', 'labels', 'annotations'])
    expect(rule.alert).toMatch(/^Postern[A-Za-z]+$/)
    expect(rule.for).toMatch(/^\d+m$/)
  }
  const fleet = groups.find(({ name }) => name === 'postern-fleet')?.rules ?? []
  expect(fleet.length).toBeGreaterThan(3)
  for (const rule of fleet) expect(rule.expr).toContain('postern_registry_')
})
