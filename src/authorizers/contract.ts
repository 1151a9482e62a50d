import type { TransportRequest } from '../transport/contract.ts'

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
