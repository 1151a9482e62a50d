import type { ConnectEvent } from '../events/connect-event.ts'
import type { TransportRequest } from '../transport/contract.ts'
import type { ErrorCode } from '../vocabulary/errors.ts'

/** The worth of a caller's credentials: `missing` when there are none of a kind that is understood. */
export type CallerVerdict = 'allowed' | 'missing' | 'refused'

/**
 * Decides who may call `@connections` or the management port, in two parts: a request can be read in the synchronous
 * part of its handler only, while a signature (Signature Version 4) covers the body, which comes later. One file an
 * implementation, one line in app's list.
 */
export interface CallerAuthorizer<Credentials = unknown> {
  /** Copies what `judge` has to know of a request. Must be called before the first await. Never throws. */
  credentials(request: TransportRequest): Credentials
  /**
   * Judges a caller by its credentials and the body that came with them, null where none was read. A plain value when
   * nothing had to be asked for. Never throws, never rejects: who can't be judged is refused.
   */
  judge(credentials: Credentials, body: Uint8Array | null): CallerVerdict | Promise<CallerVerdict>
}

/** Bearer tokens (RFC 6750 §2.1), several valid at once so that they can be rotated. */
export interface TokenVerifier extends CallerAuthorizer<string> {
  /** Judges by the Authorization header as it came, empty when there is none. */
  judge(authorization: string): CallerVerdict
  /** Puts other tokens in place of all; takes effect with the next call. */
  replace(tokens: readonly string[]): void
}

/** The verdict of an authorizer on a client. */
export type AuthorizerResult =
  | {
      readonly allowed: true
      /** `principalId` and the authorizer's context, part of every event of the client; null for none. */
      readonly context: Readonly<Record<string, string>> | null
    }
  | { readonly allowed: false; readonly code: ErrorCode }

/**
 * The authorizer of a route, made once at load: decides who connects. A plain value when nothing had to be awaited.
 * It throws or rejects with a `GatewayError` and nothing else; the client is then answered that error.
 */
export interface RouteAuthorizer {
  /** `request` may be read at any time, also after an await. */
  authorize(event: ConnectEvent, request: HandshakeRequest): AuthorizerResult | Promise<AuthorizerResult>
}

/** The client's request as an authorizer may read it; the query is not decoded. */
export type HandshakeRequest = Pick<TransportRequest, 'query' | 'header' | 'headers'>
