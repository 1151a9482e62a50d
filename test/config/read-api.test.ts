import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { formatFault } from 'postern-documents/faults'
import { describe, expect, test } from 'vitest'
import { readApi } from '../../src/config/read-api.ts'
import { apiYaml, definitionFolder } from '../helpers/definition-folder.ts'

/** The one definition of a folder, as a list. */
async function readDefinitions(dir: string) {
  const { api, faults } = await readApi(join(dir, 'chat/api.yaml'))
  return { apis: api === null ? [] : [api], faults }
}

async function faultsOf(dir: string): Promise<string[]> {
  const { faults } = await readDefinitions(dir)
  return faults.map((fault) => formatFault(fault).replaceAll(dir, 'apis'))
}

describe('a definition', () => {
  test('comes with its defaults', async () => {
    const dir = definitionFolder({
      'chat/api.yaml': apiYaml('chat', 'routes: { join: {} }\nfunctions: { f: { handler: h.f } }'),
    })
    const { apis, faults } = await readDefinitions(dir)
    expect(faults).toEqual([])
    expect(apis).toHaveLength(1)
    expect(apis[0]?.file).toBe(join(dir, 'chat/api.yaml'))
    expect(apis[0]?.directory).toBe(join(dir, 'chat'))
    expect(apis[0]?.definition).toMatchObject({
      apiId: 'chat',
      messageOrdering: 'PARALLEL',
      slowConsumer: 'CLOSE',
      compression: false,
      maxFrameBytes: 0,
      idleTimeoutInSeconds: 600,
      connectionLifetimeInSeconds: 7200,
      nullFunctionResult: 'ERROR',
      forwardWebSocketHeaders: true,
      attributesInEvents: false,
      functions: { f: { timeoutInMillis: 3000, memoryInMegabytes: 128, maxConcurrency: 10, environment: {} } },
      integrations: {},
      routes: { join: { routeResponse: false } },
      stages: { dev: { stageVariables: {} } },
    })
  })

  test('gives integrations the defaults of AWS', async () => {
    const dir = definitionFolder({
      'chat/api.yaml': apiYaml('chat', 'integrations: { a: { integrationType: MOCK } }\nroutes: {}'),
    })
    const { apis } = await readDefinitions(dir)
    expect(apis[0]?.definition?.integrations.a).toEqual({
      integrationType: 'MOCK',
      timeoutInMillis: 29_000,
      passthroughBehavior: 'WHEN_NO_MATCH',
    })
  })

  test('keeps names that every JavaScript object has, and has none of its own', async () => {
    const routes = 'routes:\n  __proto__: { routeResponse: true }\n  constructor: {}\n  toString: {}\n  1.10: {}'
    const dir = definitionFolder({ 'chat/api.yaml': apiYaml('chat', routes) })
    const { apis, faults } = await readDefinitions(dir)
    expect(faults).toEqual([])
    const read = apis[0]?.definition?.routes ?? {}
    expect(Object.keys(read)).toEqual(['__proto__', 'constructor', 'toString', '1.10'])
    expect(Object.values(read)[0]).toMatchObject({ routeResponse: true })
    expect(read.hasOwnProperty).toBeUndefined()
    expect(Object.getPrototypeOf(apis[0]?.definition?.stages)).toBeNull()
  })

  test('takes every form in which AWS names a function', async () => {
    const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:join'
    const uris = [
      'function:join',
      'join',
      '123456789012:function:join:live',
      arn,
      `arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/${arn}/invocations`,
      'function:${stageVariables.fn}',
      'arn:aws:lambda:eu-west-1:123456789012:function:${stageVariables.fn}',
    ]
    const integrations = uris.map((uri, i) => `  i${i}: { integrationType: AWS_PROXY, integrationUri: "${uri}" }`)
    const text = apiYaml(
      'chat',
      `functions: { join: { handler: h.join } }\nroutes: {}\nintegrations:\n${integrations.join('\n')}`,
    )
    const dir = definitionFolder({
      'chat/api.yaml': text.replace('dev: {}', 'dev: { stageVariables: { fn: join } }'),
    })
    expect(await faultsOf(dir)).toEqual([])
  })

  test('is read with any text in it, and always ends in faults or a definition', async () => {
    const dir = definitionFolder({ 'chat/api.yaml': '' })
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((value) => apiYaml('x', `routes: ${JSON.stringify(value)}`)),
        ),
        async (text) => {
          writeFileSync(join(dir, 'chat/api.yaml'), text)
          const { apis, faults } = await readDefinitions(dir)
          expect(faults.length > 0 || apis[0]?.definition !== null).toBe(true)
          for (const fault of faults) expect(formatFault(fault)).not.toContain('\n')
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('faults that other rooms find', () => {
  test('are put in their place in the file', async () => {
    const dir = definitionFolder({
      'chat/api.yaml': apiYaml('chat', 'routes:\n  join: { integration: { integrationType: MOCK } }'),
    })
    const { apis } = await readDefinitions(dir)
    const fault = apis[0]?.locate({ path: ['routes', 'join', 'integration'], message: 'a template does not compile' })
    expect(fault && formatFault(fault).replace(dir, 'apis')).toBe(
      'apis/chat/api.yaml:6:24: routes.join.integration: a template does not compile',
    )
  })

  test('stand at the key when the key is meant, and at what should hold them when they are missing', async () => {
    const dir = definitionFolder({ 'chat/api.yaml': apiYaml('chat', 'routes:\n  join: { routeResponse: true }') })
    const { apis } = await readDefinitions(dir)
    const place = (path: string[], atKey = false) => {
      const fault = apis[0]?.locate({ path, message: '', atKey })
      return [fault?.line, fault?.column]
    }
    expect(place(['routes', 'join', 'routeResponse'])).toEqual([6, 26])
    expect(place(['routes', 'join', 'routeResponse'], true)).toEqual([6, 11])
    expect(place(['routes', 'join', 'integration', 'integrationUri'])).toEqual([6, 3])
    expect(place(['nothing'])).toEqual([1, 1])
  })

  test('are found behind an alias where its anchor is', async () => {
    const dir = definitionFolder({
      'chat/api.yaml': apiYaml(
        'chat',
        'routes:\n  a: &shared { integration: { integrationType: MOCK } }\n  b: *shared',
      ),
    })
    const { apis } = await readDefinitions(dir)
    const fault = apis[0]?.locate({ path: ['routes', 'b', 'integration', 'integrationType'], message: '' })
    expect([fault?.line, fault?.column]).toEqual([6, 48])
  })

  test('can be looked for in what is left of a definition with faults', async () => {
    const text = `apiId: Chat
protocolType: WEBSOCKET
routeSelectionExpression: $request.body.[
stages: { dev: { stageVariables: { a: 1 } } }
functions: { f: { handler: nothing } }
integrations:
  bad: { integrationType: HTTP }
  calls: { integrationType: AWS_PROXY, integrationUri: 'function:f' }
  good: { integrationType: MOCK, requestTemplates: { application/json: '#if' } }
routes:
  a: { integration: bad }
  b: { integration: good, colour: red }
  c: { integration: calls }
  d: { integration: missing }
`
    const { apis } = await readDefinitions(definitionFolder({ 'chat/api.yaml': text }))
    const api = apis[0]
    expect(api?.faults).toHaveLength(7)
    expect(api?.definition).toMatchObject({ routeSelectionExpression: '$request.body.[' })
    expect(Object.keys(api?.definition?.integrations ?? {})).toEqual(['good'])
    const route = expect.objectContaining({ routeResponse: false })
    expect(api?.definition?.routes).toEqual({ a: route, b: route, c: route, d: route })
    const integrations = Object.values(api?.definition?.routes ?? {}).map(({ integration }) => integration)
    expect(integrations).toEqual([undefined, 'good', undefined, undefined])
    const template = ['integrations', 'good', 'requestTemplates', 'application/json']
    expect(api?.locate({ path: template, message: 'no #end' })?.line).toBe(9)
    expect(api?.locate({ path: ['routeSelectionExpression'], message: 'not a path' })?.line).toBe(3)
  })

  test('are no second fault where what was left out is the reason for them', async () => {
    const dir = definitionFolder({
      'chat/api.yaml': apiYaml(
        'chat',
        'integrations:\n  a: { integrationType: MOCK, integrationResponses: { x: {} } }\nroutes: {}',
      ),
    })
    const { apis } = await readDefinitions(dir)
    const path = ['integrations', 'a', 'integrationResponses']
    expect(apis[0]?.locate({ path, message: 'there are none' })).toBeNull()
  })
})
