import { Arrivals, type Counts } from './delivery.ts'

/** The sender of what is posted to a group. */
const nobody = -1

/** Late frames are compared with the senders of so many messages before. */
const rememberedSenders = 4_096

/**
 * Clients that get each other's messages. All clients of a group live in one process, so that who should get a
 * message is known exactly at the moment it is sent.
 */
export class Group {
  readonly number: number
  readonly #members = new Set<Receiver>()
  readonly #senders = new Int32Array(rememberedSenders)
  readonly #counts: Counts
  #next = 0

  constructor(number: number, counts: Counts) {
    this.number = number
    this.#counts = counts
  }

  /** Makes a client a member that should get all that is sent from now on. */
  join(client: number): Receiver {
    const receiver = new Receiver(this, client, this.#next, this.#counts)
    this.#members.add(receiver)
    return receiver
  }

  leave(receiver: Receiver): void {
    this.#members.delete(receiver)
  }

  /** Counts a message in and gives its number; `expected` is how many frames it should become. */
  send(sender: Receiver, toSelf: boolean): { readonly number: number; readonly expected: number } {
    const number = this.#next++
    this.#senders[number % rememberedSenders] = sender.client
    if (!toSelf) sender.skip()
    const expected = this.#members.size - (toSelf || !this.#members.has(sender) ? 0 : 1)
    this.#counts.expected += expected
    return { number, expected }
  }

  /** Counts a message in that none of its clients sends, as `send` does. */
  post(): { readonly number: number; readonly expected: number } {
    const number = this.#next++
    this.#senders[number % rememberedSenders] = nobody
    this.#counts.expected += this.#members.size
    return { number, expected: this.#members.size }
  }

  get next(): number {
    return this.#next
  }

  /** The sender of a message by its number; null when that is too long ago. */
  senderOf(number: number): number | null {
    if (number < this.#next - rememberedSenders || number >= this.#next) return null
    return this.#senders[number % rememberedSenders] as number
  }
}

/** The account of what one client of a group gets. */
export class Receiver {
  readonly client: number
  readonly #group: Group
  readonly #first: number
  readonly #counts: Counts
  readonly #arrivals: Arrivals
  /** The number after the last that it should get; null while it is a member. */
  #end: number | null = null
  #skipped = 0
  #received = 0

  constructor(group: Group, client: number, first: number, counts: Counts) {
    this.#group = group
    this.client = client
    this.#first = first
    this.#counts = counts
    this.#arrivals = new Arrivals(first)
  }

  get groupNumber(): number {
    return this.#group.number
  }

  /** The message that is sent now is its own, and does not come back. */
  skip(): void {
    if (this.#end === null) this.#skipped++
  }

  /** Whether the frame is one that it should get and gets for the first time. */
  receive(number: number, skipsOwn: boolean): boolean {
    // Sent before it joined or after it left: that it comes all the same is nobody's fault.
    if (number < this.#first || number >= (this.#end ?? this.#group.next)) return false
    const isExpected = (missed: number) => !skipsOwn || this.#group.senderOf(missed) !== this.client
    const arrival = this.#arrivals.add(number, isExpected)
    if (arrival === 'again') {
      this.#counts.duplicated++
      return false
    }
    if (arrival === 'late' && this.#wasOvertaken(number)) this.#counts.outOfOrder++
    this.#received++
    this.#counts.received++
    return true
  }

  /** Whether a later message of the same sender came before; messages of different senders have no order. */
  #wasOvertaken(number: number): boolean {
    const sender = this.#group.senderOf(number)
    if (sender === null) return false
    for (let later = number + 1; later <= this.#arrivals.highest; later++) {
      if (this.#group.senderOf(later) === sender && !this.#arrivals.isMissing(later)) return true
    }
    return false
  }

  /** Nothing that is sent from now on is for it. */
  leave(): void {
    if (this.#end !== null) return
    this.#end = this.#group.next
    this.#group.leave(this)
  }

  get missing(): number {
    return (this.#end ?? this.#group.next) - this.#first - this.#skipped - this.#received
  }

  /** The last word: what is missing is lost, or cut off when the connection ended by itself. Once. */
  settle(wasCutOff: boolean): void {
    this.leave()
    const missing = this.missing
    this.#received += missing
    this.#counts[wasCutOff ? 'cutOff' : 'lost'] += missing
  }
}
