/** The bytes that wait for clients of this worker which read too slowly, and how many those may be in all. */
export class WaitingBytes {
  readonly limit: number
  /** The sum, which whoever lets bytes wait keeps up to date. */
  total = 0

  constructor(limit: number) {
    this.limit = limit
  }

  /** Whether nothing may be added for a client for whom something waits. */
  get isFull(): boolean {
    return this.total >= this.limit
  }
}
