import type { RequestContext } from '../events/request-context.ts'
import type { IntegrationCall, IntegrationResult } from '../integrations/contract.ts'
import type { Route } from '../stages/stage.ts'
import { GatewayError } from '../vocabulary/errors.ts'

/** Asks a route's integration; throws or rejects with a `GatewayError` when it has none. */
export function invokeRoute(route: Route, call: IntegrationCall): IntegrationResult | Promise<IntegrationResult> {
  if (route.integration === null) throw new GatewayError('API_CONFIGURATION_ERROR', 'the route has no integration')
  return route.integration.invoke(call)
}

/** Notes what an integration answered, for the access log and the metrics. */
export function recordResult(route: Route, context: RequestContext, { status }: IntegrationResult): void {
  context.status = status
  recordLatency(route, context)
  if (status >= 400) route.integrationErrors(status < 500 ? '4xx' : '5xx').value++
}

/** Notes that a call of an integration failed. */
export function recordCallFailure(route: Route, context: RequestContext, error: unknown): void {
  recordLatency(route, context)
  if (error instanceof GatewayError) route.integrationErrors(error.code).value++
}

/** A MOCK has no latency. */
function recordLatency(route: Route, context: RequestContext): void {
  if (context.integrationLatency !== null) route.duration.observe(context.integrationLatency / 1000)
}
