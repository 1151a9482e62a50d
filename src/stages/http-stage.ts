import type { RouteGuard } from '../authorizers/guard-contract.ts'
import type { MethodIntegration } from '../integrations/method-contract.ts'
import type { TokenBucket } from '../limits/contract.ts'
import type { Counter, Histogram } from '../observability/contract.ts'
import type { RouteTable } from '../routing/route-table.ts'
import type { ErrorCode } from '../vocabulary/errors.ts'
import type { StatusClass } from '../vocabulary/status-class.ts'
import type { Cors } from './cors.ts'
import type { Stage } from './stage.ts'

/** A deployed HTTP API under one stage name, compiled and immutable. */
export interface HttpStage extends Stage {
  readonly protocolType: 'HTTP'
  readonly routes: RouteTable<HttpRoute>
  /** The rules for pages of other origins; null where the API says nothing of them. */
  readonly cors: Cors | null
}

/** A route of an HTTP API, ready to run: what is null here is never asked for again. */
export interface HttpRoute {
  readonly routeKey: string
  /** The integration behind the route; null when the route has no target, so that what comes in gets an error. */
  readonly integration: MethodIntegration | null
  /** Decides who may call; null when nobody is asked. */
  readonly guard: RouteGuard | null
  /** The route's throttle; null for none. */
  readonly bucket: TokenBucket | null
  /** Requests that were answered, by the class of the status. */
  answered(status: StatusClass): Counter
  /** Time from the request to its answer. */
  readonly latency: Histogram
  /** Time from calling the integration to its whole answer. */
  readonly duration: Histogram
  /** Calls that failed with a code of the error table, or that the backend answered with `4xx` or `5xx`. */
  integrationErrors(code: ErrorCode | '4xx' | '5xx'): Counter
}
