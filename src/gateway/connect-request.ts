import type { HandshakeRequest } from '../authorizers/contract.ts'
import type { ConnectRequest } from '../events/connect-event.ts'
import { type HeaderList, readAs } from '../vocabulary/headers.ts'
import { decodedQuery } from '../vocabulary/query-pairs.ts'

/**
 * Headers that are left out: those that are in the authorizer's event, never in the CONNECT event, and those that the
 * gateway writes itself.
 */
const left = new Set([
  'connection',
  'upgrade',
  'content-length',
  'x-amzn-trace-id',
  'x-forwarded-port',
  'x-forwarded-proto',
])

/** The beginning of names that are AWS's: by them a gateway, or a load balancer before it, tells who a client is. */
const reserved = 'x-amzn-'

/**
 * Copies what a `$connect` integration may see of the handshake. Reserved names are left out, since backends would take them
 * for the gateway's, unless a trusted proxy brings them.
 */
export function copyConnectRequest(
  request: Pick<HandshakeRequest, 'headers' | 'query'>,
  client: ClientAddress,
  traceId: string,
): ConnectRequest {
  const headers: [string, string][] = []
  let forwardedFor = ''
  for (const [name, value] of request.headers()) {
    const known = readAs(name)
    if (known === 'x-forwarded-for') {
      if (!name.includes('_')) forwardedFor = forwardedFor === '' ? value : `${forwardedFor}, ${value}`
    } else if (!left.has(known) && (client.isProxied === true || !known.startsWith(reserved)))
      headers.push([name, value])
  }
  headers.push(
    ['X-Amzn-Trace-Id', traceId],
    ['X-Forwarded-For', forwardedFor === '' ? client.peer : `${forwardedFor}, ${client.peer}`],
    ['X-Forwarded-Port', client.port],
    ['X-Forwarded-Proto', client.proto],
  )
  return { headers: headers satisfies HeaderList, query: decodedQuery(request.query) }
}

/** The address by which a client reached the gateway. */
export interface ClientAddress {
  /** The address at the other end of the TCP connection. */
  readonly peer: string
  /** The client's: the peer's, or what trusted proxies say. */
  readonly sourceIp: string
  readonly port: string
  readonly proto: string
  /** The path under which a trusted proxy serves the gateway, `/gateway`; empty for none. */
  readonly prefix: string
  /** Whether the peer is a trusted proxy; absent for no. */
  readonly isProxied?: boolean
}
