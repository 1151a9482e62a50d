import type { ConnectionId } from './ids.ts'

/** What every node of a fleet may know of a connection; the registry stores it. */
export interface ConnectionRecord {
  readonly connectionId: ConnectionId
  readonly apiId: string
  readonly stage: string
  /** Milliseconds since 1970; constant for the connection. */
  readonly connectedAt: number
  readonly sourceIp: string
  /** Null when the client sent no User-Agent. */
  readonly userAgent: string | null
  /** The authority that the client used: `requestContext.domainName` of every event. */
  readonly domainName: string
  /** The authorizer's `principalId` and context, every value a string; null without an authorizer. */
  readonly authorizer: Readonly<Record<string, string>> | null
}

/** A record with what only the worker that holds the socket knows. */
export interface ConnectionDescription extends ConnectionRecord {
  /** Milliseconds since 1970; moves on frames from the client and on frames sent to it. */
  readonly lastActiveAt: number
}
