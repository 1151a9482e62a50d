/** An absolute URL of an HTTP backend, in the parts that stand in it. */
export interface HttpUrl {
  /** The scheme and the authority. */
  readonly base: URL
  /** The path as it is written, neither encoded nor resolved; empty for none. */
  readonly path: string
  /** The query with its `?`; empty for none. */
  readonly query: string
  /** The fragment with its `#`, which is never sent; empty for none. */
  readonly fragment: string
}

/** The form of such a URL, for messages. */
export const httpUrlForm = 'an absolute http:// or https:// URL'

const parts = /^(https?:\/\/[^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/is
/**
 * A host name after the URL parser: names beyond ASCII are punycode by then. The parser lets braces pass, which must
 * not name a host, and `.example.com`, as an empty variable makes it.
 */
const hostName = /^(?:(?!\.)(?!.*\.\.)[a-z0-9._-]+|\[[0-9a-f:.]+\])$/

/** Reads the URL of an HTTP backend, whose variables are replaced already; null when it is none. */
export function parseHttpUrl(text: string): HttpUrl | null {
  const [, authority = '', path = '', query = '', fragment = ''] = parts.exec(text) ?? []
  if (!URL.canParse(authority)) return null
  const base = new URL(authority)
  return hostName.test(base.hostname) ? { base, path, query, fragment } : null
}
