import { createHash, createHmac } from 'node:crypto'
import type { AwsCredentials } from '../vocabulary/aws-credentials.ts'

export interface SignableRequest {
  readonly method: string
  /** The path as on the wire: percent-encoded, without the query. */
  readonly path: string
  /** The query as on the wire, without the question mark; empty for none. */
  readonly query: string
  /** All headers to be signed, `host` among them. Names in lower case, each once. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string | Uint8Array
}

/** Gives the headers that a request needs on top: `x-amz-date`, `authorization`, and the token's where there is one. */
export type Sign = (request: SignableRequest) => [name: string, value: string][]

export interface SignerOptions {
  readonly credentials: AwsCredentials
  readonly region: string
  readonly service: string
  /** The wall clock, in milliseconds since 1970. */
  readonly now: () => number
}

const algorithm = 'AWS4-HMAC-SHA256'

/**
 * Signs requests with Signature Version 4 ("Create a signed AWS API request"), every service but S3: the path is
 * encoded once more for the signature. The derived key is kept for the day that it is good for.
 */
export function createSigner({ credentials, region, service, now }: SignerOptions): Sign {
  let keyDay = ''
  let key: Buffer = Buffer.alloc(0)

  function keyFor(day: string): Buffer {
    if (day !== keyDay) {
      const scope = [day, region, service, 'aws4_request']
      key = scope.reduce<Buffer>(hmac, Buffer.from(`AWS4${credentials.secretAccessKey}`))
      keyDay = day
    }
    return key
  }

  return (request) => {
    const time = new Date(now()).toISOString().replace(/[:-]|\.\d{3}/g, '')
    const day = time.slice(0, 8)
    const added: [string, string][] = [['x-amz-date', time]]
    if (credentials.sessionToken !== null) added.push(['x-amz-security-token', credentials.sessionToken])

    const headers = [...request.headers, ...added].sort(([a], [b]) => (a < b ? -1 : 1))
    const signedHeaders = headers.map(([name]) => name).join(';')
    const canonicalRequest = [
      request.method,
      canonicalPath(request.path),
      canonicalQuery(request.query),
      ...headers.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, ' ')}`),
      '',
      signedHeaders,
      sha256(request.body),
    ].join('\n')

    const scope = `${day}/${region}/${service}/aws4_request`
    const signature = hmac(keyFor(day), [algorithm, time, scope, sha256(canonicalRequest)].join('\n')).toString('hex')
    const { accessKeyId } = credentials
    added.push([
      'authorization',
      `${algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
    ])
    return added
  }
}

/** Dot segments are resolved and empty ones dropped before the path is encoded again (RFC 3986 §5.2.4). */
function canonicalPath(path: string): string {
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(encode(segment))
  }
  return `/${segments.join('/')}${segments.length > 0 && path.endsWith('/') ? '/' : ''}`
}

function canonicalQuery(query: string): string {
  if (query === '') return ''
  return query
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=')
      const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
      return [encode(decodeURIComponent(name)), encode(decodeURIComponent(value))] as const
    })
    .sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

/** Encodes all but the unreserved characters of RFC 3986, which `encodeURIComponent` takes a few more for. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
