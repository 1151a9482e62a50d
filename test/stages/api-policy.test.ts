import { expect, test } from 'vitest'
import type { ApiDefinition } from '../../src/config/api-definition.ts'
import { evaluatePolicies } from '../../src/policies/policy.ts'
import { compileApiPolicy } from '../../src/stages/api-policy.ts'

const arn = (resource: string) => `arn:aws:execute-api:eu-west-1:123456789012:${resource}`

/** What the policy of the API `chat` that allows a resource says of others. */
function allows(Resource: string | string[]): (resource: string) => boolean {
  const statement = { Effect: 'Allow', Principal: '*', Action: 'execute-api:Invoke', Resource }
  const policy = { Version: '2012-10-17', Statement: [statement] }
  const compiled = compileApiPolicy({ apiId: 'chat', policy } as unknown as ApiDefinition, (path, message) => {
    throw new Error(`${path.join('.')}: ${message}`)
  })
  return (resource) =>
    evaluatePolicies(compiled === null ? [] : [compiled], {
      ...{ action: 'execute-api:Invoke', resource: arn(resource), principal: null, keys: () => undefined },
    }) === 'allowed'
}

test.each<[string | string[], string[]]>([
  ['execute-api:/*', ['chat/dev/$connect', 'chat/prod/$connect', 'chat/prod/POST/@connections/{connectionId}']],
  ['execute-api:/dev/$connect', ['chat/dev/$connect']],
  ['execute-api:/*/$connect', ['chat/dev/$connect', 'chat/prod/$connect']],
  ['execute-api:/prod/*', ['chat/prod/$connect', 'chat/prod/POST/@connections/{connectionId}']],
  ['execute-api:/pro?/$connect', ['chat/prod/$connect']],
  ['execute-api:/', []],
  ['execute-api:/dev', []],
  ['execute-api:/DEV/*', []],
  [arn('chat/dev/*'), ['chat/dev/$connect']],
  [arn('cha?/dev/*'), ['chat/dev/$connect']],
  ['arn:aws:execute-api:us-east-1:123456789012:chat/*', []],
])('a policy for %s is about %j and nothing else', (resource, expected) => {
  const all = ['chat/dev/$connect', 'chat/prod/$connect', 'chat/prod/POST/@connections/{connectionId}']
  // Neither APIs and stages whose names only begin so, nor another API.
  const others = ['chat2/dev/$connect', 'chat/dev2/$connect/x', 'other/dev/$connect']
  const allowed = allows(resource)
  expect(all.filter(allowed)).toEqual(expected)
  const wide = resource === 'execute-api:/*' ? ['chat/dev2/$connect/x'] : []
  expect(others.filter(allowed)).toEqual(wide)
})

test.each(['execute-api:chat/*', 'dev/*', 'execute-api/*'])('%s is no resource', (resource) => {
  expect(() => allows(resource)).toThrow('policy.Statement.0.Resource: allowed: an ARN')
})

test('a statement without a principal is a fault, since nobody could tell whom it means', () => {
  const faults: string[] = []
  const policy = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }
  const compiled = compileApiPolicy({ apiId: 'chat', policy } as unknown as ApiDefinition, (path, message) =>
    faults.push(`${path.join('.')}: ${message}`),
  )
  expect(compiled).toBeNull()
  expect(faults).toEqual(['policy.Statement: Principal is missing; allowed: one of Principal and NotPrincipal'])
})
