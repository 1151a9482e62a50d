import type { PendingRequest } from '../pending-request.ts'

/**
 * The state of a TCP connection over which plain requests come: one object, which is looked up once for each request.
 */
export class HttpConnection {
  /** Whether it ends with an answer that is on its way: what still comes over it is for nobody. */
  ended = false
  /** The last request that could not be answered at once; null before there was one. */
  waiting: PendingRequest | null = null

  /** Whether a request still waits for its answer: with a second one beside it, nobody could tell the answers apart. */
  get isBusy(): boolean {
    return this.waiting?.isWaiting ?? false
  }
}
