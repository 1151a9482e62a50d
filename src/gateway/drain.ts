import type { Connection } from './connection.ts'
import type { OpenConnections } from './local-connections.ts'
import type { Work } from './work.ts'

export interface Drain {
  readonly begun: boolean
  run(seconds: number): Promise<void>
  /** A connection whose handshake was under way when the drain began. */
  late(connection: Connection): void
  stop(): void
}

export interface DrainOptions {
  readonly open: OpenConnections
  readonly work: Work
  readonly now: () => number
}

// Small enough that a handful of connections ends at once together, large enough to cost nothing.
const stepInMillis = 50

/** Ends all connections evenly over a time, so that their clients do not all come back in the same moment. */
export function createDrain({ open, work, now }: DrainOptions): Drain {
  let running: Promise<void> | null = null
  let timer: NodeJS.Timeout | null = null

  async function pace(seconds: number): Promise<void> {
    const startedAt = now()
    const endsAt = startedAt + seconds * 1000
    const total = open.size
    let ended = 0
    await new Promise<void>((resolve) => {
      function step(): void {
        const elapsed = now() - startedAt
        const over = now() >= endsAt
        const wanted = over
          ? Number.POSITIVE_INFINITY
          : Math.ceil((total * (elapsed + stepInMillis)) / (seconds * 1000))
        for (const connection of open.all()) {
          if (ended >= wanted) break
          // A message under way may still answer until the time is over.
          if (connection.inFlight > 0 && !over) continue
          open.end(connection, 'shuttingDown')
          ended++
        }
        if (open.size > 0) return
        clearInterval(timer as NodeJS.Timeout)
        timer = null
        resolve()
      }
      timer = setInterval(step, stepInMillis)
      step()
    })
    await work.settled()
  }

  return {
    get begun() {
      return running !== null
    },
    run(seconds) {
      running ??= pace(seconds)
      return running
    },
    late(connection) {
      open.end(connection, 'shuttingDown')
    },
    stop() {
      if (timer !== null) clearInterval(timer)
      timer = null
    },
  }
}
