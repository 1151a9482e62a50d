import { type BlockList, isIP } from 'node:net'
import type { TransportRequest } from '../transport/contract.ts'
import type { ClientAddress } from '../vocabulary/client-address.ts'
import { plainAddress } from '../vocabulary/ip-address.ts'

export interface AddressOptions {
  /** Networks whose `X-Forwarded-…` headers are believed; null for none. */
  readonly trustedProxies: BlockList | null
  readonly tls: boolean
  /** The port that the gateway listens on. */
  readonly port: () => number
}

/**
 * Creates the reader of client addresses. Without trusted proxies a client's address is the peer of the TCP connection,
 * whatever the request's headers say; with them, the last address in X-Forwarded-For that is not a proxy of ours. What
 * stands before that one may be the client's own words.
 */
export function createAddressReader(options: AddressOptions): (request: TransportRequest) => ClientAddress {
  const { trustedProxies } = options
  const proto = options.tls ? 'https' : 'http'
  const isTrusted = (address: string): boolean => {
    if (trustedProxies === null) return false
    const family = isIP(address)
    return family !== 0 && trustedProxies.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }

  /** The last hop that is no proxy of ours; null when a proxy does not say who it is, or there is none. */
  function clientOf(hops: readonly string[]): string | null {
    for (let i = hops.length - 1; i >= 0; i--) {
      const address = addressOf(hops[i] as string)
      if (address === null || !isTrusted(address)) return address
    }
    return null
  }

  return (request) => {
    const peer = request.remoteAddress()
    if (!isTrusted(peer)) {
      return { peer, sourceIp: peer, port: String(options.port()), proto, prefix: '' }
    }
    const forwarded = readForwarded(request)
    return {
      peer,
      sourceIp: clientOf(forwarded.for.split(',')) ?? peer,
      port: digits(forwarded.port) ?? String(options.port()),
      proto: forwarded.proto === 'https' ? 'https' : proto,
      prefix: pathPrefix(forwarded.prefix),
      isProxied: true,
    }
  }
}

/**
 * Reads the headers of a proxy. It may put its own behind those that came from the client: all lines of X-Forwarded-For
 * are one list (RFC 9110 §5.3), and of the others the last line counts.
 */
function readForwarded(request: TransportRequest) {
  const seen = { for: '', port: '', proto: '', prefix: '' }
  for (const [name, value] of request.headers()) {
    switch (name.toLowerCase()) {
      case 'x-forwarded-for':
        seen.for = seen.for === '' ? value : `${seen.for},${value}`
        break
      case 'x-forwarded-port':
        seen.port = value
        break
      case 'x-forwarded-proto':
        seen.proto = value
        break
      case 'x-forwarded-prefix':
        seen.prefix = value
        break
    }
  }
  return seen
}

/** The address of a hop in its usual spelling, without a port; null for what is none. */
function addressOf(hop: string): string | null {
  const text = hop.trim()
  const [, bracketed, dotted] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d{1,5})?$/.exec(text) ?? []
  return plainAddress(bracketed ?? dotted ?? text)
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
