import type { Counter, Histogram } from '../../observability/contract.ts'
import type { OwnerId } from '../../vocabulary/ids.ts'
import type { PeerOutcome } from './envelope.ts'

export interface OpenQuestionsOptions {
  /** Milliseconds that only rise. */
  readonly clock: () => number
  /** Milliseconds that an answer may take. */
  readonly answerTimeout: number
  readonly answerSeconds: Histogram
  readonly unanswered: Counter
  /** Whether it is being found out about a worker already what its silence means: its deadlines then wait for that. */
  readonly isJudged: (owner: OwnerId) => boolean
  /** Called with the questions toward a worker whose deadline has passed. */
  readonly late: (owner: OwnerId, numbers: readonly number[]) => void
  /** Called when a question toward a worker has its outcome; `failed` when that is no answer. */
  readonly settled: (owner: OwnerId, failed: boolean) => void
}

/** The questions that wait for their answer, wherever they are on their way, and their deadlines. */
export interface OpenQuestions {
  readonly size: number
  /** Opens a question and gives its number; null when too many are open. `resolve` is called once, with its outcome. */
  open(to: OwnerId, bytes: number, resolve: (outcome: PeerOutcome) => void): number | null
  has(number: number): boolean
  /** Gives a question its outcome, unless it has one. */
  settle(number: number, outcome: PeerOutcome): void
  /** Settles a question as `settle` does, if it was that worker who was asked. */
  answer(from: OwnerId, number: number, outcome: PeerOutcome): void
  /** Lets every question end as unreachable, and watches no deadline any more. */
  drop(): void
}

/** Questions toward one worker that may be open, and their bytes: one that does not answer must not take our memory. */
const maxAsked = 10_000
const maxAskedBytes = 32 * 1024 * 1024
/** Questions toward all workers that may be open, and their bytes: an id may name any of sixteen million workers. */
const maxAllAsked = 50_000
const maxAllAskedBytes = 128 * 1024 * 1024
/** Milliseconds between two looks at the deadlines. */
const deadlineStep = 100

interface OpenQuestion {
  readonly to: OwnerId
  readonly bytes: number
  readonly askedAt: number
  readonly resolve: (outcome: PeerOutcome) => void
}

export function createOpenQuestions(options: OpenQuestionsOptions): OpenQuestions {
  const { clock, answerTimeout, answerSeconds, unanswered, isJudged, late, settled } = options
  /** Open questions in the order of asking, which is that of their deadlines. */
  const questions = new Map<number, OpenQuestion>()
  const loads = new Map<OwnerId, { asked: number; bytes: number }>()
  let lastNumber = 0
  let allBytes = 0
  let timer: NodeJS.Timeout | null = null

  function hasRoom(to: OwnerId, bytes: number): boolean {
    const load = loads.get(to)
    if (load !== undefined && (load.asked >= maxAsked || load.bytes + bytes > maxAskedBytes)) return false
    return bytes <= maxAskedBytes && questions.size < maxAllAsked && allBytes + bytes <= maxAllAskedBytes
  }

  function charge(to: OwnerId, bytes: number): void {
    allBytes += bytes
    const load = loads.get(to)
    if (load === undefined) loads.set(to, { asked: 1, bytes })
    else {
      load.asked++
      load.bytes += bytes
    }
  }

  function discharge({ to, bytes }: OpenQuestion): void {
    allBytes -= bytes
    const load = loads.get(to)
    if (load === undefined) return
    load.asked--
    load.bytes -= bytes
    if (load.asked === 0) loads.delete(to)
  }

  function settle(number: number, outcome: PeerOutcome): void {
    const question = questions.get(number)
    if (question === undefined) return
    questions.delete(number)
    discharge(question)
    const failed = typeof outcome === 'string'
    settled(question.to, failed)
    if (failed) unanswered.value++
    else answerSeconds.observe((clock() - question.askedAt) / 1000)
    question.resolve(outcome)
  }

  function watchDeadlines(): void {
    timer ??= setInterval(() => {
      for (const [owner, numbers] of overdue()) late(owner, numbers)
      if (questions.size === 0) stopWatching()
    }, deadlineStep)
  }

  function overdue(): Map<OwnerId, number[]> {
    const due = clock() - answerTimeout
    const found = new Map<OwnerId, number[]>()
    for (const [number, { to, askedAt }] of questions) {
      if (askedAt > due) break
      if (isJudged(to)) continue
      const numbers = found.get(to)
      if (numbers === undefined) found.set(to, [number])
      else numbers.push(number)
    }
    return found
  }

  function stopWatching(): void {
    if (timer !== null) clearInterval(timer)
    timer = null
  }

  return {
    get size() {
      return questions.size
    },
    open(to, bytes, resolve) {
      if (!hasRoom(to, bytes)) {
        unanswered.value++
        return null
      }
      charge(to, bytes)
      questions.set(++lastNumber, { to, bytes, askedAt: clock(), resolve })
      watchDeadlines()
      return lastNumber
    },
    has: (number) => questions.has(number),
    settle,
    answer(from, number, outcome) {
      if (questions.get(number)?.to === from) settle(number, outcome)
    },
    drop() {
      stopWatching()
      for (const number of [...questions.keys()]) settle(number, 'unreachable')
    },
  }
}
