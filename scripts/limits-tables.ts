import { settingsJsonSchema, webSocketJsonSchema } from '../src/config/json-schema.ts'
import { settingsTable } from '../src/config/settings-table.ts'
import { maxHeldBytes } from '../src/gateway/gateway.ts'
import { linesPerSecond } from '../src/limits/line-limit.ts'
import { sharedCells, toldApart } from '../src/limits/source-limits.ts'
import { maxRevocations } from '../src/revocations/contract.ts'
import { maxHeaders, maxHeadersBytes } from '../src/transport/node/server.ts'
import { maxMessageBytes } from '../src/vocabulary/frames.ts'
import { markdownTable, type Schema, schemaAt } from './markdown-table.ts'

const ofFleet = 'the fleet, [within an error](#how-exact-throttles-are)'
const ofWorker = 'each worker, exactly'
const ofConnection = 'each connection, exactly'

/** The things that each setting limits, and how exactly. Every setting of the group `Limits` has to be here. */
const settings: Readonly<Record<string, string>> = {
  'throttleSettings.rateLimit': ofFleet,
  'throttleSettings.burstLimit': ofFleet,
  'newConnectionThrottle.rateLimit': ofFleet,
  'newConnectionThrottle.burstLimit': ofFleet,
  'sourceLimits.rateLimit': ofFleet,
  'sourceLimits.burstLimit': ofFleet,
  'sourceLimits.maxConnections': ofFleet,
  'sourceLimits.maxPendingHandshakes': ofWorker,
  'sourceLimits.ipv6PrefixLength': 'each address',
  maxConnections: ofWorker,
  maxBufferedBytes: 'each connection; what is sent last may go beyond it by one message',
  maxWaitingBytes: 'each worker; what is sent last may go beyond it by one message for each client',
  maxMessagesInFlight: ofConnection,
  maxOrderedQueue: ofConnection,
  maxGroupsPerConnection: ofConnection,
  pingIntervalInSeconds: 'each connection, within some seconds',
  maxBackendConnections: 'each worker and origin, exactly',
  connectTimeoutInMillis: 'each connection to a backend',
  maxIntegrationResponseBytes: 'each answer, exactly',
  drainSeconds: 'each worker, within seconds',
  leaseSeconds: 'each worker',
  workers: 'one machine, exactly',
}

/** Lists of the settings, by their names. */
const settingLists = ['apiKeys', 'usagePlans', 'domains', 'allowedHosts', 'trustedProxies']

/** Members of an `api.yaml` that limit, by their paths; then what they limit. */
const members: readonly (readonly [path: string, holds: string])[] = [
  ['idleTimeoutInSeconds', 'each connection, within a second'],
  ['connectionLifetimeInSeconds', 'each connection, and up to a tenth less'],
  ['maxFrameBytes', 'each frame, exactly (over Node.js)'],
  ['routeSelectionExpression', 'each API'],
  ['routes', 'each API'],
  ['integrations', 'each API'],
  ['authorizers', 'each API'],
  ['functions', 'each API'],
  ['models', 'each API'],
  ['stages', 'each API'],
  ['allowedOrigins', 'each API'],
  ['stages.*.stageVariables', 'each stage'],
  ['stages.*.stageVariables.*', 'each value'],
  ['stages.*.accessLogSettings.format', 'each stage'],
  ['integrations.*.HTTP_PROXY.timeoutInMillis', 'each call'],
  ['functions.*.timeoutInMillis', 'each call'],
  ['functions.*.memoryInMegabytes', 'each process of a function'],
  ['functions.*.maxConcurrency', 'each worker, exactly'],
]

const fixed: readonly (readonly [what: string, value: string, holds: string])[] = [
  ['A message of a client, a reply, the body of a `POST`', bytes(maxMessageBytes), 'each, exactly'],
  ['Headers of a handshake or request', `${maxHeaders}, ${bytes(maxHeadersBytes)} of them`, 'each request, about so'],
  ['What waits while a process that stood still is in doubt', bytes(maxHeldBytes), 'each worker, exactly'],
  [
    'Sources that `sourceLimits` tells apart',
    `${count(toldApart)}; others share ${count(sharedCells)} cells`,
    ofWorker,
  ],
  ['Revocations in force', count(maxRevocations), 'the fleet'],
  ['Log lines that clients can cause, of each kind', `${linesPerSecond} a second`, ofWorker],
]

/** The limits that are settings, as a table; throws for a setting of the group `Limits` that nobody has placed. */
export function settingLimitsTable(): string {
  const missing = settingsTable.filter(({ group, name }) => group === 'Limits' && !Object.hasOwn(settings, name))
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ')
    throw new Error(`scripts/limits-tables.ts does not say where these settings hold: ${names}`)
  }
  const rows = Object.entries(settings).map(([name, holds]) => {
    const row = settingsTable.find((each) => each.name === name)
    if (row === undefined) throw new Error(`scripts/limits-tables.ts: there is no setting ${name}`)
    const usual = row.default === undefined ? 'none' : count(Number(row.default))
    return [`\`${name}\``, usual, holds, row.description]
  })
  const lists = settingLists.map((name) => {
    const schema = schemaAt(settingsJsonSchema(), [name])
    return [`\`${name}\``, boundOf(schema, name), 'the settings', schema.description ?? '']
  })
  return markdownTable(['Setting', 'Default, or most', 'Holds for', 'Limits'], [...rows, ...lists])
}

/** The limits in an `api.yaml`, as a table. */
export function memberLimitsTable(): string {
  const rows = members.map(([name, holds]) => {
    const schema = schemaAt(webSocketJsonSchema(), name.split('.'))
    const usual = schema.default === undefined ? '' : count(Number(schema.default))
    return [`\`${name}\``, usual, boundOf(schema, name), holds]
  })
  return markdownTable(['Member', 'Default', 'Allowed', 'Holds for'], rows)
}

/** The limits that nobody can set, as a table. */
export function fixedLimitsTable(): string {
  return markdownTable(['Limit', 'Value', 'Holds for'], fixed)
}

function boundOf(schema: Schema, name: string): string {
  const { minimum = 0, maximum, maxItems, maxProperties, maxLength } = schema
  if (maximum !== undefined) return `${count(minimum)} to ${count(maximum)}`
  if (maxItems !== undefined || maxProperties !== undefined) return `${count(maxItems ?? maxProperties ?? 0)} entries`
  if (maxLength !== undefined) return `${count(maxLength)} characters`
  throw new Error(`scripts/limits-tables.ts: ${name} has no bound`)
}

function bytes(value: number): string {
  return `${count(value)} bytes`
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}
