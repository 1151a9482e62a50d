/**
 * The operations that a load has side by side: each lane starts an operation and, when that is done, the next. The load can stand
 * still, with nothing under way, and go on.
 */
export class Lanes {
  #resting: (() => void)[] = []
  #running = false
  #busy = 0
  #drained: () => void = () => {}

  get running(): boolean {
    return this.#running
  }

  /** The number of lanes that have an operation under way. */
  get busy(): number {
    return this.#busy
  }

  /** A new lane, which rests until `resume`. */
  add(start: () => void): void {
    this.#resting.push(start)
  }

  /** The operation of a lane is done. */
  next(start: () => void): void {
    if (this.#running) return start()
    this.#resting.push(start)
    if (--this.#busy === 0) this.#drained()
  }

  resume(): void {
    const lanes = this.#resting
    this.#resting = []
    this.#running = true
    this.#busy = lanes.length
    for (const start of lanes) start()
  }

  /** Resolves when every lane rests. */
  pause(): Promise<void> {
    this.#running = false
    if (this.#busy === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#drained = resolve
    })
  }
}
