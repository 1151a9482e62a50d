import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Integration, IntegrationDefinition } from '../../src/integrations/contract.ts'
import { mockIntegrationType } from '../../src/integrations/mock.ts'
import { readMockStatus } from '../../src/integrations/mock-status.ts'
import {
  connectEvent,
  definitionOf,
  failureOf,
  faultsOf,
  messageEvent,
  openIntegration,
  scopeWith,
  textOf,
} from './calls.ts'

function mock(part: Partial<IntegrationDefinition>, stageVariables = {}): Integration {
  const definition = definitionOf({ integrationType: 'MOCK', ...part })
  return openIntegration(mockIntegrationType, definition, scopeWith({ stageVariables }))
}

const ok = { 'application/json': '{"statusCode":200}' }

async function reply(integration: Integration, body = '{}'): Promise<string> {
  return textOf(await integration.invoke(messageEvent(body)))
}

describe('MOCK', () => {
  test('the status of the request template selects the integration response, whose template is the reply', async () => {
    const integration = mock({
      requestTemplates: { 'application/json': '{"statusCode":$input.path("$.code")}' },
      integrationResponses: {
        '/2\\d\\d/': { responseTemplates: { $default: 'fine' } },
        '/404/': { responseTemplates: { $default: 'missing' } },
        $default: { responseTemplates: { $default: 'other' } },
      },
    })
    expect(await reply(integration, '{"code":200}')).toBe('fine')
    expect(await reply(integration, '{"code":204}')).toBe('fine')
    expect(await reply(integration, '{"code":404}')).toBe('missing')
    expect(await reply(integration, '{"code":500}')).toBe('other')
  })

  test('a key that spells the status wins over wider patterns before it', async () => {
    const integration = mock({
      requestTemplates: ok,
      integrationResponses: {
        '/2\\d\\d/': { responseTemplates: { $default: 'wide' } },
        '/200/': { responseTemplates: { $default: 'exact' } },
      },
    })
    expect(await reply(integration)).toBe('exact')
  })

  test('without integration responses the answer is empty', async () => {
    const integration = mock({ requestTemplates: ok })
    expect(integration.constant).toEqual({ status: 200, headers: [['Content-Type', 'application/json']], body: '' })
  })

  test('without a template for the status the message is not echoed', async () => {
    expect(await reply(mock({ requestTemplates: ok, integrationResponses: { $default: {} } }), 'hello')).toBe('')
  })

  test('no integration response that fits is an API configuration error', async () => {
    const integration = mock({ requestTemplates: ok, integrationResponses: { '/404/': {} } })
    expect(integration.constant).toBeNull()
    expect((await failureOf(integration, messageEvent('{}'))).code).toBe('API_CONFIGURATION_ERROR')
  })

  test('without request templates the message itself has to say the status', async () => {
    const integration = mock({ integrationResponses: { $default: { responseTemplates: { $default: 'said' } } } })
    expect(await reply(integration, '{"statusCode":201}')).toBe('said')
    expect((await failureOf(integration, messageEvent('hello'))).code).toBe('API_CONFIGURATION_ERROR')
  })

  test('on $connect the status decides and response parameters become headers', async () => {
    const integration = mock({
      requestTemplates: {
        'application/json': '#if($input.params("token") == "good"){"statusCode":200}#else{"statusCode":401}#end',
      },
      integrationResponses: {
        '/200/': {
          responseParameters: {
            'method.response.header.Sec-WebSocket-Protocol': "'chat'",
            'method.response.header.X-Connection': 'context.connectionId',
          },
        },
        '/401/': { responseTemplates: { $default: '{"why":"token"}' } },
      },
    })
    const accepted = await integration.invoke(connectEvent({ query: [['token', 'good']] }))
    expect(accepted.status).toBe(200)
    expect(accepted.headers).toEqual([
      ['Content-Type', 'application/json'],
      ['Sec-WebSocket-Protocol', 'chat'],
      ['X-Connection', 'L0SM9cOFvHcCIhw='],
    ])
    const refused = await integration.invoke(connectEvent())
    expect([refused.status, textOf(refused)]).toEqual([401, '{"why":"token"}'])
  })
})

describe('what is constant is made at load', () => {
  test('constant templates make a constant integration', () => {
    const integration = mock({
      requestTemplates: ok,
      integrationResponses: { '/200/': { responseTemplates: { '200': '{"ok":true}' } } },
    })
    expect(integration.constant).toEqual({
      status: 200,
      headers: [['Content-Type', 'application/json']],
      body: '{"ok":true}',
    })
  })

  test.each<[string, Partial<IntegrationDefinition>]>([
    ['a request template', { requestTemplates: { 'application/json': '{"statusCode":$input.path("$.a")}' } }],
    ['its choice', { requestTemplates: { a: '{"statusCode":200}' }, templateSelectionExpression: '$request.body.a' }],
    [
      'a response template',
      {
        requestTemplates: ok,
        integrationResponses: { $default: { responseTemplates: { '200': '$context.connectionId' } } },
      },
    ],
    [
      'a response parameter',
      {
        requestTemplates: ok,
        integrationResponses: { $default: { responseParameters: { 'method.response.header.A': 'context.stage' } } },
      },
    ],
  ])('%s that depends on the call keeps it from being constant', (_, part) => {
    expect(mock(part).constant).toBeNull()
  })

  test('and the constant equals what a call gives', async () => {
    const integration = mock({
      requestTemplates: { $default: '{statusCode: 418}' },
      integrationResponses: {
        $default: {
          responseTemplates: { $default: 'tea' },
          responseParameters: { 'method.response.header.Content-Type': "'text/plain'" },
        },
      },
    })
    expect(await integration.invoke(messageEvent(''))).toEqual(integration.constant)
  })
})

describe('the status of the request template', () => {
  test.each([
    ['{"statusCode":200}', 200],
    ['{"statusCode": 404, "other": {"statusCode": 1, "b": [1, {"c": "}"}]}}', 404],
    ['{statusCode: 200}', 200],
    ['{"statusCode":200,}', 200],
    ['{"list":[1,2,],"statusCode":200}', 200],
    ["{'statusCode': 200}", 200],
    ['\n {\n "statusCode" : 200 }\n', 200],
    ['{"statusCode":200,"statusCode":500}', 500],
    ['{"statusCode":"200"}', null],
    ['{"statusCode":200.5}', null],
    ['{"statusCode":2}', null],
    ['{"statusCode":}', null],
    ['{"statusCode"}', null],
    ['{"statusCode":200', null],
    ['{"statusCode":200} and more', null],
    ['{"statusCode":200]}', null],
    ['{"a":{,"statusCode":200}', null],
    ['[200]', null],
    ['200', null],
    ['', null],
    ['{}', null],
  ])('%s is read as %s', (text, status) => {
    expect(readMockStatus(text)).toBe(status)
  })

  test('JSON with a status is always read', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.integer({ min: 100, max: 599 }), (rest, status) => {
        expect(readMockStatus(JSON.stringify({ ...rest, statusCode: status }))).toBe(status)
      }),
    )
  })

  test('no text makes it throw, and depth costs nothing', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const status = readMockStatus(text)
        return status === null || Number.isInteger(status)
      }),
    )
    expect(readMockStatus(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)},"statusCode":200}`)).toBe(200)
    expect(readMockStatus(`{"a":${'['.repeat(100_000)}`)).toBeNull()
  })
})

test('every fault of a definition has its path', () => {
  const definition = definitionOf({
    integrationType: 'MOCK',
    requestTemplates: { 'application/json': '#if(' },
    templateSelectionExpression: '$integration.response.statuscode',
    integrationResponses: {
      $default: {
        responseTemplates: { a: '#foreach(' },
        templateSelectionExpression: '$nothing',
        responseParameters: { 'method.response.header.A': 'context.none', x: "'a'" },
      },
    },
  })
  expect(faultsOf(mockIntegrationType, definition, scopeWith()).map(({ path }) => path)).toEqual([
    ['templateSelectionExpression'],
    ['requestTemplates', 'application/json'],
    ['integrationResponses', '$default', 'templateSelectionExpression'],
    ['integrationResponses', '$default', 'responseTemplates', 'a'],
    ['integrationResponses', '$default', 'responseParameters', 'method.response.header.A'],
    ['integrationResponses', '$default', 'responseParameters', 'x'],
  ])
})
