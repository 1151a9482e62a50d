/** Digits alone: what a server underneath makes of a sign, a list or nothing is not what a proxy in front does. */
const lengthPattern = /^\d{1,15}$/

/**
 * Says in words for the log why it is in doubt where a request ends or whom it is for; null when it is not. A proxy in
 * front may read such a request otherwise, so that a part of it becomes a request of somebody else (RFC 9112 §11.2);
 * RFC 9112 §6.3 has it refused and the connection closed. Takes names, in any case, and values by turns.
 */
export function framingDoubt(lines: readonly string[]): string | null {
  let hosts = 0
  let length: string | null = null
  let coding: string | null = null
  for (let i = 0; i < lines.length; i += 2) {
    const name = lines[i] as string
    // Their lengths tell most names apart, and cost less to compare.
    if (name.length === 4) {
      if (name.toLowerCase() === 'host' && ++hosts > 1) return 'there are several Host headers'
    } else if (name.length === 14) {
      if (name.toLowerCase() !== 'content-length') continue
      if (length !== null) return 'there are several Content-Length headers'
      length = lines[i + 1] as string
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      if (coding !== null) return 'there are several Transfer-Encoding headers'
      coding = lines[i + 1] as string
    }
  }
  if (coding !== null && length !== null) return 'there is a Content-Length beside a Transfer-Encoding'
  if (coding !== null && coding.toLowerCase() !== 'chunked') return 'the Transfer-Encoding is not chunked'
  if (length !== null && !lengthPattern.test(length)) return 'the Content-Length is not a number'
  return null
}
