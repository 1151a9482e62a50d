import { expect, test } from 'vitest'
import { claimTexts } from '../../../src/authorizers/jwt/claim-text.ts'

test('claims become strings as HTTP APIs hand them on', () => {
  expect(
    claimTexts({ sub: 'alice', exp: 1714406000, ok: true, groups: ['a', 'b'], address: { city: 'Bern' }, none: null }),
  ).toEqual({ sub: 'alice', exp: '1714406000', ok: 'true', groups: '[a b]', address: '{"city":"Bern"}' })
})

test('lists may hold what is no string, and be empty', () => {
  expect(claimTexts({ mixed: [1, true, null, { a: 1 }, ['x', 'y']], none: [] })).toEqual({
    mixed: '[1 true null {"a":1} [x y]]',
    none: '[]',
  })
})

test('a claim named __proto__ is a claim like any other', () => {
  const texts = claimTexts(JSON.parse('{"__proto__": {"admin": true}}'))
  expect(Object.keys(texts)).toEqual(['__proto__'])
  expect((texts as { admin?: unknown }).admin).toBeUndefined()
})
