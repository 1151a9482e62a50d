import type { ErrorCode } from '../vocabulary/errors.ts'
import type { RequestHead } from './request-head.ts'

/** A fault of a handshake: its description for the log, and the error that answers it. */
export interface HandshakeFault {
  readonly code: ErrorCode
  readonly detail: string
}

/**
 * Whether the client wants a WebSocket. Other protocols in Upgrade (`h2c`) may be ignored by RFC 9110 §7.8, which
 * makes such a request a plain one, whatever Sec-WebSocket headers it has.
 */
export function asksForWebSocket(request: RequestHead): boolean {
  const upgrade = request.header('upgrade')
  return upgrade !== '' && hasToken(upgrade, 'websocket')
}

/** Checks a request that asks for a WebSocket against RFC 6455 §4.2.1; null when it is well-formed. */
export function handshakeFault(request: RequestHead): HandshakeFault | null {
  if (request.method !== 'GET') return malformed('the method is not GET')
  const seen = readHeaders(request)
  if (seen.hosts !== 1) return malformed('there is not exactly one Host header')
  if (!seen.hasUpgradeToken) return malformed('the Connection header does not hold Upgrade')
  // A body would be read as frames after the 101, or as the next request by a proxy in front.
  if (seen.hasBody) return malformed('the handshake has a body')
  if (seen.keys !== 1) return malformed('there is not exactly one Sec-WebSocket-Key')
  if (!isSixteenBytes(seen.key)) return malformed('the Sec-WebSocket-Key is not 16 bytes in base64')
  if (seen.versions !== 1) return malformed('there is not exactly one Sec-WebSocket-Version')
  if (seen.version !== '13') return { code: 'UPGRADE_REQUIRED', detail: 'the Sec-WebSocket-Version is not 13' }
  return null
}

/**
 * Collects what is checked in one walk over the headers: only that finds repeated ones, and each call into the native
 * request costs.
 */
function readHeaders(request: RequestHead) {
  const seen = { hosts: 0, hasUpgradeToken: false, hasBody: false, keys: 0, key: '', versions: 0, version: '' }
  request.eachHeader((name, value) => {
    switch (name) {
      case 'host':
        seen.hosts++
        break
      case 'connection':
        seen.hasUpgradeToken ||= hasToken(value, 'upgrade')
        break
      case 'content-length':
        seen.hasBody ||= value !== '0'
        break
      case 'transfer-encoding':
        seen.hasBody = true
        break
      case 'sec-websocket-key':
        seen.keys++
        seen.key = value
        break
      case 'sec-websocket-version':
        seen.versions++
        seen.version = value
        break
    }
  })
  return seen
}

const base64 = Uint8Array.from({ length: 128 }, (_, code) => (/[+/0-9A-Za-z]/.test(String.fromCharCode(code)) ? 1 : 0))

/**
 * Whether a key is 16 bytes in base64, 22 characters and two for padding. A loop, which costs a fifth of a regular
 * expression here.
 */
function isSixteenBytes(key: string): boolean {
  if (key.length !== 24 || !key.endsWith('==')) return false
  for (let i = 0; i < 22; i++) if (base64[key.charCodeAt(i)] !== 1) return false
  return true
}

function malformed(detail: string): HandshakeFault {
  return { code: 'BAD_HANDSHAKE', detail }
}

function hasToken(list: string, token: string): boolean {
  const lower = list.toLowerCase()
  return lower === token || lower.split(',').some((part) => part.trim() === token)
}
