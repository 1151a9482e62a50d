import { expect, test } from 'vitest'
import { cognitoCheck, issuerOfUserPool } from '../../../src/authorizers/jwt/cognito.ts'

test.each([
  [
    'arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_AbC123',
    'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbC123',
  ],
  [
    'arn:aws-cn:cognito-idp:cn-north-1:123456789012:userpool/cn-north-1_AbC',
    'https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_AbC',
  ],
  ['arn:aws:cognito-idp:eu-central-1:123456789012:userpool/us-east-1_AbC', null],
  ['arn:aws:cognito-idp:evil.example/x:123456789012:userpool/us-east-1_AbC', null],
  ['arn:aws:lambda:eu-central-1:123456789012:function:x', null],
])('the issuer of the user pool %s is %s', (arn, issuer) => {
  expect(issuerOfUserPool(arn)).toBe(issuer)
})

const id = { token_use: 'id', aud: 'app' }
const access = { token_use: 'access', client_id: 'app' }

test('without scopes the token has to be an ID token, with scopes an access token', () => {
  const wrong = expect.objectContaining({ fault: 'tokenUse' })
  const idToken = cognitoCheck({ asksForScopes: false, matchesAudience: null })
  const accessToken = cognitoCheck({ asksForScopes: true, matchesAudience: null })
  idToken(id)
  accessToken(access)
  expect(() => idToken(access)).toThrow(wrong)
  expect(() => accessToken(id)).toThrow(wrong)
  expect(() => idToken({ aud: 'app' })).toThrow(wrong)
})

test('the expression judges the audience of an ID token', () => {
  const check = cognitoCheck({ asksForScopes: false, matchesAudience: (audience) => audience === 'app' })
  check(id)
  expect(() => check({ ...id, aud: 'other' })).toThrow(expect.objectContaining({ fault: 'audience' }))
  expect(() => check({ token_use: 'id' })).toThrow(expect.objectContaining({ fault: 'audience' }))
})
