import { answeredFailure } from '../events/answered-failure.ts'
import type { ConnectionEvent } from '../events/event.ts'
import type { Log } from '../observability/contract.ts'
import type { Stage } from '../stages/stage.ts'
import { type ErrorCode, errorTable, GatewayError } from '../vocabulary/errors.ts'

/**
 * Turns whatever a step threw into a code of the table, once: the client gets the table's text, the log gets the
 * cause, the metrics get the code, and the access log finds it in the event.
 */
export function recordFailure(error: unknown, event: ConnectionEvent, stage: Stage, log: Log): ErrorCode {
  const code = error instanceof GatewayError ? error.code : 'INTERNAL_ERROR'
  const { status } = errorTable[code]
  event.status = status
  event.failure = answeredFailure(code)
  stage.errors(code).value++
  const fields = {
    code,
    api: stage.apiId,
    stage: stage.name,
    route: event.routeKey,
    connectionId: event.record.connectionId,
    requestId: event.requestId,
    err: error,
  }
  if (code === 'INTERNAL_ERROR') log.error(fields, 'a step of the gateway failed')
  else if (status >= 500) log.warn(fields, 'integration failed')
  else log.debug(fields, 'request refused')
  return code
}
