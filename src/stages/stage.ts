import type { RouteAuthorizer } from '../authorizers/contract.ts'
import type { GatewayEvent } from '../events/event.ts'
import type { Integration } from '../integrations/contract.ts'
import type { TokenBucket } from '../limits/contract.ts'
import type { Counter, Histogram } from '../observability/contract.ts'
import type { ErrorCode } from '../vocabulary/errors.ts'
import type { ThrottleCause } from '../vocabulary/throttle-causes.ts'

/** A route as every protocol has it, ready to run: what is null here is never asked for again. */
export interface Route {
  readonly routeKey: string
  /** The integration behind the route; null when the route has no target, so that what comes in gets an error. */
  readonly integration: Integration | null
  /** Decides who may use the route; null when nobody is asked. */
  readonly authorizer: RouteAuthorizer | null
  /** The route's throttle; null for none. */
  readonly bucket: TokenBucket | null
  readonly duration: Histogram
  /** Calls that failed with a code of the error table, or that the backend answered with `4xx` or `5xx`. */
  integrationErrors(code: ErrorCode | '4xx' | '5xx'): Counter
}

/**
 * A deployed API under one stage name, compiled and immutable: what a stage has whatever its protocol. What only one
 * protocol has is in `websocket-stage.ts` and `http-stage.ts`.
 */
export interface Stage {
  readonly protocolType: 'WEBSOCKET' | 'HTTP'
  readonly apiId: string
  readonly name: string
  /** Whether the stage is served under custom domains only; absent for no. */
  readonly domainsOnly?: boolean
  /** Whether a client of this address may come; null where any may. */
  readonly admits: ((address: string) => boolean) | null
  /** Whether the API has terms of its own on who may call it, a policy or networks; absent for no. */
  readonly isGuarded?: boolean
  readonly stageVariables: Readonly<Record<string, string>>
  /** The keys of all routes, for listings. */
  readonly routeKeys: readonly string[]
  /** The counter of one code of the error table. */
  errors(code: ErrorCode): Counter
  /** The counter of the requests that one limit refused. */
  throttled(cause: ThrottleCause): Counter
  /** Writes a row of the access log; null when the stage has none: nothing is then collected for one. */
  readonly accessLog: ((event: GatewayEvent) => void) | null
  /** Gives back what the integrations took. Calls in flight end by themselves. */
  close(): void
}
