import type { IntegrationReport, ReportedEvent } from '../events/integration-report.ts'
import type { FunctionFinder, FunctionScope, FunctionTarget, InvocationResult } from '../functions/contract.ts'
import { GatewayError } from '../vocabulary/errors.ts'
import type { ReportFault } from './contract.ts'

/** Finds the function of an integration; null where there is none, which is reported. */
export function findTarget(
  functions: FunctionFinder,
  integrationUri: string,
  scope: FunctionScope,
  report: ReportFault,
): FunctionTarget | null {
  const target = functions.find(integrationUri, scope)
  if (typeof target !== 'string') return target
  report(['integrationUri'], target)
  return null
}

/** Calls the function, and sets the report of the event. */
export async function timedCall(
  event: ReportedEvent,
  invoke: () => Promise<InvocationResult>,
): Promise<InvocationResult> {
  const startedAt = performance.now()
  try {
    const result = await invoke()
    event.integration = {
      latencyInMillis: performance.now() - startedAt,
      status: 200,
      errorMessage: null,
      requestId: result.requestId,
    }
    return result
  } catch (error) {
    const known = gatewayErrorOf(error)
    event.integration = {
      latencyInMillis: performance.now() - startedAt,
      status: null,
      errorMessage: known.message,
      requestId: null,
    }
    throw known
  }
}

/** The error to throw for a call whose answer was no good; the report of the event says why. */
export function notedFailure(event: ReportedEvent, error: unknown): GatewayError {
  const known = gatewayErrorOf(error)
  noteFailure(event, known.message)
  return known
}

/** Notes in the report of the event why its answer was no good. */
export function noteFailure(event: ReportedEvent, errorMessage: string): void {
  event.integration = { ...(event.integration as IntegrationReport), errorMessage }
}

function gatewayErrorOf(error: unknown): GatewayError {
  return error instanceof GatewayError ? error : new GatewayError('INTERNAL_ERROR', undefined, { cause: error })
}
