import { expect, test } from 'vitest'
import { compileReply } from '../../../load/src/worker/message-kind.ts'

function failureOf(matches: string, value: unknown): string | null {
  const reply = compileReply({ where: {}, check: { '$.at': { matches } }, timeout: 1_000 }, 'ping')
  return (reply.checks[0] as (typeof reply.checks)[number]).failure({ at: value })
}

test.each([
  ['^2', '2026-01-01', null],
  ['^2', '1999-12-31', '$.at is "1999-12-31"'],
  ['-(01|02)-', '2026-01-01', null],
  ['-0[12]$', '2026-01-01', null],
  ['plain', 'it is plain', null],
  ['plain', 'it is not', '$.at is "it is not"'],
  ['', '', null],
  ['2', 2, '$.at is 2'],
  ['2', undefined, '$.at is missing'],
])('a check for %j of %j', (pattern, value, failure) => {
  expect(failureOf(pattern, value)).toBe(failure)
})

test('a pattern that would take for ever on what a server sent fails the check', () => {
  const failure = '$.at takes more than 100000 steps to match ^(a|aa)+$'
  expect(failureOf('^(a|aa)+$', `${'a'.repeat(100)}b`)).toBe(failure)
})
