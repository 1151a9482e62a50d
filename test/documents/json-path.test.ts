import { describe, expect, test } from 'vitest'
import { compileJsonPath, JsonPathError } from '../../documents/src/json-path.ts'

const document: unknown = JSON.parse(`{
  "a": { "b": [{ "c": 1 }, { "c": 2 }] }, "x-y": "dash", "with space": 1, "@type": "T", "it's": "quote", "nil": null,
  "text": "hello", "": "empty", "length": 7, "é": "e", "__proto__": { "polluted": true }, "0": "zero"
}`)

describe('definite paths', () => {
  test.each([
    ['$.a.b[0].c', 1],
    ["$['a']['b'][1]['c']", 2],
    ['$["a"].b[-1].c', 2],
    ['$.a.b[-3]', undefined],
    ['$.a.b[2]', undefined],
    ['$.x-y', 'dash'],
    ["$['with space']", 1],
    ['$.@type', 'T'],
    ["$['it\\'s']", 'quote'],
    ["$['']", 'empty'],
    ["$['\\u00e9']", 'e'],
    ['$.é', 'e'],
    ['$.nil', null],
    ['$.nil.more', undefined],
    ['$.missing.more', undefined],
    ['$.length', 7],
    ['$.0', 'zero'],
    [' $.x-y ', 'dash'],
    ['$ .a .b [ 0 ] .c', 1],
    ["$['x-y','missing','nil']", { 'x-y': 'dash', nil: null }],
  ])('%s', (path, expected) => {
    const compiled = compileJsonPath(path)
    expect(compiled.definite).toBe(true)
    expect(compiled.source).toBe(path)
    expect(compiled.read(document)).toEqual(expected)
  })

  test('the root is the document itself', () => {
    expect(compileJsonPath('$').read(document)).toBe(document)
    expect(compileJsonPath('$').read('text')).toBe('text')
  })

  test.each([
    '$.constructor',
    '$.toString',
    '$.a.hasOwnProperty',
    '$.a.b.length',
    '$.text.length',
    "$['a']['__proto__']",
  ])('%s sees no prototype', (path) => expect(compileJsonPath(path).read(document)).toBeUndefined())

  test('__proto__ is a name like any other when the document has it', () => {
    expect(compileJsonPath('$.__proto__.polluted').read(document)).toBe(true)
    expect(compileJsonPath('$.__proto__').read({})).toBeUndefined()
  })

  test('names do not reach into lists, nor indexes into objects', () => {
    expect(compileJsonPath('$.a.b.0').read(document)).toBeUndefined()
    expect(compileJsonPath('$[0]').read(document)).toBeUndefined()
    expect(compileJsonPath('$.text[0]').read(document)).toBeUndefined()
  })
})

describe('.length()', () => {
  test.each([
    ['$.a.b.length()', 2],
    ['$.a.b[0].length()', 1],
    ['$.text.length()', undefined],
    ['$.missing.length()', undefined],
    ['$..b.length()', [2]],
  ])('%s', (path, expected) => expect(compileJsonPath(path).read(document)).toEqual(expected))
})

describe('searches', () => {
  test.each([
    ['$.a.b[*].c', [1, 2]],
    ['$..c', [1, 2]],
    ['$.a.b[0:1]', [{ c: 1 }]],
    ['$.a.b[?(@.c == 2)]', [{ c: 2 }]],
    ['$.a.b[0,1]', [{ c: 1 }, { c: 2 }]],
    ['$.missing[*]', []],
    ['$..constructor', []],
  ])('%s', (path, expected) => {
    const compiled = compileJsonPath(path)
    expect(compiled.definite).toBe(false)
    expect(compiled.read(document)).toEqual(expected)
  })

  test('a search too deep or too wide ends with an error', () => {
    let deep: unknown = 1
    for (let i = 0; i < 5_000; i++) deep = { a: deep }
    expect(() => compileJsonPath('$..b').read(deep)).toThrow(JsonPathError)
    const wide = Array.from({ length: 10_001 }, () => 1)
    expect(() => compileJsonPath('$[*]').read(wide)).toThrow('more than 10000 matches')
  })
})

describe('faults at load', () => {
  test.each([
    ['', 0],
    ['a.b', 0],
    ['  a', 2],
    ['$.', 2],
    ['$[', 2],
    ['$.a b', 4],
    ["$['a'", 5],
    ['$.a.min()', 7],
    ['$.a[?(@.x =~ /a/)]', 10],
    ['$.a[(@.length-1)]', 4],
    ["$['\\q']", 4],
    ['$..a..b..c', 0],
    ["$[?match(@.a, '(a+)+')]", 3],
  ])('%s', (path, position) => {
    let caught: unknown
    try {
      compileJsonPath(path)
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(JsonPathError)
    expect((caught as JsonPathError).position).toBe(position)
  })
})
