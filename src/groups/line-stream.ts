import type { AnswerBody, BodyFlow } from '../transport/contract.ts'
import { LineReader } from './line-reader.ts'
import { brokenItemJson } from './run-item.ts'

/** Milliseconds for which a caller may leave results untaken. */
const untakenInMillis = 30_000
/** Results that may be outstanding, and lines that may wait, before no more is read. */
const maxOutstanding = 1_000

/**
 * A batch that is read line by line and answered line by line, in order: each result leaves when those before it have, and
 * no more is read than is worked on.
 */
export class LineStream {
  readonly #run: (line: string) => string | Promise<string>
  readonly #reader = new LineReader()
  /** Lines that wait; the first `#next` of them have been run. */
  #lines: string[] = []
  #next = 0
  /** Results in the order of their lines; null for one that is not there yet. */
  #results: { text: string | null }[] = []
  #flow: BodyFlow | null = null
  #body: AnswerBody | null = null
  /** Whether the caller has to take results before more are written. */
  #isBlocked = false
  #patience: NodeJS.Timeout | null = null
  #hasEnded = false
  /** The fault behind the last line; null for none. */
  #fault: string | null = null
  #isDone = false

  constructor(run: (line: string) => string | Promise<string>) {
    this.#run = run
  }

  /** Takes a piece of the request. Nothing is run before `open`. */
  take(piece: Buffer, isLast: boolean): void {
    if (this.#hasEnded) return
    try {
      this.#lines.push(...this.#reader.add(piece))
      if (isLast) this.#lines.push(this.#reader.last())
      this.#hasEnded = isLast
    } catch (error) {
      // What comes behind such a line can't be told apart from it.
      this.#hasEnded = true
      this.#fault = (error as RangeError).message
    }
    this.#work()
  }

  /** Has no more come than has to, until the stream is opened. */
  hold(flow: BodyFlow): void {
    this.#flow = flow
    flow.pause()
  }

  /** Begins to run the lines, and to write their results. */
  open(body: AnswerBody): void {
    this.#body = body
    body.onDrained(() => {
      this.#isBlocked = false
      this.#stopWaiting()
      this.#work()
    })
    this.#work()
  }

  /** Runs no more lines: the caller has gone. */
  abort(): void {
    this.#stopWaiting()
    this.#isDone = true
    this.#lines = []
    this.#results = []
  }

  #work(): void {
    if (this.#body === null || this.#isDone) return
    while (this.#next < this.#lines.length && !this.#isBlocked) {
      if (this.#results.length >= maxOutstanding) this.#write(this.#body)
      if (this.#results.length >= maxOutstanding) break
      this.#start(this.#lines[this.#next++] as string)
    }
    if (this.#next === this.#lines.length) {
      this.#lines = []
      this.#next = 0
      if (this.#fault !== null) this.#results.push({ text: brokenItemJson(this.#fault) })
      this.#fault = null
    }
    this.#write(this.#body)
    if (this.#hasEnded && this.#lines.length === 0 && this.#results.length === 0) return this.#finish(this.#body)
    if (this.#lines.length > 0 || this.#results.length >= maxOutstanding || this.#isBlocked) this.#flow?.pause()
    else this.#flow?.resume()
  }

  #stopWaiting(): void {
    if (this.#patience !== null) clearTimeout(this.#patience)
    this.#patience = null
  }

  #start(line: string): void {
    if (line.trim() === '') return
    const result = this.#run(line)
    if (typeof result === 'string') return void this.#results.push({ text: result })
    const place: { text: string | null } = { text: null }
    this.#results.push(place)
    void result.then((text) => {
      place.text = text
      if (this.#results[0] === place) this.#work()
    })
  }

  /** Writes the results that are there, up to the first that is not. */
  #write(body: AnswerBody): void {
    let text = ''
    let count = 0
    for (const result of this.#results) {
      if (result.text === null) break
      text += `${result.text}\n`
      count++
    }
    if (count === 0) return
    this.#results.splice(0, count)
    if (body.write(text)) return
    this.#isBlocked = true
    this.#patience ??= setTimeout(() => body.drop(), untakenInMillis)
  }

  #finish(body: AnswerBody): void {
    this.#isDone = true
    this.#stopWaiting()
    body.end()
  }
}
