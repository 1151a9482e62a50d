import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Backend } from '../helpers/backend.ts'
import { Client, refused } from '../helpers/client.ts'
import { frame, says } from '../helpers/definitions.ts'
import { httpCall } from '../helpers/http-call.ts'
import { type Definition, startGateway, type TestGateway } from '../helpers/postern.ts'
import { useBackend } from '../helpers/use-backend.ts'

const group = (groupAction: string, more: Definition = {}): Definition => ({
  integrationType: 'GROUP',
  groupAction,
  groupName: '${request.body.room}',
  groupNamePattern: '[^/]*',
  ...more,
})
const twoWay = (integration: Definition): Definition => ({ integration, routeResponse: true })
const whoAmI =
  '{"user":"$!context.connection.userId","plan":"$!context.connection.attributes.plan","id":"$context.connectionId"}'

const routes: Definition = {
  join: twoWay(group('JOIN')),
  leave: twoWay(group('LEAVE')),
  count: twoWay(
    group('COUNT', {
      integrationResponses: {
        '/200/': { responseTemplates: { $default: `{"in $input.path('$.group')":$input.path('$.connections')}` } },
      },
    }),
  ),
  say: { integration: group('SEND', { requestTemplates: { $default: "$input.path('$.text')" } }) },
  tell: twoWay(group('SEND', { exceptSelf: true })),
  who: says(whoAmI),
  whisper: twoWay(
    group('SEND', { groupName: 'lobby', filter: 'userId = ${request.body.to}', coalesce: '${request.body.to}' }),
  ),
}
const chat: Definition = {
  routes: { ...routes, $connect: { groups: ['lobby'] } },
  stages: { dev: { stageVariables: { hall: 'hall' } }, prod: {} },
}

let backend: Backend
let gateway: TestGateway
useBackend((started) => {
  backend = started
})
beforeAll(async () => {
  const asked: Definition = {
    $connect: {
      integration: { integrationType: 'HTTP_PROXY', integrationMethod: 'POST', integrationUri: `${backend.url}/in` },
      connection: {
        userId: 'integration.response.body.user.name',
        attributes: {
          plan: 'integration.response.header.X-Plan',
          room: 'route.request.querystring.room',
          ip: 'context.identity.sourceIp',
        },
      },
      groups: [
        '${context.connection.userId} of ${stageVariables.hall}',
        { groupName: '${request.querystring.room}', groupNamePattern: '[a-z]+' },
      ],
    },
    $disconnect: {
      integration: {
        ...{ integrationType: 'HTTP_PROXY', integrationMethod: 'POST', integrationUri: `${backend.url}/out` },
        requestParameters: { 'integration.request.header.User': 'context.connection.userId' },
      },
    },
  }
  gateway = await startGateway(chat, {
    flags: { maxGroupsPerConnection: '3' },
    files: {
      'f.mjs':
        'export const tell = async ({ requestContext }) => ({ statusCode: 200, body: JSON.stringify(requestContext.connection ?? null) })',
    },
    apis: {
      asked: {
        routes: { ...routes, ...asked },
        stages: {
          dev: {
            stageVariables: { hall: 'hall' },
            accessLogSettings: {
              format:
                '$context.requestId $context.eventType [$context.connection.userId] [$context.connection.attributes.plan]',
            },
          },
        },
      },
      crowded: { routes: { ...routes, $connect: { groups: ['a', 'b', 'c', 'd', 'a'] } } },
      plain: {
        routes: {
          $connect: { connection: { userId: 'route.request.querystring.user' }, groups: ['lobby'] },
          who: says(whoAmI),
          whisper: routes.whisper,
        },
      },
    },
  })
})
afterAll(() => gateway.close())

const urlOf = (api: string) => gateway.ws.replace('/test/', `/${api}/`)

/** Sends a message and gives its reply, which has to be the next frame. */
async function ask(client: Client, message: object): Promise<string> {
  client.send(message)
  return client.next()
}

describe('GROUP', () => {
  test('joins, counts, sends and leaves; what the template makes is what members get', async () => {
    const [ada, bob, eve] = await Promise.all([1, 2, 3].map(() => Client.connect(gateway.ws)))
    if (ada === undefined || bob === undefined || eve === undefined) throw new Error('three')
    expect(await ask(ada, { action: 'join', room: 'attic' })).toBe('{"group":"attic","outcome":"joined"}')
    expect(await ask(ada, { action: 'join', room: 'attic' })).toBe('{"group":"attic","outcome":"joined"}')
    await ask(bob, { action: 'join', room: 'attic' })
    expect(await ask(eve, { action: 'count', room: 'attic' })).toBe('{"in attic":2}')
    expect(await ask(eve, { action: 'count', room: 'nowhere' })).toBe('{"in nowhere":0}')
    ada.send({ action: 'say', room: 'attic', text: 'hello é😀' })
    expect([await ada.next(), await bob.next()]).toEqual(['hello é😀', 'hello é😀'])
    const text = JSON.stringify({ action: 'tell', room: 'attic' })
    const report = { group: 'attic', targets: 1, sent: 1, full: 0, gone: 0, unreachable: 0 }
    ada.send(text)
    expect([JSON.parse(await ada.next()), await bob.next()]).toEqual([report, text])
    expect(await ask(bob, { action: 'leave', room: 'attic' })).toBe('{"group":"attic","outcome":"left"}')
    expect(await ask(bob, { action: 'leave', room: 'attic' })).toBe('{"group":"attic","outcome":"left"}')
    expect(await ask(eve, { action: 'count', room: 'attic' })).toBe('{"in attic":1}')
    ada.close()
    await ada.closed
    await expect.poll(() => ask(eve, { action: 'count', room: 'attic' })).toBe('{"in attic":0}')
    expect([...bob.unread, ...eve.unread]).toEqual([])
    for (const client of [bob, eve]) client.close()
  })

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a number', 7],
    ['null', null],
    ['an object', { a: 'b' }],
    ['an empty text', ''],
    ['more than 256 bytes', 'é'.repeat(129)],
    ['half of a character', '\ud83d'],
    ['what the pattern forbids', '../x'],
  ])('a name that is %s is an error frame, and no group', async (_, room) => {
    const client = await Client.connect(gateway.ws)
    for (const action of ['join', 'leave', 'say', 'tell', 'count']) {
      expect(await ask(client, { action, room }), action).toMatch(frame('Invalid group name'))
    }
    client.close()
  })

  test('any other name is one, of this stage alone, and a connection is in a few at most', async () => {
    const client = await Client.connect(gateway.ws)
    const other = await Client.connect(gateway.ws.replace('/dev', '/prod'))
    const names = ['\0\n{x}*', 'é'.repeat(128)]
    for (const room of names) {
      expect(JSON.parse(await ask(client, { action: 'join', room }))).toEqual({ group: room, outcome: 'joined' })
      expect(Object.values(JSON.parse(await ask(other, { action: 'count', room: 'lobby' })))).toEqual([1])
    }
    expect(await ask(client, { action: 'join', room: 'a fourth' })).toMatch(
      frame('The connection is in as many groups as one may be in'),
    )
    await ask(client, { action: 'leave', room: 'lobby' })
    expect(await ask(client, { action: 'join', room: 'a fourth' })).toBe('{"group":"a fourth","outcome":"joined"}')
    for (const each of [client, other]) each.close()
  })
})

test('SEND reaches those whom its filter finds, and a message can not say more than a text of it', async () => {
  const [ada, bob] = await Promise.all(['ada', 'bob'].map((user) => Client.connect(`${urlOf('plain')}?user=${user}`)))
  if (ada === undefined || bob === undefined) throw new Error('two')
  const whisper = async (to: unknown) => JSON.parse(await ask(ada, { action: 'whisper', to }))
  expect(await whisper('bob')).toMatchObject({ targets: 1, sent: 1 })
  expect(JSON.parse(await bob.next())).toEqual({ action: 'whisper', to: 'bob' })
  for (const to of ["bob' or userId exists or userId = '", 'eve'])
    expect(await whisper(to)).toMatchObject({ targets: 0 })
  for (const to of [undefined, 7, '', 'x'.repeat(257)]) {
    expect(await ask(ada, { action: 'whisper', to })).toMatch(frame('Invalid filter or coalesce key'))
  }
  expect(bob.unread).toEqual([])
  for (const client of [ada, bob]) client.close()
})

test('$connect joins as many groups as a connection may be in, and the log says that it names more', async () => {
  const client = await Client.connect(urlOf('crowded'))
  const counts = ['a', 'b', 'c', 'd'].map((room) => ask(client, { action: 'count', room }))
  expect(await Promise.all(counts)).toEqual(['{"in a":1}', '{"in b":1}', '{"in c":1}', '{"in d":0}'])
  const warnings = gateway.lines.filter((line) => line.includes('$connect names more groups'))
  expect(warnings.map((line) => JSON.parse(line))).toMatchObject([{ level: 'warn', api: 'crowded', stage: 'dev' }])
  client.close()
})

describe('the user of a connection', () => {
  test('comes with its attributes and groups from the answer of $connect, and goes into all that follows', async () => {
    backend.answer = (_call, response) => {
      response.setHeader('X-Plan', 'gold')
      response.end('{"user":{"name":"ada"}}')
    }
    const client = await Client.connect(`${urlOf('asked')}?room=attic`)
    const { user, plan, id } = JSON.parse(await ask(client, { action: 'who' }))
    expect([user, plan]).toEqual(['ada', 'gold'])
    expect(await ask(client, { action: 'count', room: 'ada of hall' })).toBe('{"in ada of hall":1}')
    expect(await ask(client, { action: 'count', room: 'attic' })).toBe('{"in attic":1}')
    const path = `/asked/dev/@connections/${id}/attributes`
    const put = (body: string) => httpCall('PUT', gateway.http, path, { body })
    expect((await put('{"attributes":{"plan":"silver"}}')).status).toBe(204)
    expect(JSON.parse(await ask(client, { action: 'who' }))).toMatchObject({ user: 'ada', plan: 'silver' })
    expect((await put('{"userId":"bob"}')).status).toBe(204)
    expect((await put(JSON.stringify({ userId: 'x'.repeat(257) }))).status).toBe(400)
    const send = (user: string) => httpCall('POST', gateway.http, `/asked/dev/@users/${user}`, { body: `to ${user}` })
    expect([(await send('ada')).status, (await send('bob')).status]).toEqual([202, 202])
    expect(await client.next()).toBe('to bob')
    client.close()
    expect((await backend.call(2)).headers.user).toBe('bob')
    const logged = () =>
      gateway.lines
        .filter((line) => / (CONNECT|MESSAGE|DISCONNECT) \[/.test(line))
        .map((line) => line.slice(line.indexOf(' ') + 1).trimEnd())
    await expect
      .poll(logged)
      .toEqual([
        'CONNECT [ada] [gold]',
        ...Array(3).fill('MESSAGE [ada] [gold]'),
        'MESSAGE [ada] [silver]',
        'DISCONNECT [bob] [silver]',
      ])
  })

  test('of a length that none may have keeps a client out, and its backend hears of the end', async () => {
    backend.answer = (_call, response) => void response.end('{"user":{"name":"ada"}}')
    const { status, body } = await refused(`${urlOf('asked')}?room=Attic`)
    expect([status, body]).toEqual([400, expect.stringMatching(frame('Invalid group name'))])
    expect((await backend.call(2)).url).toBe('/out')
    expect((await refused(urlOf('asked'))).status).toBe(400)
    backend.answer = (_call, response) => void response.end(JSON.stringify({ user: { name: 'x'.repeat(257) } }))
    expect((await refused(`${urlOf('asked')}?room=attic`)).status).toBe(400)
  })

  test('may come from the handshake alone, and is nobody where that says nothing', async () => {
    const clients = await Promise.all(
      ['?user=eve', '?user=', ''].map((query) => Client.connect(urlOf('plain') + query)),
    )
    const users = clients.map(async (client) => JSON.parse(await ask(client, { action: 'who' })).user)
    expect(await Promise.all(users)).toEqual(['eve', '', ''])
    for (const client of clients) client.close()
    const { status, body } = await refused(`${urlOf('plain')}?user=${'x'.repeat(257)}`)
    expect([status, body]).toEqual([400, expect.stringMatching(frame('Invalid parameters'))])
  })
})
