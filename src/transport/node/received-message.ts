import { IncomingMessage } from 'node:http'

/** Takes the pieces of a body in their order, and null at its end. */
export type BodySink = (chunk: Buffer | null) => void

/**
 * A request as node:http makes it of what its parser reads. It leaves out what nobody here asks for, and each request
 * would pay: the object of all headers, and the events of a stream for a body that is only collected.
 */
export class ReceivedMessage extends IncomingMessage {
  #sink: BodySink | null = null
  #held = false
  /** Whether the stream is read: node:http throws away the body of a request that is answered when nobody has. */
  declare _consumed: boolean

  /** Hands on the body as it comes. To be called before any of it has come; the stream then stays empty. */
  readInto(sink: BodySink): void {
    this.#sink = sink
    this._consumed = true
  }

  /** Called by node:http for each piece of the body, and with null at its end. */
  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    if (this.#sink === null) return super.push(chunk, encoding)
    this.#sink(chunk)
    // With false, node:http reads no more from the connection.
    return !this.#held || chunk === null
  }

  /** Has the body come no further, or go on. */
  hold(held: boolean): void {
    if (this.#held === held) return
    this.#held = held
    if (held) this.socket.pause()
    else this.socket.resume()
  }
}

/** The headers that node:http itself looks at, by their lower-case names; whoever else wants any reads `rawHeaders`. */
Object.defineProperty(ReceivedMessage.prototype, 'headers', {
  get(this: ReceivedMessage) {
    const { rawHeaders } = this
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] as string
      if (name.length === 6 && name.toLowerCase() === 'expect') return { expect: rawHeaders[i + 1] }
    }
    return none
  },
})
const none = Object.freeze({})
