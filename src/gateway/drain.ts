import { setTimeout as pause } from 'node:timers/promises'
import type { Connection } from './connection.ts'
import type { OpenConnections } from './local-connections.ts'
import type { Work } from './work.ts'

export interface Drain {
  /** Whether it is announced: other processes should know by now that no client is to be sent here. */
  readonly announced: boolean
  /** Whether new connections are refused. */
  readonly begun: boolean
  /** Resolves after so many seconds, in which everything is served as before. */
  announce(seconds: number): Promise<void>
  /** Resolves when the last `$disconnect` is answered and the clients have had time to answer their close frames. */
  run(seconds: number): Promise<void>
  /** Takes a connection whose handshake was under way when the drain began. */
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
/** Milliseconds that slow clients still have, when the time is over, to take what waits for them. */
const flushInMillis = 5_000
/**
 * Milliseconds between the last close frame and the end of the process: whatever a client sends to a process that is
 * gone is answered with a reset, which may overtake frames that it has not read. RFC 6455 §7.1.1 has clients answer at
 * once.
 */
const closingInMillis = 1_000

/** Ends all connections evenly over a time, so that their clients do not all come back in the same moment. */
export function createDrain({ open, work, now }: DrainOptions): Drain {
  const stopping = new AbortController()
  let announced = false
  let running: Promise<void> | null = null
  let lastEndAt = Number.NEGATIVE_INFINITY

  async function run(seconds: number): Promise<void> {
    await endAll(seconds)
    await work.settled()
    await wait(lastEndAt + closingInMillis - now())
  }

  async function endAll(seconds: number): Promise<void> {
    const startedAt = now()
    const total = open.size
    let ended = 0
    while (open.size > 0 && !stopping.signal.aborted) {
      const elapsed = now() - startedAt
      if (elapsed >= seconds * 1000) endRest(elapsed - seconds * 1000 >= flushInMillis)
      else ended += endSome(Math.ceil((total * (elapsed + stepInMillis)) / (seconds * 1000)) - ended)
      if (open.size > 0) await wait(stepInMillis)
    }
  }

  function endSome(wanted: number): number {
    let ended = 0
    for (const connection of open.all()) {
      if (ended >= wanted) break
      // A message under way may still answer, and what was sent may still arrive, until the time is over.
      if (connection.inFlight > 0 || hasWaitingBytes(connection)) continue
      end(connection)
      ended++
    }
    return ended
  }

  /**
   * Ends the connections that are left. A message that a poster was told is sent must not be lost: clients for whom
   * bytes wait get no more messages, and their close later.
   */
  function endRest(atOnce: boolean): void {
    for (const connection of open.all()) {
      if (!atOnce && hasWaitingBytes(connection)) open.hold(connection, 'shuttingDown')
      else end(connection)
    }
  }

  function end(connection: Connection): void {
    open.hold(connection, 'shuttingDown')
    open.release(connection)
    lastEndAt = now()
  }

  async function wait(milliseconds: number): Promise<void> {
    if (milliseconds <= 0) return
    await pause(milliseconds, undefined, { signal: stopping.signal }).catch(() => {})
  }

  return {
    get announced() {
      return announced
    },
    get begun() {
      return running !== null
    },
    async announce(seconds) {
      announced = true
      await wait(seconds * 1000)
    },
    run(seconds) {
      announced = true
      running ??= run(seconds)
      return running
    },
    late: end,
    stop() {
      stopping.abort()
    },
  }
}

function hasWaitingBytes({ socket, backlog }: Connection): boolean {
  return socket !== null && (backlog !== null || socket.bufferedBytes() > 0)
}
