/** Words for people; no DOM in here. */

/** @param {number} bytes */
export function sizeText(bytes) {
  if (bytes < 1024) return `${bytes} B`
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`
}

/** @param {string} text */
export function byteLength(text) {
  return new TextEncoder().encode(text).length
}

/** `14:03:09.120`, in the local time zone. @param {Date} time */
export function timeText(time) {
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0')
  const milliseconds = String(time.getMilliseconds()).padStart(3, '0')
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${milliseconds}`
}

/** JSON over several lines; null when the text is not an object or a list. @param {string} text */
export function prettyJson(text) {
  if (!/^\s*[[{]/.test(text)) return null
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return null
  }
}

/** @typedef {{ code: number, text: string, by: string, when: string }} CloseReason */

/** Meanings of codes that are not the gateway's own (RFC 6455 §7.4.1). @type {Record<number, string>} */
const standardCodes = {
  1000: 'Normal end.',
  1001: 'The other side goes away.',
  1002: 'Protocol error.',
  1003: 'A kind of data that is not accepted.',
  1005: 'The close frame carried no status.',
  1006: 'The connection ended without a close frame.',
  1007: 'A message that is not valid UTF-8.',
  1008: 'A rule of the server was broken.',
  1009: 'A message is too big.',
  1010: 'An extension that was needed is missing.',
  1011: 'The server met a fault.',
  1012: 'The server restarts.',
  1013: 'The server is overloaded; try again later.',
  1015: 'The TLS handshake failed.',
}

/**
 * The meaning of a close: the rows of the gateway's own table with this code and reason, else the RFC's word.
 * @param {Record<string, CloseReason>} reasons @param {number} code @param {string} reason @param {boolean} byUs
 * @returns {string[]}
 */
export function closeMeanings(reasons, code, reason, byUs) {
  if (byUs) return ['This page closed the connection.']
  const rows = Object.entries(reasons).filter(([, row]) => row.code === code && (row.text === reason || code === 1006))
  if (rows.length > 0) return rows.map(([name, row]) => `${name}: ${row.when}`)
  const own = code >= 4000 ? 'A code of the application.' : code >= 3000 ? 'A registered code of a library.' : null
  return [own ?? standardCodes[code] ?? 'No known meaning.']
}

/**
 * The text of a message for a route: `$request.body.action` and `chat` give `{"action": "chat"}`. Null when the
 * expression is more than one path.
 * @param {string | null} expression @param {string} routeKey
 */
export function messageFor(expression, routeKey) {
  const [, path] =
    /^\$(?:request\.body\.([\w.-]+)|\{request\.body\.([\w.-]+)\})$/.exec(expression ?? '')?.filter(Boolean) ?? []
  if (path === undefined) return null
  const value = path.split('.').reduceRight((/** @type {unknown} */ inner, name) => ({ [name]: inner }), routeKey)
  return JSON.stringify(value, null, 2)
}
