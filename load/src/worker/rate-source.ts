import { now } from './clock.ts'
import type { Schedule } from './schedule.ts'

export interface RateSourceOptions {
  /** Number of events a second. */
  readonly rate: number
  readonly schedule: Schedule
  /** Does the one that was due then; false when it can't now: it is tried again, and stays due then. */
  send(due: number): boolean
  /** Whether anyone is there to do it; while nobody is, nothing becomes due. */
  isPossible(): boolean
}

/** Does things on a schedule that stands, whatever they take: what cannot be done in time is late, and all of it is done. */
export interface RateSource {
  start(): void
  /** Stops the source, and returns how many events were due by then, when it had to end, and have not been done. */
  stop(by: number): number
  /** Something became possible again. */
  wake(): void
}

/** One batch is no longer than this, so that sockets are read in between. */
const maxBatch = 2_000
const pollMillis = 1

export function createRateSource({ rate, schedule, send, isPossible }: RateSourceOptions): RateSource {
  const interval = 1000 / rate
  let isRunning = false
  /** Origin of the schedule that stands: the k-th event is due at `origin + k * interval`. */
  let origin = 0
  let done = 0
  let epoch = 0
  let isIdle = false

  function begin(): void {
    origin = now()
    done = 0
    isIdle = false
  }

  function pump(): void {
    if (!isRunning) return
    if (!isPossible()) {
      isIdle = true
      return
    }
    if (isIdle) begin()
    const time = now()
    plan(sendUntil(time) ? Math.max(time, origin + done * interval) : time + pollMillis)
  }

  /** Does what is due by then, a batch of it at most; false when something could not be done. */
  function sendUntil(time: number): boolean {
    for (let sent = 0; sent < maxBatch; sent++) {
      const due = origin + done * interval
      if (due > time) break
      if (!send(due)) return false
      done++
    }
    return true
  }

  function plan(at: number): void {
    const mine = ++epoch
    schedule.at(at, () => {
      if (mine === epoch) pump()
    })
  }

  return {
    start() {
      if (isRunning) return
      isRunning = true
      begin()
      pump()
    },
    stop(by) {
      if (!isRunning) return 0
      isRunning = false
      epoch++
      if (isIdle || !isPossible()) return 0
      // What is due just now waits for nothing but its timer.
      sendUntil(by)
      return Math.max(0, Math.floor((by - origin) / interval) + 1 - done)
    },
    wake() {
      if (isRunning && isIdle) pump()
    },
  }
}
