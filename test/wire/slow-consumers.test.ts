import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { says } from '../helpers/definitions.ts'
import { httpCall } from '../helpers/http-call.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'
import { clientFrame, handshake, opcodes, RawClient } from '../transport/raw-client.ts'

const maxBufferedBytes = 300_000
let gateway: TestGateway
beforeAll(async () => {
  const routes = { $default: says('$context.connectionId') }
  const api = (slowConsumer: string) => ({ routes, slowConsumer })
  gateway = await startGateway(
    { routes },
    {
      settings: { maxBufferedBytes, maxWaitingBytes: 500_000 },
      apis: { drop: api('DROP'), coalesce: api('COALESCE') },
    },
  )
})
afterAll(() => gateway.close())

type ApiName = 'test' | 'drop' | 'coalesce'

async function connect(api: ApiName): Promise<RawClient & { id: string }> {
  const client = RawClient.to(gateway.port).write(handshake({}, `GET /${api}/dev HTTP/1.1`))
  await client.readTo('\r\n\r\n')
  onTestFinished(() => void client.socket.destroy())
  return Object.assign(client, { id: await reply(client) })
}

/** Asks for a reply and gives it, past what else comes. */
async function reply(client: RawClient): Promise<string> {
  client.write(clientFrame(opcodes.text, 'who am I'))
  return (await client.readFrame()).payload.toString()
}

interface Counts {
  readonly targets: number
  readonly sent: number
  readonly full: number
}

async function toAll(api: ApiName, body: string, query = ''): Promise<Counts> {
  const path = `/${api}/dev/@connections?report=counts${query}`
  const { status, body: text } = await httpCall('POST', gateway.http, path, { body })
  expect(status).toBe(200)
  return JSON.parse(text)
}

/** Stops reading, and sends until the answer says that a client is full; gives how many it was sent. */
async function fill(api: ApiName, ...clients: RawClient[]): Promise<number> {
  for (const client of clients) client.socket.pause()
  for (let sent = 0; ; sent++) {
    const counts = await toAll(api, `fills ${String(sent).padEnd(50_000, '.')}`)
    if (counts.full > 0) return sent
    expect(sent).toBeLessThan(1000)
  }
}

const metric = async (name: string) => (await readMetrics(gateway.managementPort)).get(name) ?? 0
const missed = (api: ApiName, reason: string) =>
  metric(`postern_undelivered_messages_total{api="${api}",reason="${reason}",stage="dev"}`)
const waitingBytes = () => metric('postern_waiting_bytes')

test('CLOSE ends the connection of a client that reads too slowly, behind what it was sent; others get all', async () => {
  const [slow, quick] = [await connect('test'), await connect('test')]
  const sent = await fill('test', slow)
  expect(await toAll('test', 'after')).toMatchObject({ targets: 1, sent: 1 })
  slow.socket.resume()
  for (let i = 0; i < sent; i++) expect((await slow.readFrame()).payload.toString()).toContain(`fills ${i}.`)
  const { opcode, payload } = await slow.readFrame()
  expect([opcode, payload.readUInt16BE()]).toEqual([opcodes.close, 1008])
  for (let i = 0; i <= sent; i++) expect((await quick.readFrame()).payload.toString()).toContain(`fills ${i}.`)
  expect((await quick.readFrame()).payload.toString()).toBe('after')
  expect(await missed('test', 'full')).toBe(1)
})

test('DROP leaves messages out for it, counts them, and goes on when it reads', async () => {
  const slow = await connect('drop')
  const sent = await fill('drop', slow)
  expect(await waitingBytes()).toBeGreaterThan(maxBufferedBytes)
  expect(await toAll('drop', 'left out')).toMatchObject({ targets: 1, sent: 0, full: 1 })
  slow.socket.resume()
  for (let i = 0; i < sent; i++) expect((await slow.readFrame()).payload.toString()).toContain(`fills ${i}.`)
  expect(await reply(slow)).toBe(slow.id)
  expect(await toAll('drop', 'again')).toMatchObject({ sent: 1 })
  expect((await slow.readFrame()).payload.toString()).toBe('again')
  expect(await missed('drop', 'full')).toBe(2)
  expect(await waitingBytes()).toBe(0)
})

test('COALESCE: whoever catches up sees the newest value of a key, in its place among all that was sent', async () => {
  const slow = await connect('coalesce')
  slow.socket.pause()
  let fillers = 0
  while ((await waitingBytes()) < 150_000) await toAll('coalesce', `fills ${String(fillers++).padEnd(50_000, '.')}`)
  for (let i = 0; i <= 100; i++) {
    for (const key of ['a', 'b']) {
      expect(await toAll('coalesce', `${key}${i}`, `&coalesce=${key}`)).toMatchObject({ sent: 1, full: 0 })
    }
    if (i === 50) {
      await httpCall('POST', gateway.http, `/coalesce/dev/@connections/${encodeURIComponent(slow.id)}`, {
        body: 'alone',
      })
    }
  }
  // What is sent to it alone replaces as well, from whatever call it comes.
  const post = (path: string, body: string) => httpCall('POST', gateway.http, `/coalesce/dev/${path}`, { body })
  const alone = `@connections/${encodeURIComponent(slow.id)}`
  expect(await post(`${alone}?coalesce=a`, 'a101')).toMatchObject({ status: 200 })
  const item = { connectionIds: [slow.id], coalesce: 'b', data: 'b101' }
  expect(await post('@batch', JSON.stringify([item]))).toMatchObject({ body: '[{"status":200}]' })
  expect(await post(`${alone}?coalesce=`, 'x')).toMatchObject({
    ...{ status: 400, body: '{"message":"Invalid parameters: coalesce has 1 to 256 bytes"}' },
  })
  await toAll('coalesce', 'last')
  expect(await missed('coalesce', 'replaced')).toBe(202)
  slow.socket.resume()
  for (let i = 0; i < fillers; i++) expect((await slow.readFrame()).payload.toString()).toContain(`fills ${i}.`)
  const rest: string[] = []
  while (rest.at(-1) !== 'last') rest.push((await slow.readFrame()).payload.toString())
  expect(rest).toEqual(['a101', 'b101', 'alone', 'last'])
  expect(await reply(slow)).toBe(slow.id)
  expect(await waitingBytes()).toBe(0)
})

test('what waits for all slow clients is bounded together; who keeps up notices nothing', async () => {
  const slow = [await connect('drop'), await connect('drop'), await connect('drop')]
  const quick = await connect('coalesce')
  const before = await missed('drop', 'workerFull')
  await fill('drop', ...slow)
  expect(await missed('drop', 'workerFull')).toBeGreaterThan(before)
  expect(await waitingBytes()).toBeLessThan(500_000 + 3 * 60_000)
  await toAll('coalesce', 'to whom reads')
  expect((await quick.readFrame()).payload.toString()).toBe('to whom reads')
  for (const client of slow) client.socket.resume()
  await expect.poll(waitingBytes).toBe(0)
  for (const client of slow) {
    client.write(clientFrame(opcodes.text, 'who am I'))
    for (let i = 0; ; i++) {
      const text = (await client.readFrame()).payload.toString()
      if (text === client.id) break
      expect(text).toContain(`fills ${i}.`)
    }
  }
})
