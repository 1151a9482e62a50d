import type { ConnectionAttributes, ConnectionIdentity } from '../vocabulary/connection.ts'
import type { IntegrationReport } from './integration-report.ts'

/** A reader of one value of an event, which gives null where the value is not set; null itself for a kind without it. */
type Reader<Kind, Value> = ((event: Kind) => Value | null) | null

/**
 * A source of the values of `$context` that depend on the kind of an event. Each kind has one of these and answers for
 * every member, so that a kind without a `messageId` says so. What every event has is read from `EventBase`.
 */
export interface ContextSource<Kind> {
  readonly connectionId: Reader<Kind, string>
  /** Milliseconds since 1970. */
  readonly connectedAt: Reader<Kind, number>
  /** The authority that the client, or the caller of a callback, used. */
  readonly domainName: Reader<Kind, string>
  readonly sourceIp: Reader<Kind, string>
  readonly userAgent: Reader<Kind, string>
  /** The authorizer's `principalId` and context. */
  readonly authorizer: Reader<Kind, Readonly<Record<string, string>>>
  /** The members of `$context.identity` that credentials have brought. */
  readonly identity: Reader<Kind, ConnectionIdentity>
  /** The user of the connection. */
  readonly userId: Reader<Kind, string>
  readonly attributes: Reader<Kind, ConnectionAttributes>
  /** The call of the function that decides about clients; only while it is asked, of a handshake. */
  readonly authorization: Reader<Kind, IntegrationReport>
  readonly messageId: Reader<Kind, string>
  readonly disconnectStatusCode: Reader<Kind, number>
  readonly disconnectReason: Reader<Kind, string>
  readonly integration: Reader<Kind, IntegrationReport>
  /** The method of the request, in upper case. */
  readonly httpMethod: Reader<Kind, string>
  /** The path of the request, not decoded. */
  readonly path: Reader<Kind, string>
  readonly protocol: Reader<Kind, string>
  /** Bytes of the answer's body. */
  readonly responseLength: Reader<Kind, number>
  /** Milliseconds from the request to the answer. */
  readonly responseLatency: Reader<Kind, number>
}

/** The members of a kind that is no request for a route of an HTTP API. */
export const noMethod = {
  httpMethod: null,
  path: null,
  protocol: null,
  responseLength: null,
  responseLatency: null,
} satisfies Partial<ContextSource<never>>
