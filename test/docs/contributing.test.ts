import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFault } from 'postern-documents/faults'
import { expect, test } from 'vitest'
import type { DefinitionSource } from '../../src/deployments/contract.ts'
import { MessageEvent } from '../../src/events/message-event.ts'
import type { IntegrationScope } from '../../src/integrations/contract.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { callbackAccess } from '../../src/stages/callback-access.ts'
import type { TransportRequest } from '../../src/transport/contract.ts'
import { repository } from '../helpers/examples.ts'
import { readPage } from '../helpers/markdown.ts'
import { bothSources } from './adding/both-sources.ts'
import { checkBusinessHours } from './adding/business-hours.ts'
import { countIdle } from './adding/count-closes.ts'
import { echoIntegrationType } from './adding/echo-integration.ts'
import { loopbackCallers } from './adding/loopback-callers.ts'
import { PingEvent } from './adding/ping-event.ts'

const page = readPage('CONTRIBUTING.md')
const examples = page.blocks.filter(({ language }) => language === 'ts')

const record = {
  ...{ connectionId: 'id', apiId: 'chat', stage: 'dev', connectedAt: Date.UTC(2026, 0, 5, 9), sourceIp: '::1' },
  ...{ userAgent: null, domainName: 'localhost', authorizer: null, identity: null },
}

test.each(examples.map(({ file, text }) => [file, text] as const))(
  'the example of %s is that file, which is checked with the rest',
  (file, text) => {
    expect(file).toMatch(/^test\/docs\/adding\//)
    expect(readFileSync(join(repository, file as string), 'utf8')).toContain(`${text}\n`)
  },
)

test('every example of how something is added is on the page', () => {
  expect(examples.map(({ file }) => file?.split('/').at(-1))).toEqual([
    'echo-integration.ts',
    'loopback-callers.ts',
    'both-sources.ts',
    'ping-event.ts',
    'business-hours.ts',
    'count-closes.ts',
  ])
})

test('the names of files that the page gives lead to files', () => {
  const section = page.text.slice(page.text.indexOf('## What a new thing takes'))
  const missing = [...section.matchAll(/`((?:src|test|docs)\/[\w./-]+\.ts)`/g)].flatMap(([, path = '']) => {
    try {
      readFileSync(join(repository, path))
      return []
    } catch {
      return [path]
    }
  })
  expect(missing).toEqual([])
})

test('the integration of the example answers, and refuses what it can not do', async () => {
  const definition = { integrationType: 'MOCK', timeoutInMillis: 1_000, passthroughBehavior: 'NEVER' } as const
  const scope: IntegrationScope = {
    ...{ apiId: 'chat', stage: 'dev', stageVariables: {}, directory: '', functions: {} },
    nullFunctionResult: 'ERROR',
    forwardWebSocketHeaders: false,
  }
  const compiled = echoIntegrationType.compile(definition, scope)
  if (compiled.faults !== null) throw new Error('faults')
  const answer = await compiled.open().invoke(new MessageEvent(record, '$default', 'hello', 0))
  expect(answer).toEqual({ status: 200, headers: [], body: 'hello' })
  expect(echoIntegrationType.compile({ ...definition, requestTemplates: {} }, scope).faults).toHaveLength(1)
})

test('the authorizer of the example tells callers by their address', () => {
  const from = (address: string) =>
    loopbackCallers.judge(
      loopbackCallers.credentials({ remoteAddress: () => address } as TransportRequest),
      null,
      callbackAccess('chat', 'dev').get,
    )
  expect(['127.0.0.1', '::1', '192.0.2.1'].map(from)).toEqual(['allowed', 'allowed', 'refused'])
})

test('the source of the example has the definitions of both, and watches both', async () => {
  const watched: string[] = []
  const source = (name: string): DefinitionSource => ({
    read: async () => ({ apis: [], faults: [createFault({ file: name }, { path: [], problem: name })] }),
    watch(changed) {
      watched.push(name)
      changed()
      return () => void watched.splice(watched.indexOf(name), 1)
    },
  })
  const both = bothSources(source('a'), source('b'))
  expect((await both.read()).faults.map(({ file }) => file)).toEqual(['a', 'b'])
  const end = both.watch(() => {})
  expect(watched).toEqual(['a', 'b'])
  end()
  expect(watched).toEqual([])
})

test('the event of the example has what every event has', () => {
  const event = new PingEvent(record, 5)
  expect(event).toMatchObject({ eventType: 'PING', apiId: 'chat', stage: 'dev', routeKey: '$ping' })
  expect(event.requestId).toMatch(/=$/)
})

test('the step of the example looks at the clock', () => {
  const at = (hour: number) =>
    checkBusinessHours({ connection: { connectedAt: Date.UTC(2026, 0, 5, hour) } } as Parameters<
      typeof checkBusinessHours
    >[0])
  expect([at(7), at(8), at(17), at(18)]).toEqual(['TOO_MANY_REQUESTS', null, null, 'TOO_MANY_REQUESTS'])
})

test('the metric of the example is one of the table', async () => {
  const metrics = createMetrics({ processMetrics: false })
  countIdle(metrics).value++
  expect(await metrics.scrape()).toContain('postern_closes_total{api="chat",stage="dev",reason="idleTimeout"} 1')
})
