import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { jsonSchemaOf } from 'postern-documents/json-schema'
import { parse } from 'yaml'
import { errorKinds } from '../load/src/contract.ts'
import { scenarioSchema } from '../load/src/scenario/definition.ts'
import { placeholders } from '../load/src/scenario/template.ts'
import { thresholdMetrics } from '../load/src/scenario/threshold.ts'
import { apiJsonSchema, httpJsonSchema, settingsJsonSchema, webSocketJsonSchema } from '../src/config/json-schema.ts'
import { secretVariables } from '../src/config/settings.ts'
import { settingsTable } from '../src/config/settings-table.ts'
import { contextVariables } from '../src/events/context-variables.ts'
import { type MetricRow, metricTable } from '../src/observability/metric-table.ts'
import { type AbilityName, abilityTitles } from '../src/transport/abilities.ts'
import { nodeAbilities } from '../src/transport/node/node-abilities.ts'
import { newUwsAbilities, uwsAbilities } from '../src/transport/uws/uws-abilities.ts'
import { closeReasons } from '../src/vocabulary/close-reasons.ts'
import { errorTable } from '../src/vocabulary/errors.ts'
import { throttleCauses } from '../src/vocabulary/throttle-causes.ts'
import { fixedLimitsTable, memberLimitsTable, settingLimitsTable } from './limits-tables.ts'
import { markdownTable, membersTable, type Schema, schemaAt } from './markdown-table.ts'

/** Files that are made from the source as a whole, by their path in the repository. */
export const files: Readonly<Record<string, () => string>> = {
  'schema/api.schema.json': () => json(apiJsonSchema()),
  'schema/settings.schema.json': () => json(settingsJsonSchema()),
  'schema/load-scenario.schema.json': () => json(jsonSchemaOf(scenarioSchema, 'Postern load scenario')),
}

const route = ['routes', '*']
const stage = ['stages', '*']

/** Parts of Markdown pages, by the NAME of `<!-- generated:NAME -->` … `<!-- /generated -->`. */
export const sections: Readonly<Record<string, () => string>> = {
  settings: settingsSection,
  errors: () =>
    markdownTable(
      ['Code', 'Status', 'Client gets', '`x-amzn-ErrorType`', '`$context.error.responseType`', 'When'],
      Object.entries(errorTable).map(([code, { status, errorType, message, responseType, cause }]) => [
        `\`${code}\``,
        String(status),
        message,
        `\`${errorType}\``,
        `\`${responseType}\``,
        cause,
      ]),
    ),
  'throttle-causes': () =>
    markdownTable(
      ['Cause', 'Limit'],
      Object.entries(throttleCauses).map(([name, meaning]) => [`\`${name}\``, meaning]),
    ),
  'limits-settings': settingLimitsTable,
  'limits-members': memberLimitsTable,
  'limits-fixed': fixedLimitsTable,
  'close-reasons': () =>
    markdownTable(
      ['Reason', 'Code', 'Text', 'Ended by', 'When'],
      Object.entries(closeReasons).map(([name, { code, text, by, when }]) => [
        `\`${name}\``,
        String(code),
        text,
        by,
        when,
      ]),
    ),
  metrics: () =>
    markdownTable(
      ['Metric', 'Type', 'Labels', 'Meaning'],
      Object.entries<MetricRow>(metricTable).map(([name, { type, labels, help }]) => [
        `\`${name}\``,
        type,
        Object.keys(labels)
          .map((label) => `\`${label}\``)
          .join(', '),
        help,
      ]),
    ),
  servers: () =>
    markdownTable(
      ['', 'uWebSockets.js of `uws-pack`', 'uWebSockets.js 20.57', 'Node.js'],
      Object.entries(abilityTitles).map(([name, title]) => serverRow(title, name as AbilityName)),
    ),
  'metric-labels': metricLabelsSection,
  'metric-buckets': () =>
    markdownTable(
      ['Histogram', 'Upper bounds'],
      Object.entries<MetricRow>(metricTable).flatMap(([name, { buckets }]) =>
        buckets.length === 0 ? [] : [[`\`${name}\``, buckets.join(', ')]],
      ),
    ),
  'metrics-merged': () =>
    markdownTable(
      ['Gauge', 'Of all workers'],
      Object.entries<MetricRow>(metricTable).flatMap(([name, { type, merge }]) =>
        type === 'gauge' ? [[`\`${name}\``, mergeWords[merge]]] : [],
      ),
    ),
  alerts: alertsSection,
  'metrics-aws': () =>
    markdownTable(
      ['Metric', 'Of `AWS/ApiGateway`'],
      Object.entries<MetricRow>(metricTable).flatMap(([name, { aws }]) => (aws === null ? [] : [[`\`${name}\``, aws]])),
    ),
  'context-variables': () =>
    markdownTable(
      ['`$context.`', 'Templates, parameters', 'Access log', 'Meaning'],
      contextVariables.map(({ name, uses, meaning }) => [
        `\`${name}\``,
        uses.includes('mapping') ? 'yes' : '',
        uses.includes('logs') ? 'yes' : '',
        meaning,
      ]),
    ),
  'settings-domains': () => membersTable(schemaAt(settingsJsonSchema(), ['domains'])),
  'settings-credentials': () => membersTable(schemaAt(settingsJsonSchema(), ['credentials'])),
  'settings-principals': () => membersTable(schemaAt(settingsJsonSchema(), ['credentials', 'principals'])),
  'settings-access-keys': () =>
    membersTable(schemaAt(settingsJsonSchema(), ['credentials', 'principals', 'accessKeys'])),
  'settings-api-keys': () => membersTable(schemaAt(settingsJsonSchema(), ['apiKeys'])),
  'settings-usage-plans': () => membersTable(schemaAt(settingsJsonSchema(), ['usagePlans'])),
  'settings-plan-stages': () => membersTable(schemaAt(settingsJsonSchema(), ['usagePlans', 'apiStages'])),
  'settings-quota': () => membersTable(schemaAt(settingsJsonSchema(), ['usagePlans', 'quota'])),
  'settings-usage-prices': () => membersTable(schemaAt(settingsJsonSchema(), ['usagePrices'])),
  'settings-secrets': () =>
    markdownTable(
      ['Variable', 'Holds'],
      Object.entries(secretVariables).map(([name, holds]) => [`\`${name}\``, holds]),
    ),
  'load-placeholders': () =>
    markdownTable(
      ['Placeholder', 'Stands for'],
      Object.entries(placeholders).map(([name, meaning]) => [`\`{{${name}}}\``, meaning]),
    ),
  'load-thresholds': () =>
    markdownTable(
      ['Metric', 'Unit', 'Meaning'],
      Object.entries(thresholdMetrics).map(([name, { unit, meaning }]) => [`\`${name}\``, unit, meaning]),
    ),
  'load-errors': () =>
    markdownTable(
      ['Kind', 'Meaning'],
      Object.entries(errorKinds).map(([kind, meaning]) => [`\`${kind}\``, meaning]),
    ),
  'load-scenario': () => membersTable(loadSchemaAt([])),
  'load-connection': () => membersTable(loadSchemaAt(['connection'])),
  'load-step': () => membersTable(loadSchemaAt(['onOpen'])),
  'load-message': () => membersTable(loadSchemaAt(['messages'])),
  'load-reply': () => membersTable(loadSchemaAt(['messages', 'reply'])),
  'load-pushes': () => membersTable(loadSchemaAt(['pushes'])),
  'load-rest': () => membersTable(loadSchemaAt(['rest'])),
  'load-limits': () => membersTable(loadSchemaAt(['limits'])),
  'definition-api': () => membersTable(schemaAt(webSocketJsonSchema(), [])),
  'http-api': () => membersTable(schemaAt(httpJsonSchema(), [])),
  'http-route': () => membersTable(schemaAt(httpJsonSchema(), ['routes', '*'])),
  'http-integration-http': () => membersTable(schemaAt(httpJsonSchema(), ['integrations', '*', 'HTTP_PROXY'])),
  'http-integration-function': () => membersTable(schemaAt(httpJsonSchema(), ['integrations', '*', 'AWS_PROXY'])),
  'http-authorizer-jwt': () => membersTable(schemaAt(httpJsonSchema(), ['authorizers', '*', 'JWT'])),
  'http-authorizer-function': () => membersTable(schemaAt(httpJsonSchema(), ['authorizers', '*', 'REQUEST'])),
  'http-cors': () => membersTable(schemaAt(httpJsonSchema(), ['corsConfiguration'])),
  'definition-model': () => membersTable(schemaAt(webSocketJsonSchema(), ['models', '*'])),
  'definition-function': () => membersTable(schemaAt(webSocketJsonSchema(), ['functions', '*'])),
  'definition-route': () => membersTable(schemaAt(webSocketJsonSchema(), route)),
  'definition-stage': () => membersTable(schemaAt(webSocketJsonSchema(), stage)),
  'definition-integration-http': () => membersTable(schemaAt(webSocketJsonSchema(), ['integrations', '*', 'HTTP'])),
  'definition-integration-http-proxy': () =>
    membersTable(schemaAt(webSocketJsonSchema(), ['integrations', '*', 'HTTP_PROXY'])),
  'definition-integration-aws': () => membersTable(schemaAt(webSocketJsonSchema(), ['integrations', '*', 'AWS'])),
  'definition-integration-aws-proxy': () =>
    membersTable(schemaAt(webSocketJsonSchema(), ['integrations', '*', 'AWS_PROXY'])),
  'definition-integration-mock': () => membersTable(schemaAt(webSocketJsonSchema(), ['integrations', '*', 'MOCK'])),
  'definition-integration-group': () => membersTable(schemaAt(webSocketJsonSchema(), ['integrations', '*', 'GROUP'])),
}

function serverRow(title: string, name: AbilityName): string[] {
  const [ours, later] = [uwsAbilities[name].note, newUwsAbilities[name].note]
  return [title, ours, later === ours ? 'The same.' : later, nodeAbilities[name].note]
}

const mergeWords = { sum: 'the sum', max: 'the largest', min: 'the smallest', worker: 'one each' } as const

/** Through lists, and to the map where a member may also be written shorter. */
function loadSchemaAt(path: readonly string[]): Schema {
  let schema = jsonSchemaOf(scenarioSchema, '') as Schema
  for (const step of path) {
    schema = schemaAt(schema.items ?? schema, [step])
    schema = schema.anyOf?.find(({ properties }) => properties !== undefined) ?? schema
  }
  return schema
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

function settingsSection(): string {
  const groups = [...new Set(settingsTable.map((row) => row.group))]
  return groups
    .map((group) => {
      const rows = settingsTable.filter((row) => row.group === group)
      const cells = rows.map((row) => [
        `\`${row.name}\``,
        row.name === 'dir' ? '`[dir]`' : `\`--${row.default === true ? 'no-' : ''}${row.flag}\``,
        `\`${row.variable}\``,
        row.default === undefined ? '' : `\`${JSON.stringify(row.default)}\``,
        row.description,
      ])
      return `### ${group}\n\n${markdownTable(['Setting', 'Flag', 'Variable', 'Default', 'Meaning'], cells)}`
    })
    .join('\n\n')
}

/** Most labels mean the same on every metric: those stand once. */
function metricLabelsSection(): string {
  const meanings = new Map<string, string[]>()
  for (const [name, { labels }] of Object.entries<MetricRow>(metricTable)) {
    for (const [label, { meaning }] of Object.entries(labels)) {
      const key = `${label}\n${meaning}`
      meanings.set(key, [...(meanings.get(key) ?? []), name])
    }
  }
  return markdownTable(
    ['Label', 'On', 'Values'],
    [...meanings].map(([key, names]) => {
      const [label = '', meaning = ''] = key.split('\n')
      return [`\`${label}\``, names.length > 3 ? 'most' : names.map((name) => `\`${name}\``).join(', '), meaning]
    }),
  )
}

/** The alerts of the rule file with their remedies; where a label of the series would stand there is a name in brackets. */
function alertsSection(): string {
  const file = fileURLToPath(new URL('../docs/examples/prometheus-alerts.yaml', import.meta.url))
  const { groups } = parse(readFileSync(file, 'utf8')) as {
    groups: { rules: { alert: string; labels: { severity: string }; annotations: Record<string, string> }[] }[]
  }
  return markdownTable(
    ['Alert', 'Severity', 'What is the matter', 'What to do'],
    groups
      .flatMap(({ rules }) => rules)
      .map(({ alert, labels, annotations }) => [
        `\`${alert}\``,
        labels.severity,
        (annotations.summary ?? '').replace(/\{\{ \$labels\.(\w+) \}\}/g, '‹$1›'),
        annotations.remedy ?? '',
      ]),
  )
}
