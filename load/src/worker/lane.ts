import { draw } from '../scenario/distribution.ts'
import { now } from './clock.ts'
import type { Member, SendingLane } from './member.ts'
import type { MessageKind } from './message-kind.ts'
import type { WorkerContext } from './worker-context.ts'

/**
 * The schedule by which one client sends its messages of a kind that says `every` or `think`.
 *
 * `every` is a schedule that stands: what cannot leave because replies are missing leaves late, and its latency counts
 * from when it was due. `think` follows the replies, as a person does: the next is due when the reply has been thought
 * over, so that a slow target is asked less.
 */
export class Lane implements SendingLane {
  readonly kind: MessageKind
  readonly #client: Member
  readonly #context: WorkerContext
  /** Time at which the next message of `every` is due. */
  #next = 0
  /** Messages that are due and wait for replies to come: their times with `think`. */
  #blocked = false
  #isRunning = false
  /** Raised with each start, so that what an earlier one planned does nothing. */
  #epoch = 0

  constructor(client: Member, kind: MessageKind, context: WorkerContext) {
    this.#client = client
    this.kind = kind
    this.#context = context
  }

  start(): void {
    if (this.#isRunning || !this.#context.hasTraffic) return
    this.#isRunning = true
    this.#blocked = false
    this.#epoch++
    const { every, think, inFlight } = this.kind
    const time = now()
    // Clients that become ready together don't send together.
    if (every !== null) this.#plan(time + this.#context.draw(every) * this.#context.random())
    else if (think !== null) {
      for (let i = 0; i < inFlight; i++) this.#think(time + this.#context.draw(think) * this.#context.random())
    }
  }

  /** Stops sending; what was due and has not left counts as unsent. */
  stop(): void {
    if (!this.#isRunning) return
    this.#isRunning = false
    this.#epoch++
    if (this.#blocked) this.#context.tally.messagesUnsent += this.#dueBy(now())
    this.#blocked = false
  }

  replied(): void {
    if (!this.#isRunning) return
    const { think } = this.kind
    if (think !== null) this.#think(now() + draw(think, this.#context.random))
    else if (this.#blocked) this.#pump()
  }

  gaveUp(count: number): void {
    for (let i = 0; i < count; i++) this.replied()
  }

  #plan(due: number): void {
    this.#next = due
    const epoch = this.#epoch
    this.#context.schedule.at(due, () => {
      if (epoch === this.#epoch) this.#pump()
    })
  }

  /** Sends what is due of `every`, as far as it may. */
  #pump(): void {
    const { every, inFlight } = this.kind
    if (every === null) return
    const time = now()
    this.#blocked = false
    while (this.#next <= time) {
      if (!this.#client.canSend || this.#client.waitingFor(this.kind) >= inFlight) {
        this.#blocked = true
        // Without replies nobody says when there is room again.
        if (this.kind.reply === null) this.#retry()
        return
      }
      if (!this.#context.maySend()) return
      this.#client.send(this.kind, this.#next)
      this.#next += Math.max(minimumInterval, draw(every, this.#context.random))
    }
    this.#plan(this.#next)
  }

  #retry(): void {
    const epoch = this.#epoch
    this.#context.schedule.at(now() + retryMillis, () => {
      if (epoch === this.#epoch && this.#blocked) this.#pump()
    })
  }

  #think(due: number): void {
    const epoch = this.#epoch
    // In the same batch of replies: a closed loop without a pause costs no timer.
    if (due <= now() && this.kind.reply !== null && this.#sendThought(due)) return
    this.#context.schedule.at(due, () => {
      if (epoch === this.#epoch && !this.#sendThought(due)) this.#retryThought(due)
    })
  }

  #retryThought(due: number): void {
    const epoch = this.#epoch
    this.#context.schedule.at(now() + retryMillis, () => {
      if (epoch === this.#epoch && !this.#sendThought(due)) this.#retryThought(due)
    })
  }

  #sendThought(due: number): boolean {
    if (!this.#client.canSend) return false
    if (!this.#context.maySend()) return true
    this.#client.send(this.kind, due)
    const { think, reply } = this.kind
    if (reply === null && think !== null) this.#think(now() + draw(think, this.#context.random))
    return true
  }

  #dueBy(time: number): number {
    const { every } = this.kind
    let count = 0
    for (let due = this.#next; every !== null && due <= time && count < maxCounted; count++) {
      due += Math.max(minimumInterval, draw(every, this.#context.random))
    }
    return count
  }
}

/** Schedules of a client are no denser than this. */
const minimumInterval = 0.01
const retryMillis = 5
const maxCounted = 10_000_000
