const surrogate = /[\ud800-\udfff]/

/** A text percent-encoded for a place in a path or query; half a surrogate pair becomes U+FFFD. */
export function percentEncode(text: string): string {
  // Through bytes and back, half a surrogate pair becomes U+FFFD; as it is, it can't be encoded.
  return encodeURIComponent(surrogate.test(text) ? Buffer.from(text).toString() : text)
}

/** A client's text percent-encoded as one segment of a path; `.` and `..` must not climb (RFC 3986 §5.2.4). */
export function encodeSegment(text: string): string {
  return text === '.' || text === '..' ? text.replaceAll('.', '%2E') : percentEncode(text)
}
