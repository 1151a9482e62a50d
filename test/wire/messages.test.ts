import { afterEach, describe, expect, test } from 'vitest'
import type { Backend } from '../helpers/backend.ts'
import { Client } from '../helpers/client.ts'
import { type Definition, startGateway, type TestGateway } from '../helpers/postern.ts'
import { abilities } from '../helpers/transport-abilities.ts'
import { useBackend } from '../helpers/use-backend.ts'

const frame = (message: string, connectionId = '[\\w-]{15}=') =>
  new RegExp(`^\\{"message": "${message}", "connectionId":"${connectionId}", "requestId":"[\\w-]{15}="\\}$`)

let backend: Backend
let gateway: TestGateway
useBackend((started) => {
  backend = started
})
afterEach(() => gateway.close())

const proxy = (path = '/') => ({
  integrationType: 'HTTP_PROXY',
  integrationMethod: 'POST',
  integrationUri: backend.url + path,
  requestParameters: { 'integration.request.header.connectionId': 'context.connectionId' },
})
const mock = (text: string) => ({
  integrationType: 'MOCK',
  requestTemplates: { 'application/json': '{"statusCode":200}' },
  integrationResponses: { $default: { responseTemplates: { 'application/json': text } } },
})
const says = (text: string) => ({ integration: mock(text), routeResponse: true })

describe('route selection', () => {
  const routes = {
    join: says('join'),
    '1': says('number one'),
    true: says('true'),
    constructor: says('constructor'),
    __proto__x: says('proto'),
    $default: says('default'),
    $connect: { integration: mock('connect') },
    $disconnect: { integration: mock('disconnect') },
  }
  test.each([
    ['a JSON object whose key matches a custom route', '{"action":"join"}', 'join'],
    ['a value that matches nothing', '{"action":"nothing"}', 'default'],
    ['matching is case-sensitive', '{"action":"Join"}', 'default'],
    ['a missing key', '{"other":"join"}', 'default'],
    ['text that is not JSON', 'join', 'default'],
    ['an empty message', '', 'default'],
    ['a JSON scalar', '"join"', 'default'],
    ['a JSON array', '["join"]', 'default'],
    ['a number is stringified', '{"action":1}', 'number one'],
    ['a boolean is stringified', '{"action":true}', 'true'],
    ['null', '{"action":null}', 'default'],
    ['$default by name', '{"action":"$default"}', 'default'],
    ['$connect never runs', '{"action":"$connect"}', 'default'],
    ['$disconnect never runs', '{"action":"$disconnect"}', 'default'],
    ['a key of the prototype chain that is a route', '{"action":"constructor"}', 'constructor'],
    ['a key of the prototype chain that is none', '{"action":"toString"}', 'default'],
    ['__proto__ in the body', '{"__proto__":{"action":"join"}}', 'default'],
    ['a duplicate key: the last one counts', '{"action":"x","action":"join"}', 'join'],
    ['100,000 nested arrays', `{"action":"join","deep":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 'join'],
  ])('%s', async (_case, message, reply) => {
    gateway = await startGateway({ routes })
    const client = await Client.connect(gateway.ws)
    client.send(message)
    expect(await client.next()).toBe(reply)
    client.close()
  })

  test('no match and no $default: the Forbidden frame, and the connection stays open', async () => {
    gateway = await startGateway({ routes: { join: says('join') } })
    const client = await Client.connect(gateway.ws)
    client.send({ action: 'nothing' })
    expect(await client.next()).toMatch(frame('Forbidden'))
    client.send({ action: 'join' })
    expect(await client.next()).toBe('join')
    client.close()
  })

  test('a matched route without an integration: the Internal server error frame', async () => {
    gateway = await startGateway({ routes: { join: {} } })
    const client = await Client.connect(gateway.ws)
    client.send({ action: 'join' })
    expect(await client.next()).toMatch(frame('Internal server error'))
    client.close()
  })

  test('routes are resolved against the current deployment, also on connections opened earlier', async () => {
    gateway = await startGateway({ routes: { join: says('old') } })
    const client = await Client.connect(gateway.ws)
    client.send({ action: 'join' })
    expect(await client.next()).toBe('old')
    await gateway.redefine({ routes: { join: says('new'), leave: says('left') } })
    client.send({ action: 'join' })
    client.send({ action: 'leave' })
    expect([await client.next(), await client.next()]).toEqual(['new', 'left'])
    client.close()
  })

  test('a definition with a fault leaves the running one in place and says why', async () => {
    gateway = await startGateway({ routes: { join: says('old') } })
    const client = await Client.connect(gateway.ws)
    await expect(
      gateway.redefine({ routes: { join: says('new') }, routeSelectionExpression: '$request.body.[' }),
    ).rejects.toThrow()
    expect(
      gateway.lines.some((line) => line.includes('routeSelectionExpression') && line.includes('"level":"error"')),
    ).toBe(true)
    client.send({ action: 'join' })
    expect(await client.next()).toBe('old')
    client.close()
  })

  test('a removed stage ends its connections with 1001', async () => {
    gateway = await startGateway({ stages: { dev: {}, prod: {} } })
    const staying = await Client.connect(gateway.ws)
    const leaving = await Client.connect(gateway.ws.replace('/dev', '/prod'))
    await gateway.redefine({ stages: { dev: {} } })
    expect(await leaving.closed).toEqual({ code: 1001, reason: 'Going away' })
    expect(staying.socket.readyState).toBe(staying.socket.OPEN)
    staying.close()
  })
})

describe('one-way and two-way', () => {
  const start = (route: Definition) => startGateway({ routes: { join: { integration: proxy(), ...route } } })
  const reply = async () => {
    const client = await Client.connect(gateway.ws)
    client.send({ action: 'join' })
    await backend.call(1)
    // Whatever the first message led to has been sent before this frame.
    client.send({ action: 'unknown' })
    const first = await client.next()
    client.close()
    return first
  }

  test('one-way by default: the result is discarded, whatever its status', async () => {
    backend.answer = (_call, response) => void response.writeHead(500).end('nobody sees this')
    gateway = await start({})
    expect(await reply()).toMatch(frame('Forbidden'))
  })

  test.each([200, 404, 500])('two-way: the whole body becomes one text frame, also for %i', async (status) => {
    backend.answer = (_call, response) => void response.writeHead(status).end('{"reply":"ü"}')
    gateway = await start({ routeResponse: true })
    expect(await reply()).toBe('{"reply":"ü"}')
  })

  test('routeResponseSelectionExpression $default alone makes a route two-way', async () => {
    backend.answer = (_call, response) => void response.end('hello')
    gateway = await start({ routeResponseSelectionExpression: '$default' })
    expect(await reply()).toBe('hello')
  })

  test('two-way with an empty body: an empty text frame', async () => {
    gateway = await start({ routeResponse: true })
    expect(await reply()).toBe('')
  })

  test('a route response on $connect delivers no frame', async () => {
    backend.answer = (_call, response) => void response.end('welcome')
    gateway = await startGateway({
      routes: { $connect: { integration: proxy(), routeResponse: true }, join: says('joined') },
    })
    const client = await Client.connect(gateway.ws)
    client.send({ action: 'join' })
    expect(await client.next()).toBe('joined')
    client.close()
  })

  test('bytes of a backend that are not UTF-8 are replaced in the frame', async () => {
    backend.answer = (_call, response) => void response.end(Buffer.from([0x61, 0xff, 0x62]))
    gateway = await start({ routeResponse: true })
    expect(await reply()).toBe('a\uFFFDb')
  })

  test('a reply of more than 128 KB closes the connection with 1009', async () => {
    backend.answer = (_call, response) => void response.end('x'.repeat(131_073))
    gateway = await start({ routeResponse: true })
    const client = await Client.connect(gateway.ws)
    client.send({ action: 'join' })
    expect((await client.closed).code).toBe(1009)
  })

  test.each([
    ['é', 2],
    ['漢', 3],
    ['😀', 4],
  ])('a text of templates is measured in bytes, not in characters: %s', async (character, bytes) => {
    // The connection id is 16 bytes more, and has the text rendered anew for each message.
    const rest = (131_072 - 16) % bytes
    const text = `${character.repeat((131_072 - 16 - rest) / bytes)}${'x'.repeat(rest)}$context.connectionId`
    gateway = await startGateway({ routes: { fits: says(text), over: says(`x${text}`) } })
    const client = await Client.connect(gateway.ws)
    client.send({ action: 'fits' })
    expect(Buffer.byteLength(await client.next())).toBe(131_072)
    client.send({ action: 'over' })
    expect((await client.closed).code).toBe(1009)
    expect(client.unread).toEqual([])
  })

  test('a reply of exactly 128 KB is delivered', async () => {
    backend.answer = (_call, response) => void response.end('x'.repeat(131_072))
    gateway = await start({ routeResponse: true })
    expect((await reply()).length).toBe(131_072)
  })
})

describe('error frames', () => {
  test('an integration that times out: Endpoint request timed out, also on a one-way route', async () => {
    backend.answer = () => {}
    gateway = await startGateway({ routes: { join: { integration: { ...proxy(), timeoutInMillis: 60 } } } })
    const client = await Client.connect(gateway.ws)
    client.send({ action: 'join' })
    const { connectionid = '' } = (await backend.call(1)).headers
    expect(await client.next()).toMatch(frame('Endpoint request timed out', String(connectionid)))
    expect(client.socket.readyState).toBe(client.socket.OPEN)
    client.close()
  })

  test('a backend that is away, or answers with garbage, or with half an answer: Internal server error', async () => {
    gateway = await startGateway({
      routes: {
        away: { integration: { ...proxy(), integrationUri: 'http://127.0.0.1:9/' } },
        join: { integration: proxy() },
      },
    })
    const client = await Client.connect(gateway.ws)
    client.send({ action: 'away' })
    expect(await client.next()).toMatch(frame('Internal server error'))
    backend.answer = (_call, response) => void response.socket?.end('this is not HTTP\r\n\r\n')
    client.send({ action: 'join' })
    expect(await client.next()).toMatch(frame('Internal server error'))
    backend.answer = (_call, response) => {
      response.writeHead(200, { 'Content-Length': '100' })
      response.write('half')
      setImmediate(() => response.socket?.destroy())
    }
    client.send({ action: 'join' })
    expect(await client.next()).toMatch(frame('Internal server error'))
    client.close()
  })

  test('a throttled message: Too Many Requests, and the socket stays open', async () => {
    gateway = await startGateway({
      routes: { join: says('joined') },
      stages: { dev: { defaultRouteSettings: { throttlingRateLimit: 0, throttlingBurstLimit: 2 } } },
    })
    const client = await Client.connect(gateway.ws)
    for (let i = 0; i < 3; i++) client.send({ action: 'join' })
    expect([await client.next(), await client.next()]).toEqual(['joined', 'joined'])
    expect(await client.next()).toMatch(frame('Too Many Requests'))
    client.close()
  })

  test('more messages in flight than maxMessagesInFlight: Too Many Requests for those above', async () => {
    const held: (() => void)[] = []
    backend.answer = (_call, response) => void held.push(() => response.end('done'))
    gateway = await startGateway(
      { routes: { join: { integration: proxy(), routeResponse: true } } },
      { flags: { maxMessagesInFlight: '2' } },
    )
    const client = await Client.connect(gateway.ws)
    for (let i = 0; i < 3; i++) client.send({ action: 'join' })
    expect(await client.next()).toMatch(frame('Too Many Requests'))
    await backend.call(2)
    for (const finish of held) finish()
    expect([await client.next(), await client.next()]).toEqual(['done', 'done'])
    client.close()
  })
})

describe('order', () => {
  test('PARALLEL, the default: messages of one connection run side by side', async () => {
    const held: (() => void)[] = []
    backend.answer = (call, response) => void held.push(() => response.end(call.body))
    gateway = await startGateway({ routes: { $default: { integration: proxy(), routeResponse: true } } })
    const client = await Client.connect(gateway.ws)
    for (const text of ['a', 'b', 'c']) client.send(text)
    await backend.call(3)
    expect(held.length).toBe(3)
    for (const finish of held) finish()
    expect((await Promise.all([client.next(), client.next(), client.next()])).sort()).toEqual(['a', 'b', 'c'])
    client.close()
  })

  test('messageOrdering CONNECTION: one after the other, in order, failures included', async () => {
    let under = 0
    let most = 0
    backend.answer = (call, response) => {
      most = Math.max(most, ++under)
      setImmediate(() => {
        under--
        if (call.body === 'm3') response.socket?.destroy()
        else response.end(call.body)
      })
    }
    gateway = await startGateway({
      messageOrdering: 'CONNECTION',
      routes: { $default: { integration: proxy(), routeResponse: true } },
    })
    const client = await Client.connect(gateway.ws)
    const sent = Array.from({ length: 30 }, (_, i) => `m${i}`)
    for (const text of sent) client.send(text)
    const got: string[] = []
    for (let i = 0; i < 30; i++) got.push(await client.next())
    expect(got[3]).toMatch(frame('Internal server error'))
    got[3] = 'm3'
    expect(got).toEqual(sent)
    expect(most).toBe(1)
    client.close()
  })

  test('messageOrdering CONNECTION: a queue that overflows closes with 1008 and its reason', async () => {
    backend.answer = () => {}
    gateway = await startGateway(
      { messageOrdering: 'CONNECTION', routes: { $default: { integration: proxy() } } },
      { flags: { maxOrderedQueue: '5' } },
    )
    const client = await Client.connect(gateway.ws)
    for (let i = 0; i < 7; i++) client.send(`m${i}`)
    expect(await client.closed).toEqual({ code: 1008, reason: 'Too many messages waiting' })
  })
})

describe('what may not be sent', () => {
  test('a binary frame closes with 1003 and runs no route', async () => {
    gateway = await startGateway({ routes: { $default: { integration: proxy() } } })
    const client = await Client.connect(gateway.ws)
    client.send(Buffer.from('hello'))
    expect((await client.closed).code).toBe(1003)
    expect(backend.calls).toEqual([])
  })

  test('a message of 128 KB is taken, one byte more closes with 1009', async () => {
    backend.answer = (call, response) => void response.end(String(call.body.length))
    gateway = await startGateway({ routes: { $default: { integration: proxy(), routeResponse: true } } })
    const client = await Client.connect(gateway.ws)
    client.send('x'.repeat(131_072))
    expect(await client.next()).toBe('131072')
    client.send('x'.repeat(131_073))
    expect((await client.closed).code).toBe(1009)
  })

  test('maxFrameBytes ends a connection with 1009 at a larger frame, where the server underneath shows frames', async () => {
    gateway = await startGateway({ maxFrameBytes: 32_768, routes: { $default: says('taken') } })
    const client = await Client.connect(gateway.ws)
    client.send('x'.repeat(32_768))
    expect(await client.next()).toBe('taken')
    client.send('x'.repeat(32_769))
    if (abilities.frameLimit.can) expect((await client.closed).code).toBe(1009)
    else expect(await client.next()).toBe('taken')
    client.close()
  })

  test('the limit counts bytes, not characters, and fragments together', async () => {
    gateway = await startGateway({ routes: { $default: says('taken') } })
    const wide = await Client.connect(gateway.ws)
    wide.send('é'.repeat(65_537))
    expect((await wide.closed).code).toBe(1009)
    const fragmented = await Client.connect(gateway.ws)
    for (let i = 0; i < 8; i++) fragmented.socket.send('x'.repeat(16_384), { fin: i === 7 })
    expect(await fragmented.next()).toBe('taken')
    for (let i = 0; i < 9; i++) fragmented.socket.send('x'.repeat(16_384), { fin: i === 8 })
    expect((await fragmented.closed).code).toBe(1009)
  })
})
