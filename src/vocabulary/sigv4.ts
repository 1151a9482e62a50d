import { createHmac, hash } from 'node:crypto'
import { queryPairs } from './query-pairs.ts'

/** The algorithm of Signature Version 4, as it stands in front of what is signed. */
export const sigV4Algorithm = 'AWS4-HMAC-SHA256'

/** The scope of a signing key: it is good for one day, one region and one service. */
export interface SigningScope {
  /** The day in UTC, `20251005`. */
  readonly day: string
  readonly region: string
  readonly service: string
}

/** The key that a secret gives for a scope ("Create a signed AWS API request", "Calculate the signature"). */
export function deriveSigningKey(secretAccessKey: string, { day, region, service }: SigningScope): Buffer {
  return [day, region, service, 'aws4_request'].reduce<Buffer>(hmac, Buffer.from(`AWS4${secretAccessKey}`))
}

/** A request in the parts of its canonical form; `query`, `headers` and `signedHeaders` are in that form already. */
export interface CanonicalRequest {
  readonly method: string
  /** The path as on the wire: percent-encoded, without the query. */
  readonly path: string
  readonly query: string
  /** Lines of `name:value` in the order of the signed headers. */
  readonly headers: readonly string[]
  readonly signedHeaders: string
  /** SHA-256 of the body in hexadecimal digits, or what stands for it. */
  readonly payloadHash: string
}

/** The signature of a request in hexadecimal digits. `time` is `20251005T080910Z`. */
export function signatureOf(request: CanonicalRequest, key: Buffer, scope: SigningScope, time: string): string {
  const canonical = [
    request.method,
    canonicalPath(request.path),
    request.query,
    ...request.headers,
    '',
    request.signedHeaders,
    request.payloadHash,
  ].join('\n')
  return hmac(key, [sigV4Algorithm, time, scopeText(scope), sha256(canonical)].join('\n')).toString('hex')
}

/** The scope as credentials spell it: `20251005/eu-west-1/execute-api/aws4_request`. */
export function scopeText({ day, region, service }: SigningScope): string {
  return `${day}/${region}/${service}/aws4_request`
}

/**
 * The path as it is signed, for every service but S3: what is on the wire is encoded once more. Dot segments are
 * resolved and empty ones dropped before that (RFC 3986 §5.2.4), as AWS's clients do.
 */
function canonicalPath(path: string): string {
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(encode(segment))
  }
  return `/${segments.join('/')}${segments.length > 0 && path.endsWith('/') ? '/' : ''}`
}

/** A name and a value of a query in their canonical encoding. */
export type CanonicalPair = readonly [name: string, value: string]

/**
 * The names and values of a query as on the wire, each in its canonical encoding and in the order of the wire. A `+` is
 * a space, as it is to whoever reads the query afterwards; a `%` that begins no escape is one.
 */
export function canonicalPairs(query: string): CanonicalPair[] {
  return queryPairs(query, encodeOnce)
}

/** The canonical query of pairs: sorted by names, and by values where a name is repeated. */
export function canonicalQuery(pairs: readonly CanonicalPair[]): string {
  return pairs
    .toSorted(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a === b ? 0 : 1
}

/** The value of a header as it is signed: without white space around it, and one space for each run inside. */
export function canonicalHeaderValue(value: string): string {
  const trimmed = value.trim()
  return hasRuns.test(trimmed) ? trimmed.replace(/\s+/g, ' ') : trimmed
}

/** White space that is more, or another, than one space. */
const hasRuns = /\s\s|[^\S ]/

/** Encodes all but the unreserved characters of RFC 3986, `%` included. */
function encode(text: string): string {
  return text.replace(/[^A-Za-z0-9\-._~]/gu, encodeCharacter)
}

const unreserved = /^[A-Za-z0-9\-._~]$/

/** Brings a text that is percent-encoded already, in whichever way, into the one canonical form. */
function encodeOnce(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~]/gu, (found, digits: string | undefined) => {
    if (digits === undefined) return found === '+' ? '%20' : encodeCharacter(found)
    const character = String.fromCharCode(Number.parseInt(digits, 16))
    return unreserved.test(character) ? character : `%${digits.toUpperCase()}`
  })
}

/** The bytes of UTF-8 as escapes. Half of a surrogate pair becomes U+FFFD, as wherever text becomes bytes. */
function encodeCharacter(character: string): string {
  const code = character.charCodeAt(0)
  if (code < 128) return escapes[code] as string
  return Buffer.from(character).reduce((text, byte) => text + escapes[byte], '')
}

const escapes = Array.from({ length: 256 }, (_, byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)

/** SHA-256 in hexadecimal digits. */
export function sha256(content: string | Uint8Array): string {
  return hash('sha256', content, 'hex')
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
