import type { DeliverOutcome } from '../vocabulary/frames.ts'
import type { ConnectionId } from '../vocabulary/ids.ts'
import type { SendFailure, SendReport } from './group-contract.ts'

/** A part of a report: what became of a message at one place. */
export type PartialReport = Omit<SendReport, 'targets' | 'unreachable'> & Partial<Pick<SendReport, 'unreachable'>>

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

  /** Adds what became of it for one connection. */
  count(connectionId: ConnectionId, outcome: DeliverOutcome): void {
    this.#counts[outcome]++
    if ((outcome === 'full' || outcome === 'gone') && this.#failures.length < this.#most) {
      this.#failures.push({ connectionId, reason: outcome })
    }
  }

  report(): SendReport {
    const { sent, full, gone, unreachable } = this.#counts
    return { targets: sent + full + gone + unreachable, ...this.#counts, failures: this.#failures }
  }
}
