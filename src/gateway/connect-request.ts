import type { HandshakeRequest } from '../authorizers/contract.ts'
import type { ConnectRequest } from '../events/connect-event.ts'
import type { HeaderList } from '../vocabulary/headers.ts'

/**
 * The server underneath hands header names over in lower case; backends look for the spelling that clients use
 * (`event.headers.Host`). Names that are not listed stay in lower case.
 */
const usualSpelling = new Map(
  [
    'Accept',
    'Accept-Encoding',
    'Accept-Language',
    'Authorization',
    'Cache-Control',
    'Content-Type',
    'Cookie',
    'DNT',
    'Forwarded',
    'Host',
    'Origin',
    'Pragma',
    'Referer',
    'Sec-Fetch-Dest',
    'Sec-Fetch-Mode',
    'Sec-Fetch-Site',
    'Sec-WebSocket-Extensions',
    'Sec-WebSocket-Key',
    'Sec-WebSocket-Protocol',
    'Sec-WebSocket-Version',
    'User-Agent',
    'Via',
    'X-Amzn-Trace-Id',
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'X-Forwarded-Port',
    'X-Forwarded-Proto',
  ].map((name) => [name.toLowerCase(), name]),
)

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

/** Copies what a `$connect` integration may see of the handshake. */
export function copyConnectRequest(request: HandshakeRequest, client: ClientAddress, traceId: string): ConnectRequest {
  const headers: [string, string][] = []
  let forwardedFor = ''
  for (const [name, value] of request.headers()) {
    if (name === 'x-forwarded-for') forwardedFor = forwardedFor === '' ? value : `${forwardedFor}, ${value}`
    else if (!left.has(name)) headers.push([usualSpelling.get(name) ?? name, value])
  }
  headers.push(
    ['X-Amzn-Trace-Id', traceId],
    ['X-Forwarded-For', forwardedFor === '' ? client.peer : `${forwardedFor}, ${client.peer}`],
    ['X-Forwarded-Port', client.port],
    ['X-Forwarded-Proto', client.proto],
  )
  return { headers: headers satisfies HeaderList, query: decodeQuery(request.query) }
}

/** The address by which a client reached the gateway. */
export interface ClientAddress {
  /** The address at the other end of the TCP connection. */
  readonly peer: string
  /** The client's: the peer's, or what trusted proxies say. */
  readonly sourceIp: string
  readonly port: string
  readonly proto: string
}

/** Names and values decoded as a form (`+` is a space); a sequence that is not percent-encoded UTF-8 stays as it is. */
export function decodeQuery(query: string): readonly (readonly [string, string])[] {
  if (query === '') return []
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=')
      return equals < 0 ? [decode(pair), ''] : [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))]
    })
}

function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}
