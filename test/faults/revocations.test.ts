import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { Client, refused } from '../helpers/client.ts'
import { says } from '../helpers/definitions.ts'
import { httpCall } from '../helpers/http-call.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server?.close())
beforeEach(() => server.client.flushall())

/** An authorizer that lets everybody in as whom the query says. */
const guard = `export const handler = async ({ methodArn, queryStringParameters: { user } }) => ({
  principalId: user,
  policyDocument: { Version: '2012-10-17', Statement: [{ Action: '*', Effect: 'Allow', Resource: methodArn }] },
})
`

async function startNode(): Promise<TestGateway> {
  const gateway = await startGateway(
    {
      functions: { guard: { handler: 'guard.handler' } },
      authorizers: {
        guard: {
          authorizerType: 'REQUEST',
          authorizerUri: 'function:guard',
          identitySource: ['route.request.querystring.user'],
        },
      },
      routes: { $connect: { authorizationType: 'CUSTOM', authorizerId: 'guard' }, $default: says('served') },
    },
    {
      files: { 'guard.mjs': guard },
      flags: { redis: server.url, leaseSeconds: '3' },
      apis: { open: { routes: { $default: says('open') } } },
    },
  )
  onTestFinished(() => gateway.close())
  return gateway
}

async function connect({ ws }: TestGateway, user: string): Promise<Client> {
  const client = await Client.connect(`${ws}?user=${user}`)
  onTestFinished(() => client.socket.terminate())
  return client
}

const manage = ({ managementPort }: TestGateway, method: string, query = '', body?: object) =>
  httpCall(method, `http://127.0.0.1:${managementPort}`, `/api/revocations${query}`, {
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  })
const revoke = (node: TestGateway, principalId: string) =>
  manage(node, 'POST', '', { principalId, expiresAt: Date.now() + 600_000 })

/** Tries until the status of a handshake is this one. */
async function untilStatus({ ws }: TestGateway, user: string, status: number): Promise<void> {
  while (true) {
    const client = new Client(`${ws}?user=${user}`)
    const found = await Promise.race([
      client.accepted.then(() => 101),
      new Promise<number>((resolve) =>
        client.socket.on('unexpected-response', (_, answer) => resolve(answer.statusCode ?? 0)),
      ),
    ])
    client.socket.terminate()
    if (found === status) return
    await pause(100)
  }
}

const known = async (): Promise<readonly string[]> =>
  Object.keys(await server.client.hgetall('postern:revocations:{revocations}:entries'))

test('a revocation holds over the fleet, and outlives Redis and what Redis forgets', async () => {
  const [near, far] = await Promise.all([startNode(), startNode()])
  const [ada, bob] = [await connect(far, 'ada'), await connect(far, 'bob')]
  expect((await revoke(near, 'ada')).status).toBe(200)
  expect(await ada.closed).toEqual({ code: 3000, reason: 'Credentials revoked' })
  const answers = await Promise.all([near, far].map(({ ws }) => refused(`${ws}?user=ada`)))
  expect(answers.map(({ status }) => status)).toEqual([401, 401])
  bob.send('hi')
  expect(await bob.next()).toBe('served')
  expect(JSON.parse((await manage(far, 'GET')).body)).toMatchObject({ total: 1, revocations: [{ principalId: 'ada' }] })

  await server.kill()
  // What is known stays in force; nobody is told that something is revoked when it is not.
  expect((await refused(`${far.ws}?user=ada`)).status).toBe(401)
  expect((await revoke(far, 'bob')).status).toBe(503)
  const late = await startNode()
  expect((await refused(`${late.ws}?user=bob`)).status).toBe(503)
  const open = await Client.connect(late.ws.replace('/test/', '/open/'))
  open.socket.terminate()
  await server.restart()
  // Redis has come back with nothing.
  await untilStatus(late, 'ada', 401)
  expect(await known()).toEqual(['["principalId","ada"]'])
  await untilStatus(late, 'bob', 101)

  expect((await manage(late, 'DELETE', '?principalId=ada')).status).toBe(204)
  await untilStatus(far, 'ada', 101)
  expect((await manage(near, 'DELETE', '?principalId=ada')).status).toBe(404)
})

test('many are read in parts, and go from Redis when they have ended', async () => {
  const key = (name: string) => `postern:revocations:{revocations}:${name}`
  const end = Date.now() + 600_000
  const names = Array.from({ length: 1_200 }, (_, index) => JSON.stringify(['principalId', `user-${index}`]))
  const write = server.client.pipeline().hset(key('meta'), 'epoch', 'e', 'serial', names.length)
  for (const [index, name] of names.entries()) {
    const ends = index === 0 ? 1 : end
    write.hset(key('entries'), name, JSON.stringify([1, ends, null]))
    write.zadd(key('changes'), index + 1, name).zadd(key('ends'), ends, name)
  }
  await write.exec()
  const node = await startNode()
  expect((await refused(`${node.ws}?user=user-1199`)).status).toBe(401)
  await untilStatus(node, 'user-0', 101)
  await expect.poll(() => server.client.hlen(key('entries'))).toBe(1_199)
})
