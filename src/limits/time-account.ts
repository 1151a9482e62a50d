/** Milliseconds that flow into an account: a second's, and the most that it holds. */
export interface TimeShare {
  readonly millisPerSecond: number
  readonly burstMillis: number
}

/** Processor time that may be taken, which comes back with time: a bucket that may be overdrawn once. */
export interface Account {
  /** Whether any time is left. */
  hasTime(): boolean
  /** Whether all time is back, so that a new account would be the same. */
  isFull(): boolean
  /** Takes milliseconds, be they left or not. */
  take(millis: number): void
}

/** Creates a full account. `now` is a clock in milliseconds. */
export function createAccount({ millisPerSecond, burstMillis }: TimeShare, now: () => number): Account {
  let left = burstMillis
  let at = now()

  function current(): number {
    const time = now()
    left = Math.min(burstMillis, left + ((time - at) * millisPerSecond) / 1_000)
    at = time
    return left
  }

  return {
    hasTime: () => current() > 0,
    isFull: () => current() >= burstMillis,
    take(millis) {
      left = current() - millis
    },
  }
}
