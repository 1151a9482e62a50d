import { setTimeout as pause } from 'node:timers/promises'
import type { Counter, Histogram } from '../../observability/contract.ts'
import type { OwnerId } from '../../vocabulary/ids.ts'
import type { Envelope, PeerAnswer, PeerOutcome, QuestionKind } from './envelope.ts'
import { createOpenQuestions } from './open-questions.ts'
import { createOutbox, questionSize } from './outbox.ts'

export interface PeersOptions {
  readonly own: () => OwnerId
  /**
   * Hands an envelope to Redis; resolves with how many listen to that inbox (Redis documentation, "SPUBLISH": the number
   * of clients that received the message).
   */
  readonly publish: (to: OwnerId, envelope: Buffer) => Promise<number>
  /** Finds out whether a worker that is silent is proved dead. Never rejects. */
  readonly isDead: (owner: OwnerId) => Promise<boolean>
  /** Milliseconds that only rise. */
  readonly clock: () => number
  /** Milliseconds that an answer may take. */
  readonly answerTimeout: number
  readonly answerSeconds: Histogram
  readonly unanswered: Counter
  readonly published: Counter
}

/**
 * The way to the other workers: what is said to one of them within a tick goes out together. While an envelope of
 * questions waits for its answers, further questions wait for a moment too: under load a few large envelopes then take
 * the place of many small ones, which cost every process on the way.
 */
export interface Peers {
  /** Answers that wait to be published, and questions that wait for an answer. */
  readonly depth: number
  /** Bytes that answers may still take with what they can do without. */
  readonly spareBytes: number
  /** Resolves at the latest after the time for an answer and a look at the lease; never rejects. */
  ask(
    to: OwnerId,
    kind: QuestionKind,
    connectionId: string,
    apiId: string | null,
    first: unknown,
    second: unknown,
  ): Promise<PeerOutcome>
  answer(to: OwnerId, answer: PeerAnswer): void
  /** Takes the answers of an envelope. */
  take(envelope: Envelope): void
  /** Resolves when no question waits for its answer. */
  settled(): Promise<void>
  /** Resolves when every answer so far has been handed to Redis. */
  flushed(): Promise<void>
  /** Lets every question end as unreachable. */
  drop(): void
}

const maxSuspects = 10_000
const settlingStep = 10

export function createPeers(options: PeersOptions): Peers {
  const { isDead } = options
  /** Looks at leases that are under way. */
  const verdicts = new Map<OwnerId, Promise<boolean>>()
  /** Workers that have let a deadline pass, and not answered since. */
  const suspects = new Set<OwnerId>()
  const questions = createOpenQuestions({
    ...options,
    isJudged: (owner) => verdicts.has(owner),
    late(owner, numbers) {
      if (suspects.size >= maxSuspects) suspects.clear()
      suspects.add(owner)
      void giveUp(owner, numbers)
    },
    settled: (owner, failed) => outbox.settled(owner, failed),
  })
  const outbox = createOutbox({
    ...options,
    isOpen: questions.has,
    asked(owner, numbers, listeners) {
      if (listeners === 0) void giveUp(owner, numbers)
      // What stands still or is cut off is listened to all the same: its lease says sooner than the deadline.
      else if (suspects.has(owner)) void letGo(owner, numbers)
    },
    failed: (numbers) => settleAll(numbers, 'unreachable'),
  })

  function settleAll(numbers: readonly number[], outcome: PeerOutcome): void {
    for (const number of numbers) questions.settle(number, outcome)
  }

  /** Ends questions to which nobody listens, or which nobody answered: it depends on the lease what that means. */
  async function giveUp(owner: OwnerId, numbers: readonly number[]): Promise<void> {
    settleAll(numbers, (await verdictOn(owner)) ? 'gone' : 'unreachable')
  }

  /** Ends questions to a worker that is dead; one that is not may still answer. */
  async function letGo(owner: OwnerId, numbers: readonly number[]): Promise<void> {
    if (await verdictOn(owner)) settleAll(numbers, 'gone')
  }

  /** One look at a time at each lease, whoever waits for it. */
  function verdictOn(owner: OwnerId): Promise<boolean> {
    let verdict = verdicts.get(owner)
    if (verdict === undefined) {
      verdict = isDead(owner).finally(() => verdicts.delete(owner))
      verdicts.set(owner, verdict)
    }
    return verdict
  }

  return {
    get depth() {
      return questions.size + outbox.answers
    },
    get spareBytes() {
      return outbox.spareBytes
    },
    ask(to, kind, connectionId, apiId, first, second) {
      return new Promise((resolve) => {
        const number = questions.open(to, questionSize(first, second), resolve)
        if (number === null) resolve('unreachable')
        else outbox.addQuestion(to, [number, kind, connectionId, apiId, first, second])
      })
    },
    answer: outbox.addAnswer,
    take({ from, answers }) {
      if (suspects.size > 0) suspects.delete(from)
      for (const answer of answers) questions.answer(from, answer[0], answer)
      outbox.answersCame(from)
    },
    async settled() {
      while (questions.size > 0) await pause(settlingStep)
    },
    flushed: outbox.flushed,
    drop() {
      outbox.drop()
      questions.drop()
    },
  }
}
