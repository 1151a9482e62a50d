import { afterEach, describe, expect, test } from 'vitest'
import type { Backend } from '../helpers/backend.ts'
import { Client } from '../helpers/client.ts'
import { mock, says } from '../helpers/definitions.ts'
import { type Definition, type GatewayOptions, startGateway, type TestGateway } from '../helpers/postern.ts'
import { abilities, faultCode } from '../helpers/transport-abilities.ts'
import { useBackend } from '../helpers/use-backend.ts'
import { clientFrame, handshake, opcodes, RawClient } from '../transport/raw-client.ts'

let backend: Backend
let gateway: TestGateway
useBackend((started) => {
  backend = started
})
afterEach(() => gateway.close())

const start = async (definition: Definition, options: GatewayOptions = {}) => {
  gateway = await startGateway(definition, options)
}
const proxy = (overrides: Definition = {}): Definition => ({
  integrationType: 'HTTP_PROXY',
  integrationMethod: 'POST',
  integrationUri: `${backend.url}/`,
  ...overrides,
})
const line = 'GET /test/dev HTTP/1.1'

describe('JSON from clients', () => {
  const deep = (depth: number, inner = '1') => '['.repeat(depth) + inner + ']'.repeat(depth)
  const routes = (): Definition => ({
    composed: says('composed'),
    'a-b': says('a and b'),
    nested: { routeResponse: true, integration: mockOf('#set($text = $input.json("$.deep"))') },
    path: { routeResponse: true, integration: mockOf('#set($size = $input.path("$.deep").size())') },
    mapped: {
      routeResponse: true,
      integration: proxy({ requestParameters: { 'integration.request.header.deep': 'route.request.body.deep' } }),
    },
    selected: {
      routeResponse: true,
      integration: {
        ...mock('selected'),
        templateSelectionExpression: '${request.body.deep}',
        requestTemplates: { $default: '{"statusCode":200}' },
      },
    },
    proto: {
      routeResponse: true,
      integration: mockOf('#set($a = $input.json("$.__proto__"))#set($b = $input.path("$.constructor.name"))'),
    },
    $default: says('default'),
  })
  /** A MOCK whose request template does this with the message. */
  const mockOf = (statements: string): Definition => ({
    integrationType: 'MOCK',
    requestTemplates: { 'application/json': `${statements}{"statusCode":200}` },
    integrationResponses: { $default: { responseTemplates: { $default: 'rendered' } } },
  })
  const messages: [string, string, RegExp | string][] = [
    ['100,000 arrays that never close', '['.repeat(100_000), 'default'],
    ['65,000 arrays and their ends', deep(65_000), 'default'],
    [
      '60,000 arrays behind the action, for a template that prints them',
      `{"action":"nested","deep":${deep(60_000)}}`,
      /rendered|Internal server error/,
    ],
    [
      '60,000 arrays behind the action, for a template that walks them',
      `{"action":"path","deep":${deep(60_000)}}`,
      /rendered|Internal server error/,
    ],
    ['60,000 arrays for a parameter', `{"action":"mapped","deep":${deep(60_000)}}`, ''],
    ['60,000 arrays for a template selection', `{"action":"selected","deep":${deep(60_000)}}`, 'selected'],
    ['60,000 arrays as the action', `{"action":${deep(60_000)}}`, 'default'],
    ['20,000 objects as the action', `{"action":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`, 'default'],
    [
      '10,000 members',
      `{${Array.from({ length: 10_000 }, (_, i) => `"k${i}":1`).join()},"action":"composed"}`,
      'composed',
    ],
    ['a member twice: the last one counts', '{"action":"nested","action":"composed"}', 'composed'],
    ['__proto__ with an action', '{"__proto__":{"action":"composed"}}', 'default'],
    ['__proto__ for a template', '{"action":"proto","__proto__":{"a":1},"a":{}}', 'rendered'],
    ['constructor.prototype', '{"constructor":{"prototype":{"action":"composed"}}}', 'default'],
    ['a number that no double holds', '{"action":1e999}', 'default'],
    ['a lonely surrogate', '{"action":"\\ud800"}', 'default'],
    ['a null character', '{"action":"composed\\u0000"}', 'default'],
    ['a byte order mark', '\uFEFF{"action":"composed"}', 'default'],
    ['white space around it', ' \t\r\n{"action":"composed"}\n', 'composed'],
  ]
  test.each(messages)('%s', async (_case, message, expected) => {
    await start({ routes: routes() })
    const client = await Client.connect(gateway.ws)
    client.send(message)
    const reply = await client.next()
    if (typeof expected === 'string') expect(reply).toBe(expected)
    else expect(reply).toMatch(expected)
    client.send({ action: 'composed' })
    expect(await client.next()).toBe('composed')
    expect(Object.hasOwn(Object.prototype, 'action')).toBe(false)
    client.close()
  })

  test('100,000 arrays for an expression of several variables', async () => {
    await start({ routes: routes(), routeSelectionExpression: '${request.body.a}-${request.body.b}' })
    const client = await Client.connect(gateway.ws)
    client.send(`{"a":${deep(30_000)},"b":${deep(30_000)}}`)
    expect(await client.next()).toBe('default')
    client.send({ a: 'a', b: 'b' })
    expect(await client.next()).toBe('a and b')
    client.close()
  })
})

describe('frames from clients', () => {
  const open = async (): Promise<RawClient> => {
    const client = RawClient.to(gateway.port).write(handshake({}, line))
    await client.readTo('\r\n\r\n')
    return client
  }

  test('a message in a thousand fragments, with pings between them, is one message', async () => {
    await start({ routes: { $default: { integration: proxy(), routeResponse: true } } })
    backend.answer = (call, response) => void response.end(`got ${call.body.length}`)
    const client = await open()
    for (let i = 0; i < 1000; i++) {
      client.write(
        clientFrame(i === 0 ? opcodes.text : opcodes.continuation, 'ab', { isLast: i === 999 }),
        clientFrame(opcodes.ping, ''),
      )
    }
    let text = ''
    while (text === '') {
      const { opcode, payload } = await client.readFrame()
      if (opcode === opcodes.text) text = payload.toString()
    }
    expect(text).toBe('got 2000')
    client.socket.destroy()
  })

  test('a flood of pings, and of empty messages, harms nobody else', async () => {
    await start({ routes: { $default: says('hello') } }, { flags: { maxBufferedBytes: '65536' } })
    const flooding = await open()
    flooding.socket.pause()
    const flood = Buffer.concat(Array.from({ length: 2_000 }, () => clientFrame(opcodes.ping, 'x'.repeat(100))))
    const empty = Buffer.concat(Array.from({ length: 50_000 }, () => clientFrame(opcodes.text, '')))
    for (let i = 0; i < 10; i++) flooding.write(flood)
    flooding.write(empty)
    const client = await Client.connect(gateway.ws)
    client.send('x')
    expect(await client.next()).toBe('hello')
    client.close()
    flooding.socket.destroy()
  })

  test.each<[string, Buffer, number]>([
    ['a reserved opcode', clientFrame(3, 'x'), 1002],
    ['a reserved bit', clientFrame(opcodes.text, 'x', { reserved: 4 }), 1002],
    ['a continuation of nothing', clientFrame(opcodes.continuation, 'x'), 1002],
    ['a fragmented ping', clientFrame(opcodes.ping, 'x', { isLast: false }), 1002],
    ['a ping of more than 125 bytes', clientFrame(opcodes.ping, 'x'.repeat(126)), 1002],
    // uWebSockets.js takes it for one without a code.
    ['a close frame with one byte', clientFrame(opcodes.close, 'x'), abilities.closeFrameOnFault.can ? 1002 : 1005],
    ['a close code that may not be sent', clientFrame(opcodes.close, Buffer.from([1005 >> 8, 1005 & 255])), 1002],
    ['invalid UTF-8', clientFrame(opcodes.text, Buffer.from([0xc3, 0x28])), 1007],
    ['a length of 2^63', Buffer.from([0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]), 1009],
  ])('%s ends that connection, and $disconnect runs', async (_case, bytes, code) => {
    await start({
      routes: {
        $default: says('hello'),
        $disconnect: {
          integration: proxy({
            requestParameters: { 'integration.request.header.code': 'context.disconnectStatusCode' },
          }),
        },
      },
    })
    const client = await open()
    client.write(bytes)
    await client.closed
    const reported = code === 1005 ? code : faultCode(code)
    expect((await backend.call(1)).headers.code).toBe(String(reported))
  })
})
