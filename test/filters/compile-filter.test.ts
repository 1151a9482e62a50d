import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileFilter, type FilterSubject } from '../../src/filters/compile-filter.ts'

const anna: FilterSubject = {
  userId: 'anna',
  sourceIp: '10.1.2.3',
  userAgent: 'Mozilla/5.0 (Mobile)',
  attributes: { tier: 'gold', 'home-page': 'it\'s "mine"' },
}
const nobody: FilterSubject = { sourceIp: '2001:db8::1', userAgent: null }

function matches(text: string, subject: FilterSubject): boolean {
  const { matches, fault } = compileFilter(text)
  if (matches === null) throw new Error(fault)
  return matches(subject)
}

test.each([
  ["userId = 'anna'", true, false],
  ["userId == 'anna'", true, false],
  ["userId != 'anna'", false, true],
  ["userId in ('bob', 'anna')", true, false],
  ["not userId in ('bob','anna')", false, true],
  ['userId exists', true, false],
  ['!(userId exists)', false, true],
  ["userAgent contains 'Mobile'", true, false],
  ['userAgent startsWith "Mozilla/"', true, false],
  ["sourceIp = '10.1.2.3'", true, false],
  ["sourceIp = '10.0.0.0/8'", true, false],
  ["sourceIp in ('10.9.9.9', '2001:db8::/32')", false, true],
  ["attributes.tier = 'gold'", true, false],
  ["attributes['tier'] = 'gold'", true, false],
  ["attributes.home-page = 'it\\'s \"mine\"'", true, false],
  ['attributes.constructor exists', false, false],
  ['attributes.__proto__ exists', false, false],
  ["attributes.tier = 'gold' and userId = 'bob' or userAgent exists", true, false],
  ["attributes.tier = 'gold' and (userId = 'bob' or userAgent exists)", true, false],
  ["userId = 'anna' && !(attributes.tier = 'silver') || sourceIp = '::1'", true, false],
] as const)('%s', (text, ofAnna, ofNobody) => {
  expect(matches(text, anna)).toBe(ofAnna)
  expect(matches(text, nobody)).toBe(ofNobody)
})

test.each([
  ['', 'expected userId, sourceIp, userAgent or attributes.NAME at character 1'],
  ['user = 1', 'expected userId, sourceIp, userAgent or attributes.NAME'],
  ["userid = 'a'", 'did you mean userId? at character 1'],
  ['userId', 'expected =, !=, in, startsWith, contains or exists at character 7'],
  ['userId = anna', "expected a text in quotes, such as 'gold' at character 10"],
  ["userId = 'anna", "expected a text in quotes, such as 'gold' at character 10"],
  ["userId = 'a' userId", 'expected and, or, or the end at character 14'],
  ["(userId = 'a'", 'expected a closing parenthesis at character 14'],
  ["userId in 'a'", "expected a list such as ('a', 'b') at character 11"],
  ["userId in ('a'", 'expected a comma or a closing parenthesis at character 15'],
  ["sourceIp = '10.0.0.0/33'", 'expected an address or a network such as 10.0.0.0/8 at character 12'],
  ['attributes exists', "expected the name of an attribute: attributes.tier or attributes['tier'] at character 12"],
  [`${'('.repeat(21)}userId exists`, 'more than 20 parentheses and negations inside of each other'],
  [`userId in (${Array.from({ length: 201 }, () => "'a'").join()})`, 'more than 200 texts'],
  [`userId = '${'x'.repeat(2_048)}'`, 'it has more than 2048 bytes'],
])('says where %s is wrong', (text, fault) => {
  expect(compileFilter(text).fault).toContain(fault)
})

test('any text is compiled or refused, at once', () => {
  const piece = fc.constantFrom(
    'userId',
    'attributes.',
    "'a'",
    '(',
    ')',
    'and',
    'or',
    'not',
    '!',
    '=',
    'in',
    ',',
    ' ',
    '"',
    '\\',
    'x',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const { matches, fault } = compileFilter(pieces.join(''))
      expect(matches === null).toBe(fault !== null)
      matches?.(anna)
    }),
    { numRuns: 500 },
  )
})
