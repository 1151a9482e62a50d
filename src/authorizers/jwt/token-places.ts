import type { HeaderList } from '../../vocabulary/headers.ts'
import type { HandshakeRequest } from '../contract.ts'
import { TokenFault } from './token-fault.ts'

/** A place of a request that may carry a token. */
export interface TokenPlace {
  readonly kind: 'header' | 'querystring' | 'cookie' | 'subprotocol'
  /** The name of the header (in lower case), parameter or cookie; of the subprotocol that stands before the token. */
  readonly name: string
}

/** The identity sources in words, for faults of definitions. */
export const identitySources =
  '$request.header.<name>, $request.querystring.<name>, $request.cookie.<name> or $request.subprotocol.<name>'

const identitySource = /^(?:route\.|\$)request\.(header|querystring|cookie|subprotocol)\.([A-Za-z0-9._-]{1,128})$/

/** Reads an identity source, with `$request` as HTTP APIs spell it or `route.request` as WebSocket APIs do; null for others. */
export function readTokenPlace(text: string): TokenPlace | null {
  const [, kind, name] = identitySource.exec(text) ?? []
  if (kind === undefined || name === undefined) return null
  return { kind: kind as TokenPlace['kind'], name: kind === 'header' ? name.toLowerCase() : name }
}

/** The parts of a request in which tokens are looked for. */
export type TokenCarrier = Pick<HandshakeRequest, 'query' | 'header' | 'headers'>

/** A token as a request carries it. */
export interface PlacedToken {
  readonly token: string
  /** The subprotocol to agree on; null where the token was in another place. */
  readonly protocol: string | null
}

/**
 * Finds the token of a request in the first of the places that has one; null when none has. Throws a `TokenFault` when
 * one place has two: whoever reads the other would see another client.
 */
export function findToken(request: TokenCarrier, places: readonly TokenPlace[]): PlacedToken | null {
  for (const place of places) {
    const found = valuesAt(request, place).filter((value) => value !== '')
    if (found.length > 1) throw new TokenFault('several')
    const [token] = found
    if (token !== undefined) return { token, protocol: place.kind === 'subprotocol' ? place.name : null }
  }
  return null
}

function valuesAt(request: TokenCarrier, { kind, name }: TokenPlace): readonly string[] {
  switch (kind) {
    case 'header':
      return headerValues(request, name).map(withoutScheme)
    case 'querystring':
      return request.query === '' ? [] : new URLSearchParams(request.query).getAll(name)
    case 'cookie':
      return headerValues(request, 'cookie').flatMap((header) =>
        cookiesOf(header).flatMap((cookie) => (nameOf(cookie) === name ? [cookieValue(cookie)] : [])),
      )
    case 'subprotocol': {
      const offered = headerValues(request, 'sec-websocket-protocol').flatMap(protocolsOf)
      return offered.flatMap((each, at) => (each === name ? (offered[at + 1] ?? []) : []))
    }
  }
}

function headerValues(request: TokenCarrier, lowerCaseName: string): readonly string[] {
  // The one most asked for: nothing is copied where it is not there at all.
  if (request.header(lowerCaseName) === '') return []
  return request.headers().flatMap(([name, value]) => (name.toLowerCase() === lowerCaseName ? [value] : []))
}

/** The scheme (RFC 6750 §2.1) may be left out, as on AWS. */
function withoutScheme(value: string): string {
  return /^bearer +/i.test(value) ? value.slice(7).trim() : value.trim()
}

function cookiesOf(header: string): readonly string[] {
  return header
    .split(';')
    .map((each) => each.trim())
    .filter((each) => each !== '')
}

function nameOf(cookie: string): string {
  const equals = cookie.indexOf('=')
  return equals < 0 ? '' : cookie.slice(0, equals).trim()
}

/** The value of a cookie, without the quotes that RFC 6265 §4.1.1 allows around it. */
function cookieValue(cookie: string): string {
  return cookie
    .slice(cookie.indexOf('=') + 1)
    .trim()
    .replace(/^"(.*)"$/, '$1')
}

function protocolsOf(header: string): readonly string[] {
  return header
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
}

/** A handshake's headers and decoded query, as integrations see them. */
export interface VisibleRequest {
  readonly headers: HeaderList
  readonly query: HeaderList
}

/** Takes out whatever stands at the places, whether it was the token that counted or not. */
export function withoutTokens<Request extends VisibleRequest>(
  request: Request,
  places: readonly TokenPlace[],
): Request {
  let { headers, query } = request
  for (const place of places) {
    if (place.kind === 'header') headers = headers.filter(([name]) => name.toLowerCase() !== place.name)
    else if (place.kind === 'querystring') query = query.filter(([name]) => name !== place.name)
    else if (place.kind === 'cookie')
      headers = withoutItems(headers, 'cookie', '; ', (value) => otherCookies(value, place))
    else {
      headers = withoutItems(headers, 'sec-websocket-protocol', ', ', (value) => otherProtocols(value, place))
    }
  }
  return { ...request, headers, query }
}

function withoutItems(
  headers: HeaderList,
  lowerCaseName: string,
  separator: string,
  itemsLeft: (value: string) => readonly string[],
): HeaderList {
  return headers.flatMap(([name, value]): HeaderList => {
    if (name.toLowerCase() !== lowerCaseName) return [[name, value]]
    const left = itemsLeft(value)
    return left.length === 0 ? [] : [[name, left.join(separator)]]
  })
}

function otherCookies(header: string, { name }: TokenPlace): readonly string[] {
  return cookiesOf(header).filter((cookie) => nameOf(cookie) !== name)
}

function otherProtocols(header: string, { name }: TokenPlace): readonly string[] {
  const offered = protocolsOf(header)
  return offered.filter((_, at) => at === 0 || offered[at - 1] !== name)
}
