import type { Refused } from '../authorizers/contract.ts'
import { createLineLimit } from '../limits/line-limit.ts'
import type { Log } from '../observability/contract.ts'
import type { WebSocketStage } from '../stages/websocket-stage.ts'
import { type ThrottleCause, throttleCauses } from '../vocabulary/throttle-causes.ts'
import type { Connection } from './connection.ts'

/** The trace that throttled messages leave in the log: a line each, up to a rate. */
export interface ThrottledMessages {
  /** Counts a message that a limit refused, and writes its line. */
  note(connection: Connection, stage: WebSocketStage, routeKey: string | null, cause: ThrottleCause): void
  /** Ends the clock; what was left out is told. Safe to call twice. */
  close(): void
}

/** Creates the trace. */
export function createThrottledMessages(log: Log): ThrottledMessages {
  const limit = createLineLimit((leftOut) =>
    log.warn({ leftOut }, 'messages are throttled faster than that is logged; the others are only counted'),
  )
  return {
    note({ connectionId, sourceIp, apiId }, stage, routeKey, cause) {
      stage.throttled(cause).value++
      if (!limit.takes()) return
      const fields = { cause, limit: throttleCauses[cause], api: apiId, stage: stage.name, route: routeKey }
      log.info({ ...fields, connectionId, sourceIp }, 'message throttled')
    },
    close: limit.close,
  }
}

/** The refusal of a handshake that a limit does not let pass, counted; `retryAfter` in seconds, null for unknown. */
export function throttledHandshake(stage: WebSocketStage, cause: ThrottleCause, retryAfter: number | null): Refused {
  stage.throttled(cause).value++
  return {
    allowed: false,
    code: cause === 'quota' ? 'QUOTA_EXCEEDED' : 'TOO_MANY_REQUESTS',
    cause: throttleCauses[cause],
    ...(retryAfter !== null && { headers: [['Retry-After', String(retryAfter)]] }),
  }
}
