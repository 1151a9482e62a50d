import type { SharedFrame } from '../vocabulary/shared-frame.ts'

/** The messages that sockets have collected in a turn: all sockets that have the same ones share this. */
export class CollectedFrames {
  readonly count: number
  readonly bytes: number
  readonly newest: SharedFrame
  readonly earlier: CollectedFrames | null
  /** The collection with one message more that was made last. */
  later: CollectedFrames | null = null
  /** The messages as they are written, made once for all sockets; by a number of the transport's own. */
  readonly encoded: Buffer[] = []
  #inOrder: readonly SharedFrame[] | null = null

  constructor(earlier: CollectedFrames | null, newest: SharedFrame) {
    this.earlier = earlier
    this.newest = newest
    this.count = earlier === null ? 1 : earlier.count + 1
    this.bytes = newest.data.length + (earlier === null ? 0 : earlier.bytes)
  }

  /** The messages in the order in which they were sent. */
  get inOrder(): readonly SharedFrame[] {
    if (this.#inOrder !== null) return this.#inOrder
    const frames: SharedFrame[] = []
    for (let each: CollectedFrames | null = this; each !== null; each = each.earlier) frames.push(each.newest)
    this.#inOrder = frames.reverse()
    return this.#inOrder
  }
}

/** A socket that has collected messages. */
export interface CollectingSocket {
  /** Writes what is collected, if there is anything. */
  writeCollected(): void
}

/** Bytes of messages that are collected before the end of the turn is not waited for. */
const maxCollectedBytes = 4_194_304

/**
 * The sockets of a transport that write at the end of the turn, when all events are handled that have come together:
 * messages that several callers send to the same sockets at about the same time leave in one write for each.
 */
export class TurnWrites {
  #sockets: CollectingSocket[] = []
  #bytes = 0
  #first: CollectedFrames | null = null
  readonly #write = () => this.#writeAll()

  /** Takes a socket that has begun to collect. */
  add(socket: CollectingSocket): void {
    if (this.#sockets.push(socket) === 1) setImmediate(this.#write)
  }

  /** The collection of a socket with one message more; null for one without any. */
  with(collected: CollectedFrames | null, frame: SharedFrame): CollectedFrames {
    const known = collected === null ? this.#first : collected.later
    if (known !== null && known.newest === frame) return known
    const made = new CollectedFrames(collected, frame)
    if (collected === null) this.#first = made
    else collected.later = made
    this.#bytes += frame.data.length
    return made
  }

  /** Writes early where much is collected; called before a socket collects one more. */
  makeRoom(): void {
    if (this.#bytes > maxCollectedBytes) this.#writeAll()
  }

  #writeAll(): void {
    const sockets = this.#sockets
    this.#sockets = []
    this.#bytes = 0
    this.#first = null
    for (const socket of sockets) socket.writeCollected()
  }
}
