import type { TimedPhase } from '../scenario/timeline.ts'
import { now } from './clock.ts'
import type { Member } from './member.ts'
import type { Schedule } from './schedule.ts'

/**
 * The clients of a worker, opened and closed as the phases want. The n connections that a phase wants are those of the
 * clients numbered below n, so that workers need not talk about who opens what.
 */
export class Crew {
  readonly #clients: readonly Member[]
  readonly #schedule: Schedule
  /** Raised when plans are void. */
  #epoch = 0

  constructor(clients: readonly Member[], schedule: Schedule) {
    this.#clients = clients
    this.#schedule = schedule
  }

  /** Plans what a phase that begins then does to the connections. */
  enter({ kind, from, to, peak, start, end }: TimedPhase, at: number): void {
    const begin = at + start
    const duration = end - start
    if (kind === 'spike') {
      this.#change(from, peak, begin, 0)
      this.#change(peak, to, at + end, 0)
    } else this.#change(from, to, begin, duration)
  }

  #change(from: number, to: number, begin: number, duration: number): void {
    const epoch = this.#epoch
    const step = duration / Math.max(1, Math.abs(to - from))
    for (const client of this.#clients) {
      const { index } = client.values
      if (index < Math.min(from, to) || index >= Math.max(from, to)) continue
      // The last to come are the first to go.
      const due = begin + step * (to > from ? index - from : from - 1 - index)
      this.#schedule.at(due, () => {
        if (epoch !== this.#epoch) return
        if (to > from) client.want()
        else client.unwant(due)
      })
    }
  }

  /** Everyone leaves, as of then. */
  dismiss(at: number): void {
    this.#epoch++
    for (const client of this.#clients) client.unwant(at)
  }

  /** Everyone is gone, at once. */
  destroy(): void {
    for (const client of this.#clients) client.destroy()
  }

  get isEmpty(): boolean {
    return this.#clients.every(({ state }) => state === 'closed')
  }

  /** Looks for what has waited too long. */
  sweep(): void {
    const time = now()
    for (const client of this.#clients) client.expire(time)
  }
}
