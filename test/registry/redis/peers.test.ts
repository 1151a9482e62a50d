import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createMetrics } from '../../../src/observability/metrics.ts'
import {
  type Envelope,
  type PeerAnswer,
  type PeerOutcome,
  questionKinds,
  readEnvelope,
} from '../../../src/registry/redis/envelope.ts'
import { createPeers, type Peers } from '../../../src/registry/redis/peers.ts'

const [own, other] = [1, 2]
const metrics = createMetrics({ processMetrics: false })

interface Published {
  readonly to: number
  readonly envelope: Envelope
  readonly bytes: number
  settle(listeners: number): void
  fail(): void
}

let published: Published[]
let looks: number[]
let dead: (owner: number) => Promise<boolean>
let time: number
let peers: Peers

beforeEach(() => {
  ;[published, looks, time] = [[], [], 0]
  dead = async () => false
  peers = createPeers({
    own: () => own,
    publish: (to, bytes) =>
      new Promise((resolve, reject) => {
        const envelope = readEnvelope(bytes) as Envelope
        expect(envelope).toBeTypeOf('object')
        published.push({ to, envelope, bytes: bytes.length, settle: resolve, fail: () => reject(new Error('away')) })
      }),
    isDead: (owner) => {
      looks.push(owner)
      return dead(owner)
    },
    clock: () => time,
    answerTimeout: 3_000,
    answerSeconds: metrics.histogram('postern_registry_answer_seconds', {}),
    unanswered: metrics.counter('postern_registry_unanswered_total', {}),
    published: metrics.counter('postern_registry_envelopes_total', { direction: 'out' }),
  })
})
afterEach(() => peers.drop())

const push = (data: string | Uint8Array = 'x', to = other): Promise<PeerOutcome> =>
  peers.ask(to, questionKinds.text, 'id', null, data, null)

function answerAll({ envelope: { to, from, questions } }: Published): void {
  const answers = questions.map(([number]): PeerAnswer => [number, 0, null])
  peers.take({ from: to, to: from, serial: 1, questions: [], answers })
}

describe('the way to another worker', () => {
  test('is taken once per turn, and by one envelope at a time', async () => {
    const first = [push('1'), push('2'), push('3')]
    await nextTurn()
    const later = [push('4'), push('5')]
    await nextTurn()
    expect(published.map(({ envelope }) => envelope.questions.map((question) => question[4]))).toEqual([
      ['1', '2', '3'],
    ])
    published[0]?.settle(1)
    await expect.poll(() => published.length).toBe(2)
    expect(published[1]?.envelope.questions.map((question) => question[4])).toEqual(['4', '5'])
    for (const each of published) answerAll(each)
    expect((await Promise.all([...first, ...later])).map((outcome) => outcome[1])).toEqual([0, 0, 0, 0, 0])
    expect(peers.depth).toBe(0)
  })

  test('waits for the answers of the envelope before, so that few large ones go', async () => {
    const first = push('1')
    await nextTurn()
    published[0]?.settle(1)
    const later: Promise<PeerOutcome>[] = []
    for (let turn = 0; turn < 3; turn++) {
      later.push(push(`later ${turn}`))
      await nextTurn()
    }
    answerAll(published[0] as Published)
    await first
    await nextTurn()
    expect(published.map(({ envelope }) => envelope.questions.length)).toEqual([1, 3])
    answerAll(published[1] as Published)
    expect(await Promise.all(later)).toHaveLength(3)
  })

  test('does not wait for answers that do not come, for a crowd, or when there is an answer to give', async () => {
    const asked = [push('silent')]
    await nextTurn()
    published[0]?.settle(1)
    asked.push(push('goes all the same'))
    await expect.poll(() => published.length).toBe(2)
    published[1]?.settle(1)
    asked.push(...Array.from({ length: 64 }, () => push('one of a crowd')))
    await nextTurn()
    expect(published.length).toBe(3)
    published[2]?.settle(1)
    await nextTurn()
    asked.push(push('goes along'))
    peers.answer(other, [1, 0, null])
    await nextTurn()
    expect(published[3]?.envelope).toMatchObject({
      questions: [[67, 0, 'id', null, 'goes along', null]],
      answers: [[1, 0, null]],
    })
    for (const each of published) answerAll(each)
    expect(await Promise.all(asked)).toHaveLength(67)
  })

  test('ends at the deadline, and what has waited longer than that is not sent any more', async () => {
    const sent = push('sent')
    await nextTurn()
    const waiting = push('waits behind it')
    time = 3_001
    expect(await sent).toBe('unreachable')
    expect(await waiting).toBe('unreachable')
    const again = push('asked again')
    published[0]?.settle(1)
    await expect.poll(() => published.length).toBe(2)
    expect(published[1]?.envelope.questions.map((question) => question[4])).toEqual(['asked again'])
    answerAll(published[1] as Published)
    expect(await again).toMatchObject({ 1: 0 })
  })

  test('is judged by one look at a time, however many wait for it', async () => {
    const verdicts: ((isDead: boolean) => void)[] = []
    dead = () => new Promise((resolve) => void verdicts.push(resolve))
    const outcomes = []
    for (let i = 0; i < 5; i++) {
      outcomes.push(push(`${i}`))
      await expect.poll(() => published.length).toBe(i + 1)
      published[i]?.settle(0)
    }
    time = 10_000
    await new Promise((resolve) => setTimeout(resolve, 350)) // three looks at the deadlines
    expect(looks).toEqual([other])
    verdicts[0]?.(true)
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['gone']))
  })

  test('to a worker that has let a deadline pass is judged by its lease without waiting for the next deadline', async () => {
    const first = push()
    await expect.poll(() => published.length).toBe(1)
    published[0]?.settle(1)
    time = 3_001
    expect(await first).toBe('unreachable')
    dead = async () => true
    const second = push()
    await expect.poll(() => published.length).toBe(2)
    published[1]?.settle(1)
    expect(await second).toBe('gone')
    // One that has answered since is given its time again.
    peers.take({ from: other, to: own, serial: 1, questions: [], answers: [] })
    const third = push()
    await expect.poll(() => published.length).toBe(3)
    published[2]?.settle(1)
    await nextTurn()
    answerAll(published[2] as Published)
    expect(await third).toMatchObject({ 1: 0 })
    expect(looks).toHaveLength(2)
  })

  test('takes no more than it may hold: the rest is unreachable at once', async () => {
    void push('on its way')
    await nextTurn()
    const outcomes: PeerOutcome[] = []
    const keep = (outcome: PeerOutcome) => void outcomes.push(outcome)
    for (let i = 0; i < 10_010; i++) void push().then(keep)
    await nextTurn()
    expect(outcomes).toEqual(Array(11).fill('unreachable'))
    const large = Buffer.alloc(128 * 1024)
    for (let i = 0; i < 300; i++) void push(large, 3).then(keep)
    await nextTurn()
    expect(outcomes).toHaveLength(11 + 300 - 256)
    // An id may name any worker: what is asked of all together is bounded too.
    for (let to = 10; to < 100_010; to++) void push('x', to).then(keep)
    await nextTurn()
    expect(peers.depth).toBe(50_000)
    peers.drop()
    expect(peers.depth).toBe(0)
  })

  test('holds no more answers than it may, and cuts large ones to what the other side reads', async () => {
    const page = Array.from({ length: 200 }, (_, i) => [`${i}`, 'x'.repeat(800)])
    for (let i = 0; i < 10_000; i++) peers.answer(other, [i, 0, page])
    expect(peers.depth).toBeLessThan(100)
    let answers = 0
    for (let i = 0; peers.depth > 0; i++) {
      await expect.poll(() => published.length).toBe(i + 1)
      answers += published[i]?.envelope.answers.length ?? 0
      expect(published[i]?.bytes).toBeLessThan(2 * 1024 * 1024)
      published[i]?.settle(1)
      await nextTurn()
    }
    expect(answers).toBeGreaterThan(10)
    for (let i = 0; i < 60_000; i++) peers.answer(other, [i, 0, null])
    expect(peers.depth).toBe(50_000)
  })

  test('does not take an answer from somebody else', async () => {
    const outcome = push()
    await nextTurn()
    const [number] = published[0]?.envelope.questions[0] ?? [0]
    peers.take({ from: 3, to: own, serial: 1, questions: [], answers: [[number, 1, null]] })
    answerAll(published[0] as Published)
    expect(await outcome).toEqual([number, 0, null])
  })

  test('that fails is unreachable, and open again for what comes next', async () => {
    const lost = push()
    await nextTurn()
    published[0]?.fail()
    expect(await lost).toBe('unreachable')
    const next = push()
    await expect.poll(() => published.length).toBe(2)
    answerAll(published[1] as Published)
    expect(await next).toMatchObject({ 1: 0 })
  })
})
