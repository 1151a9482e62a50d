import type { ConnectionEvent } from '../events/event.ts'
import type { IntegrationResult } from '../integrations/contract.ts'
import type { Route } from '../stages/stage.ts'
import { GatewayError } from '../vocabulary/errors.ts'

/** Asks a route's integration; throws or rejects with a `GatewayError` when it has none. */
export function invokeRoute(route: Route, event: ConnectionEvent): IntegrationResult | Promise<IntegrationResult> {
  if (route.integration === null) throw new GatewayError('API_CONFIGURATION_ERROR', 'the route has no integration')
  return route.integration.invoke(event)
}

/** Notes what an integration answered, for the access log and the metrics. */
export function recordResult(route: Route, event: ConnectionEvent, { status }: IntegrationResult): void {
  event.status = status
  recordLatency(route, event)
  if (status >= 400) route.integrationErrors(status < 500 ? '4xx' : '5xx').value++
}

/** Notes that a call of an integration failed. */
export function recordCallFailure(route: Route, event: ConnectionEvent, error: unknown): void {
  recordLatency(route, event)
  if (error instanceof GatewayError) route.integrationErrors(error.code).value++
}

/** A MOCK has no latency. */
function recordLatency(route: Route, event: ConnectionEvent): void {
  if (event.integration !== null) route.duration.observe(event.integration.latencyInMillis / 1000)
}
