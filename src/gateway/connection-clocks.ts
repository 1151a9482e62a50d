import type { TokenLife } from '../authorizers/contract.ts'
import { createDeadlines } from '../limits/deadlines.ts'
import { tokenExpiresFrame } from '../responses/token-frames.ts'
import type { WebSocketStage } from '../stages/websocket-stage.ts'
import type { Connection } from './connection.ts'
import type { OpenConnections } from './local-connections.ts'

/** The clocks of open connections: idle timeout, lifetime, the end of a token. */
export interface ConnectionClocks {
  /** Watches a connection from now on. */
  add(connection: Connection, stage: WebSocketStage): void
  remove(connection: Connection): void
  /** Stops them all. */
  close(): void
}

export interface ConnectionClocksOptions {
  readonly open: Pick<OpenConnections, 'end' | 'sendTo'>
  readonly now: () => number
  /** A random number from 0 (inclusive) to 1: spreads the ends of connections that began together. */
  readonly random: () => number
}

// A lifetime ends up to a tenth early, so that clients which connected together do not come back together.
const lifetimeJitter = 0.1

// A reload may switch a clock on: look at every connection once in a while even where both are off.
const longestLook = 60_000

export function createConnectionClocks({ open, now, random }: ConnectionClocksOptions): ConnectionClocks {
  const deadlines = createDeadlines<Connection>({ now, due })

  /** Ends what is idle or old; otherwise says when to look again. */
  function due(connection: Connection, time: number): number | null {
    const stage = connection.slot.current
    if (stage === null || connection.ending !== null) return null
    const idle = stage.idleTimeoutInMillis
    // A message under way is not idleness: its reply would find no one.
    if (idle > 0 && connection.inFlight === 0 && time - connection.lastActiveAt >= idle) {
      open.end(connection, 'idleTimeout')
      return null
    }
    if (time >= endOfLife(connection, stage)) {
      open.end(connection, 'lifetimeReached')
      return null
    }
    if (stage.tokens !== null && endOfToken(connection, stage.tokens, time)) return null
    return nextLook(connection, stage)
  }

  /** Ends a connection whose token has ended, and warns its client before; gives whether it ended. */
  function endOfToken(connection: Connection, { closesAtExpiry, warningInMillis }: TokenLife, time: number): boolean {
    const { token } = connection
    if (!closesAtExpiry || token === null || token.expiresAt === null) return false
    if (time >= token.expiresAt) {
      open.end(connection, 'tokenExpired')
      return true
    }
    if (warningInMillis > 0 && time >= token.expiresAt - warningInMillis && connection.warnedOf !== token) {
      connection.warnedOf = token
      open.sendTo(connection, tokenExpiresFrame(connection.connectionId, token.expiresAt), false)
    }
    return false
  }

  /** The next time at which its token matters to a connection. */
  function nextOfToken({ token, warnedOf }: Connection, { tokens }: WebSocketStage): number {
    if (tokens === null || !tokens.closesAtExpiry || token === null || token.expiresAt === null) {
      return Number.POSITIVE_INFINITY
    }
    return warnedOf === token ? token.expiresAt : token.expiresAt - tokens.warningInMillis
  }

  function nextLook(connection: Connection, stage: WebSocketStage): number {
    const idle = stage.idleTimeoutInMillis
    const idleAt = idle > 0 ? Math.max(connection.lastActiveAt + idle, now() + 1000) : Number.POSITIVE_INFINITY
    return Math.min(idleAt, endOfLife(connection, stage), nextOfToken(connection, stage), now() + longestLook)
  }

  function endOfLife(connection: Connection, stage: WebSocketStage): number {
    const lifetime = stage.connectionLifetimeInMillis
    if (lifetime === 0) return Number.POSITIVE_INFINITY
    connection.jitter ??= random() * lifetimeJitter
    return connection.connectedAt + lifetime * (1 - connection.jitter)
  }

  return {
    add: (connection, stage) => deadlines.add(connection, nextLook(connection, stage)),
    remove: deadlines.remove,
    close: deadlines.close,
  }
}
