import type { IncomingMessage } from 'node:http'

/** Headers that a request may have; uWebSockets.js takes as many. */
export const maxHeaders = 100

/**
 * Tells what is doubtful about a request that Node's strict parser lets through; null when all is well. Servers behind
 * each other that read such a request differently can be led to take a part of it for another request (RFC 9112 §11.2).
 */
export function requestFault({ rawHeaders, httpVersionMajor, httpVersionMinor }: IncomingMessage): string | null {
  let hosts = 0
  let codings = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length === 4) {
      if (name.toLowerCase() === 'host') hosts++
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      if ((rawHeaders[i + 1] as string).toLowerCase() !== 'chunked') return 'a Transfer-Encoding is not chunked'
      codings++
    }
  }
  if (codings > 1) return 'there is more than one Transfer-Encoding'
  if (hosts > 1) return 'there is more than one Host header'
  if (hosts === 0 && !(httpVersionMajor === 1 && httpVersionMinor === 0)) return 'there is no Host header'
  return null
}
