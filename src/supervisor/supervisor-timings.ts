/** In milliseconds, where nothing else is said. */
export interface SupervisorTimings {
  /** Between two questions to a worker how it is. */
  readonly tick: number
  /** Ticks in a row without an answer after which a worker is left out of what all are asked. */
  readonly silentTicks: number
  /** … and after which the log says so: no load should stop an event loop for so long. */
  readonly loggedTicks: number
  /** Before a worker that has died is started again; twice as long each further time, up to the longest. */
  readonly firstBackoff: number
  readonly longestBackoff: number
  /** A worker that listened for so long starts its backoff anew. */
  readonly lived: number
  /** For coming up, Redis and slow definitions included. */
  readonly start: number
  /** For becoming ready in the place of another worker. */
  readonly ready: number
  /** After the time of a drain: a backend may take 30 s for the last message, and as much for `$disconnect`. */
  readonly grace: number
  /** The same for a worker that does not even answer. */
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
