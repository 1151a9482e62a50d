import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Backend, startBackend } from '../helpers/backend.ts'
import { Client, refused } from '../helpers/client.ts'
import { callTo, envelope, frame, says } from '../helpers/definitions.ts'
import { type Definition, startGateway, type TestGateway } from '../helpers/postern.ts'

const handlers = `
  export const throws = async () => { throw new Error('secret cause') }
  export const rejects = () => Promise.reject(new Error('secret cause'))
  export const throwsOddly = async () => { throw null }
  export const never = () => new Promise(() => setInterval(() => {}, 1000))
  export const loops = () => { for (;;); }
  export const exits = () => process.exit(0)
  export const crashes = () => process.abort()
  export const nothing = async () => {}
  export const text = async () => 'a text'
  export const list = async () => [200]
  export const noStatus = async () => ({ body: 'x' })
  export const extra = async () => ({ statusCode: 200, message: 'x' })
  export const bodyObject = async () => ({ statusCode: 200, body: { a: 1 } })
  export const badStatus = async () => ({ statusCode: 'ok' })
  export const notBase64 = async () => ({ statusCode: 200, body: '???', isBase64Encoded: true })
  export const unserializable = async () => ({ statusCode: 200, body: 1n })
  export const circular = async () => { const a = { statusCode: 200 }; a.headers = a; return a }
  export const huge = async () => ({ statusCode: 200, body: 'x'.repeat(7 * 1024 * 1024) })

  export const echo = async (event) => ({ statusCode: 200, body: event.body })
  export const encoded = async () => ({ statusCode: 200, body: Buffer.from('héllo').toString('base64'), isBase64Encoded: true })
  export const encodedBytes = async () => ({ statusCode: 200, body: '//4=', isBase64Encoded: true })
  export const noBody = async () => ({ statusCode: 200 })
  export const failing = async () => ({ statusCode: 500, headers: { a: 'b' }, body: 'not my day' })
  export const protocols = async (event) => ({
    statusCode: 200,
    headers: { 'sec-websocket-protocol': event.headers['Sec-WebSocket-Protocol'].split(/, ?/).at(-1), 'X-Dropped': 'yes' },
    body: 'dropped',
  })
  export const refuses = async () => ({ statusCode: 401, headers: { 'X-One': 'a' }, multiValueHeaders: { 'X-Two': ['b', 'c'] }, body: 'no' })
  export const mapped = async (event) => {
    if (event.fail) throw new Error('Not found: ' + event.fail)
    return { greeting: 'hello ' + event.name, list: [1, 2] }
  }
`

const malformed = ['text', 'list', 'noStatus', 'extra', 'bodyObject', 'badStatus', 'notBase64', 'nothing']
const failing = [
  'throws',
  'rejects',
  'throwsOddly',
  'never',
  'loops',
  'exits',
  'crashes',
  'unserializable',
  'circular',
  'huge',
]
const replying = ['echo', 'encoded', 'encodedBytes', 'noBody', 'failing', 'mapped']
const all = [...malformed, ...failing, ...replying, 'protocols', 'refuses']
const functions = Object.fromEntries(
  all.map((name) => [
    name,
    {
      handler: `handlers.${name}`,
      maxConcurrency: 1,
      timeoutInMillis: ['never', 'loops'].includes(name) ? 100 : 10_000,
    },
  ]),
)
const routesOf = (names: string[], twoWay: boolean): Definition =>
  Object.fromEntries(names.map((name) => [name, { integration: callTo(name), routeResponse: twoWay }]))

describe('functions behind messages', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway(
      {
        functions,
        routes: {
          ...routesOf([...malformed, ...failing], false),
          ...routesOf(['echo', 'encoded', 'encodedBytes', 'noBody', 'failing'], true),
          oneWay: { integration: callTo('failing') },
          slow: { integration: { ...callTo('never'), timeoutInMillis: 50 } },
          $default: says('still here'),
        },
      },
      { files: { 'handlers.mjs': handlers } },
    )
  })
  afterAll(() => gateway.close())

  const reply = async (action: string): Promise<string> => {
    const client = await Client.connect(gateway.ws)
    client.send({ action })
    const first = await client.next()
    client.send('and now')
    expect(await client.next()).toBe('still here')
    client.close()
    return first
  }

  test.each([...failing, ...malformed])(
    '%s: the frame Internal server error, and the connection stays open',
    async (name) => {
      const text = await reply(name)
      expect(text).toMatch(frame('Internal server error'))
      // The cause is for the log, with the request id that the client got.
      const { requestId } = JSON.parse(text)
      const line = gateway.lines.find((each) => each.includes(requestId) && each.includes('"code"'))
      expect(JSON.parse(line ?? '{}').code).toMatch(/^FUNCTION_FAILURE|MALFORMED_PROXY_RESPONSE$/)
    },
  )

  test('a function that takes longer than the integration waits: the frame Endpoint request timed out', async () => {
    expect(await reply('slow')).toMatch(frame('Endpoint request timed out'))
  })

  test('two-way: the body is the reply, decoded where it is encoded, for every status, and empty where there is none', async () => {
    expect(await reply('echo')).toBe('{"action":"echo"}')
    expect(await reply('encoded')).toBe('héllo')
    expect(await reply('encodedBytes')).toBe('\uFFFD\uFFFD')
    expect(await reply('noBody')).toBe('')
    expect(await reply('failing')).toBe('not my day')
  })

  test('one-way: nothing is sent, whatever the status', async () => {
    const client = await Client.connect(gateway.ws)
    client.send({ action: 'oneWay' })
    // The one process of this function answers in order, and its second reply is the first frame.
    client.send({ action: 'failing' })
    expect(await client.next()).toBe('not my day')
    client.close()
    await client.closed
    expect(client.unread).toEqual([])
  })
})

describe('functions behind $connect', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ functions }, { files: { 'handlers.mjs': handlers } })
  })
  afterAll(() => gateway.close())
  const connectTo = (name: string, rest: Definition = {}) =>
    gateway.redefine({
      functions,
      routes: { $connect: { integration: callTo(name) }, $default: says('hello') },
      ...rest,
    })

  test.each([...failing, ...malformed])('%s: 502 with the envelope', async (name) => {
    await connectTo(name)
    const { status, body } = await refused(gateway.ws)
    expect(status).toBe(502)
    expect(body).toMatch(envelope('Internal server error'))
  })

  test('the integration gives up before the function does: 504', async () => {
    const integration = { ...callTo('never'), timeoutInMillis: 50 }
    await gateway.redefine({ functions, routes: { $connect: { integration } } })
    const { status, body } = await refused(gateway.ws)
    expect(status).toBe(504)
    expect(body).toMatch(envelope('Endpoint request timed out'))
  })

  test('a 401 keeps status, headers, repeated ones too, and body', async () => {
    await connectTo('refuses')
    const { status, headers, body } = await refused(gateway.ws)
    expect([status, body, headers['x-one'], headers['x-two']]).toEqual([401, 'no', 'a', 'b, c'])
  })

  test('of the offered subprotocols the function chooses one, its other headers and its body are dropped', async () => {
    await connectTo('protocols')
    const client = new Client(gateway.ws, { protocols: ['v1', 'v2'] })
    const headers = await client.accepted
    expect([headers['sec-websocket-protocol'], headers['x-dropped']]).toEqual(['v2', undefined])
    client.send('x')
    expect(await client.next()).toBe('hello')
    client.close()
  })

  test('a result of null is an error, and an empty 200 where nullFunctionResult is SILENCE', async () => {
    await connectTo('nothing', { nullFunctionResult: 'SILENCE' })
    const client = await Client.connect(gateway.ws)
    client.close()
    await gateway.redefine({
      functions,
      nullFunctionResult: 'SILENCE',
      routes: {
        oneWay: { integration: callTo('nothing') },
        twoWay: { integration: callTo('nothing'), routeResponse: true },
      },
    })
    const speaker = await Client.connect(gateway.ws)
    speaker.send({ action: 'oneWay' })
    speaker.send({ action: 'twoWay' })
    // One call at a time: were there a frame for the first message, it would come first.
    expect(await speaker.next()).toBe('')
    speaker.close()
    await speaker.closed
    expect(speaker.unread).toEqual([])
  })

  test('a function that is not there and can be found nowhere else does not get that far: the definition is refused', async () => {
    await expect(connectTo('missing')).rejects.toThrow(/missing/)
  })
})

describe('functions elsewhere, over the Lambda API', () => {
  const elsewhere = {
    integrationType: 'AWS_PROXY',
    integrationUri: 'arn:aws:lambda:eu-west-1:123456789012:function:talk',
  }
  const start = async (backend: Backend) =>
    startGateway(
      { routes: { $connect: { integration: elsewhere }, $default: { integration: elsewhere, routeResponse: true } } },
      { settings: { lambda: { endpoint: backend.url, region: 'eu-west-1' } } },
    )

  test('get the event and give the result', async () => {
    const backend = await startBackend()
    backend.answer = (call, response) =>
      void response.end(JSON.stringify({ statusCode: 200, body: JSON.parse(call.body).body }))
    const gateway = await start(backend)
    const client = await Client.connect(gateway.ws)
    client.send('hello')
    expect(await client.next()).toBe('hello')
    expect(backend.calls[0]).toMatchObject({
      method: 'POST',
      url: `/2015-03-31/functions/${encodeURIComponent(elsewhere.integrationUri)}/invocations`,
    })
    client.close()
    await gateway.close()
    await backend.close()
  })

  test.each([
    ['one that is not there', 404, '{"Type":"User","Message":"Function not found"}'],
    ['one that may not be invoked', 403, '{"Message":"not authorized"}'],
  ])('%s: 500 with the envelope', async (_case, status, answer) => {
    const backend = await startBackend()
    backend.answer = (_call, response) => void response.writeHead(status).end(answer)
    const gateway = await start(backend)
    const refusal = await refused(gateway.ws)
    expect(refusal.status).toBe(500)
    expect(refusal.body).toMatch(envelope('Internal server error'))
    await gateway.close()
    await backend.close()
  })
})

describe('AWS, which maps', () => {
  test('the template makes the event, errorMessage picks the integration response, whose template makes the reply', async () => {
    const gateway = await startGateway(
      {
        functions,
        routes: {
          $default: {
            routeResponse: true,
            integration: {
              integrationType: 'AWS',
              integrationUri: 'function:mapped',
              requestTemplates: { 'application/json': '{"name":$input.json("$.who"),"fail":$input.json("$.fail")}' },
              integrationResponses: {
                $default: { responseTemplates: { $default: 'said: $input.path("$.greeting") $input.json("$.list")' } },
                '/Not found.*/': { responseTemplates: { $default: 'nobody: $input.path("$.errorMessage")' } },
              },
            },
          },
        },
      },
      { files: { 'handlers.mjs': handlers } },
    )
    const client = await Client.connect(gateway.ws)
    client.send({ who: 'Ada "A."' })
    expect(await client.next()).toBe('said: hello Ada "A." [1,2]')
    client.send({ who: 'x', fail: 'x' })
    expect(await client.next()).toBe('nobody: Not found: x')
    client.close()
    await gateway.close()
  })
})
