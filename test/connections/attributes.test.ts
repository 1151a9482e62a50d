import { beforeEach, describe, expect, it } from 'vitest'
import type { CallerAccess } from '../../src/authorizers/contract.ts'
import { allocateConnectionId } from '../../src/vocabulary/ids.ts'
import { type CallbackServer, startCallbackServer } from './callback-server.ts'

const path = (id: string, stage = 'chat/dev') => `/${stage}/@connections/${id}/attributes`

describe('PUT @connections/{id}/attributes', () => {
  let server: CallbackServer
  beforeEach(async () => {
    server = await startCallbackServer()
  })

  const put = (id: string, body: unknown, stage?: string) =>
    server.call('PUT', path(id, stage), { body: typeof body === 'string' ? body : JSON.stringify(body) })
  const known = async (id: string) => {
    const { userId, attributes } = (await server.registry.get(id)) ?? {}
    return [userId ?? null, attributes ?? null]
  }

  it('sets user and attributes, each alone or both, under any stage of the API, and answers 204', async () => {
    const { id } = await server.connect()
    expect(await put(id, { userId: 'ada', attributes: { plan: 'gold' } })).toMatchObject({ status: 204, body: '' })
    expect(await known(id)).toEqual(['ada', { plan: 'gold' }])
    expect((await put(id, { attributes: { room: 'é\0😀' } }, 'chat/prod')).status).toBe(204)
    expect(await known(id)).toEqual(['ada', { room: 'é\0😀' }])
    const sdkForm = `/chat/dev/%40connections/${id.replace('=', '%3D')}/attributes`
    expect((await server.call('PUT', sdkForm, { body: '{"userId":null}' })).status).toBe(204)
    expect(await known(id)).toEqual([null, { room: 'é\0😀' }])
  })

  it.each([
    ['', 'the body: a JSON object with userId, attributes or both'],
    ['{"userId":"ada"', 'the body: a JSON object with userId, attributes or both'],
    ['[]', 'the body: a JSON object with userId, attributes or both'],
    ['{}', 'the body: userId, attributes or both'],
    ['{"user":"ada"}', 'user: known are userId and attributes'],
    ['{"userId":""}', 'userId: a text of 1 to 256 bytes of UTF-8, or null for none'],
    [JSON.stringify({ userId: 'x'.repeat(257) }), 'userId: a text of 1 to 256 bytes of UTF-8, or null for none'],
    ['{"attributes":{"plan":7}}', 'attributes.plan: a text (numbers, true and false in quotes)'],
    ['{"attributes":{"a b":"x"}}', 'attributes.a b: a name of a letter and up to 63 letters, digits, - and _'],
  ])('400 with the place: %s', async (body, detail) => {
    const { id } = await server.connect()
    const answer = await put(id, body)
    expect(answer).toMatchObject({ status: 400, body: JSON.stringify({ message: `Invalid parameters: ${detail}` }) })
    expect(await known(id)).toEqual([null, null])
  })

  it('413 for more than 2 KB of attributes, and for a body that no change can have', async () => {
    const { id } = await server.connect()
    expect((await put(id, { attributes: { a: 'x'.repeat(2_047) } })).status).toBe(204)
    for (const body of [
      { attributes: { a: 'x'.repeat(2_048) } },
      { attributes: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`a${i}`, ''])) },
      { attributes: { a: 'x'.repeat(100_000) } },
    ]) {
      expect(await put(id, body)).toMatchObject({ status: 413, body: '' })
    }
    const escaped = `{"attributes":{"a":"${'\\u0001'.repeat(2_047)}"},"userId":"${'\\u0001'.repeat(256)}"}`
    expect((await put(id, escaped)).status).toBe(204)
  })

  it('410 for a connection that is gone, or of another API; 400 for what is no id; 404 for another path', async () => {
    const { id } = await server.connect({ api: 'orders' })
    const body = { userId: 'ada' }
    expect((await put(id, body)).status).toBe(410)
    expect((await put(allocateConnectionId(1), body)).status).toBe(410)
    expect((await put('nobody', body)).body).toBe('{"message":"Invalid connectionId: nobody"}')
    expect(await known(id)).toEqual([null, null])
    const paths = [`@connections/${id}/attribute`, `@connections/${id}/attributes/`, '@connections//attributes', 'x']
    for (const rest of [...paths, `@connections/${id}/x/attributes`]) {
      expect((await server.call('PUT', `/orders/dev/${rest}`, { body: '{}' })).status, rest).toBe(404)
    }
    expect((await server.call('POST', path(id, 'orders/dev'), { body: '{}' })).status).toBe(404)
  })

  it('asks for ManageConnections on PUT of the path, is counted, and has its row in the access log', async () => {
    const asked: CallerAccess[] = []
    server = await startCallbackServer({
      authorizer: {
        readsBody: false,
        credentials: () => null,
        judge(_, __, access) {
          asked.push(access)
          return 'allowed'
        },
      },
    })
    const { id } = await server.connect()
    await put(id, { userId: 'ada' })
    expect(asked).toMatchObject([
      { permission: 'ManageConnections', resource: 'chat/dev/PUT/@connections/{connectionId}/attributes' },
    ])
    expect(await server.metrics()).toContain(
      'postern_callbacks_total{api="chat",operation="putAttributes",status="204"} 1',
    )
    expect(server.rows).toMatchObject([
      { routeKey: 'PUT /@connections/{connectionId}/attributes', status: 204, connectionId: id },
    ])
  })
})
