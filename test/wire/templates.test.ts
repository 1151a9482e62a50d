import { afterEach, describe, expect, test } from 'vitest'
import type { Backend } from '../helpers/backend.ts'
import { Client, refused } from '../helpers/client.ts'
import { frame, says, shortId } from '../helpers/definitions.ts'
import { type Definition, startGateway, type TestGateway } from '../helpers/postern.ts'
import { useBackend } from '../helpers/use-backend.ts'

let backend: Backend
let gateway: TestGateway
useBackend((started) => {
  backend = started
})
afterEach(() => gateway.close())

const http = (overrides: Definition): Definition => ({
  integrationType: 'HTTP',
  integrationMethod: 'POST',
  integrationUri: `${backend.url}/`,
  ...overrides,
})
const mock = (overrides: Definition): Definition => ({ integrationType: 'MOCK', ...overrides })
const twoWay = (integration: Definition): Definition => ({ integration, routeResponse: true })
const echoBody = () => {
  backend.answer = (call, response) => void response.end(call.body)
}
/** The replies to these messages, one after the other. */
async function replies(...messages: unknown[]): Promise<string[]> {
  const client = await Client.connect(gateway.ws)
  const got: string[] = []
  for (const message of messages) {
    client.send(message)
    got.push(await client.next())
  }
  client.close()
  return got
}

describe('request templates', () => {
  const templates = { a: 'template a', b: 'template b $input.json("$.n")', $default: 'the default' }

  test('templateSelectionExpression reads the message; what names no template falls to $default', async () => {
    echoBody()
    gateway = await startGateway({
      routes: {
        $default: twoWay(http({ templateSelectionExpression: '${request.body.kind}', requestTemplates: templates })),
      },
    })
    expect(
      await replies({ kind: 'a' }, { kind: 'b', n: [1] }, { kind: 'c' }, {}, 'no JSON', { kind: '__proto__' }),
    ).toEqual(['template a', 'template b [1]', 'the default', 'the default', 'the default', 'the default'])
  })

  test.each([
    ['\\$default', 'the default'],
    ['a', 'template a'],
    ['nothing of this name', 'the default'],
  ])('a static expression, %s: %s for every message', async (templateSelectionExpression, expected) => {
    echoBody()
    gateway = await startGateway({
      routes: { $default: twoWay(http({ templateSelectionExpression, requestTemplates: templates })) },
    })
    expect(await replies({ kind: 'b' }, 'no JSON')).toEqual([expected, expected])
  })

  test('without an expression the template under application/json is used', async () => {
    echoBody()
    gateway = await startGateway({
      routes: { $default: twoWay(http({ requestTemplates: { 'application/json': 'json', $default: 'other' } })) },
    })
    expect(await replies({ kind: 'a' })).toEqual(['json'])
  })

  const behaviors: [string, Definition | undefined, 'passes' | 'is refused'][] = [
    ['WHEN_NO_MATCH', undefined, 'passes'],
    ['WHEN_NO_MATCH', { x: 'y' }, 'passes'],
    ['WHEN_NO_TEMPLATES', undefined, 'passes'],
    ['WHEN_NO_TEMPLATES', { x: 'y' }, 'is refused'],
    ['NEVER', undefined, 'is refused'],
    ['NEVER', { x: 'y' }, 'is refused'],
  ]
  test.each(behaviors)(
    'passthroughBehavior %s with templates %j: a message that none fits %s',
    async (passthroughBehavior, requestTemplates, outcome) => {
      echoBody()
      gateway = await startGateway({
        routes: { $default: twoWay(http({ passthroughBehavior, ...(requestTemplates && { requestTemplates }) })) },
      })
      const [reply] = await replies('{"a": "message"}')
      if (outcome === 'passes') expect(reply).toBe('{"a": "message"}')
      else {
        expect(reply).toMatch(frame('Unsupported Media Type'))
        expect(backend.calls).toEqual([])
      }
    },
  )

  test('templates see the message, $context, $stageVariables and $util', async () => {
    echoBody()
    gateway = await startGateway({
      routes: {
        say: twoWay(
          http({
            requestTemplates: {
              'application/json': `{"all":$input.body,"n":$input.path('$.n'),"text":"$util.escapeJavaScript($input.path('$.text'))",
                "items":[#foreach($i in $input.path('$.items'))"$i"#if($foreach.hasNext),#end#end],
                "flavour":"$stageVariables.flavour","again":"\${stageVariables['flavour']}",
                "route":"$context.routeKey","event":"$context.eventType","message":"$context.messageId","agent":"$context.identity.userAgent",
                "encoded":"$util.base64Encode($input.path('$.text'))","missing":"$input.path('$.missing')","unknown":"$unknown"}`,
            },
          }),
        ),
      },
      stages: { dev: { stageVariables: { flavour: 'beta' } } },
    })
    const client = await Client.connect(gateway.ws, { headers: { 'User-Agent': 'demo/1.0' } })
    const message = { action: 'say', n: 1.5, text: 'it\'s "quoted"', items: ['x', 'y'] }
    client.send(message)
    const { message: messageId, ...rest } = JSON.parse((await client.next()).replaceAll("\\'", "'"))
    expect(messageId).toMatch(shortId)
    expect(rest).toEqual({
      ...{ all: message, n: 1.5, text: message.text, items: ['x', 'y'], flavour: 'beta', again: 'beta', route: 'say' },
      ...{ event: 'MESSAGE', agent: 'demo/1.0', encoded: Buffer.from(message.text).toString('base64') },
      ...{ missing: '', unknown: '$unknown' },
    })
    client.close()
  })

  test('on $connect they see headers and query, and a template makes the body of the call', async () => {
    gateway = await startGateway({
      routes: {
        $connect: {
          integration: http({
            requestTemplates: {
              'application/json':
                '{"room":"$input.params(\'room\')","agent":"$input.params().header.get(\'User-Agent\')","id":"$context.connectionId"}',
            },
          }),
        },
      },
    })
    const client = await Client.connect(`${gateway.ws}?room=red%20one`, { headers: { 'User-Agent': 'demo/1.0' } })
    const { id, ...rest } = JSON.parse((await backend.call(1)).body)
    expect(rest).toEqual({ room: 'red one', agent: 'demo/1.0' })
    expect(id).toMatch(shortId)
    client.close()
  })

  test('on $disconnect they see why the connection ended, and $context as a whole', async () => {
    gateway = await startGateway({
      routes: {
        $disconnect: {
          integration: http({
            requestTemplates: {
              'application/json':
                '$context.eventType|$context.routeKey|$context.disconnectStatusCode|$context.disconnectReason|$!context.messageId|$context.messageId|$context',
            },
          }),
        },
      },
    })
    const client = await Client.connect(gateway.ws)
    client.close(4001, 'was fun')
    const [event, route, code, reason, quiet, literal, whole] = (await backend.call(1)).body.split('|')
    expect([event, route, code, reason]).toEqual(['DISCONNECT', '$disconnect', '4001', 'was fun'])
    // What $context does not have prints nothing, with the quiet sign or without it.
    expect([quiet, literal]).toEqual(['', ''])
    expect(whole).toMatch(
      /^\{routeKey=\$disconnect, disconnectStatusCode=4001, messageId=null, eventType=DISCONNECT, .*disconnectReason=was fun.*\}$/,
    )
  })

  test('a template that fails is the fault of the API, and one that reads a message that is no JSON that of the client', async () => {
    gateway = await startGateway({
      routes: {
        endless: twoWay(
          mock({
            requestTemplates: {
              'application/json':
                '#foreach($i in [1..1000])#foreach($j in [1..1000])#foreach($k in [1..1000])x#end#end#end',
            },
          }),
        ),
        $default: twoWay(
          mock({ requestTemplates: { 'application/json': '{"statusCode":200, "n": $input.json("$.n")}' } }),
        ),
      },
    })
    expect(await replies({ action: 'endless' }, 'no JSON', '{"n":1')).toEqual([
      expect.stringMatching(frame('Internal server error')),
      expect.stringMatching(frame('Bad request body')),
      expect.stringMatching(frame('Bad request body')),
    ])
  })
})

describe('integration responses', () => {
  const statusOf = (integrationResponses: Definition): Definition => ({
    routes: {
      $default: twoWay(
        mock({
          requestTemplates: { 'application/json': '{"statusCode":$input.path("$.status")}' },
          integrationResponses,
        }),
      ),
    },
  })

  test('the status selects by regular expression over the whole of it, an exact key first, $default catches the rest', async () => {
    gateway = await startGateway(
      statusOf({
        '/4\\d\\d/': { responseTemplates: { $default: 'client' } },
        '/404/': { responseTemplates: { $default: 'not found' } },
        '/20/': { responseTemplates: { $default: 'never: not the whole status' } },
        $default: { responseTemplates: { $default: 'rest' } },
      }),
    )
    expect(await replies({ status: 400 }, { status: 404 }, { status: 200 }, { status: 503 })).toEqual([
      'client',
      'not found',
      'rest',
      'rest',
    ])
  })

  test('no key fits and there is no $default: the frame Internal server error', async () => {
    gateway = await startGateway(statusOf({ '/200/': { responseTemplates: { $default: 'fine' } } }))
    expect(await replies({ status: 200 }, { status: 500 })).toEqual([
      'fine',
      expect.stringMatching(frame('Internal server error')),
    ])
  })

  test('without an expression the status picks the template, then $default; with none the body passes through', async () => {
    backend.answer = (call, response) => void response.writeHead(Number(call.body)).end(`answer ${call.body}`)
    const integrationResponses = {
      '/2\\d\\d/': { responseTemplates: { '200': 'two hundred', $default: 'another 2xx' } },
      $default: {},
    }
    gateway = await startGateway({
      routes: {
        $default: twoWay(
          http({ requestTemplates: { 'application/json': '$input.path("$.status")' }, integrationResponses }),
        ),
      },
    })
    expect(await replies({ status: 200 }, { status: 201 }, { status: 404 })).toEqual([
      'two hundred',
      'another 2xx',
      'answer 404',
    ])
  })

  test('templateSelectionExpression reads the message, the status, and headers of the answer', async () => {
    backend.answer = (_call, response) =>
      void response.writeHead(203, ['X-Kind', 'k1', 'X-Many', 'm1', 'X-Many', 'm2']).end('{}')
    const select = (templateSelectionExpression: string, key: string): Definition =>
      twoWay(
        http({
          integrationResponses: {
            $default: { templateSelectionExpression, responseTemplates: { [key]: 'chosen', $default: 'not chosen' } },
          },
        }),
      )
    gateway = await startGateway({
      routes: {
        byBody: select('${request.body.want}', 'this'),
        byStatus: select('${integration.response.statuscode}', '203'),
        byHeader: select('${integration.response.header.X-Kind}', 'k1'),
        byHeaders: select('${integration.response.multivalueheader.x-many}', 'm1,m2'),
        mixed: select('${request.body.want}-${integration.response.statuscode}', 'this-203'),
        static: select('plain', 'plain'),
        missing: select('${integration.response.header.X-None}', 'x'),
      },
    })
    const actions = ['byBody', 'byStatus', 'byHeader', 'byHeaders', 'mixed', 'static']
    const got = await replies(...actions.map((action) => ({ action, want: 'this' })), { action: 'missing' })
    expect(got).toEqual([...actions.map(() => 'chosen'), 'not chosen'])
  })
})

describe('MOCK', () => {
  test('a keepalive as on AWS: one-way and silent, two-way with its reply', async () => {
    gateway = await startGateway({
      routes: {
        ping: {
          integration: mock({
            requestTemplates: { $default: '{"statusCode":200}' },
            templateSelectionExpression: '\\$default',
          }),
        },
        pong: says('pong'),
      },
    })
    expect(
      await (async () => {
        const client = await Client.connect(gateway.ws)
        client.send({ action: 'ping' })
        client.send({ action: 'pong' })
        const first = await client.next()
        client.close()
        return first
      })(),
    ).toBe('pong')
  })

  test.each([
    [200, 101],
    [299, 101],
    [403, 403],
    [500, 500],
  ])('on $connect the status %i decides: %i', async (status, expected) => {
    gateway = await startGateway({
      routes: {
        $connect: {
          integration: mock({
            requestTemplates: { 'application/json': `{"statusCode":${status}}` },
            integrationResponses: {
              $default: {
                responseTemplates: { $default: 'from the mock' },
                responseParameters: { 'method.response.header.Sec-WebSocket-Protocol': "'v9'" },
              },
            },
          }),
        },
      },
    })
    if (expected === 101) {
      const client = await Client.connect(gateway.ws, { protocols: ['v9'] })
      expect(client.socket.protocol).toBe('v9')
      client.close()
    } else {
      expect(await refused(gateway.ws)).toMatchObject({ status: expected, body: 'from the mock' })
    }
  })

  test('a template without a status is an error frame', async () => {
    gateway = await startGateway({
      routes: { $default: twoWay(mock({ requestTemplates: { 'application/json': '{"statusCode":"200"}' } })) },
    })
    expect(await replies({})).toEqual([expect.stringMatching(frame('Internal server error'))])
  })
})
