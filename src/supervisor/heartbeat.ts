import type { Log } from '../observability/contract.ts'
import type { SupervisorTimings } from './supervisor-timings.ts'

export interface HeartbeatOptions {
  readonly log: Log
  readonly timings: SupervisorTimings
  /** Asks how the worker is, however long that takes. Resolves with undefined when it was not asked or has ended. */
  readonly ask: () => Promise<unknown>
  readonly heard: (answer: unknown) => void
}

/** Asks a worker every second how it is, one question at a time, so that a frozen one does not pile them up. */
export interface Heartbeat {
  /** Whether the worker does not answer. False once nothing is asked any more. */
  readonly silent: boolean
  /** Whether the worker has not answered for so long that no load explains it. */
  readonly frozen: boolean
  begin(): void
  /** Takes the worker, which left something else unanswered, for silent until it is heard again. */
  suspect(): void
  close(): void
}

export function createHeartbeat({ log, timings, ask, heard }: HeartbeatOptions): Heartbeat {
  const { tick: tickInMillis, silentTicks, loggedTicks } = timings
  let timer: NodeJS.Timeout | null = null
  let asking = false
  /**
   * The ticks without an answer. Not their time: a parent that was itself stopped for a while must not take all its
   * workers for frozen.
   */
  let missed = 0
  let suspected = false
  let closed = false

  async function tick(): Promise<void> {
    if (asking) {
      missed++
      if (missed === loggedTicks) log.warn({ seconds: missed * (tickInMillis / 1000) }, 'a worker does not answer')
      return
    }
    asking = true
    const answer = await ask()
    asking = false
    // Without an answer it has ended, or was not asked because too much else waits.
    if (closed || answer === undefined) return
    if (missed >= loggedTicks) log.info({ seconds: missed * (tickInMillis / 1000) }, 'a worker answers again')
    missed = 0
    suspected = false
    heard(answer)
  }

  return {
    get silent() {
      return !closed && (suspected || missed >= silentTicks)
    },
    get frozen() {
      return !closed && missed >= loggedTicks
    },
    begin() {
      if (timer !== null || closed) return
      timer = setInterval(() => void tick(), tickInMillis)
      void tick()
    },
    suspect() {
      suspected = !closed
    },
    close() {
      closed = true
      if (timer !== null) clearInterval(timer)
    },
  }
}
