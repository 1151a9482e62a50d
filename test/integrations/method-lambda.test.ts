import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FunctionFinder, Invocation } from '../../src/functions/contract.ts'
import { createFunctionFinder } from '../../src/functions/finder.ts'
import { createFunctionPools, type FunctionPools } from '../../src/functions/pools.ts'
import type { MethodIntegration, MethodIntegrationDefinition } from '../../src/integrations/method-contract.ts'
import { createMethodLambdaType } from '../../src/integrations/method-lambda.ts'
import { GatewayError } from '../../src/vocabulary/errors.ts'
import { recordLog } from '../helpers/record-log.ts'
import { methodEvent, methodFailure, methodScope, openMethod } from './method-calls.ts'

const declare = (handler: string) => ({
  ...{ handler, timeoutInMillis: 5_000, memoryInMegabytes: 64, maxConcurrency: 1, environment: {} },
})
const scope = methodScope({
  stageVariables: { fn: 'echo' },
  directory: fileURLToPath(new URL('../functions/handlers', import.meta.url)),
  functions: { echo: declare('handlers.echo'), throws: declare('handlers.throws') },
})

function definition(part: Partial<MethodIntegrationDefinition> = {}): MethodIntegrationDefinition {
  return {
    ...{ integrationType: 'AWS_PROXY', integrationUri: 'function:echo', payloadFormatVersion: '2.0' },
    timeoutInMillis: 10_000,
    ...part,
  }
}

describe('local functions', () => {
  let pools: FunctionPools
  let finder: FunctionFinder
  beforeAll(() => {
    pools = createFunctionPools({ log: recordLog() })
    finder = createFunctionFinder({ pools, lambdaApi: null })
  })
  afterAll(() => pools.close())

  const using = async <T>(
    part: Partial<MethodIntegrationDefinition>,
    use: (opened: MethodIntegration) => Promise<T>,
  ) => {
    const integration = openMethod(createMethodLambdaType(finder), definition(part), scope)
    try {
      return await use(integration)
    } finally {
      integration.close()
    }
  }

  test('get the event, and answer', async () => {
    await using({ integrationUri: 'function:${stageVariables.fn}', integrationMethod: 'POST' }, async (integration) => {
      const event = methodEvent({ rawQuery: 'a=1' })
      const answer = await integration.invoke(event)
      expect(answer.status).toBe(200)
      expect(JSON.parse(String(answer.body))).toMatchObject({ version: '2.0', rawQueryString: 'a=1' })
      expect(event.integration).toMatchObject({ status: 200, errorMessage: null })
    })
  })

  test('fail with what they threw in the report', async () => {
    await using({ integrationUri: 'function:throws' }, async (integration) => {
      const event = methodEvent()
      const { code, message } = await methodFailure(integration, event)
      expect([code, event.integration?.errorMessage]).toEqual(['FUNCTION_FAILURE', message])
    })
  })

  test('that are not declared, and other methods than POST, are faults', () => {
    const part = { integrationUri: 'function:ecko', integrationMethod: 'GET' } as const
    const { faults } = createMethodLambdaType(finder).compile(definition(part), scope)
    expect(faults).toEqual([
      { path: ['integrationMethod'], message: 'allowed for a function: POST or nothing' },
      { path: ['integrationUri'], message: expect.stringContaining('did you mean echo?') },
    ])
  })
})

describe('any function', () => {
  /** A function that records its calls and answers with `payload`. */
  function recording(payload: string | Error, part: Partial<MethodIntegrationDefinition> = {}) {
    const calls: Invocation[] = []
    const finder: FunctionFinder = {
      find: () => ({
        open: () => ({
          async invoke(invocation) {
            calls.push(invocation)
            if (payload instanceof Error) throw payload
            return { payload, functionError: false, requestId: 'id' }
          },
          close() {},
        }),
      }),
    }
    return { calls, integration: openMethod(createMethodLambdaType(finder), definition(part)) }
  }

  test('gets its event in the format that it asks for', async () => {
    const { calls, integration } = recording('{"statusCode":201,"other":1}', { payloadFormatVersion: '1.0' })
    const event = methodEvent()
    expect(await integration.invoke(event)).toMatchObject({ status: 201, body: '' })
    expect(JSON.parse(calls[0]?.payload ?? '')).toMatchObject({ version: '1.0', path: '/pets/7' })
    expect(calls[0]).toMatchObject({
      ...{ requestId: event.requestId, traceId: event.traceId, asynchronous: false, timeoutInMillis: 10_000 },
    })
  })

  test('that returns no status answers 200 in format 2.0 and fails in 1.0', async () => {
    const second = recording('{"a":1}').integration
    expect(await second.invoke(methodEvent())).toEqual({
      ...{ status: 200, headers: [['Content-Type', 'application/json']], body: '{"a":1}' },
    })
    const first = recording('{"a":1}', { payloadFormatVersion: '1.0' }).integration
    const event = methodEvent()
    expect((await methodFailure(first, event)).code).toBe('MALFORMED_PROXY_RESPONSE')
    expect(event.integration).toMatchObject({ status: 200, errorMessage: expect.stringContaining('statusCode') })
  })

  test('that cannot be called fails with the reason', async () => {
    const event = methodEvent()
    const { integration } = recording(new GatewayError('INTEGRATION_TIMEOUT'))
    expect((await methodFailure(integration, event)).code).toBe('INTEGRATION_TIMEOUT')
    expect(event.integration).toMatchObject({ status: null, requestId: null })
  })

  test('sees what parameter mapping changes, and only there', async () => {
    const { calls, integration } = recording('{"a":1}', {
      requestParameters: {
        'overwrite:header.X-User': '$request.querystring.user',
        'append:querystring.extra': '1 2',
        'remove:querystring.user': '',
        'overwrite:path': '/v2/${request.path.id}',
      },
      responseParameters: { 200: { 'overwrite:statuscode': '202', 'append:header.X-A': '$response.body.a' } },
    })
    const event = methodEvent({ rawQuery: 'user=ada&a=%31', more: [['x-user', 'forged']], pathParameters: { id: 'é' } })
    const answer = await integration.invoke(event)
    expect([answer.status, answer.headers.at(-1)]).toEqual([202, ['X-A', '1']])
    const seen = JSON.parse(calls[0]?.payload ?? '')
    expect(seen).toMatchObject({
      ...{ rawPath: '/v2/é', rawQueryString: 'a=%31&extra=1%202', queryStringParameters: { a: '1', extra: '1 2' } },
      requestContext: { http: { path: '/pets/7' } },
    })
    expect(seen.headers['x-user']).toBe('ada')
  })
})
