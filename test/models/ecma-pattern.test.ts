import { stepBudget } from 'postern-documents/regex/budget'
import { compilePart } from 'postern-documents/regex/regex'
import { expect, test } from 'vitest'
import { translateEcmaPattern } from '../../src/models/ecma-pattern.ts'

const patterns = [
  ...['^[a-z]+$', 'a.c', '^a|b$', '(a|b)+c', '^(?:x|y){2,3}$', 'a{', 'a{,2}', '{}', ']', 'x*?y', '^$', '$', 'a$b'],
  ...[
    '[\\w.-]+@[\\w-]+',
    '[^\\s]',
    '^\\S+$',
    '[\\S]',
    '[\\b]',
    '\\bfoo\\b',
    '\\d{4}-\\d\\d',
    '[\\d-x]',
    '[a&&b]',
    '[[]',
    '[a^]',
  ],
  ...[
    '[]',
    '[^]',
    '\\/',
    '\\-',
    '[\\-\\]]',
    '\\u0041',
    '\\u{1F600}',
    '\\ud83d\\ude00',
    '\\x41',
    '\\cA',
    '\\v',
    '\\0',
    '\\t',
  ],
  ...['\\p{L}+', '\\p{Script=Greek}', '\\P{Lu}', '(?=a)a', '(?!a)b', '(?<=a)b', '(?<!a)b', '(?<n>a)\\k<n>', '(a)\\1'],
  ...['\\a\\e\\Q', '[\\Q\\E]', '\\z', '#', 'a b', '^.{3}$', '\\.', '[.]', '(?:a+)+b', '\\h'],
]
const texts = [
  ...[
    '',
    'a',
    'b',
    'abc',
    'a\n',
    'a\nb',
    'aa',
    'aab',
    'xy',
    'xyx',
    '{',
    '}',
    'a{',
    ']',
    '[',
    '&',
    '^',
    'A',
    'α',
    'é',
    '😀',
    'x\u2028y',
  ],
  ...[
    'foo',
    'a foo b',
    'afoo',
    '2020-01',
    '-',
    '/',
    '.',
    '#',
    'a b',
    ' ',
    '\u00a0',
    '\ufeff',
    '\v',
    '\0',
    '\t',
    '\u0001',
    '\b',
    '\u0085',
  ],
  ...['a@b', 'aeQ', 'z', 'h', '\r', 'ab', 'bb', 'Q', 'E', 'x'],
]

test.each(patterns)('%s matches what it matches in JavaScript', (pattern) => {
  const { source, anchored } = translateEcmaPattern(pattern)
  const found = compilePart(source, anchored)
  const run = () => stepBudget(100_000, () => new Error('too long'))
  const expected = withFlags(pattern)
  for (const text of texts) expect([text, found(text, run())]).toEqual([text, expected.test(text)])
})

/** The pattern as JSON Schema reads it: with the flag u where it is valid with it. */
function withFlags(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u')
  } catch {
    return new RegExp(pattern)
  }
}

test.each(['(', '[', 'a**', '(?i)a', '(?i:a)', '(?-i:a)', '(?>a)', 'a++', '\\k<n>(?<m>a)'])(
  '%s is refused',
  (pattern) => {
    expect(() => translateEcmaPattern(pattern)).toThrow(/./)
  },
)
