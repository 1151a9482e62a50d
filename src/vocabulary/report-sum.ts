import type { SelectedOutcome, SendFailure } from './frames.ts'
import type { ConnectionId } from './ids.ts'

/** The part of a report from one place; without `unreachable`, nobody was. */
export interface PartialReport {
  readonly sent: number
  readonly full: number
  readonly gone: number
  readonly unreachable?: number
  readonly failures: readonly SendFailure[]
}

/** The report of one message, added up from several places. Names as many failures as were asked for, and counts all. */
export class ReportSum {
  readonly #most: number
  readonly #counts = { sent: 0, full: 0, gone: 0, unreachable: 0 }
  readonly #failures: SendFailure[] = []

  constructor(most: number) {
    this.#most = most
  }

  /** Adds what became of the message at one place. */
  add({ sent, full, gone, unreachable = 0, failures }: PartialReport): void {
    const counts = this.#counts
    counts.sent += sent
    counts.full += full
    counts.gone += gone
    counts.unreachable += unreachable
    for (const each of failures) {
      if (this.#failures.length >= this.#most) return
      this.#failures.push(each)
    }
  }

  /** Adds what became of it for one connection; one that was left out is no target. */
  count(connectionId: ConnectionId, outcome: SelectedOutcome): void {
    if (outcome === 'leftOut') return
    this.#counts[outcome]++
    if ((outcome === 'full' || outcome === 'gone') && this.#failures.length < this.#most) {
      this.#failures.push({ connectionId, reason: outcome })
    }
  }

  report() {
    const { sent, full, gone, unreachable } = this.#counts
    return { targets: sent + full + gone + unreachable, ...this.#counts, failures: this.#failures }
  }
}
