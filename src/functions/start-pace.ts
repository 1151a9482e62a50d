import type { ReportedError } from './process.ts'

/** The time after a failed load in which another one is not tried. */
const loadRetryInMillis = 1_000
/** The crashes in a row after which the next process starts at once; it waits longer and longer after further ones. */
const freeRestarts = 3
const firstDelayInMillis = 100
const maxDelayInMillis = 2_000

/** The pace at which the processes of a function may start: slower after crashes and loads that failed. */
export interface StartPace {
  /** Milliseconds until another process may start; 0 or less for now. */
  delay(): number
  /** Notes that a process has ended of itself. */
  crashed(): void
  /** Notes that a process did what it was asked: what crashed before counts no more. */
  worked(): void
  /** Notes that the handler could not be loaded; `error` is kept, if there is one to keep, until the next may be tried. */
  loadFailed(error: ReportedError | null): void
  loaded(): void
  /** The error of the last load, while it is too early for another. */
  readonly loadError: ReportedError | null
  /** Forgets everything: the code is another. */
  reset(): void
}

/** Creates the pace of one function. `now` is a monotonic clock, in milliseconds. */
export function createStartPace(now: () => number): StartPace {
  let crashes = 0
  let startAgainAt = 0
  let loadError: { readonly error: ReportedError; readonly until: number } | null = null

  return {
    delay: () => startAgainAt - now(),
    crashed() {
      crashes++
      if (crashes <= freeRestarts) return
      startAgainAt = now() + Math.min(maxDelayInMillis, firstDelayInMillis * 2 ** (crashes - freeRestarts - 1))
    },
    worked() {
      crashes = 0
    },
    loadFailed(error) {
      startAgainAt = now() + loadRetryInMillis
      if (error !== null) loadError = { error, until: startAgainAt }
    },
    loaded() {
      loadError = null
    },
    get loadError() {
      return loadError !== null && now() < loadError.until ? loadError.error : null
    },
    reset() {
      loadError = null
      crashes = 0
      startAgainAt = 0
    },
  }
}
