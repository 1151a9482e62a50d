import { Arrivals, type Counts } from './delivery.ts'

/** POSTs that were refused are remembered, in case their frames come; no more than so many a connection. */
const maxRefused = 10_000

/** The pushes to one connection. It is posted to by one POST at a time, so that their frames have one right order. */
export class PushLedger {
  readonly #counts: Counts
  readonly #arrivals = new Arrivals(0)
  readonly #refused = new Set<number>()
  #next = 0
  /** The number that is under way; -1 when none is. */
  #posting = -1
  /** Whether its frame came before the answer. */
  #came = false
  #expected = 0
  #received = 0
  #isSettled = false

  constructor(counts: Counts) {
    this.#counts = counts
  }

  get isBusy(): boolean {
    return this.#posting >= 0
  }

  /** The number of the next push, which is under way from now on. */
  post(): number {
    this.#posting = this.#next++
    this.#came = false
    return this.#posting
  }

  /** The POST under way was answered; refused, or without an answer, its frame is not expected. */
  answered(wasAccepted: boolean): void {
    const number = this.#posting
    this.#posting = -1
    if (number < 0 || this.#isSettled) return
    if (wasAccepted) {
      this.#expected++
      this.#counts.expected++
      if (this.#came) this.#count()
    } else if (this.#came) this.#counts.unannounced++
    else if (this.#refused.size < maxRefused) this.#refused.add(number)
  }

  /** Whether the frame is of a push and comes for the first time. */
  receive(number: number): boolean {
    if (number >= this.#next || this.#isSettled) return false
    const arrival = this.#arrivals.add(number, () => true)
    if (arrival === 'again') {
      this.#counts.duplicated++
      return false
    }
    if (arrival === 'late') this.#counts.outOfOrder++
    if (number === this.#posting) this.#came = true
    else if (this.#refused.delete(number)) this.#counts.unannounced++
    else this.#count()
    return true
  }

  #count(): void {
    this.#received++
    this.#counts.received++
  }

  get missing(): number {
    return this.#expected - this.#received + (this.isBusy ? 1 : 0)
  }

  /** The last word: what is missing is lost, or cut off when the connection ended by itself. Once. */
  settle(wasCutOff: boolean): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#counts[wasCutOff ? 'cutOff' : 'lost'] += this.#expected - this.#received
  }
}
