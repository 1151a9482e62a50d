/** Messages that wait for their replies. Times are those of `clock.ts`. */
export interface ReplyBook {
  /** Messages that still wait in time. */
  readonly waiting: number
  /** `due` is what latency counts from, `sent` what the time limit counts from. */
  add(key: string | number, due: number, sent: number): void
  /** The reply to `key` (to the oldest where replies come in order) has come: when it was due, null when none waits. */
  take(key: string | number): number | null
  /** Time at which the oldest message that waits was sent; null when none waits. */
  readonly oldest: number | null
  /** Gives up on what was sent before; how many that are. */
  expire(sentBefore: number): number
  /** Gives up on all; how many still waited. */
  clear(): number
}

/**
 * Replies in the order of their messages. A message that was given up on keeps its place: its reply, should it come
 * late, must not be taken for that of the next.
 */
export class OrderedReplies implements ReplyBook {
  #due = new Float64Array(8)
  #sent = new Float64Array(8)
  #first = 0
  #count = 0
  #expired = 0

  get waiting(): number {
    return this.#count - this.#expired
  }

  get oldest(): number | null {
    return this.waiting === 0 ? null : (this.#sent[this.#at(this.#expired)] as number)
  }

  add(_key: string | number, due: number, sent: number): void {
    if (this.#count === this.#due.length) this.#grow()
    const at = this.#at(this.#count++)
    this.#due[at] = due
    this.#sent[at] = sent
  }

  take(): number | null {
    if (this.#count === 0) return null
    const due = this.#due[this.#first] as number
    this.#first = this.#at(1)
    this.#count--
    if (this.#expired === 0) return due
    this.#expired--
    return null
  }

  expire(sentBefore: number): number {
    const before = this.#expired
    while (this.#expired < this.#count && (this.#sent[this.#at(this.#expired)] as number) < sentBefore) this.#expired++
    return this.#expired - before
  }

  clear(): number {
    const waiting = this.waiting
    this.#count = 0
    this.#expired = 0
    return waiting
  }

  /** The length is a power of two. */
  #at(offset: number): number {
    return (this.#first + offset) & (this.#due.length - 1)
  }

  #grow(): void {
    const size = this.#due.length
    const [due, sent] = [new Float64Array(size * 2), new Float64Array(size * 2)]
    for (let i = 0; i < this.#count; i++) {
      due[i] = this.#due[this.#at(i)] as number
      sent[i] = this.#sent[this.#at(i)] as number
    }
    this.#due = due
    this.#sent = sent
    this.#first = 0
  }
}

/** Replies that say which message they are to. */
export class KeyedReplies implements ReplyBook {
  readonly #entries = new Map<string | number, { readonly due: number; readonly sent: number }>()

  get waiting(): number {
    return this.#entries.size
  }

  get oldest(): number | null {
    for (const { sent } of this.#entries.values()) return sent
    return null
  }

  add(key: string | number, due: number, sent: number): void {
    this.#entries.set(key, { due, sent })
  }

  take(key: string | number): number | null {
    const due = this.#entries.get(key)?.due ?? null
    this.#entries.delete(key)
    return due
  }

  expire(sentBefore: number): number {
    let expired = 0
    for (const [key, { sent }] of this.#entries) {
      if (sent >= sentBefore) break
      this.#entries.delete(key)
      expired++
    }
    return expired
  }

  clear(): number {
    const waiting = this.#entries.size
    this.#entries.clear()
    return waiting
  }
}
