import type { ConnectionId } from './ids.ts'

/** The facts about a connection that every worker of a fleet may know; the registry stores them. */
export interface ConnectionRecord {
  readonly connectionId: ConnectionId
  readonly apiId: string
  readonly stage: string
  /** Time of the handshake in milliseconds since 1970; constant for the connection. */
  readonly connectedAt: number
  readonly sourceIp: string
  /** The User-Agent that the client sent; null when it sent none. */
  readonly userAgent: string | null
  /** The authority that the client used: `requestContext.domainName` of every event. */
  readonly domainName: string
  /** The authorizer's `principalId` and context, every value a string; null without an authorizer. */
  readonly authorizer: Readonly<Record<string, string>> | null
  /** The facts about whoever connected that its credentials tell; null where it showed none. */
  readonly identity: ConnectionIdentity | null
  /** The id of the user, null for nobody; absent where it is the one that the authorizer names: `userIdOf` tells. */
  readonly userId?: string | null
  /** Texts that `$connect` or a backend has noted of the connection; null or absent for nothing. */
  readonly attributes?: ConnectionAttributes | null
}

/** Texts by name that say something of a connection: few and short, see `connection-user.ts`. Never an empty map. */
export type ConnectionAttributes = Readonly<Record<string, string>>

/**
 * The members of `$context.identity` that credentials bring, by their names there, nothing that is empty: `accountId`,
 * `userArn`, `apiKeyId`, `clientCert.subjectDN`. The address and the User-Agent are members of the record itself.
 */
export type ConnectionIdentity = Readonly<Record<string, string>>

/** A record with the facts that only the worker that holds the socket knows. */
export interface ConnectionDescription extends ConnectionRecord {
  /** Time of the last activity in milliseconds since 1970; moves on frames from the client and on frames sent to it. */
  readonly lastActiveAt: number
}
