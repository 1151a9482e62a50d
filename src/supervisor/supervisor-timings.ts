/** The times by which the supervisor judges its workers, in milliseconds where nothing else is said. */
export interface SupervisorTimings {
  /** The time between two questions to a worker how it is. */
  readonly tick: number
  /** Ticks in a row without an answer after which a worker is left out of what all are asked. */
  readonly silentTicks: number
  /**
   * Ticks in a row without an answer after which the worker is frozen, and the log says so: no load should stop an event
   * loop for so long.
   */
  readonly loggedTicks: number
  /** The wait before a worker that has died is started again; twice as long each further time, up to the longest. */
  readonly firstBackoff: number
  readonly longestBackoff: number
  /** The time for which a worker must have listened to start its backoff anew. */
  readonly lived: number
  /** The longest that a worker may take to come up, Redis and slow definitions included. */
  readonly start: number
  /** The longest that a worker may take to become ready in the place of another one. */
  readonly ready: number
  /** The time beyond that of a drain: a backend may take 30 s for the last message, and as much for `$disconnect`. */
  readonly grace: number
  /** The time beyond that of a drain after which a worker that is frozen is killed. */
  readonly silentGrace: number
}

export const supervisorTimings: SupervisorTimings = {
  tick: 1_000,
  silentTicks: 3,
  loggedTicks: 10,
  firstBackoff: 500,
  longestBackoff: 30_000,
  lived: 60_000,
  start: 120_000,
  ready: 60_000,
  grace: 75_000,
  silentGrace: 5_000,
}
