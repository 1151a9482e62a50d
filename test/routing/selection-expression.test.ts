import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  compileSelectionExpression,
  SelectionExpressionError,
  type VariableFamily,
} from '../../src/routing/selection-expression.ts'

const body: readonly VariableFamily[] = ['request.body']
const all: readonly VariableFamily[] = [
  'request.body',
  'request.header',
  'request.querystring',
  'integration.response.statuscode',
  'integration.response.header',
  'integration.response.multivalueheader',
  'integration.response.body',
]

function evaluate(source: string, value: unknown): string {
  return compileSelectionExpression(source, body).evaluate({ body: value })
}

function faultOf(source: string, allowed = body): { message: string; position: number } {
  try {
    compileSelectionExpression(source, allowed)
  } catch (error) {
    if (error instanceof SelectionExpressionError) return error
    throw error
  }
  throw new Error('compiled')
}

describe('the grammar of route selection expressions', () => {
  test('Variable: both spellings read the message', () => {
    expect(evaluate('$request.body.action', { action: 'join' })).toBe('join')
    expect(evaluate('${request.body.action}', { action: 'join' })).toBe('join')
  })

  test('Path language: dots nest, brackets index and quote, searches list', () => {
    expect(evaluate('$request.body.service.do', { service: { do: 'run' } })).toBe('run')
    expect(evaluate("$request.body['a.b'][1]", { 'a.b': ['x', 'y'] })).toBe('y')
    expect(evaluate('$request.body.list[*].id', { list: [{ id: 1 }, { id: 2 }] })).toBe('[1, 2]')
    expect(evaluate("${request.body.list[?(@.k=='}')].id}", { list: [{ k: '}', id: 7 }] })).toBe('[7]')
    expect(evaluate('$request.body[0]', ['first'])).toBe('first')
  })

  test('Composition: variables and literals follow each other', () => {
    const source = '${request.body.service}/${request.body.action}'
    expect(evaluate(source, { service: 'chat', action: 'join' })).toBe('chat/join')
    expect(evaluate('$request.body.a/$request.body.b', { a: 1, b: 2 })).toBe('1/2')
  })

  test('Recursion: results are not expanded again', () => {
    expect(evaluate('$request.body.a', { a: '${request.body.b}', b: 'no' })).toBe('${request.body.b}')
  })

  test('Escape and Static: a text without variables is constant', () => {
    expect(compileSelectionExpression('\\$default', body).constant).toBe('$default')
    expect(compileSelectionExpression('$default', body).constant).toBe('$default')
    expect(compileSelectionExpression('action', body).constant).toBe('action')
    expect(compileSelectionExpression('my-request.body.x', body).constant).toBe('my-request.body.x')
    expect(evaluate("$request.body['request.body.a']", { 'request.body.a': 'x' })).toBe('x')
    expect(compileSelectionExpression('', body).constant).toBe('')
    expect(compileSelectionExpression('\\${request.body.a}', body).constant).toBe('${request.body.a}')
  })

  test('Missing path: empty text', () => {
    expect(evaluate('${request.body.action}-${request.body.none}', { action: 'join' })).toBe('join-')
    expect(evaluate('$request.body.action', undefined)).toBe('')
    for (const scalar of [1, 'text', true, null, []]) expect(evaluate('$request.body.action', scalar)).toBe('')
  })

  test('Non-string result: as Java prints it', () => {
    expect(evaluate('$request.body.v', { v: ['item1', 'item2'] })).toBe('[item1, item2]')
    expect(evaluate('$request.body.v', { v: { a: 1, b: [true, null] } })).toBe('{a=1, b=[true, null]}')
    expect(evaluate('$request.body.v', { v: 1 })).toBe('1')
    expect(evaluate('$request.body.v', { v: false })).toBe('false')
    expect(evaluate('$request.body.v', { v: null })).toBe('null')
    expect(evaluate('$request.body.v', { v: [] })).toBe('[]')
  })

  test('names of JavaScript prototypes are names like any other', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect(evaluate(`$request.body.${name}`, {})).toBe('')
      expect(evaluate(`$request.body.${name}`, JSON.parse(`{"${name}":"mine"}`))).toBe('mine')
    }
  })
})

describe('other families', () => {
  const input = {
    body: {},
    headers: [
      ['X-Api-Key', 'one'],
      ['x-api-key', 'two'],
    ],
    query: [
      ['room', 'red'],
      ['room', 'blue'],
      ['ROOM', 'no'],
    ],
    response: {
      status: 404,
      headers: [
        ['X-Kind', 'a'],
        ['x-kind', 'b'],
      ],
      body: { errorMessage: 'Broken' },
    },
  } as const

  test.each([
    ['$request.header.X-API-KEY', 'two'],
    ['$request.querystring.room', 'blue'],
    ['${integration.response.statuscode}', '404'],
    ['$integration.response.header.x-Kind', 'b'],
    ['$integration.response.multivalueheader.X-Kind', 'a,b'],
    ['$integration.response.body.errorMessage', 'Broken'],
    ['$integration.response.header.none', ''],
  ])('%s reads %s', (source, expected) => {
    expect(compileSelectionExpression(source, all).evaluate(input)).toBe(expected)
  })

  test('what an expression reads is known at load', () => {
    const request = compileSelectionExpression('a-${request.body.x}', all)
    expect([request.readsBody, request.readsResponseBody, request.bodyPath]).toEqual([true, false, null])
    const response = compileSelectionExpression('$integration.response.body.x', all)
    expect([response.readsBody, response.readsResponseBody]).toEqual([false, true])
    expect(compileSelectionExpression('${request.body.x}', all).bodyPath?.definite).toBe(true)
    expect(compileSelectionExpression('$request.body..x', all).bodyPath).toBeNull()
  })

  test('nothing is there without a response', () => {
    for (const source of ['statuscode', 'header.a', 'multivalueheader.a', 'body.a']) {
      expect(compileSelectionExpression(`$integration.response.${source}`, all).evaluate({})).toBe('')
    }
  })
})

describe('faults', () => {
  test.each([
    ['$nothing', 0, '$nothing is no variable here; allowed: $request.body.<JSONPath>, and \\$ for a dollar sign'],
    ['a$request.header.x', 1, '$request.header.x is no variable here'],
    ['$', 0, '$ is no variable here'],
    ['ab${request.body.x', 2, 'a variable in braces without its }'],
    ['$request.bodyx', 0, '$request.bodyx is no variable here'],
    ["$request.body['x", 1, '[ without its ]'],
    ['$request.body.', 14, ''],
    [
      'request.body.action',
      0,
      'request.body.action has no $ and is plain text; did you mean $request.body.action? Variables here: $request.body.<JSONPath>',
    ],
    ['{request.body.action}', 0, 'did you mean ${request.body.action}?'],
    ['$request.body.a/request.body.b', 16, 'request.body.b has no $'],
    ['request.body', 0, 'did you mean $request.body?'],
  ])('%s: says where and what is allowed', (source, position, message) => {
    const fault = faultOf(source)
    expect(fault.message).toContain(message)
    expect(fault.message).toContain(`(at character ${fault.position + 1})`)
    expect(Math.abs(fault.position - position)).toBeLessThanOrEqual(1)
  })

  test('a family that takes a name, or none, says how it is spelled', () => {
    expect(faultOf('$request.header', all).message).toContain('should read $request.header.<name>')
    expect(faultOf('$integration.response.statuscode.x', all).message).toContain(
      'should read $integration.response.statuscode',
    )
  })
})

describe('any input', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/)

  test('a composed expression is the concatenation of its parts', () => {
    const literal = fc.stringMatching(/^[a-zA-Z0-9/:. -]{0,6}$/)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(literal, name)),
        literal,
        fc.dictionary(name, fc.string()),
        (parts, end, message) => {
          const source = parts.map(([text, member]) => `${text}\${request.body.${member}}`).join('') + end
          const own = (member: string): string => (Object.hasOwn(message, member) ? (message[member] as string) : '')
          const expected = parts.map(([text, member]) => text + own(member)).join('') + end
          expect(evaluate(source, message)).toBe(expected)
        },
      ),
    )
  })

  test('compiling gives an expression or a SelectionExpressionError inside the text', () => {
    const piece = fc.oneof(
      fc.constantFrom('$', '${', '}', '\\$', 'request.body', '.a', '[', ']', "'", '"', '*'),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const source = pieces.join('')
        try {
          compileSelectionExpression(source, all)
        } catch (error) {
          if (!(error instanceof SelectionExpressionError)) throw error
          expect(error.position).toBeGreaterThanOrEqual(0)
          expect(error.position).toBeLessThanOrEqual(source.length)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('evaluating never throws, whatever the message', () => {
    const expressions = ['$request.body.a', '$request.body..a', '$request.body[?(@.a>1)].b', '$request.body'].map(
      (source) => compileSelectionExpression(source, body),
    )
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const expression of expressions) expect(typeof expression.evaluate({ body: value })).toBe('string')
      }),
    )
  })

  test('100,000 nested arrays end in a bounded text', () => {
    const nested = JSON.parse(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)
    expect(evaluate('$request.body.a', nested).length).toBeLessThanOrEqual(2_048)
    expect(evaluate('$request.body..b', nested)).toBe('')
  })
})
