import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Backend } from '../helpers/backend.ts'
import { Client } from '../helpers/client.ts'
import { frame, says } from '../helpers/definitions.ts'
import { type Definition, startGateway, type TestGateway } from '../helpers/postern.ts'
import { useBackend } from '../helpers/use-backend.ts'

let backend: Backend
let gateway: TestGateway
let client: Client
let detailed: Client
useBackend((started) => {
  backend = started
})

const validated = (requestModels: Record<string, string>, modelSelectionExpression = '\\$default'): Definition => ({
  modelSelectionExpression,
  requestModels,
})

/** An API whose routes validate; only their messages with `action` reach them. */
const definition = (): Definition => ({
  models: {
    Order: {
      contentType: 'application/json',
      schema: {
        type: 'object',
        properties: { action: {}, amount: { type: 'number' }, item: { $ref: itemUrl } },
        required: ['amount'],
      },
    },
    Item: { schema: '{"type": "object", "required": ["id"]}' },
    Cancel: { schema: { required: ['reason'] } },
    Nothing: { schema: { type: 'null' } },
  },
  routes: {
    order: { ...says('ordered'), ...validated({ $default: 'Order' }) },
    proxied: {
      integration: { integrationType: 'HTTP_PROXY', integrationMethod: 'POST', integrationUri: backend.url },
      routeResponse: true,
      ...validated({ $default: 'Order' }),
    },
    chosen: {
      ...says('chosen'),
      ...validated({ order: 'Order', cancel: 'Cancel' }, '$request.body.type'),
    },
    fallback: { ...says('fell back'), ...validated({ order: 'Order', $default: 'Cancel' }, '$request.body.type') },
    oneWay: { integration: says('').integration, ...validated({ $default: 'Nothing' }) },
    throttled: { ...says('served'), ...validated({ $default: 'Nothing' }) },
    free: says('free'),
    $default: { ...says('default'), ...validated({ $default: 'Order' }) },
  },
  stages: {
    dev: {
      routeSettings: { throttled: { throttlingRateLimit: 0, throttlingBurstLimit: 0 } },
      accessLogSettings: {
        format:
          '$context.requestId $context.routeKey $context.status $context.error.responseType $context.error.validationErrorString',
      },
    },
  },
})
const itemUrl = 'https://apigateway.amazonaws.com/restapis/test/models/Item'

beforeAll(async () => {
  const told: Definition = {
    models: { Small: { schema: { properties: { n: { maximum: 1 } } } } },
    routes: { $default: { ...says('small'), ...validated({ $default: 'Small' }) } },
    validationDetails: true,
    badRequestBodyId: 'MESSAGE_ID',
  }
  // It is judged twice on each level.
  const twice = { properties: { a: { allOf: [{ $ref: '#' }, { $ref: '#' }] } } }
  const heavy: Definition = {
    models: { Twice: { schema: twice } },
    routes: { $default: { ...says('judged'), ...validated({ $default: 'Twice' }) } },
  }
  gateway = await startGateway(definition(), { apis: { told, heavy } })
  client = await Client.connect(gateway.ws)
  detailed = await Client.connect(gateway.ws.replace('/test/', '/told/'))
})
afterAll(async () => {
  client.close()
  detailed.close()
  await gateway.close()
})

async function answerTo(message: unknown): Promise<string> {
  client.send(message)
  return client.next()
}
const refused = frame('Bad request body')

describe('a message', () => {
  test('that fits the model of its route goes on; one that does not gets the frame, and the connection stays open', async () => {
    expect(await answerTo({ action: 'order', amount: 1 })).toBe('ordered')
    expect(await answerTo({ action: 'order', amount: 'one' })).toMatch(refused)
    expect(await answerTo({ action: 'order', amount: 1, item: {} })).toMatch(refused)
    expect(await answerTo({ action: 'order', amount: 1, item: { id: 1 } })).toBe('ordered')
  })

  test('that fails its model reaches no backend, also of a proxy', async () => {
    const before = backend.calls.length
    expect(await answerTo({ action: 'proxied' })).toMatch(refused)
    expect(backend.calls.length).toBe(before)
    await answerTo({ action: 'proxied', amount: 1 })
    expect(backend.calls.length).toBe(before + 1)
  })

  test('is validated by the model that the expression names, and fails where it names none', async () => {
    expect(await answerTo({ action: 'chosen', type: 'order', amount: 1 })).toBe('chosen')
    expect(await answerTo({ action: 'chosen', type: 'cancel', amount: 1 })).toMatch(refused)
    expect(await answerTo({ action: 'chosen', type: 'cancel', reason: '' })).toBe('chosen')
    expect(await answerTo({ action: 'chosen', type: 'other', amount: 1, reason: '' })).toMatch(refused)
    expect(await answerTo({ action: 'chosen', amount: 1 })).toMatch(refused)
  })

  test('is validated by $default where the expression names no model', async () => {
    expect(await answerTo({ action: 'fallback', type: 'other', reason: '' })).toBe('fell back')
    expect(await answerTo({ action: 'fallback', type: 'order', reason: '' })).toMatch(refused)
  })

  test('that is no JSON fails', async () => {
    expect(await answerTo('no JSON')).toMatch(refused)
    expect(await answerTo('')).toMatch(refused)
  })

  test('that fails on a one-way route gets the frame too', async () => {
    expect(await answerTo({ action: 'oneWay' })).toMatch(refused)
  })

  test('above the rate limit is throttled before it is validated', async () => {
    expect(await answerTo({ action: 'throttled' })).toMatch(frame('Too Many Requests'))
  })

  test('of a route without models is not looked at', async () => {
    expect(await answerTo({ action: 'free', amount: 'one' })).toBe('free')
  })

  test('that is nested 60,000 deep is refused or served like any other', async () => {
    expect(await answerTo(`{"action":"order","amount":1,"x":${'['.repeat(60_000)}${']'.repeat(60_000)}}`)).toBe(
      'ordered',
    )
    expect(await answerTo(`{"action":"order","amount":${'['.repeat(60_000)}${']'.repeat(60_000)}}`)).toMatch(refused)
  })
})

test("the access log has the validator's words, the own log the pointer and no value", async () => {
  const answer = await answerTo({ action: 'order', amount: 'canary-4711' })
  const { requestId } = JSON.parse(answer)
  const words = 'instance type (string) does not match any allowed primitive type (allowed: ["integer","number"])'
  const row = gateway.lines.find((line) => line.startsWith(`${requestId} `))
  expect(row).toBe(`${requestId} order 400 BAD_REQUEST_BODY [${words.replaceAll('"', '\\"')}]\n`)
  const own = gateway.lines.find((line) => line.startsWith('{') && line.includes(requestId)) ?? ''
  expect(JSON.parse(own)).toMatchObject({
    code: 'BAD_REQUEST_BODY',
    route: 'order',
    err: { message: `/amount: ${words}` },
  })
  expect(gateway.lines.join('')).not.toContain('canary-4711')
})

test('validationDetails puts the reason and its pointer into the frame, badRequestBodyId the id of the message', async () => {
  detailed.send({ n: 1 })
  expect(await detailed.next()).toBe('small')
  detailed.send({ n: 2 })
  const answer = await detailed.next()
  expect(answer).toMatch(/^\{"message": "Bad request body", "connectionId":"[\w-]{15}=", "messageId":"[\w-]{15}=", /)
  expect(JSON.parse(answer).validationDetails).toEqual([
    { pointer: '/n', message: 'numeric instance is greater than the required maximum (maximum: 1, found: 2)' },
  ])
})

test('a connection whose messages take long to judge has to wait, and nobody else', async () => {
  const url = gateway.ws.replace('/test/', '/heavy/')
  const [attacker, other] = [await Client.connect(url), await Client.connect(url)]
  const nested = `${'{"a":'.repeat(60)}{}${'}'.repeat(60)}`
  let answer = ''
  while (!answer.includes('Too Many Requests')) {
    attacker.send(nested)
    answer = await attacker.next()
    expect(answer).toMatch(/Bad request body|Too Many Requests/)
  }
  expect(answer).toMatch(frame('Too Many Requests'))
  other.send({ a: {} })
  expect(await other.next()).toBe('judged')
  for (const each of [attacker, other]) each.close()
})

test('a model that changes counts from the next message on, and a faulty one changes nothing', async () => {
  const stricter = definition()
  const models = stricter.models as Record<string, Definition>
  const faulty = { ...stricter, models: { ...models, Order: { schema: { type: 'objekt' } } } }
  await expect(gateway.redefine(faulty)).rejects.toThrow(/no JSON Schema \(draft 4\) at \/type/)
  expect(await answerTo({ action: 'order', amount: 1 })).toBe('ordered')
  await gateway.redefine({ ...stricter, models: { ...models, Order: { schema: { required: ['more'] } } } })
  expect(await answerTo({ action: 'order', amount: 1 })).toMatch(refused)
})
