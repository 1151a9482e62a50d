import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import type { Counter, Histogram } from '../../observability/contract.ts'
import type { OwnerId } from '../../vocabulary/ids.ts'
import { type Envelope, type PeerAnswer, type PeerQuestion, packEnvelope, type QuestionKind } from './envelope.ts'
import { wireSize } from './wire-size.ts'

/** What came of a question: an answer, or that there is nobody, or nobody who answers, to give one. */
export type Outcome = PeerAnswer | 'gone' | 'unreachable'

export interface PeersOptions {
  readonly own: () => OwnerId
  /** Hands an envelope to Redis; resolves with how many listen to that inbox. */
  readonly publish: (to: OwnerId, envelope: Buffer) => Promise<number>
  /** Asked when a worker is silent: whether it is proved dead. Never rejects. */
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
  /** Questions and answers that wait to be published, and questions that wait for an answer. */
  readonly depth: number
  /** Resolves at the latest after the time for an answer and a look at the lease; never rejects. */
  ask(
    to: OwnerId,
    kind: QuestionKind,
    connectionId: string,
    apiId: string | null,
    first: unknown,
    second: unknown,
  ): Promise<Outcome>
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

interface Pending {
  readonly to: OwnerId
  readonly bytes: number
  readonly askedAt: number
  readonly resolve: (outcome: Outcome) => void
}

interface Peer {
  readonly owner: OwnerId
  questions: PeerQuestion[]
  answers: PeerAnswer[]
  /** Of the questions that wait to be published or answered. */
  asked: number
  bytes: number
  publishing: boolean
  scheduled: boolean
  /** Some of the questions that wait to be published have been given up already. */
  stale: boolean
  /** The last question of the newest envelope. */
  newest: number
  /** Ends the wait for the answers to that envelope; null when nothing waits for them. */
  held: NodeJS.Timeout | null
}

/** Questions toward one worker that may be open, and their bytes: one that does not answer must not take our memory. */
const maxAsked = 10_000
const maxAskedBytes = 32 * 1024 * 1024
/** And toward all of them: an id may name any of sixteen million workers. */
const maxAllAsked = 50_000
const maxAllAskedBytes = 128 * 1024 * 1024
/** Answers that wait to be published, toward all. */
const maxAnswers = 50_000
const maxAnswerBytes = 32 * 1024 * 1024
const maxSuspects = 10_000
/** An envelope takes no more than this, so that each stays far below what the other side reads. */
const maxItems = 2_000
const maxBytes = 1024 * 1024
const itemBytes = 64
/** How long questions wait for the answers of those before them, and how many may. */
const holdMillis = 5
const maxHeld = 64
const deadlineStep = 100
const settlingStep = 10

export function createPeers(options: PeersOptions): Peers {
  const { own, publish, isDead, clock, answerTimeout, answerSeconds, unanswered, published } = options
  const peers = new Map<OwnerId, Peer>()
  /** In the order of asking, which is that of their deadlines. */
  const pending = new Map<number, Pending>()
  /** Looks at leases that are under way. */
  const verdicts = new Map<OwnerId, Promise<boolean>>()
  /** Workers that have let a deadline pass, and not answered since. */
  const suspects = new Set<OwnerId>()
  let questionNumber = 0
  let serial = 0
  let askedBytes = 0
  let answersWaiting = 0
  let answerBytesWaiting = 0
  let timer: NodeJS.Timeout | null = null

  function peerOf(owner: OwnerId): Peer {
    let peer = peers.get(owner)
    if (peer === undefined) {
      peer = {
        owner,
        questions: [],
        answers: [],
        asked: 0,
        bytes: 0,
        publishing: false,
        scheduled: false,
        stale: false,
        newest: 0,
        held: null,
      }
      peers.set(owner, peer)
    }
    return peer
  }

  /** One publish at a time to each worker: what comes meanwhile is packed, and nothing can overtake. */
  function schedule(peer: Peer): void {
    if (peer.scheduled || peer.publishing || isHeld(peer)) return
    peer.scheduled = true
    setImmediate(() => {
      peer.scheduled = false
      void pump(peer)
    })
  }

  /** Whether there is nothing but a few questions to say, and the answers that they wait for may still come. */
  function isHeld({ held, answers, questions, newest }: Peer): boolean {
    return held !== null && answers.length === 0 && questions.length < maxHeld && pending.has(newest)
  }

  function hold(peer: Peer): void {
    if (peer.held !== null) clearTimeout(peer.held)
    peer.held = setTimeout(() => {
      peer.held = null
      if (peer.questions.length > 0) schedule(peer)
    }, holdMillis)
  }

  async function pump(peer: Peer): Promise<void> {
    if (peer.publishing) return
    peer.publishing = true
    for (;;) {
      if (peer.stale) dropStale(peer)
      if ((peer.questions.length === 0 && peer.answers.length === 0) || isHeld(peer)) break
      const questions = takeUpTo(peer.questions, questionBytes)
      const answers = takeUpTo(peer.answers, answerBytes)
      forgetAnswers(answers)
      const envelope = packEnvelope({ from: own(), serial: ++serial, to: peer.owner, questions, answers })
      published.value++
      const last = questions.at(-1)
      if (last !== undefined) {
        peer.newest = numberOf(last)
        hold(peer)
      }
      try {
        const listeners = await publish(peer.owner, envelope)
        if (questions.length === 0) continue
        if (listeners === 0) void giveUp(peer.owner, questions.map(numberOf))
        // What stands still or is cut off is listened to all the same: its lease says sooner than the deadline.
        else if (suspects.has(peer.owner)) void letGo(peer.owner, questions.map(numberOf))
      } catch {
        for (const question of questions) settle(numberOf(question), 'unreachable')
      }
    }
    peer.publishing = false
    forgetIdle(peer)
  }

  /** Who was told `unreachable` may have asked again: the first question must not come after the second. */
  function dropStale(peer: Peer): void {
    peer.stale = false
    peer.questions = peer.questions.filter((question) => pending.has(numberOf(question)))
  }

  function forgetAnswers(answers: readonly PeerAnswer[]): void {
    answersWaiting -= answers.length
    for (const answer of answers) answerBytesWaiting -= answerBytes(answer)
  }

  function forgetIdle(peer: Peer): void {
    const { asked, questions, answers, publishing, scheduled } = peer
    if (asked === 0 && !publishing && !scheduled && questions.length === 0 && answers.length === 0) {
      if (peer.held !== null) clearTimeout(peer.held)
      peers.delete(peer.owner)
    }
  }

  function settle(number: number, outcome: Outcome): void {
    const question = pending.get(number)
    if (question === undefined) return
    pending.delete(number)
    const peer = peers.get(question.to)
    if (peer !== undefined) {
      peer.asked--
      peer.bytes -= question.bytes
      if (peer.questions.length > 0 && typeof outcome === 'string') peer.stale = true
      forgetIdle(peer)
    }
    askedBytes -= question.bytes
    if (typeof outcome === 'string') unanswered.value++
    else answerSeconds.observe((clock() - question.askedAt) / 1000)
    question.resolve(outcome)
  }

  /** Nobody listens, or nobody answered: it depends on the lease what that means. */
  async function giveUp(owner: OwnerId, numbers: readonly number[]): Promise<void> {
    const outcome = (await verdictOn(owner)) ? 'gone' : 'unreachable'
    for (const number of numbers) settle(number, outcome)
  }

  /** As `giveUp`, but for a worker that may still answer. */
  async function letGo(owner: OwnerId, numbers: readonly number[]): Promise<void> {
    if (await verdictOn(owner)) for (const number of numbers) settle(number, 'gone')
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

  function watchDeadlines(): void {
    timer ??= setInterval(() => {
      const due = clock() - answerTimeout
      const late = new Map<OwnerId, number[]>()
      for (const [number, question] of pending) {
        if (question.askedAt > due) break
        if (verdicts.has(question.to)) continue
        const numbers = late.get(question.to)
        if (numbers === undefined) late.set(question.to, [number])
        else numbers.push(number)
      }
      for (const [owner, numbers] of late) {
        if (suspects.size >= maxSuspects) suspects.clear()
        suspects.add(owner)
        void giveUp(owner, numbers)
      }
      if (pending.size === 0) stopWatching()
    }, deadlineStep)
  }

  function stopWatching(): void {
    if (timer !== null) clearInterval(timer)
    timer = null
  }

  return {
    get depth() {
      return pending.size + answersWaiting
    },
    ask(to, kind, connectionId, apiId, first, second) {
      const peer = peerOf(to)
      const bytes = sizeOf(first)
      const tooMany = peer.asked >= maxAsked || peer.bytes + bytes > maxAskedBytes
      if (tooMany || pending.size >= maxAllAsked || askedBytes + bytes > maxAllAskedBytes) {
        unanswered.value++
        forgetIdle(peer)
        return Promise.resolve('unreachable')
      }
      const number = ++questionNumber
      peer.asked++
      peer.bytes += bytes
      askedBytes += bytes
      peer.questions.push([number, kind, connectionId, apiId, first, second])
      schedule(peer)
      watchDeadlines()
      return new Promise((resolve) => pending.set(number, { to, bytes, askedAt: clock(), resolve }))
    },
    answer(to, answer) {
      const bytes = answerBytes(answer)
      // The asker has a deadline of its own.
      if (answersWaiting >= maxAnswers || answerBytesWaiting + bytes > maxAnswerBytes) return
      answersWaiting++
      answerBytesWaiting += bytes
      const peer = peerOf(to)
      peer.answers.push(answer)
      schedule(peer)
    },
    take({ from, answers }) {
      if (suspects.size > 0) suspects.delete(from)
      for (const answer of answers) {
        if (pending.get(answer[0])?.to === from) settle(answer[0], answer)
      }
      const peer = peers.get(from)
      if (peer !== undefined && peer.questions.length > 0) schedule(peer)
    },
    async settled() {
      while (pending.size > 0) await pause(settlingStep)
    },
    async flushed() {
      while ([...peers.values()].some(({ answers, publishing }) => answers.length > 0 || publishing)) await nextTurn()
    },
    drop() {
      stopWatching()
      for (const peer of peers.values()) {
        forgetAnswers(peer.answers)
        if (peer.held !== null) clearTimeout(peer.held)
        peer.questions = []
        peer.answers = []
      }
      for (const number of [...pending.keys()]) settle(number, 'unreachable')
    },
  }
}

function numberOf([number]: PeerQuestion): number {
  return number
}

function questionBytes([, , , , first]: PeerQuestion): number {
  return itemBytes + sizeOf(first)
}

function answerBytes([, , payload]: PeerAnswer): number {
  return payload === null || payload === undefined ? itemBytes : itemBytes + wireSize(payload)
}

function sizeOf(data: unknown): number {
  if (typeof data === 'string') return 3 * data.length
  return data instanceof Uint8Array ? data.length : itemBytes
}

/** Takes from the front as much as an envelope may hold, and at least one. */
function takeUpTo<T>(waiting: T[], bytesOf: (item: T) => number): T[] {
  let bytes = 0
  let count = 0
  while (count < waiting.length && count < maxItems) {
    bytes += bytesOf(waiting[count] as T)
    if (bytes > maxBytes && count > 0) break
    count++
  }
  return waiting.splice(0, count)
}
