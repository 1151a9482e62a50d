import { expect, test } from 'vitest'
import { challenge } from '../../../src/authorizers/jwt/challenge.ts'

test.each([
  [null, [], 'Bearer'],
  ['expired', [], 'Bearer scope="" error="invalid_token" error_description="the token has expired"'],
  [
    'audience',
    [],
    'Bearer scope="" error="invalid_token" error_description="the token does not have a valid audience"',
  ],
  [
    'scope',
    ['chat:read', 'chat:write'],
    'Bearer scope="chat:read chat:write" error="insufficient_scope" error_description="the token has none of the scopes that are asked for"',
  ],
] as const)('a client whose fault is %s is told so', (fault, scopes, header) => {
  expect(challenge(fault, scopes)).toBe(header)
})
