import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
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

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway(
    { ...whoAmI, policy: 'policy.json' },
    {
      settings: { trustedProxies: ['127.0.0.1'] },
      files: {
        'policy.json': JSON.stringify(
          policy(
            { Effect: 'Allow', Action: 'execute-api:*', Resource: 'execute-api:/*', Condition: fromOffice },
            { Effect: 'Deny', Action: 'execute-api:Invoke', Resource: 'execute-api:/secret/*' },
          ),
        ),
      },
      apis: {
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
