import type { ConnectionIdentity } from '../vocabulary/connection.ts'
import { type ContextSource, noMethod } from './context-source.ts'
import { EventBase } from './event-base.ts'

/** The facts about a callback that are known when it comes. */
export interface CallbackArrival {
  readonly apiId: string
  /** The name of the stage in the URL. */
  readonly stage: string
  readonly method: string
  /** The path below the stage with the names of what varies in braces: `/@connections/{connectionId}`. */
  readonly path: string
  /** The authority that the caller used. */
  readonly domainName: string
  /** The connection id of the path, whether or not there is such a connection; empty where the path has none. */
  readonly connectionId: string
  /** The caller's address. */
  readonly sourceIp: string
  /** The caller's User-Agent; null when it sent none. */
  readonly userAgent: string | null
  readonly requestTimeEpoch: number
}

/**
 * A call of a backend under the URL of a stage: `@connections`, `@groups`, `@users`, `@batch`. Nothing is known of a
 * connection but the id in the path, and the identity is the caller's.
 */
export class CallbackEvent extends EventBase {
  readonly eventType = 'CONNECTION_API'
  readonly apiId: string
  readonly stage: string
  readonly domainName: string
  readonly connectionId: string
  readonly sourceIp: string
  readonly userAgent: string | null
  /** The facts that the caller's credentials tell, from when they are judged; null before, and where there are none. */
  identity: ConnectionIdentity | null = null

  constructor(arrival: CallbackArrival) {
    super(`${arrival.method} ${arrival.path}`, arrival.requestTimeEpoch, null)
    this.apiId = arrival.apiId
    this.stage = arrival.stage
    this.domainName = arrival.domainName
    this.connectionId = arrival.connectionId
    this.sourceIp = arrival.sourceIp
    this.userAgent = arrival.userAgent
  }
}

export const callbackContext: ContextSource<CallbackEvent> = {
  connectionId: ({ connectionId }) => connectionId,
  connectedAt: null,
  domainName: ({ domainName }) => domainName,
  sourceIp: ({ sourceIp }) => sourceIp,
  userAgent: ({ userAgent }) => userAgent,
  authorizer: null,
  authorization: null,
  identity: ({ identity }) => identity,
  userId: null,
  attributes: null,
  messageId: null,
  disconnectStatusCode: null,
  disconnectReason: null,
  integration: null,
  ...noMethod,
}
