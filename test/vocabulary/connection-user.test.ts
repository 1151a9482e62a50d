import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isUserChangeFault, readUserChange } from '../../src/vocabulary/connection-user.ts'

const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, 'x']))

describe('a change of the user of a connection', () => {
  test.each<[string, object]>([
    ['{"userId":"ada"}', { userId: 'ada' }],
    ['{"userId":null}', { userId: null }],
    ['{"attributes":{"plan":"gold"}}', { attributes: { plan: 'gold' } }],
    ['{"attributes":{}}', { attributes: null }],
    ['{"userId":"\\u0000\\ud83d\\ude00","attributes":null}', { userId: '\0😀', attributes: null }],
    [JSON.stringify({ userId: 'é'.repeat(128) }), { userId: 'é'.repeat(128) }],
    [JSON.stringify({ attributes: { a: 'é'.repeat(1023), b: '' } }), { attributes: { a: 'é'.repeat(1023), b: '' } }],
    [JSON.stringify({ attributes: many(32) }), { attributes: many(32) }],
  ])('is read: %s', (text, change) => {
    expect(readUserChange(JSON.parse(text))).toStrictEqual(change)
  })

  test.each<[string, string, boolean]>([
    ['null', '', false],
    ['[]', '', false],
    ['{}', '', false],
    ['"ada"', '', false],
    ['{"user":"ada"}', 'user', false],
    ['{"userId":""}', 'userId', false],
    ['{"userId":7}', 'userId', false],
    ['{"userId":"\\ud83d"}', 'userId', false],
    [JSON.stringify({ userId: 'é'.repeat(128).concat('x') }), 'userId', false],
    ['{"attributes":[]}', 'attributes', false],
    ['{"attributes":"x"}', 'attributes', false],
    ['{"attributes":{"plan":7}}', 'attributes.plan', false],
    ['{"attributes":{"plan":null}}', 'attributes.plan', false],
    ['{"attributes":{"plan":"\\udc00"}}', 'attributes.plan', false],
    ['{"attributes":{"":"x"}}', 'attributes.', false],
    ['{"attributes":{"a.b":"x"}}', 'attributes.a.b', false],
    ['{"attributes":{"__proto__":"x"}}', 'attributes.__proto__', false],
    [JSON.stringify({ attributes: { ['x'.repeat(65)]: '' } }), `attributes.${'x'.repeat(64)}…`, false],
    [JSON.stringify({ attributes: { a: 'é'.repeat(1024) } }), 'attributes', true],
    [JSON.stringify({ attributes: many(33) }), 'attributes', true],
  ])('is refused with its place: %s', (text, place, isTooLarge) => {
    expect(readUserChange(JSON.parse(text))).toMatchObject({ place, isTooLarge })
  })

  test('never throws, whatever it is, and is bounded where it is taken', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const read = readUserChange(value)
        if (!isUserChangeFault(read)) expect(JSON.stringify(read).length).toBeLessThan(20_000)
      }),
    )
  })
})
