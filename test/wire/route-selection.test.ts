import { afterEach, expect, test } from 'vitest'
import { Client } from '../helpers/client.ts'
import { frame, says } from '../helpers/definitions.ts'
import { type Definition, startGateway, type TestGateway } from '../helpers/postern.ts'

let gateway: TestGateway
afterEach(() => gateway.close())

/** The route that each message takes: every route says its key. */
async function taken(routeSelectionExpression: string, keys: string[], messages: unknown[]): Promise<string[]> {
  const routes: Definition = Object.fromEntries(keys.map((key) => [key, says('$context.routeKey')]))
  gateway = await startGateway({ routeSelectionExpression, routes })
  const client = await Client.connect(gateway.ws)
  const got: string[] = []
  for (const message of messages) {
    client.send(message)
    got.push(await client.next())
  }
  client.close()
  return got
}

test('\\$default sends everything to $default, JSON or not', async () => {
  const messages = [{ action: 'join' }, 'no JSON', '', '"$default"']
  expect(await taken('\\$default', ['join', '$default'], messages)).toEqual(messages.map(() => '$default'))
})

test('plain text sends every JSON message to the route of that name, and what is no JSON to $default', async () => {
  const got = await taken('join', ['join', '$default'], [{ action: 'x' }, '[]', '1', 'null', 'no JSON', ''])
  expect(got).toEqual(['join', 'join', 'join', 'join', '$default', '$default'])
})

test('several variables with text between them; one that is missing is empty', async () => {
  const got = await taken(
    '${request.body.service}/${request.body.action}',
    ['chat/join', 'chat/', '/join', '/', '$default'],
    [{ service: 'chat', action: 'join' }, { service: 'chat' }, { action: 'join' }, {}, { service: 'x', action: 'y' }],
  )
  expect(got).toEqual(['chat/join', 'chat/', '/join', '/', '$default'])
})

test('nested paths, lists as Java prints them, and results that are not expanded again', async () => {
  const got = await taken(
    '$request.body.service.do',
    ['[item1, item2]', '{a=1}', '1.5', 'deep', '$default'],
    [
      { service: { do: 'deep' } },
      { service: { do: ['item1', 'item2'] } },
      { service: { do: { a: 1 } } },
      { service: { do: 1.5 } },
      { service: { do: '$request.body.other' }, other: 'deep' },
      { service: 'do' },
    ],
  )
  expect(got).toEqual(['deep', '[item1, item2]', '{a=1}', '1.5', '$default', '$default'])
})

test('null selects a route that is named null, and else $default', async () => {
  expect(await taken('$request.body.action', ['null', '$default'], [{ action: null }, {}])).toEqual([
    'null',
    '$default',
  ])
})

test('without $default an expression that gives nothing, or something else, is Forbidden, for text that is no JSON too', async () => {
  const got = await taken(
    '$request.body.action',
    ['join'],
    [{}, 'no JSON', '', { action: '$connect' }, { action: 'join' }],
  )
  expect(got.slice(0, 4)).toEqual(got.slice(0, 4).map(() => expect.stringMatching(frame('Forbidden'))))
  expect(got[4]).toBe('join')
})
