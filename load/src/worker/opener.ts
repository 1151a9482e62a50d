import type { Member } from './member.ts'

/** Lets no more handshakes be under way than it may. Clients wait in turn. */
export class Opener {
  readonly #limit: number
  #waiting: Member[] = []
  #underWay = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  queue(client: Member): void {
    this.#waiting.push(client)
    this.#go()
  }

  /** A handshake has come to its end. */
  done(): void {
    this.#underWay--
    this.#go()
  }

  #go(): void {
    let taken = 0
    while (this.#underWay < this.#limit && taken < this.#waiting.length) {
      const client = this.#waiting[taken++] as Member
      // Not wanted any more, or queued twice.
      if (client.state !== 'waiting') continue
      this.#underWay++
      client.open()
    }
    if (taken > 0) this.#waiting = this.#waiting.slice(taken)
  }
}
