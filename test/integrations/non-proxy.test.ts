import { describe, expect, test } from 'vitest'
import type { IntegrationDefinition } from '../../src/integrations/contract.ts'
import { type BackendAnswer, compileResponseMapping } from '../../src/integrations/integration-response.ts'
import { compileRequestTemplate } from '../../src/integrations/request-template.ts'
import { GatewayError } from '../../src/vocabulary/errors.ts'
import { connectEvent, definitionOf, disconnectEvent, messageEvent, noFault, scopeWith, textOf } from './calls.ts'

type Responses = NonNullable<IntegrationDefinition['integrationResponses']>

function request(part: Partial<IntegrationDefinition>, stageVariables = {}) {
  const definition = definitionOf({ integrationType: 'HTTP', ...part })
  return compileRequestTemplate(definition, scopeWith({ stageVariables }), noFault)
}

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof GatewayError) return error.code
    throw error
  }
  return 'none'
}

function respond(definitions: Responses | undefined, answer: Partial<BackendAnswer>, call = messageEvent('{"k":"m"}')) {
  const status = answer.status ?? 200
  return compileResponseMapping(definitions, scopeWith(), noFault).map(call, {
    selectionValue: String(status),
    status,
    headers: [],
    body: '',
    ...answer,
  })
}

describe('request templates', () => {
  const templates = { 'application/json': 'json', chat: 'chat:$input.body', $default: 'default' }

  test('no templateSelectionExpression: the application/json template', () => {
    expect(request({ requestTemplates: templates }).render(messageEvent('x'))).toBe('json')
  })

  test('the expression picks the key, and unmatched falls to $default', () => {
    const template = request({ requestTemplates: templates, templateSelectionExpression: '${request.body.kind}' })
    expect(template.render(messageEvent('{"kind":"chat"}'))).toBe('chat:{"kind":"chat"}')
    expect(template.render(messageEvent('{"kind":"constructor"}'))).toBe('default')
    expect(template.render(messageEvent('not JSON'))).toBe('default')
    expect(template.render(connectEvent())).toBe('default')
  })

  test('a static expression that names no key falls to $default', () => {
    const template = request({ requestTemplates: templates, templateSelectionExpression: 'default' })
    expect(template.constant).toBe('default')
    expect(request({ requestTemplates: templates, templateSelectionExpression: '\\$default' }).constant).toBe('default')
  })

  test('handshakes can be told apart by header and query', () => {
    const template = request({ requestTemplates: { a: 'A' }, templateSelectionExpression: '$request.header.x-kind' })
    expect(template.render(connectEvent({ headers: [['X-Kind', 'a']] }))).toBe('A')
  })

  test.each([
    ['WHEN_NO_MATCH', 'raw', 'raw'],
    ['WHEN_NO_TEMPLATES', 'UNSUPPORTED_MEDIA_TYPE', 'raw'],
    ['NEVER', 'UNSUPPORTED_MEDIA_TYPE', 'UNSUPPORTED_MEDIA_TYPE'],
  ] as const)(
    'passthroughBehavior %s: no match gives %s, no templates %s',
    (passthroughBehavior, noMatch, noTemplates) => {
      const outcome = (requestTemplates: Record<string, string> | undefined): string => {
        const template = request({ passthroughBehavior, requestTemplates })
        const code = codeOf(() => template.render(messageEvent('raw')))
        return code === 'none' ? String(template.render(messageEvent('raw'))) : code
      }
      expect(outcome({ 'text/plain': 'x' })).toBe(noMatch)
      expect(outcome(undefined)).toBe(noTemplates)
    },
  )

  test('nothing passes through where there is no message', () => {
    expect(request({}).render(connectEvent())).toBeNull()
    expect(request({}).render(disconnectEvent())).toBeNull()
  })

  test('templates see the message, the handshake, $context and $stageVariables', () => {
    const template = request(
      {
        requestTemplates: {
          'application/json':
            '$input.path("$.a") $context.connectionId $stageVariables.flavour $input.params("room") $input.params("X-Kind")',
        },
      },
      { flavour: 'beta' },
    )
    expect(template.render(messageEvent('{"a":"x"}'))).toBe('x L0SM9cOFvHcCIhw= beta  ')
    const handshake = connectEvent({
      headers: [['X-Kind', 'k']],
      query: [
        ['room', 'red'],
        ['room', 'blue'],
      ],
    })
    expect(template.render(handshake)).toBe(' L0SM9cOFvHcCIhw= beta blue k')
  })

  test('a header is one whatever its spellings: the last value under the first spelling, found in any case', () => {
    const template = request({
      requestTemplates: { 'application/json': '$input.params("X-KIND") $input.params().header' },
    })
    const headers: [string, string][] = [
      ['X-Kind', 'a'],
      ['accept', '*/*'],
      ['x-kind', 'b'],
    ]
    expect(template.render(connectEvent({ headers }))).toBe('b {X-Kind=b, accept=*/*}')
  })

  test('headers named like JavaScript prototypes are only values', () => {
    const template = request({
      requestTemplates: { 'application/json': '$input.params("__proto__")-$input.params("constructor")' },
    })
    expect(template.render(connectEvent({ query: [['__proto__', 'p']] }))).toBe('p-')
  })

  test('a template that fails is an API configuration error; a message that is no JSON is the client’s fault', () => {
    const template = request({ requestTemplates: { 'application/json': '$input.path("$.a")' } })
    expect(codeOf(() => template.render(messageEvent('not JSON')))).toBe('BAD_REQUEST_BODY')
    const endless = request({ requestTemplates: { 'application/json': '#macro(a)#a()#end#a()' } })
    expect(codeOf(() => endless.render(messageEvent('{}')))).toBe('API_CONFIGURATION_ERROR')
  })

  test('hostile messages: deep, with __proto__, with duplicate keys', () => {
    const template = request({
      requestTemplates: { 'application/json': '$input.path("$.a")|$input.path("$.__proto__.x")' },
    })
    expect(template.render(messageEvent('{"a":1,"a":2,"__proto__":{"x":3}}'))).toBe('2|3')
    const deep = `{"a":${'['.repeat(60_000)}${']'.repeat(60_000)}}`
    expect(['none', 'API_CONFIGURATION_ERROR', 'BAD_REQUEST_BODY']).toContain(
      codeOf(() => template.render(messageEvent(deep))),
    )
  })
})

describe('integration responses', () => {
  test('the status selects by regular expression over the whole value, $default catches the rest', () => {
    const responses: Responses = {
      '/2\\d\\d/': { responseTemplates: { $default: 'ok' } },
      '/4/': { responseTemplates: { $default: 'never' } },
      $default: { responseTemplates: { $default: 'rest' } },
    }
    expect(textOf(respond(responses, { status: 204 }))).toBe('ok')
    expect(textOf(respond(responses, { status: 404 }))).toBe('rest')
  })

  test('no match and no $default is an API configuration error', () => {
    expect(codeOf(() => respond({ '/2\\d\\d/': {} }, { status: 500 }))).toBe('API_CONFIGURATION_ERROR')
  })

  test('without integration responses answers pass through', () => {
    expect(textOf(respond(undefined, { status: 500, body: 'as it is' }))).toBe('as it is')
  })

  test('error messages are matched as a whole, with Java flags; a success only by $default', () => {
    const responses: Responses = {
      '/(?is)bad.*/': { responseTemplates: { $default: 'bad' } },
      $default: { responseTemplates: { $default: 'other' } },
    }
    expect(textOf(respond(responses, { selectionValue: 'BAD\ninput' }))).toBe('bad')
    expect(textOf(respond(responses, { selectionValue: 'too bad' }))).toBe('other')
    expect(
      textOf(respond({ '/.*/': {}, $default: { responseTemplates: { $default: 'd' } } }, { selectionValue: null })),
    ).toBe('d')
  })

  test('keys are Java patterns: flags inside, atomic groups, classes, quotes', () => {
    const fits = (key: string, selectionValue: string) =>
      textOf(
        respond(
          { [key]: { responseTemplates: { $default: 'fits' } }, $default: { responseTemplates: { $default: '-' } } },
          { selectionValue },
        ),
      )
    expect(fits('/a(?i)bc/', 'aBC')).toBe('fits')
    expect(fits('/(?x) 4 \\d{2} # not found/', '404')).toBe('fits')
    expect(fits('/\\Q[BadRequest]\\E.*/', '[BadRequest] no such room')).toBe('fits')
    expect(fits('/[a-z&&[^x]]+/', 'abc')).toBe('fits')
    expect(fits('/[a-z&&[^x]]+/', 'axc')).toBe('-')
    expect(fits('/(?>a*)a/', 'aaa')).toBe('-')
    expect(fits('/.*/', 'two\nlines')).toBe('-')
  })

  // Native expressions take twice as long for every further character; 60 would take longer than anyone lives.
  test.each(['/(a+)+b/', '/(a|a)*b/', '/(a|aa)+b/', '/(.*a){20}b/', '/a*a*a*a*a*a*a*b/'])(
    "no text of a backend holds the gateway up: %s is a definition's fault",
    (key) => {
      const responses: Responses = { [key]: {}, $default: {} }
      const before = process.cpuUsage()
      expect(codeOf(() => respond(responses, { selectionValue: 'a'.repeat(5_000) }))).toBe('API_CONFIGURATION_ERROR')
      expect(process.cpuUsage(before).user).toBeLessThan(500_000)
    },
  )

  test('wide patterns over long error messages are no danger', () => {
    const responses: Responses = {
      '/(?s).*(timeout|refused|reset).*(socket|pool).*/': { responseTemplates: { $default: 'network' } },
      $default: { responseTemplates: { $default: 'other' } },
    }
    const trace = 'Error: no such room\n    at handler (/var/task/index.js:12:34)\n'.repeat(40)
    expect(textOf(respond(responses, { selectionValue: trace }))).toBe('other')
    expect(textOf(respond(responses, { selectionValue: `request timeout\n${trace.slice(0, 500)} in pool` }))).toBe(
      'network',
    )
  })

  test('an error message named like a prototype is only text', () => {
    expect(
      textOf(respond({ $default: { responseTemplates: { $default: 'd' } } }, { selectionValue: 'constructor' })),
    ).toBe('d')
  })

  test('without an expression the status selects the template, then $default', () => {
    const responses: Responses = { $default: { responseTemplates: { '200': 'two hundred', $default: 'any' } } }
    expect(textOf(respond(responses, { status: 200 }))).toBe('two hundred')
    expect(textOf(respond(responses, { status: 201 }))).toBe('any')
  })

  test('numbers of an answer keep their digits in headers, keys and templates', () => {
    const responses: Responses = {
      $default: {
        templateSelectionExpression: '${integration.response.body.id}',
        responseTemplates: { '12345678901234567890': "exact $input.path('$.id')", $default: 'lost' },
        responseParameters: {
          'method.response.header.X-Id': 'integration.response.body.id',
          'method.response.header.X-All': 'integration.response.body.all[*]',
        },
      },
    }
    const result = respond(responses, { body: '{"id":12345678901234567890,"all":[1.0,9007199254740993]}' })
    expect(textOf(result)).toBe('exact 12345678901234567890')
    expect(result.headers).toEqual(
      expect.arrayContaining([
        ['X-Id', '12345678901234567890'],
        ['X-All', '[1.0,9007199254740993]'],
      ]),
    )
  })

  test('templateSelectionExpression: message, status, headers and body select', () => {
    const keyed = (templateSelectionExpression: string): string =>
      textOf(
        respond(
          {
            $default: {
              templateSelectionExpression,
              responseTemplates: { m: 'M', '201': 'S', h: 'H', 'a,h': 'MH', b: 'B', $default: 'D' },
            },
          },
          {
            status: 201,
            headers: [
              ['x-k', 'a'],
              ['X-K', 'h'],
            ],
            body: '{"k":"b"}',
          },
        ),
      )
    expect(keyed('${request.body.k}')).toBe('M')
    expect(keyed('${integration.response.statuscode}')).toBe('S')
    expect(keyed('${integration.response.header.X-K}')).toBe('H')
    expect(keyed('${integration.response.multivalueheader.X-K}')).toBe('MH')
    expect(keyed('${integration.response.body.k}')).toBe('B')
    expect(keyed('nothing')).toBe('D')
  })

  test('the template sees the answer and the context', () => {
    const responses: Responses = {
      $default: { responseTemplates: { $default: '$input.path("$.n")/$context.routeKey' } },
    }
    expect(textOf(respond(responses, { body: Buffer.from('{"n":7}') }))).toBe('7/join')
  })

  test('an answer that is no JSON is the fault of the API', () => {
    const responses: Responses = { $default: { responseTemplates: { $default: '$input.path("$.n")' } } }
    expect(codeOf(() => respond(responses, { body: '<html>' }))).toBe('API_CONFIGURATION_ERROR')
  })

  test('No template: body passes through, bytes as they came', () => {
    const bytes = Uint8Array.of(0xff, 0, 1)
    expect(respond({ $default: {} }, { body: bytes }).body).toBe(bytes)
  })

  test('CONVERT_TO_TEXT: bytes become base64, before the template', () => {
    const bytes = Uint8Array.of(0xff, 0, 1)
    expect(respond({ $default: { contentHandlingStrategy: 'CONVERT_TO_TEXT' } }, { body: bytes }).body).toBe('/wAB')
    const templated: Responses = {
      $default: { contentHandlingStrategy: 'CONVERT_TO_TEXT', responseTemplates: { $default: '<$input.body>' } },
    }
    expect(textOf(respond(templated, { body: bytes }))).toBe('</wAB>')
  })

  test('CONVERT_TO_BINARY: base64 becomes bytes, after the template; anything else fails', () => {
    const responses: Responses = { $default: { contentHandlingStrategy: 'CONVERT_TO_BINARY' } }
    expect(respond(responses, { body: '/w AB\n' }).body).toEqual(Buffer.from([0xff, 0, 1]))
    expect(respond(responses, { body: 'AA' }).body).toEqual(Buffer.from([0]))
    for (const body of ['no base64!', 'AAAAA', 'A=A=']) {
      expect(codeOf(() => respond(responses, { body }))).toBe('API_CONFIGURATION_ERROR')
    }
  })

  test('responseParameters: headers of a handshake from the answer, the context and literals', () => {
    const responses: Responses = {
      $default: {
        responseParameters: {
          'method.response.header.A': 'integration.response.header.x-a',
          'method.response.header.B': 'integration.response.multivalueheader.x-a',
          'method.response.header.C': 'integration.response.body.c.d',
          'method.response.header.D': "'text'",
          'method.response.header.E': 'context.stage',
          'method.response.header.Content-Type': 'integration.response.header.content-type',
          'method.response.header.Gone': 'integration.response.header.none',
          'method.response.header.None': 'integration.response.body.none',
        },
      },
    }
    const headers: [string, string][] = [
      ['X-A', '1'],
      ['x-a', '2'],
      ['Content-Type', 'text/plain'],
    ]
    expect(respond(responses, { headers, body: '{"c":{"d":true}}' }).headers).toEqual([
      ['A', '2'],
      ['B', '1,2'],
      ['C', 'true'],
      ['D', 'text'],
      ['E', 'dev'],
      ['Content-Type', 'text/plain'],
    ])
  })
})
