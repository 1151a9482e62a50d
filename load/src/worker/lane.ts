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
  /** Whether a message of `every` is due and waits for replies to come, or for room. */
  #blocked = false
  /** Times at which messages of `think` are due that have not left. */
  readonly #thoughts: number[] = []
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

  stop(by: number): void {
    if (!this.#isRunning) return
    this.#isRunning = false
    this.#epoch++
    // What waits for nothing but its timer, which a busy machine calls late, still leaves.
    if (this.kind.every !== null) this.#sendUntil(by)
    this.#context.tally.messagesUnsent += this.#dueBy(by)
    this.#blocked = false
    this.#thoughts.length = 0
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
    if (due === Number.POSITIVE_INFINITY) return
    const epoch = this.#epoch
    this.#context.schedule.at(due, () => {
      if (epoch === this.#epoch) this.#pump()
    })
  }

  /** Sends what is due of `every`, as far as it may. */
  #pump(): void {
    if (this.kind.every === null) return
    this.#blocked = !this.#sendUntil(now())
    if (!this.#blocked) this.#plan(this.#next)
    // Without replies nobody says when there is room again.
    else if (this.kind.reply === null) this.#retry()
  }

  /** Sends what is due by then of `every`; false when some of it may not leave now. */
  #sendUntil(time: number): boolean {
    const { every, inFlight } = this.kind
    while (every !== null && this.#next <= time) {
      if (!this.#client.canSend || this.#client.waitingFor(this.kind) >= inFlight) return false
      // The run has sent as many as it may, and nothing is due any more.
      if (!this.#context.maySend()) this.#next = Number.POSITIVE_INFINITY
      else {
        this.#client.send(this.kind, this.#next)
        this.#next += Math.max(minimumInterval, draw(every, this.#context.random))
      }
    }
    return true
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
    this.#thoughts.push(due)
    this.#context.schedule.at(due, () => {
      if (epoch === this.#epoch) this.#tryThought(due)
    })
  }

  #tryThought(due: number): void {
    if (this.#sendThought(due)) this.#thoughts.splice(this.#thoughts.indexOf(due), 1)
    else this.#retryThought(due)
  }

  #retryThought(due: number): void {
    const epoch = this.#epoch
    this.#context.schedule.at(now() + retryMillis, () => {
      if (epoch === this.#epoch) this.#tryThought(due)
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

  /** Counts the messages that were due by then and have not left. */
  #dueBy(time: number): number {
    const { every } = this.kind
    let count = this.#thoughts.filter((due) => due <= time).length
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
