import { Agent, request } from 'node:http'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { Client } from '../helpers/client.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.close())

const whoAmI = {
  integration: {
    integrationType: 'MOCK',
    requestTemplates: { 'application/json': '{"statusCode":200}' },
    integrationResponses: { $default: { responseTemplates: { 'application/json': '$context.connectionId' } } },
  },
  routeResponse: true,
}

async function join(): Promise<TestGateway> {
  const gateway = await startGateway({ routes: { $default: whoAmI } }, { flags: { redis: redis.url } })
  onTestFinished(() => gateway.close())
  return gateway
}

interface Answer {
  readonly status: number | undefined
  readonly isLast: boolean
}

/** One push over the connection that the agent keeps open. */
function post(agent: Agent, port: number, id: string, body: string): Promise<Answer> {
  const path = `/test/dev/@connections/${encodeURIComponent(id)}`
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, host: '127.0.0.1', port, method: 'POST', path }, (response) => {
      const { statusCode: status, headers } = response
      response.on('error', reject)
      response.on('end', () => resolve({ status, isLast: headers.connection === 'close' }))
      response.resume()
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

test.each([0, 3])(
  'posters who keep connections to a node without clients leave it unharmed (delay: %i s)',
  async (delay) => {
    const [leaving, staying] = [await join(), await join()]
    const client = await Client.connect(staying.ws)
    client.send('who am I')
    const id = await client.next()
    const sent: string[] = []
    const began: (() => void)[] = []

    /** Posts to the node that leaves until it is told to go; then as a balancer would have it. */
    async function poster(name: number, begun: () => void): Promise<void> {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      onTestFinished(() => agent.destroy())
      let left = 5
      for (let i = 0; left > 0; i++) {
        const { port } = left === 5 ? leaving : staying
        const { status, isLast } = await post(agent, port, id, `${name}.${i}`)
        expect(status).toBe(200)
        sent.push(`${name}.${i}`)
        begun()
        if (isLast || left < 5) left--
      }
    }

    const all = Array.from({ length: 10 }, (_, name) => name)
    const underWay = all.map(() => new Promise<void>((resolve) => void began.push(resolve)))
    const posters = all.map((name) => poster(name, began[name] ?? (() => {})))
    await Promise.race([Promise.all(underWay), Promise.all(posters)])
    await leaving.drain(0, delay)
    await Promise.all(posters)
    await expect.poll(() => client.unread.length, { timeout: 20_000 }).toBe(sent.length)
    expect([...client.unread].sort()).toEqual(sent.sort())
  },
)
