import { Redis } from 'ioredis'
import { Packr } from 'msgpackr'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createMetrics } from '../../src/observability/metrics.ts'
import type { EnvelopeFault } from '../../src/registry/redis/envelope.ts'
import { allocateConnectionId, randomOwnerId } from '../../src/vocabulary/ids.ts'
import { type RedisServer, startRedis } from '../helpers/redis-server.ts'
import { idOf, type RedisWorker, redisWorker } from '../helpers/redis-workers.ts'

const packr = new Packr({ useRecords: false })
const kinds = { text: 0, describe: 3, send: 6, sendIf: 16, unheardOf: 250 }
const codes = { done: 0, refused: 3 }

/** A worker of another version of Postern, as far as the wire shows it. */
interface Stranger {
  readonly owner: number
  /** All that it was sent. */
  readonly received: unknown[][]
  say(version: number, questions: unknown[], answers: unknown[], ...more: unknown[]): Promise<unknown>
}

let server: RedisServer
let worker: RedisWorker
let stranger: Stranger
let listener: Redis
const metrics = createMetrics({ processMetrics: false })

beforeEach(async () => {
  server = await startRedis()
  worker = redisWorker(server.url, { timings: { answer: 500, settling: 0 }, metrics })
  await worker.registry.start()
  const owner = randomOwnerId()
  await server.client.hset('postern:workers', owner, 'stranger')
  const lease = { name: 'stranger', version: '99.0.0', startedAt: 7, token: 'x', isNew: [1, 2] }
  await server.client.set(`postern:{w:${owner}}:lease`, JSON.stringify(lease), 'PX', 60_000)
  listener = new Redis(server.port)
  const received: unknown[][] = []
  listener.on('smessageBuffer', (_: Buffer, bytes: Buffer) => {
    // Whoever only asks whether anybody listens says nothing.
    if (bytes.length > 0) received.push(packr.unpack(bytes) as unknown[])
  })
  await listener.ssubscribe(`postern:{w:${owner}}:inbox`)
  let serial = 0
  stranger = {
    owner,
    received,
    say: (version, questions, answers, ...more) =>
      server.client.call(
        'SPUBLISH',
        `postern:{w:${worker.registry.owner}}:inbox`,
        packr.pack([version, owner, ++serial, worker.registry.owner, questions, answers, ...more]),
      ),
  }
})
afterEach(async () => {
  listener.disconnect()
  await worker.registry.close()
  await server.close()
})

const refused = (reason: EnvelopeFault) => metrics.counter('postern_registry_envelopes_refused_total', { reason }).value

describe('a worker of another version', () => {
  test('that says more than we know is understood in what we know', async () => {
    const [socket] = await worker.connect(1)
    const id = idOf(socket as never)
    await stranger.say(1, [[5, kinds.text, id, 'chat', 'hello', null, { priority: 1 }, 'more']], [], {
      compressed: false,
    })
    await expect.poll(() => stranger.received).toHaveLength(1)
    expect(stranger.received[0]?.[5]).toEqual([[5, codes.done, null]])
    expect(socket?.frames.map(({ data }) => data)).toEqual(['hello'])
    const described = { name: 'stranger', version: '99.0.0', startedAt: 7, state: 'alive' }
    expect((await worker.registry.workers()).workers).toContainEqual(expect.objectContaining(described))
  })

  test('that answers with more than we know is understood, records included', async () => {
    const id = allocateConnectionId(stranger.owner)
    const found = worker.registry.get(id)
    await expect.poll(() => stranger.received).toHaveLength(1)
    const [question] = (stranger.received[0] as unknown[])[4] as [unknown[]]
    expect(question.slice(1, 3)).toEqual([kinds.describe, id])
    const record = ['chat', 'dev', 1, '127.0.0.1', null, 'localhost', null, null, 'ada', { plan: 'gold' }]
    const answer = [[...record, 'new', { attributes: 1 }], 2, 'new']
    await stranger.say(1, [], [[question[0], codes.done, answer, 'new']])
    expect(await found).toEqual({
      ...{ connectionId: id, apiId: 'chat', stage: 'dev', connectedAt: 1, sourceIp: '127.0.0.1' },
      ...{ userAgent: null, domainName: 'localhost', authorizer: null, identity: null, lastActiveAt: 2 },
      ...{ userId: 'ada', attributes: { plan: 'gold' } },
    })
  })

  test('that refuses a message to many, or answers what makes no sense, is unreachable in its report', async () => {
    const everyone = { apiId: 'chat', stage: 'dev', kind: 'all' as const, name: '' }
    const terms = { except: [], filter: null, coalesce: null, failures: 0 }
    const answers: [number, unknown][] = [
      [codes.refused, null],
      [codes.done, 'many'],
      [codes.done, [1, 0, 0, []]],
    ]
    for (const [i, [code, payload]] of answers.entries()) {
      const sending = worker.registry.send(everyone, { data: 'x', binary: false }, terms)
      await expect.poll(() => stranger.received).toHaveLength(i + 1)
      const [question] = (stranger.received[i] as unknown[])[4] as [unknown[]]
      expect(question.slice(1, 5)).toEqual([kinds.send, '', 'chat', 'x'])
      await stranger.say(1, [], [[question[0], code, payload]])
      const isUnderstood = i === 2
      expect(await sending).toMatchObject({ sent: isUnderstood ? 1 : 0, unreachable: isUnderstood ? 0 : 1 })
    }
  })

  test('that knows of no filter for one connection refuses the message, and does not send it to whom it leaves out', async () => {
    const id = allocateConnectionId(stranger.owner)
    const sending = worker.registry.deliverIf(id, { data: 'x', binary: true, coalesce: 'k' }, 'userId exists', 'chat')
    await expect.poll(() => stranger.received).toHaveLength(1)
    const [question] = (stranger.received[0] as unknown[])[4] as [unknown[]]
    expect(question.slice(1)).toEqual([kinds.sendIf, id, 'chat', 'x', [true, 'userId exists', 'k']])
    await stranger.say(1, [], [[question[0], codes.refused, null]])
    expect(await sending).toBe('unreachable')
  })

  test('that asks what we have never heard of is refused that question, and answered the others', async () => {
    const [socket] = await worker.connect(1)
    const id = idOf(socket as never)
    await stranger.say(
      1,
      [
        [1, kinds.unheardOf, id, null, { any: 'thing' }],
        [2, kinds.text, id, null, 'x', null],
      ],
      [],
    )
    await expect.poll(() => stranger.received).toHaveLength(1)
    expect(stranger.received[0]?.[5]).toEqual([
      [1, codes.refused, null],
      [2, codes.done, null],
    ])
  })

  test('that refuses what it has never heard of is unreachable for that, at once', async () => {
    const pushed = worker.registry.deliver(allocateConnectionId(stranger.owner), { data: 'x', binary: false })
    await expect.poll(() => stranger.received).toHaveLength(1)
    const [question] = (stranger.received[0] as unknown[])[4] as [unknown[]]
    await stranger.say(1, [], [[question[0], codes.refused, null]])
    expect(await pushed).toBe('unreachable')
  })

  test('whose wire we can not read is not taken, counted, and unreachable when the time for an answer is over', async () => {
    const [socket] = await worker.connect(1)
    const before = refused('version')
    await stranger.say(2, [[5, kinds.text, idOf(socket as never), null, 'x', null]], [])
    await stranger.say(2, [], [], 'of another shape altogether')
    await expect.poll(() => refused('version')).toBe(before + 2)
    expect(socket?.frames).toEqual([])
    const id = allocateConnectionId(stranger.owner)
    expect(await worker.registry.deliver(id, { data: 'x', binary: false })).toBe('unreachable')
    await expect(worker.registry.get(id)).rejects.toMatchObject({ code: 'WORKER_UNREACHABLE' })
    expect(worker.registry.trouble()).toBeNull()
  })
})
