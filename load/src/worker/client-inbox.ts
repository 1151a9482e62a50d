import { now } from './clock.ts'
import type { Member } from './member.ts'
import { type MessageKind, parse, type ReplyKind } from './message-kind.ts'
import type { ReplyBook } from './reply-book.ts'
import type { WorkerContext } from './worker-context.ts'

interface Expected {
  readonly kind: MessageKind
  readonly reply: ReplyKind
  readonly book: ReplyBook
}

/** The replies and frames that a client waits for, and what comes of them. */
export class ClientInbox {
  readonly #client: Member
  readonly #context: WorkerContext
  readonly #expected: readonly Expected[]
  readonly #byKind: readonly (Expected | undefined)[]
  readonly #readsFrames: boolean
  readonly #repliesByStamp: boolean

  constructor(client: Member, context: WorkerContext) {
    this.#client = client
    this.#context = context
    this.#expected = context.kinds.flatMap((kind) =>
      kind.reply === null ? [] : [{ kind, reply: kind.reply, book: kind.reply.createBook() }],
    )
    this.#byKind = context.kinds.map((kind) => this.#expected.find((each) => each.kind === kind))
    this.#readsFrames = this.#expected.some(({ reply }) => reply.readsFrames)
    this.#repliesByStamp = this.#expected.some(({ reply }) => reply.by === 'stamp')
  }

  /** Replies that may still come in time. */
  get waiting(): number {
    let waiting = 0
    for (const { book } of this.#expected) waiting += book.waiting
    return waiting
  }

  waitingFor(kind: MessageKind): number {
    return this.#byKind[kind.index]?.book.waiting ?? 0
  }

  expect(kind: MessageKind, key: string | number, due: number, sent: number): void {
    this.#byKind[kind.index]?.book.add(key, due, sent)
  }

  message(bytes: number, source: Buffer, start: number): void {
    if (this.#context.usesStamps && this.#stamped(bytes, source, start)) return
    const [only] = this.#expected
    if (!this.#readsFrames && this.#expected.length === 1 && only?.reply.by === 'order') this.#take(only, '', undefined)
    else if (!this.#find(bytes, source, start)) this.#context.tally.counters.unexpected++
  }

  /** Whether the stamps of a frame say all of it. Several in one frame are several messages that came in one. */
  #stamped(bytes: number, source: Buffer, start: number): boolean {
    const { stamps, tally } = this.#context
    const end = start + bytes
    let isStamped = false
    for (let at = stamps.next(source, start, end); at >= 0; at = stamps.next(source, at, end)) {
      const { kind, stream, number, millis } = stamps
      // A reply may carry the stamp of its message and yet be found by something else.
      isStamped ||= kind !== 'reply' || this.#repliesByStamp
      if (kind === 'push') {
        if (stream === this.#client.values.index && this.#client.ledger?.receive(number)) {
          tally.counters.pushesReceived++
          tally.latency('push', now() - millis)
        }
      } else if (kind === 'fanOut') this.#fannedOut(stream, number, millis, bytes, source, start)
      else if (stream !== this.#client.values.index || !this.#stampedReply(number, bytes, source, start, false)) {
        if (this.#repliesByStamp) tally.counters.unexpected++
      }
    }
    return isStamped
  }

  #fannedOut(stream: number, number: number, millis: number, bytes: number, source: Buffer, start: number): void {
    const { receiver, values } = this.#client
    if (stream !== values.group || receiver === null) return
    const isNew = receiver.receive(number, this.#context.skipsOwn)
    if (isNew) {
      this.#context.tally.counters.fanOutReceived++
      this.#context.tally.latency('fanOut', now() - millis)
    }
    this.#stampedReply(number, bytes, source, start, true)
  }

  /** Whether a message waited for it. */
  #stampedReply(number: number, bytes: number, source: Buffer, start: number, isFanOut: boolean): boolean {
    for (const expected of this.#expected) {
      if (expected.reply.by !== 'stamp' || (expected.kind.fanOut !== null) !== isFanOut) continue
      const document = expected.reply.readsFrames ? parse(source.toString('utf8', start, start + bytes)) : undefined
      if (expected.reply.matches(document) && this.#take(expected, number, document)) return true
    }
    return false
  }

  /** Whether the frame is a reply to one of the kinds that wait. */
  #find(bytes: number, source: Buffer, start: number): boolean {
    if (this.#expected.length === 0) return false
    const document = this.#readsFrames ? parse(source.toString('utf8', start, start + bytes)) : undefined
    let oldest: Expected | null = null
    let oldestSent = Number.POSITIVE_INFINITY
    for (const expected of this.#expected) {
      const { reply, book } = expected
      if (reply.by === 'stamp' || !reply.matches(document)) continue
      if (reply.by === 'path') {
        const key = reply.keyOf(document)
        if (key !== null && this.#take(expected, key, document)) return true
      } else if ((book.oldest ?? Number.POSITIVE_INFINITY) < oldestSent) {
        oldest = expected
        oldestSent = book.oldest as number
      }
    }
    // A reply that came after its time still has its place in the order.
    const late = this.#expected.find(({ reply }) => reply.by === 'order' && reply.matches(document))
    const taken = oldest ?? late
    return taken !== undefined && this.#take(taken, '', document)
  }

  /** Whether something waited for it. */
  #take({ kind, reply, book }: Expected, key: string | number, document: unknown): boolean {
    const due = book.take(key)
    const { tally } = this.#context
    if (due === null) {
      if (reply.by === 'order') tally.counters.unexpected++
      return reply.by === 'order'
    }
    tally.counters.replies++
    tally.latency('reply', now() - due)
    for (const check of reply.checks) {
      const failure = check.failure(document)
      tally.check(check.name, failure === null, failure ?? '')
      if (failure !== null) tally.error('check', `${check.name}: ${failure}`)
    }
    for (const lane of this.#client.lanes) if (lane.kind === kind) lane.replied()
    return true
  }

  /** Gives up on replies whose time is over. */
  expire(time: number): void {
    for (const { kind, reply, book } of this.#expected) {
      if (book.waiting === 0) continue
      const expired = book.expire(time - reply.timeout)
      if (expired === 0) continue
      this.#context.tally.error('replyTimeout', `no reply to ${kind.name} in time`, expired)
      for (const lane of this.#client.lanes) if (lane.kind === kind) lane.gaveUp(expired)
    }
  }

  /** Forgets all; how many replies still could have come. */
  clear(): number {
    let waiting = 0
    for (const { book } of this.#expected) waiting += book.clear()
    return waiting
  }
}
