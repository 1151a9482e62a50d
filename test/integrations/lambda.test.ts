import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConnectEvent } from '../../src/events/connect-event.ts'
import { MessageEvent } from '../../src/events/message-event.ts'
import type { FunctionDefinition } from '../../src/functions/contract.ts'
import { createFunctionFinder } from '../../src/functions/finder.ts'
import { createLambdaApi, type LambdaApi } from '../../src/functions/lambda-api.ts'
import { createFunctionPools, type FunctionPools } from '../../src/functions/pools.ts'
import type { Integration, IntegrationDefinition, IntegrationScope } from '../../src/integrations/contract.ts'
import { createLambdaType } from '../../src/integrations/lambda.ts'
import type { ConnectionRecord } from '../../src/vocabulary/connection.ts'
import { GatewayError } from '../../src/vocabulary/errors.ts'
import { recordLog } from '../helpers/record-log.ts'
import { faultsOf, openIntegration } from './calls.ts'

const connection: ConnectionRecord = {
  connectionId: 'Abc1cXy9ghICMno=',
  apiId: 'chat',
  stage: 'dev',
  connectedAt: 1759651750119,
  sourceIp: '127.0.0.1',
  userAgent: null,
  domainName: '127.0.0.1:8080',
  authorizer: null,
  identity: null,
}

const declare = (handler: string): FunctionDefinition => ({
  handler,
  timeoutInMillis: 5_000,
  memoryInMegabytes: 64,
  maxConcurrency: 1,
  environment: {},
})

const scope: IntegrationScope = {
  apiId: 'chat',
  stage: 'dev',
  stageVariables: { fn: 'echo', tenant: 'acme' },
  directory: fileURLToPath(new URL('../functions/handlers', import.meta.url)),
  functions: {
    echo: declare('handlers.echo'),
    answer: declare('handlers.answer'),
    throws: declare('handlers.throws'),
    exits: declare('handlers.exits'),
    never: declare('handlers.never'),
    gone: declare('gone.handler'),
  },
  nullFunctionResult: 'ERROR',
  forwardWebSocketHeaders: true,
}

const base = {
  timeoutInMillis: 10_000,
  passthroughBehavior: 'WHEN_NO_MATCH',
} as const satisfies Partial<IntegrationDefinition>
const proxy = (integrationUri: string, rest: Partial<IntegrationDefinition> = {}): IntegrationDefinition => ({
  integrationType: 'AWS_PROXY',
  integrationUri,
  ...base,
  ...rest,
})
const mapped = (integrationUri: string, rest: Partial<IntegrationDefinition> = {}): IntegrationDefinition => ({
  integrationType: 'AWS',
  integrationUri,
  ...base,
  ...rest,
})

let pools: FunctionPools
let server: Server
let lambdaApi: LambdaApi
const remoteCalls: { url: string; type: unknown; body: string }[] = []
let remoteReply: { status: number; headers: Record<string, string>; body: string }

beforeAll(async () => {
  pools = createFunctionPools({ log: recordLog() })
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    remoteCalls.push({ url: request.url ?? '', type: request.headers['x-amz-invocation-type'], body })
    response.writeHead(remoteReply.status, remoteReply.headers).end(remoteReply.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  lambdaApi = createLambdaApi({ endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', credentials: null })
})

afterAll(() => {
  pools.close()
  lambdaApi.close()
  server.close()
  server.closeAllConnections()
})

function check(definition: IntegrationDefinition, remote = true) {
  const type = createLambdaType(createFunctionFinder({ pools, lambdaApi: remote ? lambdaApi : null }))
  return faultsOf(type, definition, scope)
}

async function using<T>(
  definition: IntegrationDefinition,
  use: (integration: Integration) => T | Promise<T>,
  changes: Partial<IntegrationScope> = {},
): Promise<T> {
  const type = createLambdaType(createFunctionFinder({ pools, lambdaApi }))
  const integration = openIntegration(type, definition, { ...scope, ...changes })
  try {
    return await use(integration)
  } finally {
    integration.close()
    integration.close()
  }
}

function eventOf(body: string): MessageEvent {
  return new MessageEvent(connection, 'send', body, Date.now())
}

function connectEvent(): ConnectEvent {
  const event = new ConnectEvent(connection, Date.now(), null)
  event.request = { headers: [['Host', 'h']], query: [] }
  return event
}

async function failure(promise: unknown): Promise<GatewayError> {
  const error = await Promise.resolve(promise).then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof GatewayError)) throw new Error(`not a GatewayError: ${error}`)
  return error
}

const text = (body: string | Uint8Array) => (typeof body === 'string' ? body : Buffer.from(body).toString())

describe('compile', () => {
  test.each([
    proxy('function:echo'),
    proxy('function:${stageVariables.fn}'),
    proxy('echo'),
    proxy('arn:aws:lambda:eu-west-1:123456789012:function:echo'),
    proxy('elsewhere'),
    mapped('function:echo', { requestParameters: { 'integration.request.header.X-Amz-Invocation-Type': "'Event'" } }),
  ])('finds nothing wrong with $integrationUri', (definition) => expect(check(definition)).toEqual([]))

  test.each([
    [proxy('function:ecko'), 'function ecko is not declared under functions (did you mean echo?)'],
    [
      proxy('elsewhere'),
      'function elsewhere is not declared under functions and no Lambda endpoint is set (lambda.endpoint)',
    ],
    [
      proxy('${stageVariables.nope}'),
      expect.stringMatching(/^stage \w+ has no stage variable nope: '' is none of function:<name>, /),
    ],
    [
      proxy('function:gone'),
      "function gone: handler 'gone.handler' needs one of gone.js, gone.mjs, gone.cjs beside api.yaml",
    ],
    [proxy('function:toString'), 'function toString is not declared under functions'],
  ])('says what is wrong with the function of %#', (definition, message) => {
    expect(check(definition, false)).toEqual([{ path: ['integrationUri'], message }])
  })

  test('names every fault at once, each in its place', () => {
    const faults = check(
      mapped('http://127.0.0.1/', {
        contentHandlingStrategy: 'CONVERT_TO_BINARY',
        requestParameters: { 'integration.request.header.X-Other': "'a'", 'integration.request.header.Y': 'nowhere' },
        requestTemplates: { 'application/json': '#if(' },
      }),
    )
    expect(faults.map(({ path }) => path.join('.')).sort()).toEqual([
      'contentHandlingStrategy',
      'integrationUri',
      'requestParameters.integration.request.header.X-Other',
      'requestParameters.integration.request.header.Y',
      'requestTemplates.application/json',
    ])
  })

  test('a proxy takes no parameters at all', () => {
    const [fault] = check(
      proxy('echo', { requestParameters: { 'integration.request.header.X-Amz-Invocation-Type': "'Event'" } }),
    )
    expect(fault?.message).toBe('a function behind AWS_PROXY gets its event as it is; integrationType AWS maps')
  })
})

describe('AWS_PROXY', () => {
  test('hands the event over and gives the result', async () => {
    const event = eventOf('{"action":"send"}')
    const result = await using(proxy('function:${stageVariables.fn}'), (each) => each.invoke(event))
    expect(result).toMatchObject({ status: 200, headers: [] })
    expect(JSON.parse(text(result.body))).toMatchObject({
      body: '{"action":"send"}',
      stageVariables: { fn: 'echo', tenant: 'acme' },
      requestContext: { routeKey: 'send', eventType: 'MESSAGE', requestId: event.requestId },
    })
    expect(event.integration).toMatchObject({ status: 200, requestId: event.requestId })
    expect(event.integration?.latencyInMillis).toBeGreaterThan(0)
    expect(event.integration?.errorMessage).toBeNull()
  })

  test.each([
    ['a function that throws', 'throws', 'FUNCTION_FAILURE', 'OrderError: no stock'],
    ['a function that exits', 'exits', 'FUNCTION_FAILURE', 'Runtime exited with error: exit status 3'],
    ['a result without statusCode', 'answer', 'MALFORMED_PROXY_RESPONSE', 'the result is null'],
    ['a function that never returns', 'never', 'INTEGRATION_TIMEOUT', 'took more than 300 ms'],
  ])('%s is an error, which the log line gets too', async (_, name, code, message) => {
    const timeoutInMillis = name === 'never' ? 300 : 10_000
    const event = eventOf('')
    const error = await using(proxy(`function:${name}`, { timeoutInMillis }), (each) => failure(each.invoke(event)))
    expect(error.code).toBe(code)
    expect(error.message).toContain(message)
    expect(event.integration?.errorMessage).toBe(error.message)
    expect(event.integration?.latencyInMillis).toBeGreaterThan(0)
  })

  test('null is an empty 200 where the API says SILENCE', async () => {
    const result = await using(proxy('function:answer'), (each) => each.invoke(eventOf('')), {
      nullFunctionResult: 'SILENCE',
    })
    expect(result).toEqual({ status: 200, headers: [], body: '' })
  })

  test('a function that is not declared is invoked over the Lambda API', async () => {
    remoteReply = { status: 200, headers: { 'x-amzn-RequestId': 'id-1' }, body: '{"statusCode":201,"body":"remote"}' }
    const event = eventOf('hi')
    const result = await using(proxy('elsewhere'), (each) => each.invoke(event))
    expect(result).toEqual({ status: 201, headers: [], body: 'remote' })
    expect(remoteCalls.at(-1)?.url).toBe('/2015-03-31/functions/elsewhere/invocations')
    expect(JSON.parse(remoteCalls.at(-1)?.body ?? '')).toMatchObject({ body: 'hi' })
    expect(event.integration?.requestId).toBe('id-1')
  })

  test('is told the user and the attributes of its connection where the API says so', async () => {
    remoteReply = { status: 200, headers: {}, body: '{"statusCode":200}' }
    const record = { ...connection, userId: 'ada', attributes: { plan: 'gold' } }
    const event = new MessageEvent(record, 'send', 'hi', Date.now())
    const told = async (changes: Partial<IntegrationScope>) => {
      await using(proxy('elsewhere'), (integration) => integration.invoke(event), changes)
      return JSON.parse(remoteCalls.at(-1)?.body ?? '').requestContext.connection
    }
    expect(await told({ attributesInEvents: true })).toEqual({ userId: 'ada', attributes: { plan: 'gold' } })
    expect(await told({})).toBeUndefined()
  })

  test('a function that cannot be invoked is FUNCTION_UNAVAILABLE', async () => {
    remoteReply = { status: 404, headers: {}, body: '{"Message":"Function not found"}' }
    const event = eventOf('')
    const error = await using(proxy('elsewhere'), (each) => failure(each.invoke(event)))
    expect(error.code).toBe('FUNCTION_UNAVAILABLE')
    expect(event.integration?.errorMessage).toContain('404')
    expect(event.integration?.status).toBeNull()
  })
})

describe('AWS', () => {
  const request = { requestTemplates: { 'application/json': '{"answer":{"said":$input.json(\'$.text\')}}' } }

  test("the template's output is the event, and the response template makes the reply", async () => {
    const definition = mapped('function:answer', {
      ...request,
      integrationResponses: { $default: { responseTemplates: { $default: '{"reply":$input.json(\'$.said\')}' } } },
    })
    const result = await using(definition, (each) => each.invoke(eventOf('{"text":"hi"}')))
    expect(result.status).toBe(200)
    expect(text(result.body)).toBe('{"reply":"hi"}')
  })

  test('without templates the message is the event and the result passes through', async () => {
    const result = await using(mapped('function:answer'), (each) => each.invoke(eventOf('{"answer":[1,"a"]}')))
    expect(text(result.body)).toBe('[1,"a"]')
  })

  test('an event without a payload is {}', async () => {
    const definition = mapped('function:echo')
    const result = await using(definition, (each) => each.invoke(connectEvent()))
    expect(JSON.parse(text(result.body))).toEqual({ statusCode: 200, body: '{}' })
    expect(result.status).toBe(200)
  })

  test('errorMessage picks the integration response; a handshake is then refused', async () => {
    const definition = mapped('function:throws', {
      integrationResponses: {
        $default: { responseTemplates: { $default: 'fine' } },
        '/.*stock.*/': { responseTemplates: { '200': "sorry: $input.path('$.errorMessage')" } },
      },
    })
    const event = eventOf('{}')
    const result = await using(definition, (each) => each.invoke(event))
    expect(text(result.body)).toBe('sorry: no stock')
    expect(result.status).toBe(502)
    expect(event.integration?.errorMessage).toBe('OrderError: no stock')
  })

  test('an error that no key fits goes to $default, and is FUNCTION_FAILURE without any integration response', async () => {
    const definition = mapped('function:throws', {
      integrationResponses: { $default: {}, '/other/': { responseTemplates: { $default: 'no' } } },
    })
    const result = await using(definition, (each) => each.invoke(eventOf('{}')))
    expect(JSON.parse(text(result.body))).toMatchObject({ errorMessage: 'no stock' })
    const error = await using(mapped('function:throws'), (each) => failure(each.invoke(eventOf('{}'))))
    expect(error.code).toBe('FUNCTION_FAILURE')
  })

  test('a success never matches a pattern', async () => {
    const definition = mapped('function:answer', { integrationResponses: { '/.*/': {} } })
    const error = await using(definition, (each) => failure(each.invoke(eventOf('{"answer":1}'))))
    expect(error.code).toBe('API_CONFIGURATION_ERROR')
  })

  test("X-Amz-Invocation-Type 'Event' does not wait", async () => {
    const definition = mapped('function:never', {
      requestParameters: { 'integration.request.header.X-Amz-Invocation-Type': "'Event'" },
    })
    const result = await using(definition, (each) => each.invoke(eventOf('{}')))
    expect(result).toMatchObject({ status: 200, body: '' })
    remoteReply = { status: 202, headers: {}, body: '' }
    const remote = { ...definition, integrationUri: 'elsewhere' }
    expect(await using(remote, (each) => each.invoke(eventOf('{}')))).toMatchObject({ status: 200, body: '' })
    expect(remoteCalls.at(-1)?.type).toBe('Event')
  })

  test('a message that may not pass is UNSUPPORTED_MEDIA_TYPE, and the function is not called', async () => {
    const definition = mapped('function:answer', { passthroughBehavior: 'NEVER' })
    const event = eventOf('{}')
    const error = await using(definition, (each) => failure(each.invoke(event)))
    expect(error.code).toBe('UNSUPPORTED_MEDIA_TYPE')
  })

  test('an event that is no JSON is an error of the call', async () => {
    const error = await using(mapped('function:echo'), (each) => failure(each.invoke(eventOf('not json'))))
    expect(error.code).toBe('FUNCTION_FAILURE')
    expect(error.message).toContain('SyntaxError')
  })
})
