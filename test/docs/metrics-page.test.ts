import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { metricTable } from '../../src/observability/metric-table.ts'
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
  const block = page?.blocks.find(({ text }) => text.startsWith('# postern-alerts.yml'))
  const { groups } = parse(block?.text ?? '') as { groups: { rules: Record<string, string>[] }[] }
  const rules = groups.flatMap((group) => group.rules)
  expect(rules.length).toBeGreaterThan(3)
  for (const rule of rules) {
    expect(Object.keys(rule)).toEqual(['alert', 'expr', 'for'])
    expect(rule.alert).toMatch(/^Postern[A-Za-z]+$/)
    expect(rule.expr).toContain('postern_registry_')
    expect(rule.for).toMatch(/^\d+m$/)
  }
})
