/** A call that has to end in time; the two links are the list's own, so that a call costs no object and no timer. */
export interface TimedCall {
  /** The start of the call, on the clock of `performance.now()`. */
  readonly startedAt: number
  earlier: TimedCall | null
  later: TimedCall | null
  /** Called when the time is up, and the call has left the list. Must not throw. */
  expire(): void
}

/**
 * The deadlines of calls that all get the same time: they expire in the order in which they came, so one timer for
 * the oldest serves them all. A `setTimeout` and `clearTimeout` per call cost five times as much
 * (load/bench/micro/http-proxy.ts). Fires on time or a few milliseconds late, never early.
 */
export class CallDeadlines {
  readonly #millis: number
  #oldest: TimedCall | null = null
  #newest: TimedCall | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(timeoutInMillis: number) {
    this.#millis = timeoutInMillis
  }

  get timeoutInMillis(): number {
    return this.#millis
  }

  add(call: TimedCall): void {
    call.earlier = this.#newest
    call.later = null
    if (this.#newest === null) this.#oldest = call
    else this.#newest.later = call
    this.#newest = call
    if (this.#timer === null) this.#arm(this.#millis)
  }

  /** Takes out a call: to be called once for each that was added and did not expire. */
  remove(call: TimedCall): void {
    if (call.earlier === null) this.#oldest = call.later
    else call.earlier.later = call.later
    if (call.later === null) this.#newest = call.earlier
    else call.later.earlier = call.earlier
    call.earlier = null
    call.later = null
  }

  /** The timer is left to fire when calls end: it costs less than to stop it, and then finds whom to wait for next. */
  #arm(millis: number): void {
    this.#timer = setTimeout(() => this.#expire(), Math.max(1, Math.ceil(millis)))
    this.#timer.unref()
  }

  #expire(): void {
    this.#timer = null
    const now = performance.now()
    let call = this.#oldest
    while (call !== null && call.startedAt + this.#millis <= now) {
      this.remove(call)
      call.expire()
      call = this.#oldest
    }
    if (call !== null && this.#timer === null) this.#arm(call.startedAt + this.#millis - now)
  }
}
