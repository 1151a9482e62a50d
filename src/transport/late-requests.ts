import { setTimeout as pause } from 'node:timers/promises'
import type { PendingResponse } from './pending-response.ts'

/** Requests that wait for their answer while the transport is about to close. */
export interface LateRequests {
  add(pending: PendingResponse): void
  /** Resolves when none waits any more, and after so many milliseconds. */
  answered(timeoutInMillis: number): Promise<void>
}

/** Those that are answered are let go whenever there are this many, and twice as many as waited the last time. */
const roomForAnswered = 1_000
/** Between two looks. */
const stepInMillis = 10

export function createLateRequests(): LateRequests {
  const late = new Set<PendingResponse>()
  let room = roomForAnswered

  function forgetAnswered(): void {
    for (const pending of late) if (!pending.isWaiting) late.delete(pending)
    room = Math.max(roomForAnswered, 2 * late.size)
  }

  return {
    add(pending) {
      if (late.size >= room) forgetAnswered()
      late.add(pending)
    },
    async answered(timeoutInMillis) {
      const end = performance.now() + timeoutInMillis
      for (;;) {
        forgetAnswered()
        if (late.size === 0 || performance.now() >= end) return
        await pause(stepInMillis)
      }
    },
  }
}
