import type { MethodEvent } from '../events/method-event.ts'
import type { RequestChanges } from '../mapping/method-parameters.ts'
import { type HeaderList, isSafeHeader, readAs } from '../vocabulary/headers.ts'
import { forwardedElements, forwardedNames } from './forwarded.ts'
import { wireHeader } from './wire-header.ts'

/**
 * Headers that belong to the client's connection (RFC 9110 §7.6.1), or that are written anew: `Host` and
 * `Content-Length` by undici, `Forwarded`, `Via` and the trace id by the gateway.
 */
const neverForwarded: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'forwarded',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
  'x-amzn-trace-id',
  ...forwardedNames,
])

/** The gateway in `Via` (RFC 9110 §7.6.3), as HTTP APIs name it. */
const via = 'HTTP/1.1 AmazonAPIGateway'

/**
 * Builds the headers of a request to a backend of an HTTP API, as undici takes them: the client's own, then what parameter
 * mapping puts there, then the gateway's.
 */
export function createMethodHeaders(change: RequestChanges['headers']): (event: MethodEvent) => string[] {
  return (event) => {
    const { headers } = event.arrival
    const forwarded = forwardedHeaders(headers)
    const sent: string[] = []
    for (const [name, value] of change === null ? forwarded : change(event, forwarded)) {
      sent.push(...wireHeader(name, value))
    }
    const elements = forwardedElements(event.arrival)
    sent.push(...wireHeader('Forwarded', joinedWith(headers, 'forwarded', elements)))
    sent.push(...wireHeader('Via', joinedWith(headers, 'via', via)), 'X-Amzn-Trace-Id', event.traceId)
    return sent
  }
}

function forwardedHeaders(headers: HeaderList): HeaderList {
  return headers.filter(([name, value]) => {
    const known = readAs(name)
    // A signature for the gateway's own URL is nothing for a backend.
    if (known === 'authorization' && value.startsWith('AWS4-HMAC-SHA256')) return false
    return !neverForwarded.has(known)
  })
}

/** The client's own values of a header, and one more behind them; one that may not be written must not take that along. */
function joinedWith(headers: HeaderList, lowerCaseName: string, value: string): string {
  const own = headers.filter(
    ([name, text]) => name.toLowerCase() === lowerCaseName && text !== '' && isSafeHeader(name, text),
  )
  return [...own.map(([, text]) => text), value].join(', ')
}
