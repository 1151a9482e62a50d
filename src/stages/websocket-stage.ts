import type { TokenLife } from '../authorizers/contract.ts'
import type { AdmitsSource } from '../config/source-networks.ts'
import type { CompiledConnectionLimits } from '../limits/connection-tokens.ts'
import type { TokenBucket } from '../limits/contract.ts'
import type { BodyValidator } from '../models/contract.ts'
import type { Counter } from '../observability/contract.ts'
import type { StageKeys } from '../usage/contract.ts'
import type { CloseReasonName } from '../vocabulary/close-reasons.ts'
import type { UndeliveredReason } from '../vocabulary/undelivered-reasons.ts'
import type { CallbackAccess } from './callback-access.ts'
import type { CallbackCounters } from './callback-counters.ts'
import type { ConnectTerms } from './compile-connect-terms.ts'
import type { Route, Stage } from './stage.ts'

/** A route of a WebSocket stage, `$connect` and `$disconnect` among them. */
export interface WebSocketRoute extends Route {
  /** Whether the integration's body goes back to the client. Never on `$connect` and `$disconnect`. */
  readonly twoWay: boolean
  /** The reply, when every message gets this same one (its `reply` is null for none): nothing else has to be asked. */
  readonly constant: { readonly reply: string | Uint8Array | null } | null
  /** Judges messages before anything is made of them; null when they are not validated. */
  readonly validator: BodyValidator | null
  /** Scopes of which the connection's token needs one; null when nobody asks, and always on `$connect`. */
  readonly scopes: readonly string[] | null
  /** The judge of the new tokens that messages of this route bring; null for routes with an integration. */
  readonly refresh: TokenLife | null
  /** The API keys of which clients have to show one; null where none is required, and always but on `$connect`. */
  readonly apiKeys: RequiredApiKey | null
  /** Parameters that the handshake must carry; only `$connect` is ever asked. */
  readonly required: readonly RequiredParameter[]
  /** The terms with which a connection begins; null for none, and always but on `$connect`. */
  readonly begins: ConnectTerms | null
  /** Messages from clients that this route was selected for. */
  readonly received: Counter
  /** Replies and error frames that this route sent to clients. */
  readonly sent: Counter
}

/** The keys of a stage, and the place where a client's is found. */
export interface RequiredApiKey extends StageKeys {
  /** The header `x-api-key`, or the authorizer's `usageIdentifierKey`. */
  readonly source: 'HEADER' | 'AUTHORIZER'
}

/** A request parameter of `$connect` with `required: true`. */
export interface RequiredParameter {
  readonly place: 'header' | 'querystring'
  readonly name: string
}

/** The content of the frame `Bad request body` as the API wants it. */
export interface BadRequestBody {
  /** The id that stands in it beside the connection's. */
  readonly idMember: 'requestId' | 'messageId'
  /** Whether it says what does not fit, and where. */
  readonly details: boolean
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

/**
 * The rule for a client that reads too slowly for messages to many: it is closed, it misses messages, or a newer one
 * takes the place of one that still waits for it under the same key.
 */
export type SlowConsumerRule = 'CLOSE' | 'DROP' | 'COALESCE'

/**
 * A stage of an API with `protocolType: WEBSOCKET`. Open connections see a new one with their next message, since they
 * hold the `StageSlot` and not the stage.
 */
export interface WebSocketStage extends Stage {
  readonly protocolType: 'WEBSOCKET'
  /** The route for a message: a custom one, `$default`, or null when there is neither. Never a reserved one. */
  selectRoute(text: string): WebSocketRoute | null
  readonly connectRoute: WebSocketRoute | null
  readonly disconnectRoute: WebSocketRoute | null
  /** The throttle of handshakes, also where there is no `$connect` route; null for none. */
  readonly newConnections: TokenBucket | null
  /** The limits on what each connection sends; null for none. */
  readonly connectionLimits: CompiledConnectionLimits | null
  /** The part that tokens have in the life of connections; null for none. */
  readonly tokens: TokenLife | null
  /** Says whether anybody may come from an address; null where all may. */
  readonly admits: AdmitsSource | null
  /** Whether pages of an origin may connect: the header as it came; `host` is the request's own authority. */
  allowsOrigin(origin: string, host: string): boolean
  /** One message of a connection after another (`messageOrdering: CONNECTION`). */
  readonly ordered: boolean
  readonly compression: boolean
  /** The rule for clients that read too slowly for messages to many. */
  readonly slowConsumer: SlowConsumerRule
  /** The content of the frame that refuses a message which fails its model. */
  readonly badRequestBody: BadRequestBody
  /** Bytes that one frame of a client may have, where the server underneath can tell; 0 for no limit. */
  readonly maxFrameBytes: number
  /** 0 for never. */
  readonly idleTimeoutInMillis: number
  /** 0 for never. */
  readonly connectionLifetimeInMillis: number
  /** Frames that backends pushed. */
  readonly pushed: Counter
  /** Messages to many that a slow client did not get, by reason. */
  undelivered(reason: UndeliveredReason): Counter
  /** The counter of one close reason. */
  closes(reason: CloseReasonName): Counter
  readonly connects: ConnectCounters
  /** Callbacks that came in under this stage; they are counted for its API. */
  readonly callbacks: CallbackCounters
  readonly callbackAccess: CallbackAccess
}
