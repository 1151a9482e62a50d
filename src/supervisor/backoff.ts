import type { SupervisorTimings } from './supervisor-timings.ts'

/**
 * Milliseconds until a worker that has died is started again, by how often it did so before without having lived for
 * a while: twice as long each time, and jittered, so that workers which died together do not come back together.
 */
export function backoff(
  failures: number,
  random: () => number,
  { firstBackoff, longestBackoff }: Pick<SupervisorTimings, 'firstBackoff' | 'longestBackoff'>,
): number {
  const most = Math.min(longestBackoff, firstBackoff * 2 ** Math.min(failures, 30))
  return Math.round(most * (0.5 + 0.5 * random()))
}
