import type { HandshakeRequest } from '../authorizers/contract.ts'
import type { ConnectRequest } from '../events/connect-event.ts'
import { shownHeaders } from '../events/shown-headers.ts'
import type { ClientAddress } from '../vocabulary/client-address.ts'
import { decodedQuery } from '../vocabulary/query-pairs.ts'

/** Headers that are in the authorizer's event, never in the CONNECT event. */
const left: ReadonlySet<string> = new Set(['connection', 'upgrade', 'content-length'])

/**
 * Copies what a `$connect` integration may see of the handshake.
 */
export function copyConnectRequest(
  request: Pick<HandshakeRequest, 'headers' | 'query'>,
  client: ClientAddress,
  traceId: string,
): ConnectRequest {
  return { headers: shownHeaders(request.headers(), client, traceId, left), query: decodedQuery(request.query) }
}
