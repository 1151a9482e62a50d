import type { MethodIntegrationType } from '../integrations/method-contract.ts'
import { createMethodHttpType } from '../integrations/method-http.ts'
import { createMethodLambdaType } from '../integrations/method-lambda.ts'
import type { Integrations } from './integration-types.ts'

/** The integrations of HTTP APIs that are in the box; they share connections and functions with those of WebSocket APIs. */
export function createMethodIntegrationTypes({
  pools,
  functions,
}: Integrations['callees']): readonly MethodIntegrationType[] {
  return [createMethodHttpType({ pools }), createMethodLambdaType(functions)]
}
