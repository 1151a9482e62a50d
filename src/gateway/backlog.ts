import type { SharedFrame } from '../vocabulary/shared-frame.ts'

/** Bytes that a message costs beside its data while it waits. */
const entryBytes = 128

/** The messages that wait in this worker for one client that reads too slowly, the oldest first. */
export class Backlog {
  /** Bytes that they hold, data and all. */
  bytes = 0
  // A Map keeps the place of a key whose value is replaced. Messages without a key have a number.
  readonly #frames = new Map<string | number, SharedFrame>()
  #numbers = 0

  get isEmpty(): boolean {
    return this.#frames.size === 0
  }

  /** Whether a message waits whose place this one would take. */
  has(frame: SharedFrame): boolean {
    return this.#olderOf(frame) !== undefined
  }

  /** Bytes by which it grows with a message: below zero where that takes the place of a larger one. */
  growth(frame: SharedFrame): number {
    const older = this.#olderOf(frame)
    return older === undefined ? costOf(frame) : costOf(frame) - costOf(older)
  }

  /** Takes a message: at the end, or in the place of the one that waits under its key. Gives whether it is the latter. */
  put(frame: SharedFrame): boolean {
    const isReplacing = this.has(frame)
    this.bytes += this.growth(frame)
    this.#frames.set(frame.coalesce ?? this.#numbers++, frame)
    return isReplacing
  }

  /** Takes the oldest messages out, one by one, as long as they are asked for. */
  *take(): IterableIterator<SharedFrame> {
    for (const [key, frame] of this.#frames) {
      this.#frames.delete(key)
      this.bytes -= costOf(frame)
      yield frame
    }
  }

  #olderOf({ coalesce }: SharedFrame): SharedFrame | undefined {
    return coalesce === null ? undefined : this.#frames.get(coalesce)
  }
}

function costOf({ data }: SharedFrame): number {
  return data.length + entryBytes
}
