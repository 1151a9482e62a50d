import { setTimeout as pause } from 'node:timers/promises'

/** A request that may wait for its answer. */
interface Waiting {
  readonly isWaiting: boolean
}

/** Requests that wait for their answer while the transport is about to close. */
export interface LateRequests {
  add(pending: Waiting): void
  /**
   * Resolves when no request waits any more and none has come for half a second, or when so many milliseconds have
   * passed. Callers who keep their connections open need that time to come by once more and be told to leave.
   */
  answered(timeoutInMillis: number): Promise<void>
}

/**
 * Requests that are kept before the answered ones among them are forgotten; afterwards at least twice as many as still
 * wait.
 */
const roomForAnswered = 1_000
/** Milliseconds between two looks at the requests. */
const stepInMillis = 10
const quietInMillis = 500
/**
 * Looks that must find nothing new: time alone does not prove that nothing came, since a process that stood still has
 * not read yet what came meanwhile.
 */
const quietLooks = 3

export function createLateRequests(): LateRequests {
  const late = new Set<Waiting>()
  let room = roomForAnswered
  let newestAt = performance.now()
  let looks = 0

  function forgetAnswered(): void {
    for (const pending of late) if (!pending.isWaiting) late.delete(pending)
    room = Math.max(roomForAnswered, 2 * late.size)
  }

  return {
    add(pending) {
      if (late.size >= room) forgetAnswered()
      late.add(pending)
      newestAt = performance.now()
      looks = 0
    },
    async answered(timeoutInMillis) {
      const end = performance.now() + timeoutInMillis
      for (;;) {
        forgetAnswered()
        const now = performance.now()
        const isQuiet = now - newestAt >= quietInMillis && ++looks >= quietLooks
        if ((isQuiet && late.size === 0) || now >= end) return
        await pause(stepInMillis)
      }
    },
  }
}
