import { expect, test } from 'vitest'
import { linearPattern } from '../../src/models/linear-pattern.ts'

test.each([
  ['^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$', '5f0c7f9e-7f4b-4a53-9c59-2f9d6d8a4a11', '5f0c7f9e'],
  ['^[a-z]+$', 'abc', 'abc1'],
  ['^\\d{4}-\\d\\d$', '2020-01', '2020-1'],
  ['^(?:ab){2}c*', 'abab', 'aba'],
  ['^a\\$', 'a$', 'a'],
  ['^[a-z]+-\\d{4}$', 'ab-1234', 'ab-123'],
  ['^[\\w\\-@/]?$', '@', '@@'],
])('%s is left to JavaScript', (pattern, fits, doesNot) => {
  const linear = linearPattern(pattern)
  expect([linear?.test(fits), linear?.test(doesNot)]).toEqual([true, false])
})

test.each([
  ...[
    'a',
    'a+b',
    '^(a+)+$',
    '^(a|b)*$',
    '^a|b$',
    '^a*a*b$',
    '^(a*){3}$',
    '^(a?){9}a{9}$',
    '^(a)\\1$',
    '^(?=a)a+$',
    '^a+?b',
  ],
  ...[
    '^.*$',
    '^(a{1,9}){9}$',
    '^[a',
    '^\\p{L}+$',
    '^[[a]+$',
    '^a+b+$',
    '^(?<n>a)$',
    '^(ab)+$',
    '^(ab){2,3}$',
    '^\\ba$',
  ],
])('%s is not', (pattern) => {
  expect(linearPattern(pattern)).toBeNull()
})
