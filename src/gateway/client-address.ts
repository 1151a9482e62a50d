import { type BlockList, isIP } from 'node:net'
import type { TransportRequest } from '../transport/contract.ts'
import type { ClientAddress } from './connect-request.ts'

export interface AddressOptions {
  /** Networks whose `X-Forwarded-…` headers are believed; null for none. */
  readonly trustedProxies: BlockList | null
  readonly tls: boolean
  /** The port that the gateway listens on. */
  readonly port: () => number
}

/**
 * Creates the reader of client addresses. Without trusted proxies a client's address is the peer of the TCP connection,
 * whatever the request's headers say; with them, the last address in X-Forwarded-For that is not a proxy of ours.
 */
export function createAddressReader(options: AddressOptions): (request: TransportRequest) => ClientAddress {
  const { trustedProxies } = options
  const proto = options.tls ? 'https' : 'http'
  const isTrusted = (address: string): boolean => {
    if (trustedProxies === null) return false
    const family = isIP(address)
    return family !== 0 && trustedProxies.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }
  return (request) => {
    const peer = request.remoteAddress()
    if (!isTrusted(peer)) {
      return { peer, sourceIp: peer, port: String(options.port()), proto, prefix: '' }
    }
    const hops = request
      .header('x-forwarded-for')
      .split(',')
      .map((hop) => hop.trim())
    const client = hops.findLast((hop) => isIP(hop) !== 0 && !isTrusted(hop))
    return {
      peer,
      sourceIp: client ?? peer,
      port: digits(request.header('x-forwarded-port')) ?? String(options.port()),
      proto: request.header('x-forwarded-proto') === 'https' ? 'https' : proto,
      prefix: pathPrefix(request.header('x-forwarded-prefix')),
    }
  }
}

const maxPrefixLength = 256

/**
 * A path of plain segments without its last slash; empty for anything else. It becomes part of a URL to which backends
 * post, so that nothing in it may lead elsewhere: no second authority, query, escape or `..`.
 */
function pathPrefix(text: string): string {
  if (text.length > maxPrefixLength || !/^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+\/?$/.test(text)) return ''
  return text.endsWith('/') ? text.slice(0, -1) : text
}

function digits(text: string): string | null {
  return /^\d{1,5}$/.test(text) ? text : null
}
