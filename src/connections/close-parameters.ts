/** How a close frame is to read; null twice for what AWS's DELETE does. */
export interface CloseParameters {
  readonly code: number | null
  readonly reason: string | null
}

/** What a DELETE may ask for, in the words of its 400. */
export const closeParametersRule =
  'code is 1000 to 1003, 1007 to 1014 or 3000 to 4999; reason has at most 123 bytes of UTF-8'

const usual: CloseParameters = { code: null, reason: null }
const normalClosure = 1000
/** A control frame carries 125 bytes and two of them are the code (RFC 6455 §5.5, §5.5.1). */
const maxReasonBytes = 123

/** `code` and `reason` of a raw query string; null when one of them may not stand in a close frame. */
export function closeParameters(query: string): CloseParameters | null {
  const parameters = new URLSearchParams(query)
  const code = parameters.get('code')
  const reason = parameters.get('reason')
  if (code === null && reason === null) return usual
  if (reason !== null && Buffer.byteLength(reason) > maxReasonBytes) return null
  if (code !== null && !(/^\d{4}$/.test(code) && maySend(Number(code)))) return null
  return { code: code === null ? normalClosure : Number(code), reason: reason ?? '' }
}

/**
 * RFC 6455 §7.4.1 and IANA's "WebSocket Close Code Number Registry": 1004 has no meaning yet, 1005, 1006 and 1015
 * must not be sent, 2999 and below is otherwise reserved, 3000 to 4999 are for libraries and applications (§7.4.2).
 */
function maySend(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999)
}
