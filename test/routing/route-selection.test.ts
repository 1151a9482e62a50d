import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileRouteSelection, createRouteSelector } from '../../src/routing/route-selection.ts'
import { SelectionExpressionError } from '../../src/routing/selection-expression.ts'
import { rememberedJson } from '../../src/vocabulary/json-text.ts'

const action = '$request.body.action'

function selector(expression: string, ...routeKeys: string[]): (text: string) => string | null {
  return createRouteSelector(compileRouteSelection(expression), new Map(routeKeys.map((key) => [key, key])))
}

describe('the route of a message', () => {
  test('a number selects with all its digits, as Java prints it', () => {
    const select = selector(action, '12345678901234567890', '1.0', '1000.0', '1.5', '[9007199254740993]', '$default')
    expect(select('{"action":12345678901234567890}')).toBe('12345678901234567890')
    expect(select('{"action":12345678901234567891}')).toBe('$default')
    expect(select('{"action":1.0}')).toBe('1.0')
    expect(select('{"action":1e3}')).toBe('1000.0')
    expect(select('{"action":1.5}')).toBe('1.5')
    expect(select('{"action":[9007199254740993]}')).toBe('[9007199254740993]')
    const joined = selector('${request.body.a}/${request.body.b}', '9007199254740993/x', '$default')
    expect(joined('{"a":9007199254740993,"b":"x"}')).toBe('9007199254740993/x')
    expect(joined('{"a":9007199254740992,"b":"x"}')).toBe('$default')
  })

  const select = selector(action, '$connect', '$disconnect', '$default', 'join', '1', 'true', '[a, b]')

  test.each([
    ['JSON object, key matches a custom route', '{"action":"join"}', 'join'],
    ['JSON object after white space', ' \r\n\t{"action":"join"}', 'join'],
    ['JSON, value matches nothing', '{"action":"leave"}', '$default'],
    ['JSON, another case matches nothing', '{"action":"JOIN"}', '$default'],
    ['JSON, key missing', '{"other":"join"}', '$default'],
    ['Non-JSON text', 'hello', '$default'],
    ['Non-JSON text that starts like JSON', '{"action":"join"', '$default'],
    ['empty frame', '', '$default'],
    ['JSON scalar at top level', '"join"', '$default'],
    ['JSON array at top level', '["action","join"]', '$default'],
    ['Value is a number', '{"action":1}', '1'],
    ['Value is a boolean', '{"action":true}', 'true'],
    ['Value is a list', '{"action":["a","b"]}', '[a, b]'],
    ['Value is null', '{"action":null}', '$default'],
    ['Value is $default', '{"action":"$default"}', '$default'],
    ['Value is $connect', '{"action":"$connect"}', '$default'],
    ['Value is $disconnect', '{"action":"$disconnect"}', '$default'],
    ['duplicate keys: the last one counts', '{"action":"leave","action":"join"}', 'join'],
  ])('%s', (_, text, routeKey) => {
    expect(select(text)).toBe(routeKey)
  })

  test('Value is null: selects a route that is named null', () => {
    expect(selector(action, 'null', '$default')('{"action":null}')).toBe('null')
  })

  test('No match and no $default', () => {
    const strict = selector(action, '$connect', 'join')
    for (const text of ['{"action":"leave"}', 'hello', '', '[]', '{"action":"$connect"}'])
      expect(strict(text)).toBeNull()
  })

  test('Non-JSON with a static expression', () => {
    const select = selector('join', 'join', '$default')
    expect(select('{}')).toBe('join')
    expect(select('1')).toBe('join')
    expect(select('hello')).toBe('$default')
    expect(selector('join', 'join')('hello')).toBeNull()
  })

  test('a static expression that always leads to $default takes anything', () => {
    for (const expression of ['\\$default', 'nothing', '\\$connect']) {
      const select = selector(expression, '$connect', '$default', 'join')
      expect([select('{}'), select('hello'), select('')]).toEqual(['$default', '$default', '$default'])
    }
  })

  test('a composed expression', () => {
    const select = selector('${request.body.service}/${request.body.action}', 'chat/join', '/', '$default')
    expect(select('{"service":"chat","action":"join"}')).toBe('chat/join')
    expect(select('{}')).toBe('/')
    expect(select('[]')).toBe('/')
    expect(select('no')).toBe('$default')
  })

  test('a path that reaches into lists looks at lists', () => {
    const select = selector('$request.body[0]', 'join', '$default')
    expect(select('["join"]')).toBe('join')
    expect(select('{"0":"join"}')).toBe('$default')
  })
})

describe('names of JavaScript prototypes', () => {
  test('select their route only when a message spells them', () => {
    const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty']
    const select = selector(action, ...names, '$default')
    for (const name of names) expect(select(`{"action":"${name}"}`)).toBe(name)
    expect(select('{"__proto__":{"action":"constructor"}}')).toBe('$default')
  })

  test('are no members of a message that lacks them', () => {
    const select = selector('$request.body.constructor', '$default', 'function Object() { [native code] }')
    expect(select('{}')).toBe('$default')
    expect(selector('$request.body.__proto__', 'x', '$default')('{"__proto__":"x"}')).toBe('x')
  })
})

describe('hostile messages', () => {
  const select = selector(action, 'join', '$default')

  test('100,000 nested arrays, with and without an end', () => {
    const open = '['.repeat(100_000)
    expect(select(`{"deep":${open}${']'.repeat(100_000)},"action":"join"}`)).toBe('join')
    expect(select(`{"action":${open}${']'.repeat(100_000)}}`)).toBe('$default')
    expect(select(`{"action":${open}`)).toBe('$default')
    expect(select(open)).toBe('$default')
    expect(selector('$request.body..action', 'join', '$default')(`{"a":${open}${']'.repeat(100_000)}}`)).toBe(
      '$default',
    )
  })

  test('a message of 128 KB', () => {
    expect(select(`{"pad":"${'x'.repeat(131_000)}","action":"join"}`)).toBe('join')
    expect(select(`{"action":"${'x'.repeat(131_000)}"}`)).toBe('$default')
  })
})

test('the parsed message can be read again without parsing', () => {
  const text = '{"action":"join","n":[1]}'
  selector(action, 'join')(text)
  const value = rememberedJson(text)
  expect(value).toEqual({ action: 'join', n: [1] })
  expect(rememberedJson(text)).toBe(value)
  expect(rememberedJson('{"n":2}')).toEqual({ n: 2 })
  expect(rememberedJson('{')).toBeUndefined()
})

test('a wrong expression is a fault at load', () => {
  expect(() => selector('$request.header.x')).toThrow(SelectionExpressionError)
})

test('any JSON message selects what its action spells, anything else $default', () => {
  const routes = ['join', 'a b', '1', 'null', 'constructor']
  const select = selector(action, ...routes, '$connect', '$default')
  const value = fc.oneof(fc.constantFrom(...routes, '$connect', '$default', 1, null, true), fc.jsonValue())
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), value, (rest, chosen) => {
      const text = JSON.stringify({ ...rest, action: chosen })
      const spelled = typeof chosen === 'object' && chosen !== null ? '' : String(chosen)
      expect(select(text)).toBe(routes.includes(spelled) ? spelled : '$default')
    }),
  )
  fc.assert(
    fc.property(fc.string(), (text) => {
      let expected = '$default'
      try {
        const parsed: unknown = JSON.parse(text)
        if (typeof parsed === 'object' && parsed !== null && 'action' in parsed) expected = String(parsed.action)
      } catch {}
      expect(select(text)).toBe(expected)
    }),
  )
})
