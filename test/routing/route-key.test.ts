import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalRouteKey, parseRouteKey } from '../../src/routing/route-key.ts'

function canonical(text: string): string {
  const parsed = parseRouteKey(text)
  if (parsed.fault !== null) throw new Error(parsed.fault)
  return canonicalRouteKey(parsed.routeKey)
}

describe('a route key', () => {
  test('has a method and a path of literals and variables, or is $default', () => {
    expect(parseRouteKey('$default')).toEqual({ fault: null, routeKey: '$default' })
    expect(parseRouteKey('GET /')).toEqual({ fault: null, routeKey: { method: 'GET', segments: [] } })
    expect(parseRouteKey('ANY /pets/{pet-Id.1}/{proxy+}')).toEqual({
      fault: null,
      routeKey: {
        method: 'ANY',
        segments: [
          { kind: 'literal', text: 'pets' },
          { kind: 'variable', text: 'pet-Id.1' },
          { kind: 'greedy', text: 'proxy' },
        ],
      },
    })
  })

  test.each([
    ['', /^\$default, or a method and a path/],
    ['/pets', /^\$default, or a method and a path/],
    ['GET', /^\$default, or a method and a path/],
    ['$connect', /^\$default, or a method and a path/],
    [' GET /pets', /^\$default, or a method and a path/],
    ['get /pets', /^the method in upper case, GET instead of get$/],
    ['FETCH /pets', /^one of the methods GET, .*, ANY instead of FETCH$/],
    ['constructor /pets', /instead of constructor$/],
    ['GET pets', /^a path that starts with a slash, such as \/pets$/],
    ['GET ', /^a path that starts with a slash, such as \/pets$/],
    ['GET  /pets', /^a path that starts with a slash/],
    ['GET /pets/', /^a path that does not end with a slash, \/pets instead of \/pets\/$/],
    ['GET //pets', /instead of \/\/$/],
    ['GET //', /instead of \/\/$/],
    ['GET /{a}{b}', /^a variable that is a whole segment, such as \{name\}, instead of \{a\}\{b\}$/],
    ['GET /v{a}', /instead of v\{a\}$/],
    ['GET /{a', /instead of \{a$/],
    ['GET /a}', /instead of a\}$/],
    ['GET /{}', /^a variable whose name has letters, digits .* instead of \{\}$/],
    ['GET /{+}', /instead of \{\+\}$/],
    ['GET /{a b}', /instead of \{a b\}$/],
    ['GET /{proxy+}/a', /^\{proxy\+\} as the last segment of the path$/],
    ['GET /{proxy+}/{other+}', /^\{proxy\+\} as the last segment of the path$/],
    ['GET /{a}/{a}', /^variables of different names instead of \{a\} twice$/],
    ['GET /{a}/{a+}', /^variables of different names instead of \{a\} twice$/],
    ['GET /a b', /percent-encoded, instead of "a b"$/],
    ['GET /a?b', /percent-encoded, instead of "a\?b"$/],
    ['GET /ä', /percent-encoded, instead of "ä"$/],
    ['GET /a%2', /percent-encoded, instead of "a%2"$/],
    ['GET /a/../b', /which clients resolve$/],
    ['GET /%2e', /which clients resolve$/],
    [`GET /${'a'.repeat(508)}`, /^a route key of at most 512 characters$/],
  ])('%j is refused with what is allowed', (text, fault) => {
    expect(parseRouteKey(text).fault).toMatch(fault)
  })

  test('of 512 characters is accepted', () => {
    expect(parseRouteKey(`GET /${'a'.repeat(507)}`).fault).toBeNull()
  })

  test('may be any text without harm', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: fc.constantFrom('/', '{', '}', '+', 'a', '.', '%') }), (any, near) => {
        for (const text of [any, `GET ${near}`, `GET /${near}`])
          expect(typeof (parseRouteKey(text).fault ?? '')).toBe('string')
      }),
    )
  })
})

describe('two route keys are the same', () => {
  test('where they differ in the names of variables only', () => {
    expect(canonical('GET /pets/{id}/{rest+}')).toBe(canonical('GET /pets/{petId}/{proxy+}'))
    expect(canonical('GET /caf%c3%a9/%7Eann')).toBe(canonical('GET /caf%C3%A9/~ann'))
    expect(canonical('$default')).toBe('$default')
  })

  test('and differ by method, literals and kinds of variables', () => {
    const keys = ['GET /a/{b}', 'POST /a/{b}', 'ANY /a/{b}', 'GET /a/{b+}', 'GET /a/b', 'GET /A/b', 'GET /', 'GET /{a}']
    expect(new Set(keys.map(canonical)).size).toBe(keys.length)
  })
})
