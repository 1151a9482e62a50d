import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConnectEvent } from '../../src/events/connect-event.ts'
import type { ConnectionEvent } from '../../src/events/event.ts'
import { MessageEvent } from '../../src/events/message-event.ts'
import { compileParameterMapping } from '../../src/mapping/parameter-mapping.ts'
import type { ConnectionRecord } from '../../src/vocabulary/connection.ts'

const connection: ConnectionRecord = {
  connectionId: 'L0SM9cOFvHcCIhw=',
  apiId: 'chat',
  stage: 'dev',
  connectedAt: 1_759_651_750_119,
  sourceIp: '203.0.113.9',
  userAgent: null,
  domainName: 'chat.example',
  authorizer: { principalId: 'user-7', tenant: 'acme' },
  identity: null,
}
const connect = new ConnectEvent(connection, 1, null)
connect.request = {
  headers: [
    ['X-Kind', 'a'],
    ['x-kind', 'b'],
  ],
  query: [
    ['room', 'red'],
    ['room', 'blue'],
    ['Room', 'no'],
  ],
}

function message(body: string): MessageEvent {
  return new MessageEvent(connection, 'join', body, 1)
}

function read(source: string, event: ConnectionEvent): string | null {
  const { parameters, faults } = compileParameterMapping(
    { 'integration.request.header.X': source },
    { flavour: 'beta' },
  )
  expect(faults).toEqual([])
  return parameters[0]?.source.read(event) ?? null
}

function faultsOf(parameters: Record<string, string>) {
  return compileParameterMapping(parameters, {}).faults
}

describe('the sources of a parameter ("Data mapping", WebSocket APIs)', () => {
  test.each([
    ['route.request.querystring.N: the last value', 'route.request.querystring.room', 'blue'],
    ['route.request.multivaluequerystring.N: all values', 'route.request.multivaluequerystring.room', 'red,blue'],
    ['route.request.header.N: the last value, whatever the case', 'route.request.header.X-KIND', 'b'],
    ['route.request.multivalueheader.N: all values', 'route.request.multivalueheader.x-Kind', 'a,b'],
    ['context.<var>', 'context.connectionId', 'L0SM9cOFvHcCIhw='],
    ['context.<var>: a number', 'context.connectedAt', '1759651750119'],
    ['context.<var>: an authorizer property', 'context.authorizer.tenant', 'acme'],
    ['stageVariables.<name>', 'stageVariables.flavour', 'beta'],
    ["'literal'", "'it''s; {x}'", "it''s; {x}"],
    ["'literal': empty", "''", ''],
  ])('%s', (_, source, expected) => {
    expect(read(source, connect)).toBe(expected)
  })

  test.each([
    ['route.request.body.<jsonpath>: text', 'route.request.body.a', '{"a":"x"}', 'x'],
    ['route.request.body.<jsonpath>: a number', 'route.request.body.a.b', '{"a":{"b":1.5}}', '1.5'],
    ['route.request.body.<jsonpath>: an object, as JSON', 'route.request.body.a', '{"a":{"b":[1]}}', '{"b":[1]}'],
    ['route.request.body.<jsonpath>: a list entry', 'route.request.body[1]', '["x","y"]', 'y'],
    ['route.request.body: the message itself', 'route.request.body', 'plain', 'plain'],
    ['a whole number beyond 2^53', 'route.request.body.id', '{"id":12345678901234567890}', '12345678901234567890'],
    ['one in an object', 'route.request.body.a', '{"a":{"id":9007199254740993}}', '{"id":9007199254740993}'],
    ['one behind a wildcard', 'route.request.body.a[*].id', '{"a":[{"id":9007199254740993}]}', '[9007199254740993]'],
    [
      'one behind a filter',
      'route.request.body.a[?(@.id == 9007199254740993)]',
      '{"a":[{"id":9007199254740993},{"id":9007199254740992}]}',
      '[{"id":9007199254740993}]',
    ],
    ['a fraction that is whole', 'route.request.body.a', '{"a":1.0}', '1.0'],
    ['an exponent', 'route.request.body.a', '{"a":[1e3,1e400]}', '[1000.0,1e400]'],
  ])('%s', (_, source, body, expected) => {
    expect(read(source, message(body))).toBe(expected)
  })

  test('what is not there leaves the parameter out', () => {
    for (const source of [
      'querystring.none',
      'multivaluequerystring.none',
      'header.none',
      'multivalueheader.none',
      'body.a',
    ]) {
      expect(read(`route.request.${source}`, connect)).toBeNull()
    }
    for (const source of [
      'header.x',
      'querystring.x',
      'multivalueheader.x',
      'multivaluequerystring.x',
      'body.none',
      'body.null',
    ]) {
      expect(read(`route.request.${source}`, message('{"null":null}'))).toBeNull()
    }
    expect(read('route.request.body.a', message('not JSON'))).toBeNull()
    expect(read('stageVariables.none', connect)).toBeNull()
    expect(read('stageVariables.constructor', connect)).toBeNull()
    expect(read('context.messageId', connect)).toBeNull()
    expect(read('context.authorizer.none', connect)).toBeNull()
  })

  test('literals and stage variables are constant, everything else is read', () => {
    const { parameters } = compileParameterMapping(
      {
        'integration.request.header.A': "'a'",
        'integration.request.querystring.b': 'stageVariables.flavour',
        'integration.request.path.c': 'context.stage',
      },
      { flavour: 'beta' },
    )
    expect(parameters.map(({ place, name, source }) => [place, name, source.constant])).toEqual([
      ['header', 'A', 'a'],
      ['querystring', 'b', 'beta'],
      ['path', 'c', null],
    ])
  })
})

describe('faults', () => {
  test('each carries its target as path and says what is allowed', () => {
    expect(
      faultsOf({
        'integration.request.body.x': "'a'",
        'integration.request.header.a b': "'a'",
        'integration.request.header.A': 'method.request.header.x',
        'integration.request.header.B': "'open",
        'integration.request.header.C': 'context.conectionId',
        'integration.request.header.D': 'context.status.x',
        'integration.request.header.E': 'route.request.body.a[',
        'integration.request.header.F': "'",
      }),
    ).toEqual([
      { path: ['integration.request.body.x'], message: expect.stringContaining('integration.request.header.<name>') },
      { path: ['integration.request.header.a b'], message: expect.stringContaining('allowed: ') },
      {
        path: ['integration.request.header.A'],
        message: expect.stringContaining('allowed: route.request.header.<name>'),
      },
      { path: ['integration.request.header.B'], message: "a literal ends with a single quote: 'text'" },
      {
        path: ['integration.request.header.C'],
        message: expect.stringContaining('did you mean context.connectionId?'),
      },
      { path: ['integration.request.header.D'], message: expect.stringContaining('context.status.x is no variable') },
      { path: ['integration.request.header.E'], message: expect.any(String) },
      { path: ['integration.request.header.F'], message: expect.any(String) },
    ])
  })

  test('variables that only logs may use are refused', () => {
    expect(faultsOf({ 'integration.request.header.A': 'context.integrationLatency' })).toHaveLength(1)
  })

  test('the right parameters are compiled beside the wrong ones', () => {
    const { parameters } = compileParameterMapping({ x: "'a'", 'integration.request.header.A': "'a'" }, {})
    expect(parameters).toHaveLength(1)
  })
})

describe('hostile messages', () => {
  test('100,000 nested arrays leave the parameter out', () => {
    const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    expect(read('route.request.body.a', message(deep))).toBeNull()
    expect(read('route.request.body..b', message(deep))).toBeNull()
  })

  test('__proto__ and constructor are names like any other', () => {
    expect(read('route.request.body.constructor', message('{}'))).toBeNull()
    expect(read('route.request.body.__proto__', message('{"__proto__":"x"}'))).toBe('x')
  })

  test('reading never throws', () => {
    const sources = ['a', 'a.b', '[0]', '..a', '[?(@.a)]'].map((path) => (path.startsWith('[') ? path : `.${path}`))
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), fc.constantFrom(...sources), (body, path) => {
        const value = read(`route.request.body${path.replace('...', '..')}`, message(body))
        expect(value === null || typeof value === 'string').toBe(true)
      }),
    )
  })
})
