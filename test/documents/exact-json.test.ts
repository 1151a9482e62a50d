import fc from 'fast-check'
import { ExactNumber, losesInJavaScript, namesOf, readExactJson } from 'postern-documents/exact-json'
import { compileJsonPath, JsonPathError } from 'postern-documents/json-path'
import { describe, expect, test } from 'vitest'
import { exactJsonText } from '../../src/vocabulary/json-text.ts'
import { anyUtf16 } from '../helpers/any-text.ts'

/** The value as JSON.parse would have read it, but for the sign of a zero. */
function plain(value: unknown): unknown {
  if (value instanceof ExactNumber) return withoutSignedZero(value.approximate)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]))
}

const withoutSignedZero = (value: unknown) => (Object.is(value, -0) ? 0 : value)
const parsed = (text: string): unknown => JSON.parse(text, (_, value) => withoutSignedZero(value))

const outcome = (read: () => unknown) => {
  try {
    return { value: read() }
  } catch (error) {
    return (error as Error).name
  }
}

describe('JSON whose numbers keep their text', () => {
  test('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: fc.oneof(fc.constantFrom('"', '\\', '0', 'a', '\n'), anyUtf16) }), (text) => {
        expect(plain(readExactJson(text))).toEqual(parsed(text))
      }),
    )
  })

  test('refuses what JSON.parse refuses', () => {
    const pieces = fc.constantFrom(
      ...'{}[],:" \n'.split(''),
      '"a"',
      '"1"',
      '\\',
      '1',
      '-',
      '0',
      '.5',
      'e3',
      'true',
      'null',
      'x',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const text = parts.join('')
        expect(outcome(() => plain(readExactJson(text)))).toEqual(outcome(() => parsed(text)))
      }),
      { numRuns: 5_000, examples: [[['-', '0', 'e3']]] },
    )
  })

  test('whole numbers keep every digit, and names their order, wherever they stand', () => {
    const digits = fc.stringMatching(/^-?[1-9]\d{0,40}$/)
    fc.assert(
      fc.property(digits, digits, (a, b) => {
        const text = `{"10":[${a},{"id":${b}}],"a":${b},"2":${a}}`
        expect(exactJsonText(readExactJson(text))).toBe(text)
        expect(namesOf(readExactJson(text) as object)).toEqual(['10', 'a', '2'])
      }),
    )
  })

  test('what JavaScript prints as it was is left to JSON.parse', () => {
    for (const text of ['{"a":1.5,"b":[123456789012345,-2]}', '"1e3"', '[0.5,true]'])
      expect(losesInJavaScript(text)).toBe(false)
    for (const text of ['1.0', '[1e3]', '{"a":1234567890123456}', '{"1":2}', '{"\\u0031":2}', '-5E-1', '[ 1.00 ]'])
      expect(losesInJavaScript(text)).toBe(true)
    const text = fc.json().filter((each) => !losesInJavaScript(each))
    fc.assert(
      fc.property(
        text,
        (each) => void expect(exactJsonText(readExactJson(each))).toBe(JSON.stringify(JSON.parse(each))),
      ),
    )
  })

  test('nesting and length are no danger, and a reader may be stopped', () => {
    expect(readExactJson(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)).toBeInstanceOf(Array)
    const stop = () => {
      throw new RangeError('enough')
    }
    expect(() => readExactJson(`[${'1,'.repeat(20_000)}1]`, stop)).toThrow('enough')
  })
})

describe('searches', () => {
  const document = readExactJson('[{"id":9007199254740992,"n":1.0},{"id":9007199254740993,"n":1e3},{"id":1,"n":2}]')
  const found = (path: string) => exactJsonText(compileJsonPath(path).read(document))

  test('give numbers as they were, and compare them to the last digit', () => {
    expect(found('$[*].id')).toBe('[9007199254740992,9007199254740993,1]')
    expect(found('$..n')).toBe('[1.0,1000.0,2]')
    expect(found('$[?(@.id == 9007199254740993)].n')).toBe('[1000.0]')
    expect(found('$[?(@.id < 9007199254740993)].id')).toBe('[9007199254740992,1]')
    expect(found('$[?(@.id >= 9007199254740993 || @.n == 2)].id')).toBe('[9007199254740993,1]')
    expect(found('$[?(@.n != 1)].n')).toBe('[1000.0,2]')
    expect(found('$[?(@.none == @.nothing)].id')).toBe('[9007199254740992,9007199254740993,1]')
    expect(found('$[?(@ == $[2])].id')).toBe('[1]')
  })

  test('a number has no members and no length', () => {
    expect(found('$[0].id.*')).toBe('[]')
    expect(compileJsonPath('$[0].id.length()').read(document)).toBeUndefined()
    expect(compileJsonPath('$[0].id.source').read(document)).toBeUndefined()
  })

  test('filters within filters end when they have looked at too much', () => {
    const wide = { a: Array.from({ length: 2_000 }, (_, i) => ({ b: [i] })) }
    const chain = JSON.parse(`${'['.repeat(60)}1${']'.repeat(60)}`)
    const search = compileJsonPath('$..[?(@..x)]')
    expect(() => search.read(Array.from({ length: 400 }, () => chain))).toThrow(JsonPathError)
    const looks: string[] = []
    const stop = () => {
      if (looks.push('look') > 100) throw new Error('enough')
    }
    expect(() => compileJsonPath('$.a[?(@.b[?(@ > 1)])]').read(wide, stop)).toThrow('enough')
  })
})
