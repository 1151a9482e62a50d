import { describe, expect, test } from 'vitest'
import type { Admitted } from '../../../src/authorizers/contract.ts'
import {
  compileHttpRouteAuthorizer,
  type HttpRouteAuthorizerDefinition,
} from '../../../src/authorizers/lambda/http-route-authorizer.ts'
import { methodArn, opened, policyAnswer, recordingFunction, request, scope, withToken } from './method-requests.ts'

const authorization = '$request.header.Authorization'

function guard(
  members: Partial<HttpRouteAuthorizerDefinition>,
  answer: Parameters<typeof recordingFunction>[0],
  stage = 'dev',
) {
  const { options, ...recorded } = recordingFunction(answer)
  const definition: HttpRouteAuthorizerDefinition = {
    ...{ authorizerType: 'REQUEST', authorizerUri: 'function:guard', authorizerPayloadFormatVersion: '2.0' },
    ...{ enableSimpleResponses: true, identitySource: [authorization] },
    ...members,
  }
  return { authorizer: opened(compileHttpRouteAuthorizer(definition, { ...scope, stage }, options)), ...recorded }
}

const yes = () => ({ isAuthorized: true })

describe('the event of format 2.0', () => {
  test('has what there is of the request, member for member', async () => {
    const { authorizer, events } = guard({ identitySource: [authorization, '$request.querystring.a'] }, yes)
    await authorizer.authorize(
      request({
        resource: 'GET /pets/{id}',
        headers: [
          ['Authorization', 'x'],
          ['X-A', '1'],
          ['x-a', '2'],
          ['Cookie', 'one=1; two=2'],
          ['cookie', 'three=3'],
        ],
        query: [
          ['a', '1 '],
          ['a', '2'],
          ['b', ''],
        ],
        rawQuery: 'a=1%20&a=2&b',
        pathParameters: { id: '7' },
        stageVariables: { tier: 'gold' },
        requestContext: { routeKey: 'GET /pets/{id}', http: { method: 'GET' } },
      }),
    )
    expect(events).toEqual([
      {
        ...{ version: '2.0', type: 'REQUEST', routeArn: methodArn('GET/pets/7'), identitySource: ['x', '1 ,2'] },
        ...{ routeKey: 'GET /pets/{id}', rawPath: '/dev/pets/7', rawQueryString: 'a=1%20&a=2&b' },
        cookies: ['one=1', 'two=2', 'three=3'],
        headers: { authorization: 'x', 'x-a': '1,2' },
        queryStringParameters: { a: '1 ,2', b: '' },
        requestContext: { routeKey: 'GET /pets/{id}', http: { method: 'GET' } },
        ...{ pathParameters: { id: '7' }, stageVariables: { tier: 'gold' } },
      },
    ])
  })

  test('leaves out what is empty, and the name of the $default stage', async () => {
    const { authorizer, events } = guard({ identitySource: [] }, yes, '$default')
    await authorizer.authorize(request({ resource: '$default' }))
    expect(events).toEqual([
      {
        ...{ version: '2.0', type: 'REQUEST', identitySource: null, routeKey: '$default' },
        routeArn: 'arn:aws:execute-api:eu-west-1:123456789012:pets/$default/GET/pets/7',
        ...{ rawPath: '/pets/7', rawQueryString: '', headers: {}, requestContext: {} },
      },
    ])
  })

  test('may have any names', async () => {
    const { authorizer, events } = guard({ identitySource: [] }, yes)
    await authorizer.authorize(request({ query: [['__proto__', 'x']], headers: [['constructor', 'y']] }))
    expect(JSON.stringify(events[0])).toContain(
      '"headers":{"constructor":"y"},"queryStringParameters":{"__proto__":"x"}',
    )
  })
})

describe('a simple response', () => {
  test('lets in, with a context that may nest, or refuses', async () => {
    const context = { tenant: 'acme', level: 3, roles: ['a'], map: { deep: [true] }, nothing: null, principalId: 'own' }
    const { authorizer } = guard({}, ({ identitySource }) => ({
      ...{ isAuthorized: (identitySource as string[])[0] === 'good', context },
    }))
    expect(await authorizer.authorize(withToken('good'))).toEqual({
      allowed: true,
      context: { tenant: 'acme', level: '3', roles: '["a"]', map: '{"deep":[true]}', principalId: 'own' },
      nestedContext: context,
    })
    expect(await authorizer.authorize(withToken('bad'))).toEqual({ allowed: false, code: 'NOT_ALLOWED' })
  })

  test('needs no context', async () => {
    const { authorizer } = guard({}, yes)
    expect(await authorizer.authorize(withToken('x'))).toEqual({ allowed: true, context: {}, nestedContext: null })
  })

  test.each<[string, unknown]>([
    ['isAuthorized as text', { isAuthorized: 'true' }],
    ['isAuthorized as a number', { isAuthorized: 1 }],
    ['no isAuthorized', {}],
    ['a policy', policyAnswer('ada')],
    ['null', null],
    ['a list', [true]],
    ['true', true],
    ['a context that is a list', { isAuthorized: true, context: ['a'] }],
    ['a context that is text', { isAuthorized: true, context: 'a' }],
    ['more than 8 KB', { isAuthorized: true, context: { long: 'x'.repeat(8_192) } }],
  ])('that is %s lets nobody in and is not remembered', async (_, answer) => {
    const { authorizer, events } = guard({ authorizerResultTtlInSeconds: 60 }, () => answer)
    const error = { code: 'AUTHORIZER_CONFIGURATION_ERROR' }
    await expect(authorizer.authorize(withToken('x'))).rejects.toMatchObject(error)
    await expect(authorizer.authorize(withToken('x'))).rejects.toMatchObject(error)
    expect(events).toHaveLength(2)
  })

  test('may nest as deep as it is long, and no part of it can be changed', async () => {
    const deep = `${'['.repeat(4_000)}${']'.repeat(4_000)}`
    const { authorizer } = guard({}, () => ({ isAuthorized: true, context: { list: JSON.parse(deep), map: { a: 1 } } }))
    const { context, nestedContext } = (await authorizer.authorize(withToken('x'))) as Admitted
    expect(context?.list).toBe(deep)
    expect(() => Object.assign(nestedContext?.map as object, { a: 2 })).toThrow(TypeError)
  })
})

test('a policy decides on each route where simple responses are not enabled, and needs a principal', async () => {
  const members = { enableSimpleResponses: false, authorizerResultTtlInSeconds: 60 }
  const more = { context: { roles: ['a'] } }
  const { authorizer, events } = guard(members, () => policyAnswer('ada', methodArn('GET/*'), more))
  expect(await authorizer.authorize(withToken('x'))).toEqual({
    ...{ allowed: true, context: { principalId: 'ada', roles: '["a"]' } },
    ...{ nestedContext: { roles: ['a'] }, usageIdentifierKey: null },
  })
  expect(await authorizer.authorize(withToken('x', { method: 'PUT' }))).toMatchObject({ code: 'NOT_ALLOWED' })
  expect(events).toHaveLength(1)
  const simple = guard({ enableSimpleResponses: false }, yes).authorizer
  await expect(simple.authorize(withToken('x'))).rejects.toMatchObject({ code: 'AUTHORIZER_CONFIGURATION_ERROR' })
})

describe('answers', () => {
  test('are not remembered unless a TTL says so', async () => {
    const { authorizer, events } = guard({}, yes)
    await authorizer.authorize(withToken('x'))
    await authorizer.authorize(withToken('x'))
    expect(events).toHaveLength(2)
  })

  test('are good for all routes, or for one where the route key is a source', async () => {
    const onRoute = (resource: string) => withToken('x', { resource, contextVariable: () => resource })
    const all = guard({ authorizerResultTtlInSeconds: 60 }, yes)
    const each = guard({ authorizerResultTtlInSeconds: 60, identitySource: [authorization, '$context.routeKey'] }, yes)
    for (const { authorizer } of [all, each]) {
      for (const route of ['GET /a', 'GET /b', 'GET /a']) await authorizer.authorize(onRoute(route))
    }
    expect(all.events).toHaveLength(1)
    expect(each.events.map(({ identitySource }) => identitySource)).toEqual([
      ['x', 'GET /a'],
      ['x', 'GET /b'],
    ])
  })

  test('that refuse are remembered as well', async () => {
    const { authorizer, events } = guard({ authorizerResultTtlInSeconds: 60 }, () => ({ isAuthorized: false }))
    expect(await authorizer.authorize(withToken('x'))).toMatchObject({ allowed: false })
    expect(await authorizer.authorize(withToken('x'))).toMatchObject({ allowed: false })
    expect(events).toHaveLength(1)
  })

  test('are never remembered without a source: they would be everybody’s', async () => {
    const { authorizer, events } = guard({ authorizerResultTtlInSeconds: 60, identitySource: [] }, yes)
    await authorizer.authorize(withToken('x'))
    await authorizer.authorize(withToken('y'))
    expect(events).toHaveLength(2)
  })
})

test('without one of its sources nobody is asked, remembered or not', async () => {
  const { authorizer, events } = guard({}, yes)
  expect(await authorizer.authorize(request())).toEqual({ allowed: false, code: 'UNAUTHORIZED' })
  expect(events).toEqual([])
})
