import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { readSettings } from '../../src/config/read-settings.ts'
import { Client, refused } from '../helpers/client.ts'
import { says } from '../helpers/definitions.ts'
import { httpCall } from '../helpers/http-call.ts'
import { readPage } from '../helpers/markdown.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'

const office = '203.0.113.7'
const elsewhere = '198.51.100.9'
const from = (address: string) => ({ headers: { 'X-Forwarded-For': address } })

const policy = (...statements: object[]) => ({
  Version: '2012-10-17',
  Statement: statements.map((statement) => ({ Principal: '*', ...statement })),
})
const fromOffice = { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } }
const whoAmI = { routes: { $default: says('$context.connectionId') } }

/** The first block under a heading of the page that explains it all. */
const pageBlock = (heading: string) =>
  readPage('docs/authorization.md').blocks.find((block) => block.heading === heading)?.text ?? ''

const settingsWith = (members: object) => ({
  trustedProxies: ['127.0.0.1'],
  deniedNetworks: ['192.0.2.0/24', '2001:db8:bad::/48'],
  ...members,
})

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway(
    { ...whoAmI, policy: 'policy.json' },
    {
      settings: settingsWith({}),
      files: {
        'policy.json': JSON.stringify(
          policy(
            { Effect: 'Allow', Action: 'execute-api:*', Resource: 'execute-api:/*', Condition: fromOffice },
            { Effect: 'Deny', Action: 'execute-api:Invoke', Resource: 'execute-api:/secret/*' },
          ),
        ),
      },
      apis: {
        fenced: { ...whoAmI, allowedNetworks: ['203.0.113.0/24', '2001:db8::/32'], deniedNetworks: ['203.0.113.9'] },
        page: { ...whoAmI, ...parse(pageBlock('Resource policies')) },
        invoke: {
          ...whoAmI,
          policy: policy({ Effect: 'Allow', Action: 'execute-api:Invoke', Resource: 'execute-api:/dev/$connect' }),
        },
      },
    },
  )
})
afterAll(() => gateway.close())

const urlOf = (api: string, stage = 'dev') => gateway.ws.replace('/test/dev', `/${api}/${stage}`)

async function connect(url: string, address = office): Promise<{ client: Client; id: string }> {
  const client = await Client.connect(url, from(address))
  onTestFinished(() => client.socket.terminate())
  client.send('who am I')
  return { client, id: await client.next() }
}

function post(api: string, id: string, address = office) {
  const path = `/${api}/dev/@connections/${encodeURIComponent(id)}`
  return httpCall('POST', `http://127.0.0.1:${gateway.port}`, path, { ...from(address), body: 'hello' })
}

describe('a policy', () => {
  test('lets in whom it allows, by the address that a trusted proxy tells, and nobody else', async () => {
    const { client, id } = await connect(gateway.ws)
    const answer = await refused(gateway.ws, from(elsewhere))
    expect(answer.status).toBe(403)
    expect(answer.headers['x-amzn-errortype']).toBe('AccessDeniedException')
    expect(JSON.parse(answer.body)).toEqual({
      Message:
        'User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********0000:test/dev/$connect',
    })
    // Callers of @connections too.
    expect((await post('test', id)).status).toBe(200)
    expect(await client.next()).toBe('hello')
    const refusal = await post('test', id, elsewhere)
    expect([refusal.status, refusal.headers['x-amzn-errortype']]).toEqual([403, 'AccessDeniedException'])
    expect(JSON.parse(refusal.body)).toEqual({
      Message:
        'User: anonymous is not authorized to perform: execute-api:ManageConnections on resource: arn:aws:execute-api:us-east-1:********0000:test/dev/POST/@connections/{connectionId}',
    })
  })

  test('as the page has it lets clients in from networks, and callers from anywhere', async () => {
    const { id } = await connect(urlOf('page'))
    expect((await post('page', id, elsewhere)).status).toBe(200)
    expect((await refused(urlOf('page'), from(elsewhere))).status).toBe(403)
    await connect(urlOf('page'), '2001:db8::7')
  })

  test('that only names clients lets nobody post', async () => {
    const { id } = await connect(urlOf('invoke'))
    expect((await post('invoke', id)).status).toBe(403)
  })

  test('in a file is taken over by a reload; a faulty one leaves the last in force', async () => {
    const file = join(gateway.directory, 'policy.json')
    const before = await readFile(file, 'utf8')
    await writeFile(file, JSON.stringify(policy({ Effect: 'Deny', Action: '*', Resource: '*' })))
    expect(await gateway.reload()).toEqual([])
    const answer = await refused(gateway.ws, from(office))
    expect(answer.body).toContain(' with an explicit deny"')
    await writeFile(file, before.replace('Allow', 'allow'))
    expect((await gateway.reload()).map(({ path, message }) => [path, message])).toEqual([
      ['policy', expect.stringContaining('policy.json.Statement.0.Effect: allowed: Allow or Deny')],
    ])
    expect((await refused(gateway.ws, from(office))).status).toBe(403)
    await writeFile(file, before)
    expect(await gateway.reload()).toEqual([])
    await connect(gateway.ws)
  })
})

describe('networks', () => {
  const forbidden = [403, 'ForbiddenException', '{"message":"Forbidden"}']
  const answerOf = async (url: string, address: string) => {
    const { status, headers, body } = await refused(url, from(address))
    return [status, headers['x-amzn-errortype'], body]
  }

  test.each(['203.0.113.9', '198.51.100.9', '2001:db9::1', '::ffff:203.0.113.9'])(
    'of an API that %s is not in, or denied, refuse clients and callers from there',
    async (address) => {
      expect(await answerOf(urlOf('fenced'), address)).toEqual(forbidden)
      const answer = await post('fenced', 'any', address)
      expect([answer.status, answer.headers['x-amzn-errortype'], answer.body]).toEqual(forbidden)
    },
  )

  test('of an API let others in', async () => {
    await connect(urlOf('fenced'))
    const { id } = await connect(urlOf('fenced'), '2001:db8::1')
    expect((await post('fenced', id)).status).toBe(200)
  })

  test('of the settings come before everything else, and tell nobody what is served', async () => {
    for (const url of [gateway.ws, urlOf('page'), urlOf('none')]) {
      expect(await answerOf(url, '192.0.2.1')).toEqual(forbidden)
    }
    expect((await post('fenced', 'any', '2001:db8:bad::1')).status).toBe(403)
    const line = gateway.lines.map((each) => JSON.parse(each)).find(({ code }) => code === 'SOURCE_REFUSED')
    expect(line).toMatchObject({ msg: 'refused', sourceIp: expect.any(String) })
  })

  test('of the settings are taken over by a reload, those of the management port too', async () => {
    const reload = async (members: object) => {
      const file = join(gateway.directory, 'postern.yaml')
      await writeFile(file, stringify(settingsWith(members)))
      const { settings, faults } = await readSettings({ flags: {}, env: {}, file })
      await gateway.reload(settings ?? undefined, faults)
    }
    const manage = async (path: string) =>
      (await httpCall('GET', `http://127.0.0.1:${gateway.managementPort}`, path)).status
    expect([await manage('/healthz'), await manage('/metrics')]).toEqual([200, 200])
    await reload({ allowedNetworks: [elsewhere], managementAllowedNetworks: ['192.0.2.1'] })
    expect(await answerOf(urlOf('fenced'), office)).toEqual(forbidden)
    expect([await manage('/healthz'), await manage('/metrics')]).toEqual([403, 403])
    await reload({ managementDeniedNetworks: ['127.0.0.0/8'] })
    expect(await manage('/healthz')).toBe(403)
    await connect(urlOf('fenced'))
    await reload({})
    expect(await manage('/healthz')).toBe(200)
  })
})
