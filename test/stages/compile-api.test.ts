import { describe, expect, test } from 'vitest'
import { apiDefinitionSchema } from '../../src/config/api-definition.ts'
import type { IntegrationType } from '../../src/integrations/contract.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { createApiMetrics } from '../../src/stages/api-metrics.ts'
import { compileApi } from '../../src/stages/compile-api.ts'
import { recordingIntegrations, to } from '../helpers/recording-integrations.ts'

function compile(members: object, type: IntegrationType) {
  const definition = apiDefinitionSchema.parse({
    apiId: 'chat',
    protocolType: 'WEBSOCKET',
    routeSelectionExpression: '$request.body.action',
    routes: {},
    stages: { dev: {} },
    ...members,
  })
  const createAccessLog = (format: string) => {
    if (format.startsWith('bad')) throw new Error('not this format')
    return () => {}
  }
  return compileApi({ definition, directory: '.' }, { integrationTypes: [type], createAccessLog })
}

function open(members: object, type: IntegrationType) {
  const compiled = compile(members, type)
  if (compiled.faults !== null) throw new Error(JSON.stringify(compiled.faults))
  return compiled.open({ metrics: createApiMetrics(createMetrics(), 'test'), isTrustedOrigin: () => false })
}

describe('a definition that is compiled', () => {
  test('opens nothing', () => {
    const { type, opened } = recordingIntegrations()
    expect(compile({ routes: { a: { integration: to('one') } } }, type).faults).toBeNull()
    expect(opened).toEqual([])
  })

  test('is refused with every fault, each once, whatever the number of stages', () => {
    const { type, opened } = recordingIntegrations()
    const log = { accessLogSettings: { format: 'bad $context.requestId' } }
    const { faults } = compile(
      {
        routeSelectionExpression: '$request.nothing',
        integrations: { unused: to('faulty') },
        routes: { a: { integration: to('faulty') }, b: { integration: to('good') } },
        stages: { dev: log, prod: log },
      },
      type,
    )
    expect(faults?.map(({ path, message }) => [path.join('.'), message])).toEqual([
      ['routeSelectionExpression', expect.any(String)],
      ['stages.dev.accessLogSettings.format', 'not this format'],
      ['integrations.unused.integrationUri', 'not this one'],
      ['routes.a.integration.integrationUri', 'not this one'],
      ['stages.prod.accessLogSettings.format', 'not this format'],
    ])
    expect(opened).toEqual([])
  })
})

describe('stages that are opened', () => {
  test('have each integration once that a route names, and close it', () => {
    const { type, opened, closed } = recordingIntegrations()
    const stages = open(
      {
        integrations: { shared: to('one'), unused: to('two') },
        routes: { a: { integration: 'shared' }, b: { integration: 'shared' }, c: { integration: to('three') }, d: {} },
      },
      type,
    )
    expect(opened).toEqual(['one of dev', 'three of dev'])
    for (const stage of stages) stage.close()
    expect(closed).toEqual(opened)
  })

  test('are all closed when a later one can not be opened, with what that one had opened itself', () => {
    const { type, opened, closed } = recordingIntegrations()
    const members = {
      routes: { a: { integration: to('one') }, b: { integration: to('${stageVariables.host}') } },
      stages: { dev: { stageVariables: { host: 'two' } }, prod: { stageVariables: { host: 'broken' } } },
    }
    expect(() => open(members, type)).toThrow("broken of prod can't be opened")
    expect(opened).toEqual(['one of dev', 'two of dev', 'one of prod'])
    expect(closed.sort()).toEqual(opened.sort())
  })
})
