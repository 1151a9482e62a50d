import { expect, test } from 'vitest'
import {
  compileRequestAuthorizer,
  type RequestAuthorizerDefinition,
} from '../../../src/authorizers/lambda/request-authorizer.ts'
import { methodArn, opened, policyAnswer, recordingFunction, request, scope } from './method-requests.ts'

const sources = [
  'method.request.header.Authorization',
  'method.request.querystring.tenant',
  'context.identity.sourceIp',
]

function definition(members: Partial<RequestAuthorizerDefinition> = {}): RequestAuthorizerDefinition {
  return { type: 'REQUEST', authorizerUri: 'function:guard', identitySource: sources, ...members }
}

/** An authorizer whose function lets everybody in under a number of his own. */
function guard(members: Partial<RequestAuthorizerDefinition> = {}) {
  const { options, events } = recordingFunction(() => policyAnswer(`caller ${events.length}`))
  return { authorizer: opened(compileRequestAuthorizer(definition(members), scope, options)), events }
}

const showing = (token: string, ...tenants: string[]) =>
  request({
    headers: [['Authorization', token]],
    query: tenants.map((tenant) => ['tenant', tenant]),
    contextVariable: () => '203.0.113.9',
  })

test('the function is told of the request, member for member', async () => {
  const { authorizer, events } = guard()
  const asked = request({
    headers: [
      ['authorization', 'x'],
      ['X-A', '1'],
      ['x-a', '2'],
    ],
    query: [
      ['tenant', 'a'],
      ['tenant', 'b'],
    ],
    pathParameters: { id: '7' },
    stageVariables: { tier: 'gold' },
    requestContext: { path: '/dev/pets/7', identity: { sourceIp: '203.0.113.9' } },
    contextVariable: () => '203.0.113.9',
  })
  expect(await authorizer.authorize(asked)).toMatchObject({ allowed: true })
  expect(events).toEqual([
    {
      ...{ type: 'REQUEST', methodArn: methodArn('GET/pets/7') },
      ...{ resource: '/pets/{id}', path: '/pets/7', httpMethod: 'GET' },
      headers: { authorization: 'x', 'X-A': '2' },
      multiValueHeaders: { authorization: ['x'], 'X-A': ['1', '2'] },
      queryStringParameters: { tenant: 'b' },
      multiValueQueryStringParameters: { tenant: ['a', 'b'] },
      ...{ pathParameters: { id: '7' }, stageVariables: { tier: 'gold' } },
      requestContext: { path: '/dev/pets/7', identity: { sourceIp: '203.0.113.9' } },
    },
  ])
})

test('answers are remembered by all sources in their order, and by all values of each', async () => {
  const { authorizer } = guard()
  const who = async (token: string, ...tenants: string[]) => {
    const result = await authorizer.authorize(showing(token, ...tenants))
    return result.allowed ? result.context?.principalId : result.code
  }
  expect(await who('a', 'b')).toBe('caller 1')
  expect(await who('a,b', 'b')).toBe('caller 2')
  expect(await who('b', 'a')).toBe('caller 3')
  expect(await who('a', 'x', 'b')).toBe('caller 4')
  expect(await who('a', 'x,b')).toBe('caller 5')
  expect(await who('a', 'b')).toBe('caller 1')
})

test('without one of its sources nobody is asked', async () => {
  const { authorizer, events } = guard()
  const unauthorized = { allowed: false, code: 'UNAUTHORIZED' }
  expect(await authorizer.authorize(showing('a'))).toEqual(unauthorized)
  expect(await authorizer.authorize(showing('', 'b'))).toEqual(unauthorized)
  expect(await authorizer.authorize(request({ ...showing('a', 'b'), contextVariable: () => null }))).toEqual(
    unauthorized,
  )
  expect(events).toEqual([])
})

test('with a TTL of 0 the function is asked about everybody, and sees to what is missing', async () => {
  const { authorizer, events } = guard({ authorizerResultTtlInSeconds: 0 })
  expect(await authorizer.authorize(request())).toMatchObject({ allowed: true })
  expect(await authorizer.authorize(request())).toMatchObject({ allowed: true })
  expect(events).toHaveLength(2)
})

test('without a source nothing may be remembered', () => {
  const { options } = recordingFunction(() => null)
  const faults = (members: Partial<RequestAuthorizerDefinition>) =>
    compileRequestAuthorizer(definition(members), scope, options).faults?.map(({ path }) => path.join('.')) ?? null
  expect(faults({ identitySource: [] })).toEqual(['identitySource'])
  expect(faults({ identitySource: [], authorizerResultTtlInSeconds: 0 })).toBe(null)
  expect(faults({ identitySource: [sources[0] as string, '$request.header.X'] })).toEqual(['identitySource.1'])
})
