import { isIP } from 'node:net'
import type { MethodArrival } from '../events/method-event.ts'
import { lastHeader } from '../vocabulary/headers.ts'

/** The headers whose facts are in `Forwarded`, by their names in lower case. */
export const forwardedNames = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-proto'] as const

/**
 * The value of `Forwarded` (RFC 7239) that HTTP APIs send in place of `X-Forwarded-…`: one element for each address that a
 * request came by before the gateway, and one for the request to the gateway, with its host and protocol.
 */
export function forwardedElements({ headers, sourceIp, domainName }: MethodArrival): string {
  const nodes = (lastHeader(headers, 'x-forwarded-for') ?? '').split(',').map((each) => each.trim())
  const earlier = nodes.slice(0, -1).map((node) => `for=${nodeName(node)}`)
  const proto = lastHeader(headers, 'x-forwarded-proto') === 'http' ? 'http' : 'https'
  const host = lastHeader(headers, 'host') ?? domainName
  const last = nodes.at(-1) ?? ''
  const own = `for=${nodeName(last === '' ? sourceIp : last)};host=${valueText(host)};proto=${proto}`
  return [...earlier, own].join(', ')
}

/** A node as RFC 7239 §6 writes it; `unknown` for what is no address, which a client may have made up. */
function nodeName(text: string): string {
  if (isIP(text) === 4) return text
  if (isIP(text) === 6) return `"[${text}]"`
  return 'unknown'
}

/** A token as it is, anything else in quotes (RFC 9110 §5.6.4). */
function valueText(text: string): string {
  if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text)) return text
  return `"${text.replace(/[^\x20-\x7e]/g, '').replace(/["\\]/g, '\\$&')}"`
}
