import { createFault, type Fault } from 'postern-documents/faults'
import { expect, test } from 'vitest'
import { apiDefinitionSchema } from '../../src/config/api-definition.ts'
import type { ParsedDefinition } from '../../src/config/read-api.ts'
import { createDeployedApis } from '../../src/deployments/deployed-apis.ts'
import { createLocalBuckets } from '../../src/limits/named-buckets.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { createCatalog } from '../../src/stages/catalog.ts'
import type { WebSocketStage } from '../../src/stages/websocket-stage.ts'
import { noApiKeys } from '../helpers/empty-stage.ts'
import { noHttp } from '../helpers/http-options.ts'
import { recordLog } from '../helpers/record-log.ts'
import { recordingIntegrations, to } from '../helpers/recording-integrations.ts'

/** A definition with one route, to a backend on this host in each stage. */
function api(apiId: string, stages: Record<string, string>): ParsedDefinition {
  const definition = apiDefinitionSchema.parse({
    apiId,
    protocolType: 'WEBSOCKET',
    routeSelectionExpression: '$request.body.action',
    routes: { $default: { integration: to('${stageVariables.host}') } },
    stages: Object.fromEntries(Object.entries(stages).map(([name, host]) => [name, { stageVariables: { host } }])),
  })
  const file = `${apiId}/api.yaml`
  const locate: ParsedDefinition['locate'] = ({ path, message }) => createFault({ file }, { path, problem: message })
  return { file, directory: apiId, faults: [], warnings: [], definition, locate }
}

/** APIs as they are deployed from what `apis` is set to. */
function deployment() {
  const { type, opened, closed } = recordingIntegrations()
  const log = recordLog()
  const catalog = createCatalog<WebSocketStage>({ defaultApi: null, domains: [], allowedHosts: [] })
  const now: { apis: ParsedDefinition[]; faults: Fault[] } = { apis: [], faults: [] }
  const ended: string[] = []
  const metrics = createMetrics({ processMetrics: false })
  const deployed = createDeployedApis({
    source: { read: async () => now },
    catalog,
    endSlot: ({ apiId, stageName, current }) => void ended.push(`${apiId} ${stageName} ${current}`),
    log,
    metrics,
    integrationTypes: [type],
    authorizerTypes: [],
    http: noHttp,
    createAccessLog: () => () => {},
    isTrustedOrigin: () => false,
    apiKeys: noApiKeys,
    buckets: createLocalBuckets(),
  })
  /** Reads these definitions; what was opened and closed by it. */
  async function reload(apis: ParsedDefinition[], faults: Fault[] = []) {
    Object.assign(now, { apis, faults })
    opened.length = 0
    closed.length = 0
    const found = await deployed.reload()
    return { faults: found.map(({ path, message }) => `${path} ${message}`), opened: [...opened], closed: [...closed] }
  }
  const served = () => catalog.slots().map(({ apiId, stageName, current }) => `${apiId} ${stageName} ${current?.name}`)
  return { deployed, reload, served, ended, closed, log, metrics, catalog }
}

test('a definition that changed takes the place of the one before, which is closed; others are left alone', async () => {
  const { reload, deployed } = deployment()
  const chat = api('chat', { dev: 'one', prod: 'two' })
  expect((await reload([chat, api('echo', { dev: 'old' })])).opened).toEqual([
    'one of dev',
    'two of prod',
    'old of dev',
  ])
  expect(await reload([chat, api('echo', { dev: 'new' })])).toEqual({
    faults: [],
    opened: ['new of dev'],
    closed: ['old of dev'],
  })
  expect(deployed.routeSelectionExpression('chat')).toBe('$request.body.action')
})

test('a stage that is gone ends, and is closed', async () => {
  const { reload, served, ended } = deployment()
  await reload([api('chat', { dev: 'one', prod: 'two' })])
  expect(await reload([api('chat', { dev: 'one' })])).toMatchObject({ closed: ['one of dev', 'two of prod'] })
  expect(ended).toEqual(['chat prod null'])
  expect(served()).toEqual(['chat dev dev'])
})

test('an API that is gone is removed with all its stages', async () => {
  const { reload, served, ended, deployed } = deployment()
  await reload([api('chat', { dev: 'one', prod: 'two' }), api('echo', { dev: 'three' })])
  expect(await reload([api('echo', { dev: 'three' })])).toEqual({
    faults: [],
    opened: [],
    closed: ['one of dev', 'two of prod'],
  })
  expect(ended).toEqual(['chat dev null', 'chat prod null'])
  expect(served()).toEqual(['echo dev dev'])
  expect(deployed.routeSelectionExpression('chat')).toBeNull()
})

test('a definition with a fault opens and closes nothing: what runs goes on', async () => {
  const { reload, served, ended, log } = deployment()
  await reload([api('chat', { dev: 'one', prod: 'two' })])
  expect(await reload([api('chat', { dev: 'good', prod: 'faulty' })])).toEqual({
    faults: ['routes.$default.integration.integrationUri not this one'],
    opened: [],
    closed: [],
  })
  expect(log.entries.at(-1)).toMatchObject({ level: 'error', message: 'not this one' })
  expect(ended).toEqual([])
  expect(served()).toEqual(['chat dev dev', 'chat prod prod'])
})

test('an API that is missing while there is a fault anywhere goes on', async () => {
  const { reload, served } = deployment()
  await reload([api('chat', { dev: 'one' })])
  const fault = createFault({ file: 'chat/api.yaml' }, { path: [], problem: 'cannot be read' })
  expect(await reload([], [fault])).toEqual({ faults: [' cannot be read'], opened: [], closed: [] })
  expect(served()).toEqual(['chat dev dev'])
})

test('a definition that can not be opened leaves what runs as it is, and is tried again', async () => {
  const { reload, served, log } = deployment()
  await reload([api('chat', { dev: 'one' })])
  const broken = api('chat', { dev: 'two', prod: 'broken' })
  for (const _ of [1, 2]) {
    const fault = "can't be opened: broken of prod can't be opened"
    expect(await reload([broken])).toEqual({ faults: [` ${fault}`], opened: ['two of dev'], closed: ['two of dev'] })
    expect(log.entries.at(-1)).toMatchObject({ level: 'error', message: fault, fields: { file: 'chat/api.yaml' } })
  }
  expect(served()).toEqual(['chat dev dev'])
})

test('a definition that can not be opened is counted, and those behind it take their places', async () => {
  const { reload, served, metrics } = deployment()
  await reload([api('chat', { dev: 'one' }), api('echo', { dev: 'one' })])
  const { opened, closed } = await reload([api('chat', { dev: 'broken' }), api('echo', { dev: 'two' })])
  expect([opened, closed]).toEqual([['two of dev'], ['one of dev']])
  expect(served()).toEqual(['chat dev dev', 'echo dev dev'])
  const text = await metrics.scrape()
  expect(text).toContain('postern_definition_reloads_total{outcome="applied"} 1\n')
  expect(text).toContain('postern_definition_reloads_total{outcome="rejected"} 1\n')
})

test('a source that fails is a fault, and is counted', async () => {
  const { reload, metrics } = deployment()
  const broken = api('chat', { dev: 'one' })
  const failing = Object.defineProperty({ ...broken }, 'definition', {
    get: () => {
      throw new Error('lost')
    },
  })
  expect((await reload([failing])).faults).toEqual([" can't be reloaded: lost"])
  expect(await metrics.scrape()).toContain('postern_definition_reloads_total{outcome="rejected"} 1\n')
  expect((await reload([broken])).faults).toEqual([])
})

test('a stage that is gone is closed when what had entered has left', async () => {
  const { reload, catalog, closed } = deployment()
  await reload([api('chat', { dev: 'one', prod: 'two' })])
  const slot = catalog.slots().find(({ stageName }) => stageName === 'prod')
  slot?.enter()
  expect((await reload([api('chat', { dev: 'one' })])).closed).toEqual(['one of dev'])
  slot?.leave()
  expect(closed).toEqual(['one of dev', 'two of prod'])
})

test('a definition that can not be opened leaves no series behind, and takes none away', async () => {
  const { reload, metrics } = deployment()
  await reload([api('chat', { dev: 'one' })])
  await reload([api('chat', { dev: 'two', prod: 'broken' }), api('echo', { dev: 'three' })])
  const text = await metrics.scrape()
  expect(text).toContain('postern_connections{api="chat",stage="dev"} 0\n')
  expect(text).not.toContain('stage="prod"')
  await reload([api('news', { dev: 'broken' })])
  expect(await metrics.scrape()).not.toContain('api="news"')
})

test('of two definitions with one apiId the first is served', async () => {
  const { reload } = deployment()
  expect((await reload([api('chat', { dev: 'one' }), api('chat', { dev: 'two' })])).opened).toEqual(['one of dev'])
})

test('closing closes every stage that is served', async () => {
  const { reload, deployed, closed } = deployment()
  await reload([api('chat', { dev: 'one' }), api('echo', { dev: 'two' })])
  deployed.close()
  expect(closed).toEqual(['one of dev', 'two of dev'])
})
