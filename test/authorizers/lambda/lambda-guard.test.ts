import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createIntegrations } from '../../../src/app/integration-types.ts'
import { createRouteGuards } from '../../../src/app/route-guards.ts'
import type { GuardType, LambdaGuardDefinition } from '../../../src/authorizers/guard-contract.ts'
import { createAccessKeys } from '../../../src/authorizers/iam/access-keys.ts'
import { createLambdaGuardType } from '../../../src/authorizers/lambda/lambda-guard.ts'
import type { FunctionScope } from '../../../src/functions/contract.ts'
import { recordLog } from '../../helpers/record-log.ts'
import { called, guardedStage, openGuard, type RequestWishes } from '../called-request.ts'
import { methodArn, policyAnswer, recordingFunction } from './method-requests.ts'

const authorization = '$request.header.Authorization'
const route = { routeKey: 'GET /pets/{id}', authorizationScopes: [] }
const show = (token: string, wishes: RequestWishes = {}) => called({ headers: [['Authorization', token]], ...wishes })

function definition(members: Partial<LambdaGuardDefinition> = {}): LambdaGuardDefinition {
  return {
    ...{ authorizerType: 'REQUEST', authorizerUri: 'function:guard', authorizerPayloadFormatVersion: '2.0' },
    ...{ enableSimpleResponses: true, identitySource: [authorization], authorizerResultTtlInSeconds: 0 },
    timeoutInMillis: 10_000,
    ...members,
  }
}

function guardOf(
  members: Partial<LambdaGuardDefinition>,
  answer: Parameters<typeof recordingFunction>[0],
  stage: Partial<FunctionScope> = {},
) {
  const { options, ...recorded } = recordingFunction(answer)
  const opened = openGuard(createLambdaGuardType(options), definition(members), { ...guardedStage, ...stage })
  return { opened, guard: opened.forRoute(route), ...recorded }
}

const yes = () => ({ isAuthorized: true })

describe('the function is asked with the event', () => {
  const wishes: RequestWishes = {
    ...{ method: 'POST', path: '/pets/a%20b%2fc', query: 'a=1&a=%C3%A4+b' },
    found: { routeKey: 'POST /pets/{id}', pathParameters: { id: 'a%20b%2fc' } },
    headers: [
      ['Authorization', 'x'],
      ['X-A', '1'],
      ['x-a', '2'],
      ['Cookie', 'one=1; two=2'],
    ],
  }

  test('of format 2.0', async () => {
    const { guard, events } = guardOf({ identitySource: [authorization, '$request.querystring.a'] }, yes)
    const [event, request] = called(wishes)
    await guard.authorize(event, request)
    expect(events).toEqual([
      {
        ...{ version: '2.0', type: 'REQUEST', routeArn: methodArn('POST/pets/a%20b%2Fc') },
        ...{ identitySource: ['x', '1,ä b'], routeKey: 'POST /pets/{id}', rawPath: '/dev/pets/a b/c' },
        ...{
          rawQueryString: 'a=1&a=%C3%A4+b',
          cookies: ['one=1', 'two=2'],
          headers: { authorization: 'x', 'x-a': '1,2' },
        },
        ...{ queryStringParameters: { a: '1,ä b' }, pathParameters: { id: 'a b/c' } },
        requestContext: expect.objectContaining({
          ...{ accountId: '123456789012', apiId: 'pets', stage: 'dev', routeKey: 'POST /pets/{id}' },
          ...{ requestId: event.requestId, http: expect.objectContaining({ method: 'POST', sourceIp: '203.0.113.9' }) },
        }),
      },
    ])
    expect(event.authorization).toMatchObject({ status: 200, requestId: 'call' })
    expect(event.caller).toBeNull()
  })

  test('of format 1.0', async () => {
    const members = { authorizerPayloadFormatVersion: '1.0', enableSimpleResponses: false } as const
    const { guard, events } = guardOf(
      { ...members, identitySource: [authorization, '$request.querystring.a'] },
      () => policyAnswer('ada'),
      { stageVariables: { tier: 'gold' } },
    )
    expect(await guard.authorize(...called(wishes))).toMatchObject({ allowed: true })
    expect(events).toEqual([
      {
        ...{ version: '1.0', type: 'REQUEST', methodArn: methodArn('POST/pets/a%20b%2Fc') },
        ...{ identitySource: 'x,1,ä b', authorizationToken: 'x,1,ä b' },
        ...{ resource: '/pets/{id}', path: '/dev/pets/a b/c', httpMethod: 'POST' },
        headers: { Authorization: 'x', 'X-A': '2', Cookie: 'one=1; two=2' },
        multiValueHeaders: { Authorization: ['x'], 'X-A': ['1', '2'], Cookie: ['one=1; two=2'] },
        queryStringParameters: { a: 'ä b' },
        multiValueQueryStringParameters: { a: ['1', 'ä b'] },
        ...{ pathParameters: { id: 'a b/c' }, stageVariables: { tier: 'gold' } },
        requestContext: expect.objectContaining({
          ...{ apiId: 'pets', httpMethod: 'POST', resourcePath: '/pets/{id}', stage: 'dev' },
          identity: expect.objectContaining({ sourceIp: '203.0.113.9' }),
        }),
      },
    ])
  })

  test('whose sources may be variables of the stage and of $context', async () => {
    const identitySource = ['$stageVariables.tier', '$context.identity.sourceIp', '$context.routeKey']
    const { guard, events } = guardOf({ identitySource }, yes, { stageVariables: { tier: 'gold' } })
    await guard.authorize(...called())
    expect(events[0]?.identitySource).toEqual(['gold', '203.0.113.9', 'GET /pets/{id}'])
  })
})

describe('a caller', () => {
  test('is who the function says, with a context of any types', async () => {
    const context = { tenant: 'acme', level: 3, roles: ['a'] }
    expect(await guardOf({}, () => ({ isAuthorized: true, context })).guard.authorize(...show('x'))).toEqual({
      allowed: true,
      caller: {
        ...{ kind: 'lambda', context: { tenant: 'acme', level: '3', roles: '["a"]' }, nestedContext: context },
        ...{ scopes: null, identity: null },
      },
    })
  })

  test('whom a policy lets in has its principal among the texts, and no context where there is none', async () => {
    const { guard } = guardOf({ enableSimpleResponses: false }, () => policyAnswer('ada', methodArn('GET/pets/*')))
    expect(await guard.authorize(...show('x'))).toMatchObject({
      caller: { context: { principalId: 'ada' }, nestedContext: {} },
    })
    expect(await guard.authorize(...show('x', { path: '/toys' }))).toMatchObject({ code: 'NOT_ALLOWED' })
  })

  test('who shows not all of the sources is refused with 401, and nobody is asked', async () => {
    const { guard, events } = guardOf({ identitySource: [authorization, '$request.querystring.a'] }, yes)
    expect(await guard.authorize(...show('x'))).toEqual({ allowed: false, code: 'UNAUTHORIZED' })
    expect(await guard.authorize(...called({ query: 'a=1' }))).toEqual({ allowed: false, code: 'UNAUTHORIZED' })
    expect(events).toEqual([])
  })

  test('who is not authorized is refused with 403, and one whom the function can not tell with 500', async () => {
    const denied = guardOf({}, () => ({ isAuthorized: false })).guard
    expect(await denied.authorize(...show('x'))).toEqual({ allowed: false, code: 'NOT_ALLOWED' })
    const failing = guardOf({}, () => new Error('no database')).guard
    await expect(failing.authorize(...show('x'))).rejects.toMatchObject({ code: 'AUTHORIZER_FAILURE' })
    const odd = guardOf({}, () => ({})).guard
    await expect(odd.authorize(...show('x'))).rejects.toMatchObject({ code: 'AUTHORIZER_CONFIGURATION_ERROR' })
  })
})

describe('answers', () => {
  test('are remembered for all routes of the stage while their time lasts, until they are flushed', async () => {
    const { opened, guard, events, clock } = guardOf({ authorizerResultTtlInSeconds: 60 }, yes)
    const other = opened.forRoute({ routeKey: 'GET /toys', authorizationScopes: [] })
    await guard.authorize(...show('x'))
    expect(other.authorize(...show('x', { path: '/toys' }))).toMatchObject({ allowed: true })
    expect(events).toHaveLength(1)
    opened.flush()
    await guard.authorize(...show('x'))
    clock.now = 60_000
    await guard.authorize(...show('x'))
    await guard.authorize(...show('y'))
    expect(events).toHaveLength(4)
  })

  test('are of one route each where $context.routeKey is a source', async () => {
    const members = { authorizerResultTtlInSeconds: 60, identitySource: [authorization, '$context.routeKey'] }
    const { guard, events } = guardOf(members, yes)
    const on = (routeKey: string) => show('x', { found: { routeKey, pathParameters: null } })
    for (const routeKey of ['GET /a', 'GET /b', 'GET /a']) await guard.authorize(...on(routeKey))
    expect(events).toHaveLength(2)
  })
})

test.each<[Partial<LambdaGuardDefinition>, (string | number)[]]>([
  [{ authorizerUri: 'function:none' }, ['authorizerUri']],
  [{ identitySource: [authorization, '$request.body.x'] }, ['identitySource', 1]],
  [{ authorizerPayloadFormatVersion: '1.0' }, ['enableSimpleResponses']],
])('a definition with %j has a fault', (members, path) => {
  const { faults } = createLambdaGuardType(recordingFunction(yes).options).compile(definition(members), guardedStage)
  expect(faults).toEqual([{ path, message: expect.any(String) }])
})

describe('a function of the definition', () => {
  const directory = mkdtempSync(join(tmpdir(), 'postern-'))
  const lambda = { endpoint: null, region: 'eu-west-1', credentials: null }
  const settings = {
    ...{ connectTimeoutInMillis: 3_000, maxBackendConnections: 1, maxIntegrationResponseBytes: 1_000_000 },
    ...{ lambda, credentials: null },
  }
  const integrations = createIntegrations({ settings, log: recordLog(), groups: null })
  const tokenGuard: GuardType = { type: 'JWT', compile: () => ({ faults: [] }) }
  const types = createRouteGuards({
    ...{ settings, accessKeys: createAccessKeys([]), callees: integrations.callees, tokenGuard },
    ...{ now: Date.now, clock: () => performance.now() },
  })

  afterAll(() => {
    integrations.close()
    rmSync(directory, { recursive: true })
  })

  test('decides by what it is shown, and refuses with 401 by its error', async () => {
    writeFileSync(
      join(directory, 'guard.mjs'),
      `export async function guard({ headers, routeKey }) {
        if (headers.authorization === 'none') throw new Error('Unauthorized')
        return { isAuthorized: headers.authorization === 'good', context: { routeKey } }
      }`,
    )
    const limits = { timeoutInMillis: 10_000, memoryInMegabytes: 64, maxConcurrency: 1, environment: {} }
    const functions = { guard: { handler: 'guard.guard', ...limits } }
    const type = types.find((each) => each.type === 'REQUEST') ?? expect.fail('no such type')
    const opened = openGuard(type, definition(), { ...guardedStage, directory, functions })
    const guard = opened.forRoute(route)
    expect(await guard.authorize(...show('good'))).toMatchObject({
      allowed: true,
      caller: { nestedContext: { routeKey: 'GET /pets/{id}' } },
    })
    expect(await guard.authorize(...show('bad'))).toEqual({ allowed: false, code: 'NOT_ALLOWED' })
    expect(await guard.authorize(...show('none'))).toEqual({ allowed: false, code: 'UNAUTHORIZED' })
    opened.close()
  })
})
