import type { ErrorCode } from '../vocabulary/errors.ts'
import type { HeaderList } from '../vocabulary/headers.ts'
import type { TransportRequest } from './contract.ts'

/** What is wrong with a handshake, for the log, and the error that answers it. */
export interface HandshakeFault {
  readonly code: ErrorCode
  readonly detail: string
}

const sixteenBytesInBase64 = /^[+/0-9A-Za-z]{22}==$/

/**
 * Whether the client wants a WebSocket. Other protocols in Upgrade (`h2c`) may be ignored by RFC 9110 §7.8, which
 * makes such a request a plain one, whatever Sec-WebSocket headers it has.
 */
export function asksForWebSocket(request: TransportRequest): boolean {
  const upgrade = request.header('upgrade')
  return upgrade !== '' && hasToken(upgrade, 'websocket')
}

/** Checks a request that asks for a WebSocket against RFC 6455 §4.2.1; null when it is well-formed. */
export function handshakeFault(request: TransportRequest): HandshakeFault | null {
  if (request.method !== 'GET') return malformed('the method is not GET')
  const headers = request.headers()
  if (count(headers, 'host') !== 1) return malformed('there is not exactly one Host header')
  if (!headers.some(([name, value]) => name === 'connection' && hasToken(value, 'upgrade'))) {
    return malformed('the Connection header does not hold Upgrade')
  }
  // A body would be read as frames after the 101, or as the next request by a proxy in front.
  if (count(headers, 'transfer-encoding') > 0 || (request.header('content-length') || '0') !== '0') {
    return malformed('the handshake has a body')
  }
  if (count(headers, 'sec-websocket-key') !== 1) return malformed('there is not exactly one Sec-WebSocket-Key')
  if (!sixteenBytesInBase64.test(request.header('sec-websocket-key'))) {
    return malformed('the Sec-WebSocket-Key is not 16 bytes in base64')
  }
  return versionFault(headers)
}

function versionFault(headers: HeaderList): HandshakeFault | null {
  const versions = headers.filter(([name]) => name === 'sec-websocket-version')
  if (versions.length !== 1) return malformed('there is not exactly one Sec-WebSocket-Version')
  if (versions[0]?.[1] === '13') return null
  return { code: 'UPGRADE_REQUIRED', detail: 'the Sec-WebSocket-Version is not 13' }
}

function malformed(detail: string): HandshakeFault {
  return { code: 'BAD_HANDSHAKE', detail }
}

function count(headers: HeaderList, lowerCaseName: string): number {
  let found = 0
  for (const [name] of headers) if (name === lowerCaseName) found++
  return found
}

function hasToken(list: string, token: string): boolean {
  const lower = list.toLowerCase()
  return lower === token || lower.split(',').some((part) => part.trim() === token)
}
