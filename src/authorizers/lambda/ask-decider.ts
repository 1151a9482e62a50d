import type { IntegrationReport } from '../../events/integration-report.ts'
import { GatewayError } from '../../vocabulary/errors.ts'
import type { Refused } from '../contract.ts'
import type { Decider, DeciderAnswer } from './deciders.ts'

/** An event for which an authorizer is asked. */
export interface AuthorizedEvent {
  readonly requestId: string
  readonly traceId: string
  /** The report of the call, set by who made it; null before, and where nobody was asked. */
  authorization: IntegrationReport | null
}

/** The refusal of a client that shows nothing, or nothing that the authorizer takes. */
export const unauthorized: Refused = { allowed: false, code: 'UNAUTHORIZED' }

/**
 * Asks an authorizer about an event and gives its result, JSON text still to be read, or its refusal. Throws
 * AUTHORIZER_FAILURE where it could not be asked or failed.
 */
export async function askDecider(decider: Decider, payload: string, event: AuthorizedEvent): Promise<string | Refused> {
  const { requestId, traceId } = event
  const answer = await reported(event, () => decider.ask({ payload, requestId, traceId }))
  switch (answer.kind) {
    case 'unauthorized':
      return unauthorized
    case 'denied':
      return { allowed: false, code: 'NOT_ALLOWED' }
    case 'failed':
      throw new GatewayError('AUTHORIZER_FAILURE', answer.text)
    case 'result':
      return answer.text
  }
}

/** Asks, and sets the report of the event. */
async function reported(event: AuthorizedEvent, ask: () => Promise<DeciderAnswer>): Promise<DeciderAnswer> {
  const startedAt = performance.now()
  const report = (status: number | null, errorMessage: string | null, requestId: string | null) => {
    event.authorization = { latencyInMillis: performance.now() - startedAt, status, errorMessage, requestId }
  }
  try {
    const answer = await ask()
    report(answer.status, answer.kind === 'result' ? null : answer.text, answer.requestId)
    return answer
  } catch (error) {
    report(null, (error as Error).message, null)
    throw error
  }
}
