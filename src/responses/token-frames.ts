/**
 * The frame that answers a new token: the form of an error frame with `expiresAt`, in milliseconds since 1970, behind
 * it. None of the values can need escaping.
 */
export function tokenAcceptedFrame(connectionId: string, requestId: string, expiresAt: number | null): string {
  return `{"message": "Token accepted", "connectionId":"${connectionId}", "requestId":"${requestId}", "expiresAt":${expiresAt}}`
}

/** The frame that warns a client of the end of its token, `expiresAt` in milliseconds since 1970. */
export function tokenExpiresFrame(connectionId: string, expiresAt: number): string {
  return `{"message": "Token expires", "connectionId":"${connectionId}", "expiresAt":${expiresAt}}`
}
