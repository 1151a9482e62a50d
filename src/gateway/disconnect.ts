import { DisconnectEvent } from '../events/disconnect-event.ts'
import type { Log } from '../observability/contract.ts'
import type { WebSocketStage } from '../stages/websocket-stage.ts'
import type { ConnectionRecord } from '../vocabulary/connection.ts'
import { recordFailure } from './failure.ts'
import { invokeRoute, recordCallFailure, recordResult } from './invoke.ts'
import type { Work } from './work.ts'

export interface DisconnectOptions {
  readonly work: Work
  readonly log: Log
  readonly now: () => number
}

/** Whether the end of a connection is told to anybody: the backend, or the reader of an access log. */
export function tellsOfEnds({ disconnectRoute, accessLog }: WebSocketStage): boolean {
  return disconnectRoute !== null || accessLog !== null
}

/**
 * Tells the backend that a connection has ended: `$disconnect` with code and reason, then one access-log line.
 * The integration's answer is ignored; a failure is logged and counted. Resolves when the backend has answered.
 */
export function createDisconnectHandler({ work, log, now }: DisconnectOptions) {
  return async function disconnect(
    record: ConnectionRecord,
    stage: WebSocketStage,
    code: number,
    reason: string,
  ): Promise<void> {
    if (!tellsOfEnds(stage)) return
    const route = stage.disconnectRoute
    const event = new DisconnectEvent(record, code, reason, now())
    event.status = 200
    work.begin()
    try {
      // An integration is optional here too.
      if (route !== null && route.integration !== null) {
        route.received.value++
        recordResult(route, event, await invokeRoute(route, event))
      }
    } catch (error) {
      recordFailure(error, event, stage, log)
      if (route !== null) recordCallFailure(route, event, error)
    } finally {
      work.end()
    }
    stage.accessLog?.(event)
  }
}
