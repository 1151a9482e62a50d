import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { createRecordTable } from '../../../src/registry/record-table.ts'
import {
  answerCodes,
  type PeerAnswer,
  type PeerQuestion,
  packEnvelope,
  questionKinds,
  readEnvelope,
} from '../../../src/registry/redis/envelope.ts'
import { createAnswerer, readDescription, readPage, wireFilter } from '../../../src/registry/redis/questions.ts'
import { allocateConnectionId, randomOwnerId } from '../../../src/vocabulary/ids.ts'
import { createLocalSockets, type LocalSocket } from '../../helpers/local-sockets.ts'

const owner = randomOwnerId()
const packr = new Packr({ useRecords: false })

function worker(count: number, userAgent = 'demo/1.0') {
  const [local, records] = [createLocalSockets(), createRecordTable()]
  const sockets: LocalSocket[] = []
  for (let i = 0; i < count; i++) {
    const record = {
      ...{ connectionId: allocateConnectionId(owner), apiId: 'chat', stage: 'dev', connectedAt: i },
      ...{ sourceIp: '127.0.0.1', userAgent, domainName: 'localhost', authorizer: null, identity: null },
    }
    records.add(record)
    sockets.push(local.open(record))
  }
  const answerOf = createAnswerer(local, records, async (record) => records.add(record))
  /** There and back again, as through Redis. */
  async function ask(question: unknown[]): Promise<PeerAnswer> {
    const read = readEnvelope(packr.pack([1, 1, 1, 2, [question], []]))
    if (typeof read === 'string') throw new Error(read)
    const answer = await answerOf(read.questions[0] as PeerQuestion)
    const back = readEnvelope(packEnvelope({ from: 2, serial: 1, to: 1, questions: [], answers: [answer] }))
    if (typeof back === 'string') throw new Error(back)
    return back.answers[0] as PeerAnswer
  }
  return { ask, sockets, ids: sockets.map(({ description }) => description.connectionId) }
}

describe('a question', () => {
  test('with a close code or reason that may not stand in a close frame is refused, and closes nothing', async () => {
    const { ask, ids, sockets } = worker(1)
    const bad: [number | null, string | null][] = [
      ...[0, 1, 999, 1004, 1005, 1006, 1015, 2000, 5000, 65_536, 2 ** 40].map((code): [number, null] => [code, null]),
      [1000, 'x'.repeat(124)],
      [null, 'é'.repeat(62)],
    ]
    for (const [code, reason] of bad) {
      expect(await ask([5, questionKinds.close, ids[0], null, code, reason])).toEqual([5, answerCodes.refused, null])
    }
    expect(sockets[0]?.closed).toBeNull()
    expect(await ask([5, questionKinds.close, ids[0], null, 4999, 'x'.repeat(123)])).toEqual([5, 0, null])
  })

  test('with more data than a message may have is refused', async () => {
    const { ask, ids, sockets } = worker(1)
    const outcome = await ask([5, questionKinds.binary, ids[0], null, Buffer.alloc(131_073), null])
    expect(outcome).toEqual([5, answerCodes.refused, null])
    expect(await ask([5, questionKinds.binary, ids[0], null, Buffer.alloc(131_072), null])).toEqual([5, 0, null])
    expect(sockets[0]?.frames).toHaveLength(1)
  })

  test('with a change of a user that is none is refused, and changes nothing', async () => {
    const { ask, ids, sockets } = worker(1)
    const [id] = ids
    const bad = ['', 'x', '{}', '[]', '{"userId":7}', '{"attributes":{"__proto__":"x"}}', '{"userId":"ada","more":1}']
    for (const text of [...bad, JSON.stringify({ attributes: { a: 'x'.repeat(2_048) } }), '['.repeat(100_000)]) {
      expect(await ask([5, questionKinds.changeUser, id, null, text, null])).toEqual([5, answerCodes.refused, null])
    }
    expect(readEnvelope(packr.pack([1, 1, 1, 2, [[5, questionKinds.changeUser, id, null, 7, null]], []]))).toBe(
      'schema',
    )
    expect(sockets[0]?.description.userId).toBeUndefined()
    expect(await ask([5, questionKinds.changeUser, id, 'orders', '{"userId":"ada"}', null])).toEqual([5, 1, null])
    expect(await ask([5, questionKinds.changeUser, id, 'chat', '{"userId":"ada"}', null])).toEqual([5, 0, null])
    expect(sockets[0]?.description.userId).toBe('ada')
  })

  test('of a kind that this version does not know is refused', async () => {
    expect(await worker(0).ask([5, 17, 'id', null, { any: 'thing' }])).toEqual([5, answerCodes.refused, null])
  })

  test('for a list of large records is answered in pages that fit into an envelope, and misses none', async () => {
    const { ask, ids } = worker(150, 'x'.repeat(20_000))
    const found: string[] = []
    let cursor: string | null = null
    do {
      const answer: PeerAnswer = await ask([1, questionKinds.list, '', null, wireFilter({}), [cursor, 1000]])
      const page = readPage(answer[2], owner, 1000)
      found.push(...(page?.connections ?? []).map(({ connectionId }) => connectionId))
      cursor = page?.cursor ?? null
    } while (cursor !== null)
    expect(found).toEqual(ids)
  })

  test('for a list is refused while many listings are under way', async () => {
    const { ask } = worker(20_000)
    const question = [1, questionKinds.list, '', null, wireFilter({ stage: 'none' }), [null, 10]]
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(question)))
    const codes = answers.map(([, code]) => code)
    expect(codes.filter((code) => code === answerCodes.done).length).toBe(16)
    expect(codes.filter((code) => code === answerCodes.refused).length).toBe(84)
    expect((await ask(question))[1]).toBe(answerCodes.done)
  })

  test('of whatever shape is answered, and never throws', async () => {
    const { ask, ids } = worker(3)
    const anything = fc.oneof(
      fc.anything({ values: [fc.string(), fc.integer(), fc.constant(null), fc.boolean()], maxDepth: 3 }),
      fc.constant([null, -5]),
      fc.constant(['1.AAAAAAAAAAAAAAA=', Number.NaN]),
      fc.double(),
    )
    const kind = fc.oneof(fc.nat(6), fc.nat())
    const id = fc.oneof(fc.constantFrom(...ids), fc.string())
    await fc.assert(
      fc.asyncProperty(kind, id, fc.option(fc.string()), anything, anything, async (k, i, api, first, second) => {
        const read = readEnvelope(packr.pack([1, 1, 1, 2, [[9, k, i, api, first, second]], []]))
        if (typeof read !== 'string') expect((await ask([9, k, i, api, first, second]))[0]).toBe(9)
      }),
      { numRuns: 500 },
    )
  })
})

describe('an answer', () => {
  test('with records of another worker, with more than were asked for, or of another shape is not taken', () => {
    const wire = ['chat', 'dev', 1, '127.0.0.1', null, 'localhost', null]
    const [own, other] = [allocateConnectionId(owner), allocateConnectionId(owner ^ 1)]
    const taken = readPage([[[own, wire], [other, wire], ['x', wire], [own, []], 7], null], owner, 5)
    expect(taken?.connections.map(({ connectionId }) => connectionId)).toEqual([own])
    expect(readPage([Array(6).fill([own, wire]), null], owner, 5)).toBeNull()
    for (const payload of [null, 7, 'x', {}, [], [[], 5], [[], 'x'], [{}, null]]) {
      expect(readPage(payload, owner, 5), JSON.stringify(payload)).toBeNull()
      expect(readDescription(own, payload)).toBeNull()
    }
    fc.assert(
      fc.property(fc.anything(), (payload) => void [readPage(payload, owner, 5), readDescription(own, payload)]),
    )
  })
})
