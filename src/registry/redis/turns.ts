/**
 * The order of what is said to other workers while some of it has to be looked up first: nothing of one lane overtakes
 * what was begun before it there. A lane is an API; what names none has the lane `''`, and waits for all others.
 */
export interface Turns {
  readonly waiting: number
  /** Whether nothing waits before what is said in a lane now. */
  isFree(lane: string): boolean
  /**
   * Calls `act` with what `ready` resolves with, when its turn has come, and resolves with its outcome; null when too much
   * waits already. `ready` must not reject, and `act` not throw.
   */
  take<T, Outcome>(
    lane: string,
    bytes: number,
    ready: Promise<T> | T,
    act: (found: T) => Outcome | Promise<Outcome>,
  ): Promise<Outcome> | null
}

/** Calls that may wait, and their bytes. */
const maxWaiting = 20_000
const maxWaitingBytes = 64 * 1024 * 1024

interface Lane {
  waiting: number
  /** Resolves when the last one that waits has had its turn. */
  last: Promise<unknown>
}

export function createTurns(): Turns {
  const lanes = new Map<string, Lane>()
  let waiting = 0
  let waitingBytes = 0

  function leave(name: string, lane: Lane, bytes: number): void {
    waiting--
    waitingBytes -= bytes
    if (--lane.waiting === 0) lanes.delete(name)
  }

  return {
    get waiting() {
      return waiting
    },
    isFree: (lane) => waiting === 0 || (lane !== '' && !lanes.has(lane)),
    take(name, bytes, ready, act) {
      if (waiting >= maxWaiting || waitingBytes + bytes > maxWaitingBytes) return null
      const before = name === '' ? [...lanes.values()].map(({ last }) => last) : [lanes.get(name)?.last]
      const lane = lanes.get(name) ?? { waiting: 0, last: Promise.resolve() }
      lanes.set(name, lane)
      lane.waiting++
      waiting++
      waitingBytes += bytes
      const begun = Promise.all([ready, ...before]).then(([found]) => {
        // In an object: a promise of the outcome must not hold up the next one.
        const outcome = { of: act(found) }
        leave(name, lane, bytes)
        return outcome
      })
      lane.last = begun
      return begun.then((outcome) => outcome.of)
    },
  }
}
