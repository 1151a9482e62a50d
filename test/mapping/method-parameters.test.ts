import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileRequestChanges } from '../../src/mapping/method-parameters.ts'
import { compileResponseChanges } from '../../src/mapping/method-response-parameters.ts'
import { compileMethodValue } from '../../src/mapping/method-values.ts'
import { isSafeHeader } from '../../src/vocabulary/headers.ts'
import { decodedQuery } from '../../src/vocabulary/query-pairs.ts'
import { anyText, anyUtf16 } from '../helpers/any-text.ts'
import { type MethodCall, methodEvent } from '../integrations/method-calls.ts'

const stageVariables = { tier: 'gold' }
const call: MethodCall = {
  ...{ path: '/pets/a%20b', pathParameters: { id: 'a%20b' }, rawQuery: 'q=1&q=2%20&Q=3', stage: 'prod' },
  more: [
    ['X-A', '1'],
    ['x-a', '2'],
  ],
  body: '{"a":{"b":"c","n":12345678901234567890,"l":[1,{"x":null}]},"odd..name":"o"}',
}

const request = (text: string, part: MethodCall = {}) =>
  compileMethodValue(text, 'request', stageVariables).read({ event: methodEvent({ ...call, ...part }), answer: null })
const response = (text: string) => {
  const answer = { headers: [['X-A', '1'] as const, ['x-a', '2'] as const], body: '{"a":["b"]}' }
  return compileMethodValue(text, 'response', stageVariables).read({ event: methodEvent(call), answer })
}

describe('values of requests', () => {
  test.each<[string, string | null]>([
    ['static', 'static'],
    ['', ''],
    ['costs $5 {really}', 'costs $5 {really}'],
    ['$request.header.X-a', '1,2'],
    ['$request.header.none', null],
    ['$request.querystring.q', '1,2 '],
    ['$request.querystring.Q', '3'],
    ['$request.path', '/pets/a b'],
    ['$request.path.id', 'a b'],
    ['$request.path.constructor', null],
    ['$request.body.a.b', 'c'],
    ['$request.body.a.n', '12345678901234567890'],
    ['$request.body.a.l[1]', '{"x":null}'],
    ['$request.body.none', null],
    ["$request.body['odd..name']", 'o'],
    ['$context.stage', 'prod'],
    ['$context.httpMethod', 'GET'],
    ['$context.authorizer.claims.sub', null],
    ['$stageVariables.tier', 'gold'],
    ['$stageVariables.none', ''],
    ['${request.path.id} ${stageVariables.tier}!', 'a b gold!'],
    ['<${request.header.none}>', '<>'],
    ['${request.header.none}', ''],
  ])('%s', (text, value) => {
    expect(request(text)).toBe(value)
  })

  test('the whole body, of any length', () => {
    expect(request('$request.body', { body: 'x'.repeat(200_000) })).toHaveLength(200_000)
    expect(request('$request.body', { body: '' })).toBeNull()
  })

  test('a JSONPath sees no body of more than 100 KB, and none that is no JSON', () => {
    const ofLength = (length: number) => `{"a":"b","c":"${'x'.repeat(length - 16)}"}`
    expect(request('$request.body.a', { body: ofLength(102_400) })).toBe('b')
    expect(request('$request.body.a', { body: ofLength(102_401) })).toBeNull()
    expect(request('$request.body.a', { body: '{"a":' })).toBeNull()
  })

  test('claims of a token have their name of HTTP APIs as well', () => {
    const value = compileMethodValue('$context.authorizer.claims.sub', 'request', {})
    const event = methodEvent()
    event.caller = { kind: 'jwt', context: { sub: 'ada' }, nestedContext: null, scopes: null, identity: null }
    expect(value.read({ event, answer: null })).toBe('ada')
  })

  test.each([
    '$request.body..b',
    '$request.body.a[?(@.b)]',
    '$request.body.a[?@.b]',
    '$request.cookie.a',
    '$response.header.a',
    '$context.nothing',
    '${request.nothing}',
    'a $request.header.x',
    '$request.path.a$request.path.b',
    'a ${request.header.x',
  ])('%s is a fault', (text) => {
    expect(() => request(text)).toThrow(/allowed|did you mean|no variable|stand in/)
  })
})

describe('values of answers', () => {
  test.each<[string, string | null]>([
    ['$response.header.x-A', '1,2'],
    ['$response.header.none', null],
    ['$response.body', '{"a":["b"]}'],
    ['$response.body.a[0]', 'b'],
    ['$response.body.a', '["b"]'],
    ['${response.body.a[0]}-$context', 'b-$context'],
    ['$context.apiId', 'pets'],
    ['$stageVariables.tier', 'gold'],
  ])('%s', (text, value) => {
    expect(response(text)).toBe(value)
  })

  test.each(['$request.header.x', '$response.statuscode', '$response.body..a'])('%s is a fault', (text) => {
    expect(() => response(text)).toThrow(/allowed/)
  })
})

describe('keys', () => {
  const faultOf = (key: string, value = 'x') => compileRequestChanges({ [key]: value }, {}).faults[0]?.message ?? null

  test.each([
    ...['Access-Control-Allow-Origin', 'apigw-id', 'Authorization', 'Connection', 'Content-Encoding', 'Content-Length'],
    ...['Content-Location', 'Forwarded', 'Keep-Alive', 'Origin', 'Proxy-Authenticate', 'Proxy-Authorization', 'TE'],
    ...['Trailers', 'Transfer-Encoding', 'Upgrade', 'x-amz-date', 'X-Amzn-Trace-Id', 'X-Forwarded-For', 'Via'],
    ...['X-Forwarded-Host', 'X-Forwarded-Proto', 'x_forwarded_for', 'Expect'],
  ])('%s is reserved', (name) => {
    expect(faultOf(`append:header.${name}`)).toContain('reserved')
    const { faults } = compileResponseChanges({ 200: { [`remove:header.${name}`]: '' } }, {})
    expect(faults).toEqual([{ path: ['200', `remove:header.${name}`], message: expect.stringContaining('reserved') }])
  })

  test.each([
    ...['header.x', 'append:path', 'remove:path', 'append:body.x', 'overwrite:header.', 'integration.request.header.x'],
    ...['overwrite:statuscode', 'append:header.a b', 'append:header.a\r\nb'],
  ])('%s is none', (key) => {
    expect(faultOf(key)).toMatch(/allowed|no name of a header/)
  })

  test('what is removed has no value, and a path no query', () => {
    expect(faultOf('remove:header.x')).toContain("''")
    expect([faultOf('remove:header.x', ''), faultOf('remove:querystring.x', "''")]).toEqual([null, null])
    for (const path of ['x', '/a?b', '/a#b', '/ü']) expect(faultOf('overwrite:path', path)).toContain('allowed')
    for (const path of ['/a', '$request.path', '/a/${request.querystring.q}']) {
      expect(faultOf('overwrite:path', path)).toBeNull()
    }
  })

  test('a header is overwritten once, and a request has one Host', () => {
    expect(faultOf('append:header.HOST')).toContain('overwrite:header.Host')
    expect(faultOf('overwrite:header.host')).toBeNull()
    const { faults } = compileRequestChanges({ 'overwrite:header.X-A': '1', 'overwrite:header.x_a': '2' }, {})
    expect(faults).toEqual([
      { path: ['overwrite:header.x_a'], message: 'overwrite:header.X-A overwrites the same header' },
    ])
  })

  test('of answers are by status, and a status is one', () => {
    const faultsOf = (parameters: Record<string, Record<string, string>>) =>
      compileResponseChanges(parameters, {}).faults.map(({ path }) => path)
    expect(faultsOf({ 99: {}, 600: {}, default: {}, 200: { 'overwrite:statuscode': '99' } })).toEqual([
      ['99'],
      ['200', 'overwrite:statuscode'],
      ['600'],
      ['default'],
    ])
    expect(compileResponseChanges(undefined, {})).toEqual({ changes: null, faults: [] })
  })
})

test('a status that a variable gives is one, or the answer keeps its own', () => {
  const { changes } = compileResponseChanges({ 200: { 'overwrite:statuscode': '$response.header.x-status' } }, {})
  const statusOf = (value: string) =>
    changes?.apply(methodEvent(), { status: 200, headers: [['X-Status', value]], body: '' }).status
  expect(['201', '599', '600', '99', '2e2', ''].map(statusOf)).toEqual([201, 599, 200, 200, 200, 200])
})

test('whatever a client sends, headers are safe, and the query and the path stay what they are', () => {
  const parameters = {
    'append:header.X-Value': '$request.querystring.v',
    'overwrite:querystring.w': '${request.querystring.v}',
    'overwrite:path': '/base/${request.querystring.v}/${request.path.id}',
  }
  const { changes } = compileRequestChanges(parameters, {})
  fc.assert(
    fc.property(anyText, anyUtf16, (value, id) => {
      const event = methodEvent({ rawQuery: `v=${encodeURIComponent(value)}&w=old`, pathParameters: { id } })
      for (const [name, text] of changes.headers?.(event, []) ?? []) expect(isSafeHeader(name, text)).toBe(true)
      expect(decodedQuery(changes.query?.(event, event.arrival.rawQuery) ?? '')).toEqual([
        ['v', value],
        ['w', value],
      ])
      const path = changes.path?.(event) ?? ''
      expect(path).toMatch(/^\/base\/[\x21-\x7e]*$/)
      const { pathname, search } = new URL(`http://backend${path}`)
      expect([pathname.startsWith('/base/'), search]).toEqual([true, ''])
    }),
  )
})
