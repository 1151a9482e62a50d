import { describe, expect, test } from 'vitest'
import type { Admitted } from '../../../src/authorizers/contract.ts'
import {
  compileTokenAuthorizer,
  type TokenAuthorizerDefinition,
} from '../../../src/authorizers/lambda/token-authorizer.ts'
import { readPolicy } from '../../../src/policies/read-policy.ts'
import { methodArn, opened, policyAnswer, recordingFunction, request, scope, withToken } from './method-requests.ts'

type Answer = Parameters<typeof recordingFunction>[0]

/** An authorizer whose function answers so, with these members of its definition. */
function guard(members: Partial<TokenAuthorizerDefinition>, answer: Answer, policy: unknown = null) {
  const { options, ...recorded } = recordingFunction(answer)
  const definition: TokenAuthorizerDefinition = { type: 'TOKEN', authorizerUri: 'function:guard', ...members }
  const read = policy === null ? null : readPolicy(policy, { of: 'resource' }).policy
  return { authorizer: opened(compileTokenAuthorizer(definition, { ...scope, policy: read }, options)), ...recorded }
}

const ownName: Answer = ({ authorizationToken }) => policyAnswer(String(authorizationToken))
const unauthorized = { allowed: false, code: 'UNAUTHORIZED' }

describe('the token', () => {
  test('is all that the function is told, beside the method', async () => {
    const { authorizer, events } = guard({}, ownName)
    const asked = withToken('Bearer x')
    expect(await authorizer.authorize(asked)).toEqual({
      ...{ allowed: true, context: { principalId: 'Bearer x' }, usageIdentifierKey: null },
    })
    expect(events).toEqual([{ type: 'TOKEN', methodArn: methodArn('GET/pets/7'), authorizationToken: 'Bearer x' }])
    expect(asked.authorization).toMatchObject({ status: 200, errorMessage: null, requestId: 'call' })
  })

  test('may be in another header, and without it nobody is asked', async () => {
    const { authorizer, events } = guard({ identitySource: 'method.request.header.X-Auth' }, ownName)
    expect(await authorizer.authorize(withToken('x'))).toEqual(unauthorized)
    expect(await authorizer.authorize(request({ headers: [['X-Auth', '']] }))).toEqual(unauthorized)
    expect(events).toEqual([])
    expect(await authorizer.authorize(request({ headers: [['x-auth', 'x']] }))).toMatchObject({ allowed: true })
  })

  test.each([
    ['Bearer [a-z]+', 'Bearer abc', true],
    ['Bearer [a-z]+', 'Bearer ABC', false],
    ['Bearer [a-z]+', 'xBearer abc', false],
    ['Bearer [a-z]+', 'Bearer abc1', false],
    ['^Bearer .*$', 'Bearer abc', true],
  ])('has to be as %s says: %s is %s, before anybody is asked', async (expression, token, isValid) => {
    const { authorizer, events } = guard({ identityValidationExpression: expression }, ownName)
    expect((await authorizer.authorize(withToken(token))).allowed).toBe(isValid)
    expect(events).toHaveLength(isValid ? 1 : 0)
  })

  test('is one: of several, nobody could tell which the backend takes', async () => {
    const { authorizer, events } = guard({}, ownName)
    const headers = [
      ['Authorization', 'x'],
      ['authorization', 'y'],
    ] as const
    expect(await authorizer.authorize(request({ headers }))).toEqual(unauthorized)
    expect(events).toEqual([])
  })

  test('is judged in bounded time, and what takes longer is not valid', async () => {
    const judge = async (expression: string, token: string) => {
      const { authorizer } = guard({ identityValidationExpression: expression }, () => policyAnswer('ada'))
      return (await authorizer.authorize(withToken(token))).allowed
    }
    expect(await judge('(a|aa|a*)*b', 'a'.repeat(8_000))).toBe(false)
    expect(await judge('(?:a*b*){200}c|a*', 'a'.repeat(16_000))).toBe(false)
    expect(await judge('Bearer [-0-9a-zA-Z._]*', `Bearer ${'x'.repeat(16_000)}`)).toBe(true)
  })
})

describe('the answer', () => {
  test('is remembered for 300 seconds, and its policy judges each method anew', async () => {
    const tenant = { context: { tenant: 'acme', level: 3 }, usageIdentifierKey: 'key' }
    const { authorizer, events, clock } = guard({}, () => policyAnswer('ada', methodArn('GET/pets/*'), tenant))
    const letIn = {
      allowed: true,
      context: { principalId: 'ada', tenant: 'acme', level: '3' },
      usageIdentifierKey: 'key',
    }
    expect(await authorizer.authorize(withToken('x'))).toEqual(letIn)
    expect(await authorizer.authorize(withToken('x', { path: '/pets/8' }))).toEqual(letIn)
    expect(await authorizer.authorize(withToken('x', { method: 'POST' }))).toEqual({
      allowed: false,
      code: 'NOT_ALLOWED',
    })
    expect(events).toHaveLength(1)
    clock.now = 300_000
    await authorizer.authorize(withToken('x'))
    expect(events).toHaveLength(2)
  })

  test('that was for one path denies the others as long as it is remembered', async () => {
    const { authorizer, events } = guard({}, ({ methodArn: asked }) => policyAnswer('ada', String(asked)))
    expect(await authorizer.authorize(withToken('x', { path: '/one' }))).toMatchObject({ allowed: true })
    expect(await authorizer.authorize(withToken('x', { path: '/two' }))).toMatchObject({ code: 'NOT_ALLOWED' })
    expect(events).toHaveLength(1)
  })

  test('that denies is remembered too', async () => {
    const { authorizer, events } = guard({}, () => policyAnswer('ada', '*', {}, 'Deny'))
    const denied = { allowed: false, code: 'EXPLICITLY_DENIED' }
    expect(await authorizer.authorize(withToken('x'))).toEqual(denied)
    expect(await authorizer.authorize(withToken('x'))).toEqual(denied)
    expect(events).toHaveLength(1)
  })

  test.each<[string, unknown, object]>([
    ['Unauthorized', new Error('Unauthorized'), { code: 'UNAUTHORIZED' }],
    ['a failure', new Error('down'), { code: 'AUTHORIZER_FAILURE' }],
    ['a policy that is none', { principalId: 'ada' }, { code: 'AUTHORIZER_CONFIGURATION_ERROR' }],
    ['no principal', { ...policyAnswer(''), principalId: undefined }, { code: 'AUTHORIZER_CONFIGURATION_ERROR' }],
    ['a nested context', policyAnswer('ada', '*', { context: { a: [] } }), { code: 'AUTHORIZER_CONFIGURATION_ERROR' }],
    [
      'a nested context with a denial',
      policyAnswer('ada', '*', { context: { a: {} } }, 'Deny'),
      { code: 'AUTHORIZER_CONFIGURATION_ERROR' },
    ],
  ])('that is %s is never remembered', async (_, answer, expected) => {
    const answers = [answer, policyAnswer('ada')]
    const { authorizer, events } = guard({}, () => answers.shift())
    const first = await Promise.resolve(authorizer.authorize(withToken('x'))).catch((error) => error)
    expect(first).toMatchObject(expected)
    expect(await authorizer.authorize(withToken('x'))).toMatchObject({ allowed: true })
    expect(events).toHaveLength(2)
  })

  test('is asked for once for all who come meanwhile, each judged by his own method', async () => {
    const { authorizer, events } = guard({}, () => policyAnswer('ada', methodArn('GET/*')))
    const [one, other, third] = await Promise.all([
      authorizer.authorize(withToken('x')),
      authorizer.authorize(withToken('x', { method: 'DELETE' })),
      authorizer.authorize(withToken('y')),
    ])
    expect(one).toMatchObject({ allowed: true })
    expect(other).toEqual({ allowed: false, code: 'NOT_ALLOWED' })
    expect(third).toMatchObject({ allowed: true })
    expect(events.map((event) => event.authorizationToken)).toEqual(['x', 'y'])
  })

  test('is of its token alone', async () => {
    const { authorizer } = guard({}, ownName)
    for (const token of ['x', 'x ', 'X', 'x,y', '["x"]', 'x']) {
      expect(await authorizer.authorize(withToken(token))).toMatchObject({ context: { principalId: token } })
    }
  })

  test("can't be changed by those whom it is given to", async () => {
    const { authorizer } = guard({}, ownName)
    const { context } = (await authorizer.authorize(withToken('x'))) as Admitted
    expect(() => Object.assign(context ?? {}, { principalId: 'eve' })).toThrow(TypeError)
  })

  test('is forgotten at a flush', async () => {
    const { authorizer, events } = guard({}, ownName)
    await authorizer.authorize(withToken('x'))
    authorizer.flush()
    await authorizer.authorize(withToken('x'))
    expect(events).toHaveLength(2)
  })

  test('is not remembered with a TTL of 0, nor shared with who comes meanwhile', async () => {
    const { authorizer, events } = guard({ authorizerResultTtlInSeconds: 0 }, ownName)
    await Promise.all([authorizer.authorize(withToken('x')), authorizer.authorize(withToken('x'))])
    await authorizer.authorize(withToken('x'))
    expect(events).toHaveLength(3)
  })
})

test('the policy of the API is asked each time: it denies before the function, and allows beside it', async () => {
  const Principal = '*'
  const Statement = [
    { Effect: 'Deny', Principal, Action: 'execute-api:Invoke', Resource: methodArn('DELETE/*') },
    { Effect: 'Allow', Principal, Action: 'execute-api:Invoke', Resource: methodArn('GET/open') },
  ]
  const answer = () => policyAnswer('ada', [methodArn('*/pets/*')])
  const { authorizer, events } = guard({}, answer, { Version: '2012-10-17', Statement })
  expect(await authorizer.authorize(withToken('x', { method: 'DELETE' }))).toMatchObject({ code: 'ACCESS_DENIED' })
  expect(events).toEqual([])
  expect(await authorizer.authorize(withToken('x'))).toMatchObject({ allowed: true })
  expect(await authorizer.authorize(withToken('x', { path: '/open' }))).toMatchObject({ allowed: true })
  expect(await authorizer.authorize(withToken('x', { path: '/other' }))).toMatchObject({ code: 'NOT_ALLOWED' })
  expect(await authorizer.authorize(withToken('x', { method: 'DELETE' }))).toMatchObject({ code: 'ACCESS_DENIED' })
  expect(events).toHaveLength(1)
})

test.each<[Partial<TokenAuthorizerDefinition>, string]>([
  [{ authorizerUri: 'function:none' }, 'authorizerUri'],
  [{ identitySource: 'method.request.querystring.token' }, 'identitySource'],
  [{ identitySource: 'Authorization' }, 'identitySource'],
  [{ identityValidationExpression: '(' }, 'identityValidationExpression'],
  [{ authorizerResultTtlInSeconds: -1 }, 'authorizerResultTtlInSeconds'],
  [{ authorizerResultTtlInSeconds: 3_601 }, 'authorizerResultTtlInSeconds'],
  [{ authorizerResultTtlInSeconds: 0.5 }, 'authorizerResultTtlInSeconds'],
])('the definition %j has a fault in %s', (members, member) => {
  const { options } = recordingFunction(() => null)
  const definition: TokenAuthorizerDefinition = { type: 'TOKEN', authorizerUri: 'function:guard', ...members }
  const { faults } = compileTokenAuthorizer(definition, scope, options)
  expect(faults?.map(({ path }) => path)).toEqual([[member]])
})
