import { hrtime } from 'node:process'

const offset = Number(hrtime.bigint()) / 1e6 - performance.now()

/** The exactness of timers: a message that leaves no later than so after it was due counts from when it left. */
export const timerMillis = 2

/** Milliseconds, with fractions, of the machine's monotonic clock: the same in every process, never set back. */
export function now(): number {
  return performance.now() + offset
}
