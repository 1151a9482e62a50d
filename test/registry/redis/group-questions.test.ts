import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import type { Audience } from '../../../src/registry/group-contract.ts'
import { createKeptReports } from '../../../src/registry/kept-reports.ts'
import {
  answerCodes,
  questionKinds as kinds,
  type PeerAnswer,
  type PeerQuestion,
  packEnvelope,
  readEnvelope,
} from '../../../src/registry/redis/envelope.ts'
import { createGroupAnswerer } from '../../../src/registry/redis/group-questions.ts'
import {
  readGroups,
  readMembers,
  readNumbers,
  readReport,
  readReportPage,
} from '../../../src/registry/redis/group-wire.ts'
import { allocateConnectionId, randomOwnerId } from '../../../src/vocabulary/ids.ts'
import { createLocalSockets } from '../../helpers/local-sockets.ts'

const owner = randomOwnerId()
const packr = new Packr({ useRecords: false })

function worker(count: number, stored: Promise<boolean> | null = null) {
  const local = createLocalSockets()
  const sockets = Array.from({ length: count }, (_, connectedAt) =>
    local.open({
      ...{ connectionId: allocateConnectionId(owner), apiId: 'chat', stage: 'dev', connectedAt },
      ...{ sourceIp: '127.0.0.1', userAgent: null, domainName: 'localhost', authorizer: null, identity: null },
    }),
  )
  const reports = createKeptReports({ own: () => owner, now: () => 0 })
  const disowned: Audience[] = []
  const found = (audience: Audience) => {
    disowned.push(audience)
    return false
  }
  const peers = { spareBytes: 16 * 1024 * 1024 }
  const answerOf = createGroupAnswerer({
    ...{ local: local.groups, directory: { stored: () => stored, found }, reports, peers },
  })
  /** There and back again, as through Redis; null for a question that is none about groups. */
  async function ask(kind: number, id: unknown, apiId: unknown, first: unknown, second: unknown) {
    const read = readEnvelope(packr.pack([1, 1, 1, 2, [[5, kind, id, apiId, first, second]], []]))
    if (typeof read === 'string') return read
    const answer = await answerOf(read.questions[0] as PeerQuestion)
    if (answer === null) return null
    const back = readEnvelope(packEnvelope({ from: 2, serial: 1, to: 1, questions: [], answers: [answer] }))
    return typeof back === 'string' ? back : (back.answers[0] as PeerAnswer).slice(1)
  }
  return {
    ask,
    sockets,
    disowned,
    local,
    reports,
    peers,
    ids: sockets.map(({ description }) => description.connectionId),
  }
}

const refused = [answerCodes.refused, null]
const terms = (...changed: [at: number, value: unknown][]) => {
  const usual: unknown[] = ['dev', 'all', '', false, [], null, null, 0]
  for (const [at, value] of changed) usual[at] = value
  return usual
}

describe('a question about groups', () => {
  test('is answered with what was done', async () => {
    const { ask, ids, sockets } = worker(2)
    expect(await ask(kinds.join, ids[0], 'chat', 'dev', 'room')).toEqual([answerCodes.done, null])
    expect(await ask(kinds.join, allocateConnectionId(owner), 'chat', 'dev', 'room')).toEqual([answerCodes.gone, null])
    expect(await ask(kinds.size, '', 'chat', ['dev', 'group', 'room'], null)).toEqual([answerCodes.done, [1]])
    expect(await ask(kinds.send, '', 'chat', 'hello', terms())).toEqual([answerCodes.done, [2, 0, 0, []]])
    expect(await ask(kinds.joinAll, '', 'chat', ['dev', 'all', ''], 'b')).toEqual([answerCodes.done, [2, 0]])
    const listed = [
      ['b', 2],
      ['room', 1],
    ]
    expect(await ask(kinds.groups, '', 'chat', 'dev', [null, 10])).toEqual([answerCodes.done, listed])
    const members = await ask(kinds.members, '', 'chat', ['dev', 'group', 'b'], [null, 10])
    expect(members).toEqual([answerCodes.done, [[...ids].sort(), null]])
    expect(await ask(kinds.leave, ids[0], 'chat', 'dev', 'b')).toEqual([answerCodes.done, null])
    expect(await ask(kinds.leaveAll, '', 'chat', ['dev', 'all', ''], 'b')).toEqual([answerCodes.done, [2]])
    const closing = await ask(kinds.closeAll, '', 'chat', ['dev', 'all', '', [ids[1]], null], [4001, 'bye'])
    expect(closing).toEqual([answerCodes.done, [1]])
    expect(sockets.map(({ closed }) => closed)).toEqual([{ code: 4001, reason: 'bye' }, null])
    expect(await ask(kinds.describe, ids[1], 'chat', null, null)).toBeNull()
  })

  test('names those that did not get a message, however many were asked for', async () => {
    const { ask, ids, sockets } = worker(1_203)
    for (const socket of sockets) socket.full = true
    const answer = await ask(kinds.send, '', 'chat', 'x', terms([7, 1_200]))
    const [, payload] = answer as [number, unknown]
    const named = ids.slice(0, 1_200).map((connectionId) => ({ connectionId, reason: 'full' }))
    expect(readReport(payload, owner)).toEqual({ sent: 0, full: 1_203, gone: 0, failures: named })
    // A worker of an earlier version asks for 1,000 at most, and finds them one by one.
    const earlier = await ask(kinds.send, '', 'chat', 'x', terms([7, 1_000]))
    expect(earlier).toEqual([answerCodes.done, [0, 1_203, 0, ids.slice(0, 1_000).map((id) => [id, 0])]])
  })

  test('is answered with fewer names where many answers wait, and with the same counts', async () => {
    const { ask, sockets, peers, reports } = worker(30)
    for (const socket of sockets) socket.full = true
    const id = reports.keep({ apiId: 'chat', stage: 'dev' }, [
      { connectionId: allocateConnectionId(7), reason: 'full' },
    ])
    for (const [spareBytes, named] of [
      [40_000, 30],
      [12_000, 10],
      [1_000, 0],
      [0, 0],
    ] as const) {
      peers.spareBytes = spareBytes
      const [code, payload] = (await ask(kinds.send, '', 'chat', 'x', terms([7, 1_000]))) as [number, unknown]
      const report = readReport(payload, owner)
      expect([code, report?.full, report?.failures.length]).toEqual([answerCodes.done, 30, named])
      const [page] = (await ask(kinds.report, id, 'chat', 'dev', [0, 5])) as [number, unknown]
      expect(page).toBe(named === 0 ? answerCodes.refused : answerCodes.done)
    }
  })

  test('for a page of a report is answered with it', async () => {
    const { ask, reports } = worker(0)
    const failures = Array.from({ length: 3 }, () => ({
      ...{ connectionId: allocateConnectionId(randomOwnerId()), reason: 'gone' as const },
    }))
    const id = reports.keep({ apiId: 'chat', stage: 'dev' }, failures)
    const [code, payload] = (await ask(kinds.report, id, 'chat', 'dev', [1, 1])) as [number, unknown]
    expect([code, readReportPage(payload, 1, 1)]).toEqual([
      answerCodes.done,
      { failures: failures.slice(1, 2), cursor: '2' },
    ])
    expect(await ask(kinds.report, id, 'chat', 'prod', [1, 1])).toEqual([answerCodes.gone, null])
    for (const second of [null, [], [-1, 1], [0.5, 1], ['0', 1], [10_001, 1], [0, 0], [0, 1_001]]) {
      expect(await ask(kinds.report, id, 'chat', 'dev', second)).toEqual(refused)
    }
    expect(await ask(kinds.report, id, 'chat', 'a/b', [0, 1])).toEqual(refused)
    const packed = `${id.slice(0, -1)}f`
    for (const wrong of [null, [], [7, null], ['x', null], [`${packed}${packed}`, null], [`${id.slice(0, -1)}=`, null]])
      expect(readReportPage(wrong, 0, 1)).toBeNull()
    for (const cursor of ['0', '2', 1, undefined]) expect(readReportPage([packed, cursor], 0, 1)).toBeNull()
    expect(readReportPage([`${'A'.repeat(15)}f`, null], 0, 1)).toBeNull()
  })

  test('to send to one connection if a filter is true of it is answered with what became of that', async () => {
    const { ask, ids, sockets } = worker(1)
    const send = (apiId: unknown, filter: unknown, ...more: [unknown, unknown?]) =>
      ask(kinds.sendIf, ids[0], apiId, more[0], [more[1] ?? false, filter, null])
    expect(await send('chat', 'not userId exists', 'a')).toEqual([answerCodes.done, null])
    expect(await send(null, 'not userId exists', Buffer.from('b'), true)).toEqual([answerCodes.done, null])
    expect(await send('chat', 'userId exists', 'c')).toEqual([answerCodes.leftOut, null])
    expect(await send('orders', 'not userId exists', 'd')).toEqual([answerCodes.gone, null])
    expect(await send('chat', 'userId ==== (', 'e')).toEqual([answerCodes.leftOut, null])
    for (const second of [
      ...[null, [], 'x', [1, 'userId exists', null], [false, null, null], [false, 7, null]],
      ...[
        [false, 'x'.repeat(4_097), null],
        [false, 'not userId exists', 7],
        [false, 'not userId exists', 'k'.repeat(1_025)],
      ],
    ])
      expect(await ask(kinds.sendIf, ids[0], 'chat', 'x', second), JSON.stringify(second)).toEqual(refused)
    for (const first of [null, 7, ['x'], 'x'.repeat(131_073)])
      expect(await send('chat', 'not userId exists', first)).toEqual(refused)
    expect(sockets[0]?.frames.map(({ data, binary }) => [Buffer.from(data).toString(), binary])).toEqual([
      ['a', false],
      ['b', true],
    ])
  })

  test('that makes no sense is refused, and does nothing', async () => {
    const { ask, ids, sockets, local } = worker(1)
    const [id] = ids
    const long = 'x'.repeat(257)
    const questions: [number, unknown, unknown, unknown][] = [
      ...[
        terms([0, 7]),
        terms([0, 'a/b']),
        terms([0, long]),
        terms([1, 'none']),
        terms([1, '__proto__']),
        terms([2, 'x']),
      ],
      ...[terms([1, 'group']), terms([1, 'group'], [2, long]), terms([1, 'user'], [2, 'é'.repeat(129)]), terms([3, 1])],
      ...[terms([4, null]), terms([4, [7]]), terms([4, Array(10_001).fill('')]), terms([5, 'x'.repeat(4_097)])],
      ...[terms([5, 7]), terms([6, 'x'.repeat(1_025)]), terms([6, 7]), terms([7, -1]), terms([7, '1']), null, 'x', []],
    ].map((second): [number, unknown, unknown, unknown] => [kinds.send, '', 'x', second])
    questions.push(
      ...[7, null, ['x'], 'x'.repeat(131_073), Buffer.alloc(131_073)].map(
        (first): [number, unknown, unknown, unknown] => [kinds.send, '', first, terms()],
      ),
      ...[0, 999, 1005, 5000, '1000'].map((code): [number, unknown, unknown, unknown] => [
        ...([kinds.closeAll, '', ['dev', 'all', '', [], null], [code, null]] as const),
      ]),
      [kinds.closeAll, '', ['dev', 'all', '', [], null], [1000, 'x'.repeat(124)]],
      [kinds.closeAll, '', ['dev', 'all', '', 'none', null], [1000, null]],
      ...[kinds.join, kinds.leave].flatMap((kind): [number, unknown, unknown, unknown][] => [
        [kind, id, 'dev', ''],
        [kind, id, 'dev', long],
        [kind, id, 'a/b', 'room'],
        [kind, id, ['dev'], 'room'],
        [kind, id, 'dev', null],
      ]),
      ...[kinds.joinAll, kinds.leaveAll].flatMap((kind): [number, unknown, unknown, unknown][] => [
        [kind, '', ['dev', 'all', ''], ''],
        [kind, '', ['dev', 'all', 'x'], 'room'],
        [kind, '', 'dev', 'room'],
      ]),
      [kinds.size, '', ['dev', 'group', ''], null],
      ...[0, -1, 1.5, 1_001, '5', null].flatMap((limit): [number, unknown, unknown, unknown][] => [
        [kinds.members, '', ['dev', 'all', ''], [null, limit]],
        [kinds.groups, '', 'dev', [null, limit]],
      ]),
      [kinds.groups, '', 7, [null, 10]],
    )
    for (const [kind, of, first, second] of questions) {
      expect(await ask(kind, of, 'chat', first, second), JSON.stringify([kind, first, second]).slice(0, 200)).toEqual(
        refused,
      )
    }
    expect(await ask(kinds.send, '', null, 'x', terms())).toEqual(refused)
    expect(await ask(kinds.size, '', 'a/b', ['dev', 'all', ''], null)).toEqual(refused)
    expect(sockets[0]).toMatchObject({ frames: [], closed: null })
    expect([...local.groups.audiences()]).toEqual([])
  })

  test('reaches nobody of another API or stage, and nobody with a filter that is none', async () => {
    const { ask, ids, sockets } = worker(1)
    for (const [apiId, stage] of [
      ['orders', 'dev'],
      ['chat', 'prod'],
    ] as const) {
      expect(await ask(kinds.send, '', apiId, 'x', terms([0, stage]))).toEqual([answerCodes.done, [0, 0, 0, []]])
      expect(await ask(kinds.join, ids[0], apiId, stage, 'room')).toEqual([answerCodes.gone, null])
      expect(await ask(kinds.closeAll, '', apiId, [stage, 'all', '', [], null], [null, null])).toEqual([0, [0]])
    }
    expect(await ask(kinds.send, '', 'chat', 'x', terms([5, 'userId ==== (']))).toEqual([0, [0, 0, 0, []]])
    expect(sockets[0]).toMatchObject({ frames: [], closed: null })
  })

  test('to join is answered when others can find the member, and refused where that can not be', async () => {
    for (const [stored, answer] of [
      [true, [answerCodes.done, null]],
      [false, refused],
    ] as const) {
      const { ask, ids } = worker(1, Promise.resolve(stored))
      expect(await ask(kinds.join, ids[0], 'chat', 'dev', 'room')).toEqual(answer)
    }
  })

  test('in vain has the entry looked at by which this worker was asked', async () => {
    const { ask, disowned } = worker(1)
    await ask(kinds.send, '', 'chat', 'x', terms([1, 'group'], [2, 'room']))
    await ask(kinds.size, '', 'chat', ['dev', 'user', 'ada'], null)
    await ask(kinds.send, '', 'orders', 'x', terms())
    expect(disowned.map(({ name }) => name)).toEqual(['room', 'ada'])
  })

  test('of whatever shape is answered, and never throws', async () => {
    const { ask, ids } = worker(3)
    const anything = fc.oneof(
      fc.anything({ values: [fc.string(), fc.integer(), fc.constant(null), fc.boolean()], maxDepth: 3 }),
      fc.constant(terms()),
      fc.constant(['dev', 'group', 'room']),
      fc.constant('dev'),
    )
    const kind = fc.integer({ min: kinds.send, max: kinds.sendIf })
    const id = fc.oneof(fc.constantFrom(...ids), fc.string())
    await fc.assert(
      fc.asyncProperty(kind, id, fc.option(fc.string()), anything, anything, async (k, i, api, first, second) => {
        expect(await ask(k, i, api, first, second)).not.toBeNull()
      }),
      { numRuns: 500 },
    )
  })
})

describe('an answer about groups', () => {
  test('with connections of another worker, with more than was asked for, or of another shape is not taken', () => {
    const [own, other] = [allocateConnectionId(owner), allocateConnectionId(owner ^ 1)]
    expect(readReport([1, 2, 3, [[own, 0]]], owner)).toEqual({
      ...{ sent: 1, full: 2, gone: 3, failures: [{ connectionId: own, reason: 'full' }] },
    })
    for (const payload of [
      [1, 2, 3, [[other, 0]]],
      [1, 2, 3, [[own, 2]]],
      [1, 2, 3],
      [-1, 0, 0, []],
      [1, 2, 3, [7]],
    ]) {
      expect(readReport(payload, owner)).toBeNull()
    }
    expect(readReport([1, 2, 3, Array(1_001).fill([own, 0])], owner)).toBeNull()
    expect(readMembers([[own], own], owner, 1)).toEqual({ connectionIds: [own], cursor: own })
    for (const payload of [
      [[other], null],
      [[own, own], null],
      [[own], other],
      [[7], null],
      [null, null],
    ]) {
      expect(readMembers(payload, owner, 1)).toBeNull()
    }
    expect(readGroups([['b', 1]], 'a', 1)).toEqual([{ name: 'b', connections: 1 }])
    for (const payload of [[['a', 1]], [['', 1]], [['b', -1]], [['b']], [7], [['x'.repeat(257), 1]]]) {
      expect(readGroups(payload, 'a', 1), JSON.stringify(payload)).toBeNull()
    }
    expect(
      readGroups(
        [
          ['c', 1],
          ['b', 1],
        ],
        'a',
        2,
      ),
    ).toBeNull()
    fc.assert(
      fc.property(fc.anything(), (payload) => {
        readReport(payload, owner)
        readMembers(payload, owner, 5)
        readGroups(payload, null, 5)
        readNumbers(payload)
      }),
    )
  })
})
