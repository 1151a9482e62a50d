import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Counter } from '../../observability/contract.ts'
import type { OwnerId } from '../../vocabulary/ids.ts'
import { type PeerAnswer, type PeerQuestion, packEnvelope } from './envelope.ts'
import { wireSize } from './wire-size.ts'

export interface OutboxOptions {
  readonly own: () => OwnerId
  /** Hands an envelope to Redis; resolves with how many listen to that inbox. */
  readonly publish: (to: OwnerId, envelope: Buffer) => Promise<number>
  /** Whether a question still waits for its answer. */
  readonly isOpen: (number: number) => boolean
  /** Called when an envelope with questions was published, and so many listened. */
  readonly asked: (owner: OwnerId, numbers: readonly number[], listeners: number) => void
  /** Called when an envelope could not be published. */
  readonly failed: (numbers: readonly number[]) => void
  readonly published: Counter
}

/**
 * The messages that wait to be published, worker by worker: what is said to one of them within a tick goes out
 * together, in one envelope. While an envelope of questions waits for its answers, further questions wait for a moment
 * too.
 */
export interface Outbox {
  /** Number of answers that wait. */
  readonly answers: number
  /** Bytes that answers may still take with what they can do without: the other half of what may wait is for the others. */
  readonly spareBytes: number
  addQuestion(to: OwnerId, question: PeerQuestion): void
  /** Adds an answer; one that there is no room for is left out, and the asker has a deadline of its own. */
  addAnswer(to: OwnerId, answer: PeerAnswer): void
  /** Takes note that answers of a worker have come: questions that waited for them may go. */
  answersCame(from: OwnerId): void
  /** Takes note that a question toward a worker waits no more; `failed` when it was given up. */
  settled(to: OwnerId, failed: boolean): void
  /** Resolves when every answer so far has been handed to Redis. */
  flushed(): Promise<void>
  /** Forgets everything that waits. */
  drop(): void
}

/** Answers that may wait to be published, toward all, and their bytes. */
const maxAnswers = 50_000
const maxAnswerBytes = 32 * 1024 * 1024
/** Items of one envelope, and their bytes: each stays far below what the other side reads. */
const maxItems = 2_000
const maxBytes = 1024 * 1024
const itemBytes = 64
/**
 * Milliseconds that questions wait for the answers of those before them, and below it the number of questions that may.
 */
const holdMillis = 5
const maxHeld = 64

/** The messages that wait for one worker. */
interface Letter {
  readonly to: OwnerId
  questions: PeerQuestion[]
  answers: PeerAnswer[]
  /** One publish at a time: what comes meanwhile is packed, and nothing can overtake. */
  sending: 'idle' | 'scheduled' | 'publishing'
  /** Whether some of the questions have been given up already. */
  stale: boolean
  /** The wait for the answers to the newest envelope of questions; null when nobody waits. */
  hold: { readonly lastQuestion: number; readonly timer: NodeJS.Timeout } | null
}

export function createOutbox({ own, publish, isOpen, asked, failed, published }: OutboxOptions): Outbox {
  const letters = new Map<OwnerId, Letter>()
  let serial = 0
  let answersWaiting = 0
  let answerBytesWaiting = 0

  function letterTo(to: OwnerId): Letter {
    let letter = letters.get(to)
    if (letter === undefined) {
      letter = { to, questions: [], answers: [], sending: 'idle', stale: false, hold: null }
      letters.set(to, letter)
    }
    return letter
  }

  function schedule(letter: Letter): void {
    if (letter.sending !== 'idle' || isHeld(letter)) return
    letter.sending = 'scheduled'
    setImmediate(() => void send(letter))
  }

  /** Whether there is nothing but a few questions to say, and the answers that they wait for may still come. */
  function isHeld({ hold, answers, questions }: Letter): boolean {
    return hold !== null && answers.length === 0 && questions.length < maxHeld && isOpen(hold.lastQuestion)
  }

  function hold(letter: Letter, lastQuestion: number): void {
    if (letter.hold !== null) clearTimeout(letter.hold.timer)
    const timer = setTimeout(() => {
      letter.hold = null
      if (letter.questions.length > 0) schedule(letter)
      else forgetIdle(letter)
    }, holdMillis)
    letter.hold = { lastQuestion, timer }
  }

  async function send(letter: Letter): Promise<void> {
    letter.sending = 'publishing'
    for (;;) {
      if (letter.stale) dropStale(letter)
      if ((letter.questions.length === 0 && letter.answers.length === 0) || isHeld(letter)) break
      await sendOne(letter)
    }
    letter.sending = 'idle'
    forgetIdle(letter)
  }

  async function sendOne(letter: Letter): Promise<void> {
    const { to } = letter
    const questions = takeUpTo(letter.questions, questionBytes)
    const answers = takeUpTo(letter.answers, answerBytes)
    forgetAnswers(answers)
    const envelope = packEnvelope({ from: own(), serial: ++serial, to, questions, answers })
    published.value++
    const last = questions.at(-1)
    if (last !== undefined) hold(letter, numberOf(last))
    try {
      const listeners = await publish(to, envelope)
      if (questions.length > 0) asked(to, questions.map(numberOf), listeners)
    } catch {
      failed(questions.map(numberOf))
    }
  }

  /**
   * Drops questions that were given up: who was told `unreachable` may have asked again, and the first question must
   * not come after the second.
   */
  function dropStale(letter: Letter): void {
    letter.stale = false
    letter.questions = letter.questions.filter((question) => isOpen(numberOf(question)))
  }

  function forgetAnswers(answers: readonly PeerAnswer[]): void {
    answersWaiting -= answers.length
    for (const answer of answers) answerBytesWaiting -= answerBytes(answer)
  }

  function forgetIdle(letter: Letter): void {
    const { to, questions, answers, sending, hold } = letter
    if (sending !== 'idle' || questions.length > 0 || answers.length > 0) return
    if (hold !== null) {
      if (isOpen(hold.lastQuestion)) return
      clearTimeout(hold.timer)
    }
    letters.delete(to)
  }

  return {
    get answers() {
      return answersWaiting
    },
    get spareBytes() {
      return Math.max(0, maxAnswerBytes / 2 - answerBytesWaiting)
    },
    addQuestion(to, question) {
      const letter = letterTo(to)
      letter.questions.push(question)
      schedule(letter)
    },
    addAnswer(to, answer) {
      const bytes = answerBytes(answer)
      if (answersWaiting >= maxAnswers || answerBytesWaiting + bytes > maxAnswerBytes) return
      answersWaiting++
      answerBytesWaiting += bytes
      const letter = letterTo(to)
      letter.answers.push(answer)
      schedule(letter)
    },
    answersCame(from) {
      const letter = letters.get(from)
      if (letter !== undefined && letter.questions.length > 0) schedule(letter)
    },
    settled(to, gaveUp) {
      const letter = letters.get(to)
      if (letter === undefined) return
      if (letter.questions.length > 0 && gaveUp) letter.stale = true
      forgetIdle(letter)
    },
    async flushed() {
      const isBusy = ({ answers, sending }: Letter) => answers.length > 0 || sending === 'publishing'
      while ([...letters.values()].some(isBusy)) await nextTurn()
    },
    drop() {
      for (const letter of letters.values()) {
        forgetAnswers(letter.answers)
        if (letter.hold !== null) clearTimeout(letter.hold.timer)
        letter.questions = []
        letter.answers = []
      }
    },
  }
}

function numberOf([number]: PeerQuestion): number {
  return number
}

function questionBytes([, , , , first, second]: PeerQuestion): number {
  return itemBytes + questionSize(first, second)
}

/** About as many bytes as what a question carries takes on the wire. */
export function questionSize(first: unknown, second: unknown): number {
  return bytesOf(first) + (Array.isArray(second) ? wireSize(second) : 0)
}

function answerBytes([, , payload]: PeerAnswer): number {
  return payload === null || payload === undefined ? itemBytes : itemBytes + wireSize(payload)
}

/** About as many bytes as the data of a question takes on the wire. */
function bytesOf(data: unknown): number {
  if (typeof data === 'string') return 3 * data.length
  if (data instanceof Uint8Array) return data.length
  return Array.isArray(data) ? wireSize(data) : itemBytes
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
