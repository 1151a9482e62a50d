import { describe, expect, test } from 'vitest'
import type { AuthorizerType } from '../../src/authorizers/contract.ts'
import { apiDefinitionSchema } from '../../src/config/api-definition.ts'
import type { IntegrationType } from '../../src/integrations/contract.ts'
import { createLocalBuckets } from '../../src/limits/named-buckets.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { createApiMetrics } from '../../src/stages/api-metrics.ts'
import { compileApi } from '../../src/stages/compile-api.ts'
import { noApiKeys } from '../helpers/empty-stage.ts'
import { noHttp } from '../helpers/http-options.ts'
import { recordingIntegrations, to } from '../helpers/recording-integrations.ts'

function compile(members: object, type: IntegrationType, authorizerTypes: readonly AuthorizerType[] = []) {
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
  return compileApi(
    { definition, directory: '.' },
    { integrationTypes: [type], authorizerTypes, createAccessLog, http: noHttp },
  )
}

function open(members: object, type: IntegrationType, authorizerTypes: readonly AuthorizerType[] = []) {
  const compiled = compile(members, type, authorizerTypes)
  if (compiled.faults !== null) throw new Error(JSON.stringify(compiled.faults))
  return compiled.open({
    metrics: createApiMetrics(createMetrics(), 'test'),
    isTrustedOrigin: () => false,
    apiKeys: noApiKeys,
    buckets: createLocalBuckets(),
  })
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

describe('authorizers', () => {
  const guarded = {
    authorizers: { guard: { authorizerType: 'REQUEST', authorizerUri: 'guard' } },
    routes: { $connect: { authorizationType: 'CUSTOM', authorizerId: 'guard' }, a: {} },
  }

  /** A type that notes what is opened and closed. */
  function recordingType(fault: string | null = null) {
    const events: string[] = []
    const type: AuthorizerType = {
      type: 'REQUEST',
      compile: () =>
        fault !== null
          ? { faults: [{ path: ['authorizerUri'], message: fault }] }
          : {
              faults: null,
              open() {
                events.push('open')
                const authorize = () => ({ allowed: true, context: null }) as const
                return {
                  forRoute: ({ routeKey }) => {
                    events.push(routeKey)
                    return { authorize }
                  },
                  close: () => void events.push('close'),
                }
              },
            },
    }
    return { type, events }
  }

  test('are opened for the route that names them, and closed with the stage', () => {
    const { type, events } = recordingType()
    const [stage] = open(guarded, recordingIntegrations().type, [type])
    expect(events).toEqual(['open', '$connect'])
    if (stage?.protocolType !== 'WEBSOCKET') throw new Error('no WebSocket stage')
    expect(stage.connectRoute?.authorizer).not.toBeNull()
    expect(stage.selectRoute('{"action":"a"}')?.authorizer).toBeNull()
    stage?.close()
    expect(events).toEqual(['open', '$connect', 'close'])
  })

  test('that have faults, or a type that is not in the box, are faults of the definition', () => {
    const faultsOf = (members: object, types: AuthorizerType[]) =>
      compile(members, recordingIntegrations().type, types).faults?.map(({ path, message }) => [
        path.join('.'),
        message,
      ])
    expect(faultsOf(guarded, [recordingType('not there').type])).toEqual([
      ['authorizers.guard.authorizerUri', 'not there'],
    ])
    expect(faultsOf(guarded, [])).toEqual([['authorizers.guard', 'REQUEST is not possible here']])
    expect(faultsOf({ routes: { $connect: { authorizationType: 'AWS_IAM' } } }, [])).toEqual([
      ['routes.$connect.authorizationType', 'AWS_IAM is not possible here'],
    ])
  })
})
