/**
 * Bytes of the longest close reason: a control frame carries 125 bytes and two of them are the code (RFC 6455 §5.5,
 * §5.5.1).
 */
export const maxCloseReasonBytes = 123

/** The codes for which `mayCloseWith` is true, in the words of a refusal. */
export const closeCodesAllowed = '1000 to 1003, 1007 to 1014 or 3000 to 4999'

/**
 * Whether an endpoint may put a code into a close frame. RFC 6455 §7.4.1 and IANA's "WebSocket Close Code Number
 * Registry": 1004 has no meaning yet, 1005, 1006 and 1015 must not be sent, 2999 and below is otherwise reserved, 3000
 * to 4999 are for libraries and applications (§7.4.2).
 */
export function mayCloseWith(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999)
}
