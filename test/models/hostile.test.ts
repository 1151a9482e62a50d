import { cpuUsage } from 'node:process'
import { describe, expect, test } from 'vitest'
import { faultsOf, judgeBy, judgesBy } from './compile.ts'

/** What a step gives, and the milliseconds of processor time that it took. */
function timed<T>(step: () => T): { result: T; millis: number } {
  const before = cpuUsage()
  const result = step()
  const { user, system } = cpuUsage(before)
  return { result, millis: (user + system) / 1_000 }
}

const deep = (depth: number) => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`)
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))
/** A map of so many members. */
const members = (count: number, value: unknown) => Object.fromEntries(many(count, (index) => [`m${index}`, value]))
/** An object with itself in `a`, so many levels deep. */
const nested = (depth: number): object => (depth === 0 ? {} : { a: nested(depth - 1) })
const twice = { properties: { a: { allOf: [{ $ref: '#' }, { $ref: '#' }] } } }
const latest = 'https://json-schema.org/draft/2020-12/schema'

/** Far above the 100 ms that a validation may take, since a test compiles on the way and other tests run beside it. */
const maxMillis = 500

describe('a value that is made to take long ends in bounded time', () => {
  const cases: [name: string, schema: object, value: unknown, fits: boolean][] = [
    ['backtracking for ever in a pattern', { pattern: '^(a+)+$' }, `${'a'.repeat(50_000)}!`, false],
    [
      'backtracking in the pattern of a name',
      { patternProperties: { '^(a|a)*$': { type: 'null' } } },
      { [`${'a'.repeat(5_000)}!`]: 1 },
      false,
    ],
    ['a pattern that is searched for everywhere', { pattern: 'a*b' }, 'a'.repeat(100_000), false],
    ['as many duplicates to look for as fit in', { uniqueItems: true }, many(60_000, (index) => index), true],
    ['lists to look for duplicates in', { uniqueItems: true }, many(20_000, (index) => [index]), true],
    ['a recursive schema that asks twice on each level', twice, nested(60), false],
    ['a deep value under a recursive schema', { items: { $ref: '#' } }, deep(60_000), false],
    ['a deep value in a list without duplicates', { uniqueItems: true }, [deep(60_000)], false],
    ['a schema that refers to itself only', { allOf: [{ $ref: '#' }] }, 1, false],
    [
      'a reference into an enum',
      {
        enum: [{ properties: { a: { allOf: [{ $ref: '#/enum/0' }, { $ref: '#/enum/0' }] } } }],
        properties: { b: { $ref: '#/enum/0' } },
      },
      { b: nested(60) },
      false,
    ],
    [
      'a dynamic reference that asks twice',
      {
        $schema: latest,
        $dynamicAnchor: 'n',
        properties: { a: { allOf: [{ $dynamicRef: '#n' }, { $dynamicRef: '#n' }] } },
      },
      nested(60),
      false,
    ],
    [
      'many members under many keywords that walk them',
      { allOf: many(300, () => ({ minProperties: 1 })) },
      members(15_000, 1),
      false,
    ],
    [
      'the same with additionalProperties',
      { allOf: many(300, () => ({ additionalProperties: {} })) },
      members(15_000, 1),
      false,
    ],
    [
      'a long text under many keywords',
      { allOf: many(600, () => ({ maxLength: 200_000 })) },
      'x'.repeat(130_000),
      false,
    ],
    [
      'many items under a long enum',
      { items: { enum: many(4_000, (index) => index) } },
      many(60_000, () => 3_999),
      false,
    ],
    [
      'many items under many alternatives',
      { items: { anyOf: many(200, (index) => ({ minimum: 1e9 + index })) } },
      many(40_000, () => 1),
      false,
    ],
  ]
  const judges = judgesBy(cases.map(([, schema]) => schema))
  test.each(cases.map((each, index) => [...each, index] as const))('%s', (_name, _schema, value, fits, index) => {
    const { result, millis } = timed(() => judges[index]?.(value))
    expect(result === null).toBe(fits)
    expect(millis).toBeLessThan(maxMillis)
  })

  test('values that are made for the patterns of formats', () => {
    const formats = [
      'email',
      'hostname',
      'ipv6',
      'date-time',
      'uri',
      'uri-reference',
      'uri-template',
      'regex',
      'json-pointer',
    ]
    const parts = ['a', '1:', 'a.', '-', 'a@', '%41', '{a', '/~0', '((', '2020-']
    const values = parts.map((part) => `${part.repeat(60_000)}\n!`)
    for (const judge of judgesBy(formats.map((format) => ({ items: { format } })))) {
      expect(timed(() => judge(values)).millis).toBeLessThan(maxMillis)
    }
  })

  test('the next value is judged as if nothing had been', () => {
    const judge = judgeBy({ pattern: '^(a+)+$' })
    expect(judge(`${'a'.repeat(5_000)}!`)?.logText).toMatch(/takes more than/)
    expect(judge('aaa')).toBeNull()
  })

  test('128 KB of an ordinary list fit', () => {
    const judge = judgeBy({
      items: {
        type: 'object',
        required: ['id'],
        properties: { id: { type: 'integer', minimum: 0 }, name: { maxLength: 9, pattern: '^[a-z]+$' } },
        additionalProperties: false,
      },
    })
    expect(judge(many(5_000, (id) => ({ id, name: 'abc' })))).toBeNull()
  })
})

describe('a schema that is made to take long is refused soon', () => {
  const cases: [name: string, schema: object | string, fault: RegExp][] = [
    ['too many values', { enum: many(6_000, (index) => index) }, /at most 5000 values/],
    ['too many values as text', JSON.stringify({ enum: many(6_000, (index) => index) }), /at most 5000 values/],
    ['too many levels', JSON.stringify({ items: deep(100) }), /at most 64 levels/],
    ['text that is nested without end', '['.repeat(300_000), /no JSON text/],
    ['a pattern of great size', { pattern: '((ab){1,999}){1,999}' }, /too large/],
    ['a pattern that is long', { pattern: 'a'.repeat(5_000) }, /longer than/],
  ]
  test.each(cases)('%s', (_name, schema, fault) => {
    const { result, millis } = timed(() => faultsOf({ A: schema }))
    expect(result.join()).toMatch(fault)
    expect(millis).toBeLessThan(2_000)
  })

  test('many members that are counted on each level', () => {
    const allOf = many(300, (index) => ({ properties: { [`m${index}`]: {} } }))
    const { millis } = timed(() => faultsOf({ A: { $schema: latest, allOf, unevaluatedProperties: false } }))
    expect(millis).toBeLessThan(5_000)
  })
})
