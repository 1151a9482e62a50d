import type { AwsCredentials } from './aws-credentials.ts'
import {
  canonicalHeaderValue,
  canonicalPairs,
  canonicalQuery,
  deriveSigningKey,
  scopeText,
  sha256,
  signatureOf,
  sigV4Algorithm,
} from './sigv4.ts'

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

/**
 * Signs requests with Signature Version 4 ("Create a signed AWS API request"), every service but S3: the path is
 * encoded once more for the signature. The derived key is kept for the day that it is good for.
 */
export function createSigner({ credentials, region, service, now }: SignerOptions): Sign {
  let keyDay = ''
  let key: Buffer = Buffer.alloc(0)

  function keyFor(day: string): Buffer {
    if (day !== keyDay) {
      key = deriveSigningKey(credentials.secretAccessKey, { day, region, service })
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
    const scope = { day, region, service }
    const signature = signatureOf(
      {
        method: request.method,
        path: request.path,
        query: canonicalQuery(canonicalPairs(request.query)),
        headers: headers.map(([name, value]) => `${name}:${canonicalHeaderValue(value)}`),
        signedHeaders,
        payloadHash: sha256(request.body),
      },
      keyFor(day),
      scope,
      time,
    )
    const credential = `${credentials.accessKeyId}/${scopeText(scope)}`
    added.push([
      'authorization',
      `${sigV4Algorithm} Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
    ])
    return added
  }
}
