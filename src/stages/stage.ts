import type { Integration } from '../integrations/contract.ts'
import type { TokenBucket } from '../limits/token-bucket.ts'
import type { Counter, Histogram } from '../observability/contract.ts'
import type { CloseReasonName } from '../vocabulary/close-reasons.ts'
import type { ErrorCode } from '../vocabulary/errors.ts'
import type { RequestContext } from '../vocabulary/request-context.ts'

/** A route of a stage, ready to run: what is null or false here is never asked for again. */
export interface Route {
  readonly routeKey: string
  /** Null when the route has no target: its messages get the error frame. */
  readonly integration: Integration | null
  /** Whether the integration's body goes back to the client. Never on `$connect` and `$disconnect`. */
  readonly twoWay: boolean
  /** Set when every message gets this same reply, null for none: nothing else has to be asked. */
  readonly constant: { readonly reply: string | Uint8Array | null } | null
  readonly bucket: TokenBucket | null
  /** Parameters that the handshake must carry; only `$connect` is ever asked. */
  readonly required: readonly RequiredParameter[]
  readonly received: Counter
  readonly sent: Counter
  readonly duration: Histogram
  /** Calls that failed with a code of the error table, or that the backend answered with `4xx` or `5xx`. */
  integrationErrors(code: ErrorCode | '4xx' | '5xx'): Counter
}

/** Handshakes by how they ended. */
export interface ConnectCounters {
  readonly accepted: Counter
  /** The backend said no. */
  readonly refused: Counter
  /** The gateway said no, or the backend could not be asked. */
  readonly failed: Counter
  /** The client left before it had an answer. */
  readonly aborted: Counter
}

export interface RequiredParameter {
  readonly place: 'header' | 'querystring'
  readonly name: string
}

/**
 * A deployed API under one stage name, compiled and immutable. Open connections see a new one with their next
 * message, since they hold the `StageSlot` and not the stage.
 */
export interface Stage {
  readonly apiId: string
  readonly name: string
  readonly stageVariables: Readonly<Record<string, string>>
  /** The route for a message: a custom one, `$default`, or null when there is neither. Never a reserved one. */
  selectRoute(text: string): Route | null
  readonly connectRoute: Route | null
  readonly disconnectRoute: Route | null
  /** All of them, for listings. */
  readonly routeKeys: readonly string[]
  /** `origin` is the header as it came; `host` is the request's own authority. */
  allowsOrigin(origin: string, host: string): boolean
  /** One message of a connection after another (`messageOrdering: CONNECTION`). */
  readonly ordered: boolean
  readonly compression: boolean
  /** 0 for never. */
  readonly idleTimeoutInMillis: number
  /** 0 for never. */
  readonly connectionLifetimeInMillis: number
  /** Frames that backends pushed. */
  readonly pushed: Counter
  /** The counter of one code of the error table. */
  errors(code: ErrorCode): Counter
  /** The counter of one close reason. */
  closes(reason: CloseReasonName): Counter
  readonly connects: ConnectCounters
  /** Null when the stage has no access log: nothing is then collected for one. */
  readonly accessLog: ((context: RequestContext) => void) | null
  /** Gives back what the integrations took. Calls in flight end by themselves. */
  close(): void
}

/**
 * The place of one stage name in the catalog while it is served. `current` is swapped in one assignment, and is null
 * once the stage is removed. (A deployment is another thing: the snapshot of an API that a stage serves.)
 */
export interface StageSlot {
  readonly apiId: string
  readonly stageName: string
  current: Stage | null
  /** The newest stage, also after the removal: the connections that it still had are told through it. */
  newest: Stage
  /** Open connections of this worker. */
  connections: number
}
