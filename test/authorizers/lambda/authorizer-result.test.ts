import { describe, expect, test } from 'vitest'
import { judgeResult } from '../../../src/authorizers/lambda/authorizer-result.ts'

const resource = 'arn:aws:execute-api:us-east-1:000000000000:chat/dev/$connect'
const request = { action: 'execute-api:Invoke', resource, principal: null, keys: () => undefined }
const policy = (Effect: string, Resource: unknown = resource) => ({
  Version: '2012-10-17',
  Statement: [{ Action: 'execute-api:Invoke', Effect, Resource }],
})
const judge = (result: unknown) => judgeResult(JSON.stringify(result), request)
const allowing = { principalId: 'ada', policyDocument: policy('Allow') }

describe('the answer of an authorizer', () => {
  test('that allows lets in, with its context as texts and its principal', () => {
    const context = { tenant: 'acme', level: 3, admin: true, nothing: null, principalId: 'eve' }
    expect(judge({ ...allowing, context, usageIdentifierKey: 'key-1' })).toEqual({
      allowed: true,
      context: { principalId: 'ada', tenant: 'acme', level: '3', admin: 'true' },
      usageIdentifierKey: 'key-1',
    })
    expect(judge(allowing)).toMatchObject({ allowed: true, context: { principalId: 'ada' } })
  })

  test.each([
    ['*', true],
    ['arn:aws:execute-api:us-east-1:000000000000:chat/*', true],
    ['arn:aws:execute-api:*:*:chat/dev/$connect', true],
    ['arn:aws:execute-api:us-east-1:000000000000:chat/dev/*/*', false],
    ['arn:aws:execute-api:us-east-1:000000000000:other/*', false],
    [['arn:aws:execute-api:us-east-1:000000000000:other/*', resource], true],
  ])('allows by the resource %j: %s', (Resource, allowed) => {
    expect(judge({ ...allowing, policyDocument: policy('Allow', Resource) }).allowed).toBe(allowed)
  })

  test('that denies, or says nothing of $connect, refuses, each in words of its own', () => {
    expect(judge({ ...allowing, policyDocument: policy('Deny') })).toEqual({
      allowed: false,
      code: 'EXPLICITLY_DENIED',
    })
    const both = { Version: '2012-10-17', Statement: [...policy('Allow').Statement, ...policy('Deny').Statement] }
    expect(judge({ ...allowing, policyDocument: both })).toEqual({ allowed: false, code: 'EXPLICITLY_DENIED' })
    expect(judge({ ...allowing, policyDocument: policy('Allow', 'arn:aws:s3:::x') })).toEqual({
      allowed: false,
      code: 'NOT_ALLOWED',
    })
  })

  test.each<[string, string]>([
    ['no JSON', 'allowed'],
    ['null', 'null'],
    ['a list', '[]'],
    ['no principalId', JSON.stringify({ policyDocument: policy('Allow') })],
    ['a principalId that is a number', JSON.stringify({ ...allowing, principalId: 7 })],
    ['no policy', JSON.stringify({ principalId: 'ada' })],
    ['a policy without statements', JSON.stringify({ ...allowing, policyDocument: { Version: '2012-10-17' } })],
    ['an effect that is none', JSON.stringify({ ...allowing, policyDocument: policy('allow') })],
    ['a nested context', JSON.stringify({ ...allowing, context: { roles: ['a'] } })],
    ['a context that is a list', JSON.stringify({ ...allowing, context: ['a'] })],
    ['a usageIdentifierKey that is a number', JSON.stringify({ ...allowing, usageIdentifierKey: 1 })],
    ['more than 8 KB', JSON.stringify({ ...allowing, context: { long: 'x'.repeat(8_192) } })],
  ])('that is malformed lets nobody in: %s', (_, payload) => {
    expect(() => judgeResult(payload, request)).toThrowError(
      expect.objectContaining({ code: 'AUTHORIZER_CONFIGURATION_ERROR' }),
    )
  })

  test('may have any names in its context', () => {
    const result = judgeResult(
      `{"principalId":"a","policyDocument":${JSON.stringify(policy('Allow'))},"context":{"__proto__":"x"}}`,
      request,
    )
    expect(result.allowed && JSON.stringify(result.context)).toBe('{"principalId":"a","__proto__":"x"}')
  })
})
