import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluatePolicies } from '../../src/policies/policy.ts'
import { maxPolicyLength, readPolicy, readPolicyJson } from '../../src/policies/read-policy.ts'
import { accessRequest, documentOf } from './policies.ts'

const faultsOf = (document: unknown, of: 'identity' | 'resource' = 'identity') =>
  readPolicy(document, { of }).faults?.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []

describe('a policy document', () => {
  it.each<[string, unknown, string]>([
    ['is an object', 'x', ': allowed: an IAM policy document'],
    ['is an object, no list', [], ': allowed: an IAM policy document'],
    ['has a Statement', { Version: '2012-10-17' }, ': Statement is missing'],
    ['has a Statement that is not empty', { Statement: [] }, 'Statement: an empty list'],
    ['has statements', { Statement: ['x'] }, 'Statement.0: allowed: a statement'],
    ['has a Version of the two', documentOf({}, '2012-10-18'), 'Version: allowed: 2012-10-17'],
    ['has an Id that is a text', { ...documentOf({}), Id: 3 }, 'Id: allowed: a text'],
    ['has no other element', { ...documentOf({}), version: 'x' }, 'version: no such element; the nearest is Version'],
    [
      'has no other element in a statement',
      documentOf({ Conditions: {} }),
      'Statement.Conditions: no such element; the nearest is Condition',
    ],
    ['has an Effect', { Statement: { Action: '*', Resource: '*' } }, 'Statement.Effect: allowed: Allow or Deny'],
    [
      'has an Effect in AWS spelling',
      { Statement: { Effect: 'allow', Action: '*', Resource: '*' } },
      'Statement.Effect: allowed: Allow or Deny',
    ],
    ['has an Action', { Statement: { Effect: 'Allow', Resource: '*' } }, 'Statement: Action is missing'],
    [
      'has one of Action and NotAction',
      { Statement: { Effect: 'Allow', Action: '*', NotAction: 'a:b', Resource: '*' } },
      'Statement: Action and NotAction',
    ],
    ['has actions', documentOf({ Action: [] }), 'Statement.Action: an empty list'],
    ['has actions that are texts', documentOf({ Action: ['*', 3] }), 'Statement.Action.1: allowed: a text'],
    [
      'writes the service of an action out',
      documentOf({ Action: 'execute*:Invoke' }),
      'Statement.Action: allowed: *, or an action',
    ],
    ['has actions with a service', documentOf({ Action: 'Invoke' }), 'Statement.Action: allowed: *, or an action'],
    [
      'has no variables in actions',
      documentOf({ Action: 'execute-api:${aws:username}' }),
      'Statement.Action: allowed: *, or an action',
    ],
    ['has a Resource', { Statement: { Effect: 'Allow', Action: '*' } }, 'Statement: Resource is missing'],
    ['has resources that are ARNs', documentOf({ Resource: 'dev/*' }), 'Statement.Resource: allowed: an ARN'],
    [
      'has no shorthand where nobody can expand it',
      documentOf({ Resource: 'execute-api:/dev/*' }),
      'Statement.Resource: allowed: an ARN',
    ],
    [
      'ends its variables',
      documentOf({ Resource: 'arn:aws:x:::${aws:username' }),
      'Statement.Resource: a policy variable is',
    ],
    [
      'has variables with a key',
      documentOf({ Resource: 'arn:aws:x:::${user}' }),
      'Statement.Resource: a policy variable is',
    ],
    [
      'has no Principal when it is of an identity',
      documentOf({ Principal: '*' }),
      'Statement.Principal: stands in policies of resources only',
    ],
    ['has conditions', documentOf({ Condition: [] }), 'Statement.Condition: allowed: an object of operators'],
    [
      'has known operators',
      documentOf({ Condition: { StringEqual: { 'aws:username': 'x' } } }),
      'Statement.Condition.StringEqual: no such condition operator; the nearest is StringEquals',
    ],
    [
      'has known set qualifiers',
      documentOf({ Condition: { 'ForSomeValues:StringLike': { 'aws:username': 'x' } } }),
      'Statement.Condition.ForSomeValues:StringLike: no such condition operator',
    ],
    [
      'has no IfExists at Null',
      documentOf({ Condition: { NullIfExists: { 'aws:username': 'x' } } }),
      'Statement.Condition.NullIfExists: no such condition operator',
    ],
    [
      'has keys in conditions',
      documentOf({ Condition: { Bool: {} } }),
      'Statement.Condition.Bool: allowed: an object of condition keys',
    ],
    [
      'has keys with a prefix',
      documentOf({ Condition: { Bool: { x: true } } }),
      'Statement.Condition.Bool.x: allowed: a condition key',
    ],
    [
      'has values in conditions',
      documentOf({ Condition: { Bool: { 'a:b': [] } } }),
      'Statement.Condition.Bool.a:b: an empty list',
    ],
    [
      'has scalar values',
      documentOf({ Condition: { StringLike: { 'a:b': [{}] } } }),
      'Statement.Condition.StringLike.a:b.0: allowed: a text, a number',
    ],
    [
      'has booleans for Bool',
      documentOf({ Condition: { Bool: { 'a:b': 'yes' } } }),
      'Statement.Condition.Bool.a:b: allowed: true or false',
    ],
    [
      'has booleans for Null',
      documentOf({ Condition: { Null: { 'a:b': 'yes' } } }),
      'Statement.Condition.Null.a:b: allowed: true',
    ],
    [
      'has numbers',
      documentOf({ Condition: { NumericEquals: { 'a:b': '1x' } } }),
      'Statement.Condition.NumericEquals.a:b: allowed: a number',
    ],
    [
      'has times with an offset',
      documentOf({ Condition: { DateEquals: { 'a:b': '2025-10-05T08:09:10' } } }),
      'Statement.Condition.DateEquals.a:b: allowed: a time',
    ],
    [
      'has no times that may be a year',
      documentOf({ Condition: { DateEquals: { 'a:b': '2025' } } }),
      'Statement.Condition.DateEquals.a:b: allowed: a time',
    ],
    [
      'has networks',
      documentOf({ Condition: { IpAddress: { 'a:b': '203.0.113.0/33' } } }),
      'Statement.Condition.IpAddress.a:b: allowed: an address',
    ],
    [
      'has networks without wildcards',
      documentOf({ Condition: { IpAddress: { 'a:b': '203.0.113.*' } } }),
      'Statement.Condition.IpAddress.a:b: allowed: an address',
    ],
    [
      'has ARNs of six parts',
      documentOf({ Condition: { ArnLike: { 'a:b': 'arn:aws:iam' } } }),
      'Statement.Condition.ArnLike.a:b: allowed: an ARN',
    ],
    [
      'has base64',
      documentOf({ Condition: { BinaryEquals: { 'a:b': '%' } } }),
      'Statement.Condition.BinaryEquals.a:b: allowed: bytes',
    ],
  ])('%s', (_, document, expected) => {
    expect(
      faultsOf(document).some((fault) => fault.startsWith(expected)),
      faultsOf(document).join('\n'),
    ).toBe(true)
  })

  it.each<[string, unknown, string]>([
    ['names a principal', documentOf({}), 'Statement: Principal is missing'],
    ['names one way', documentOf({ Principal: '*', NotPrincipal: '*' }), 'Statement: Principal and NotPrincipal'],
    ['names kinds', documentOf({ Principal: 'alice' }), 'Statement.Principal: allowed: "*", or'],
    ['names known kinds', documentOf({ Principal: { Aws: '*' } }), 'Statement.Principal.Aws: no such kind'],
    [
      'names whole principals',
      documentOf({ Principal: { AWS: 'arn:aws:iam::123456789012:user/*' } }),
      'Statement.Principal.AWS: allowed: an account',
    ],
  ])('of a resource %s', (_, document, expected) => {
    expect(
      faultsOf(document, 'resource').some((fault) => fault.startsWith(expected)),
      faultsOf(document, 'resource').join('\n'),
    ).toBe(true)
  })

  it('has every fault told at once', () => {
    const document = {
      Statement: [{ Effect: 'x', Action: 'y', Resource: 'z' }, { Sid: 'a', Effect: 'Deny' }, { Sid: 'a' }],
    }
    expect(faultsOf(document).length).toBeGreaterThanOrEqual(8)
    expect(faultsOf(document)).toContain('Statement.2.Sid: stands in the document twice')
  })

  it('has an end to its length', () => {
    const long = documentOf({ Resource: `arn:aws:x:::${'a'.repeat(maxPolicyLength)}` })
    expect(faultsOf(long)).toEqual([': allowed: at most 8192 characters'])
    expect(readPolicyJson(JSON.stringify(long), { of: 'identity' }).policy).toBeNull()
    expect(readPolicyJson(JSON.stringify(documentOf({}), null, 200), { of: 'identity' }).policy).not.toBeNull()
    expect(readPolicyJson(' '.repeat(1e6), { of: 'identity' }).policy).toBeNull()
  })

  it('may not be nested out of reach or in a ring', () => {
    const ring: unknown[] = []
    ring.push(ring)
    expect(faultsOf(ring)).toEqual([': allowed: an IAM policy document'])
    expect(readPolicyJson(`${'['.repeat(30_000)}${']'.repeat(30_000)}`, { of: 'identity' }).policy).toBeNull()
    expect(readPolicyJson('{', { of: 'identity' }).faults).toHaveLength(1)
  })

  it('never has reading throw, and is no policy where it is not one', () => {
    const json = fc.jsonValue({ maxDepth: 6 })
    const hostile = fc.record(
      {
        Version: fc.oneof(fc.constant('2012-10-17'), json),
        Statement: fc.oneof(
          json,
          fc.array(
            fc.dictionary(
              fc.constantFrom(
                'Effect',
                'Action',
                'NotAction',
                'Resource',
                'NotResource',
                'Condition',
                'Sid',
                'Principal',
                '__proto__',
              ),
              fc.oneof(
                json,
                fc.constantFrom('Allow', '*', 'execute-api:Invoke'),
                fc.constant({ StringLike: { 'aws:username': '*' } }),
              ),
            ),
          ),
        ),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(hostile, fc.constantFrom('identity' as const, 'resource' as const), (document, of) => {
        const { policy, faults } = readPolicy(document, { of })
        expect((policy === null) === (faults !== null && faults.length > 0)).toBe(true)
        if (policy !== null) evaluatePolicies([policy], accessRequest())
      }),
      { numRuns: 500 },
    )
  })
})
