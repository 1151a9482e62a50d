import { expect, test } from 'vitest'
import { createVerifiedTokens } from '../../../src/authorizers/jwt/verified-tokens.ts'

test('the tokens that were used last stay', () => {
  const known = createVerifiedTokens<number>({ maxTokens: 2, maxCharacters: 1_000 })
  known.set('a', 1)
  known.set('b', 2)
  expect(known.get('a')).toBe(1)
  known.set('c', 3)
  expect([known.get('a'), known.get('b'), known.get('c')]).toEqual([1, null, 3])
})

test('all tokens together are bounded', () => {
  const known = createVerifiedTokens<number>({ maxTokens: 1_000, maxCharacters: 25 })
  for (let i = 0; i < 10; i++) known.set(`${i}`.repeat(10), i)
  expect([known.get('7777777777'), known.get('8888888888'), known.get('9999999999')]).toEqual([null, 8, 9])
  known.set('9999999999', 10)
  known.delete('8888888888')
  expect([known.get('8888888888'), known.get('9999999999')]).toEqual([null, 10])
})
