import type { RequestContext } from '../events/request-context.ts'
import type { Log } from '../observability/contract.ts'
import type { Stage } from '../stages/stage.ts'
import { type ErrorCode, errorTable, GatewayError } from '../vocabulary/errors.ts'

/**
 * Turns whatever a step threw into a code of the table, once: the client gets the table's text, the log gets the
 * cause, the metrics get the code, and the access log finds it in the context.
 */
export function recordFailure(error: unknown, context: RequestContext, stage: Stage, log: Log): ErrorCode {
  const code = error instanceof GatewayError ? error.code : 'INTERNAL_ERROR'
  const { status, message, responseType } = errorTable[code]
  context.status = status
  context.errorMessage = message
  context.errorResponseType = responseType
  stage.errors(code).value++
  const fields = {
    code,
    api: stage.apiId,
    stage: stage.name,
    route: context.routeKey,
    connectionId: context.connection.connectionId,
    requestId: context.requestId,
    err: error,
  }
  if (code === 'INTERNAL_ERROR') log.error(fields, 'a step of the gateway failed')
  else if (status >= 500) log.warn(fields, 'integration failed')
  else log.debug(fields, 'request refused')
  return code
}
