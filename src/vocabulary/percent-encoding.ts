const surrogate = /[\ud800-\udfff]/

/** A text percent-encoded for a place in a path or query; half a surrogate pair becomes U+FFFD. */
export function percentEncode(text: string): string {
  // Through bytes and back, half a surrogate pair becomes U+FFFD; as it is, it can't be encoded.
  return encodeURIComponent(surrogate.test(text) ? Buffer.from(text).toString() : text)
}

/**
 * A client's text percent-encoded as one segment of a path; `.` and `..` must not climb (RFC 3986 §5.2.4). Programs resolve
 * `%2E%2E` as they do `..` (§6.2.2.3), so these are encoded twice.
 */
export function encodeSegment(text: string): string {
  return text === '.' || text === '..' ? text.replaceAll('.', '%252E') : percentEncode(text)
}

const unwritable = /[^\x21-\x7e]+|[\\#?]/g
const dotSegment = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i

/**
 * A path with parts of a client's in it, as it may be sent: what no path has is percent-encoded, and nothing climbs, as
 * with `encodeSegment`.
 */
export function staticPath(path: string): string {
  const written = path.replace(unwritable, (text) => percentEncode(text))
  if (!dotSegment.test(written)) return written
  return written
    .split('/')
    .map((segment) => (/^(?:\.|%2e){1,2}$/i.test(segment) ? segment.replace(/\.|%2e/gi, '%252E') : segment))
    .join('/')
}
