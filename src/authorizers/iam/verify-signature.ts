import { timingSafeEqual } from 'node:crypto'
import { canonicalHeaderValue, canonicalPairs, canonicalQuery, sha256, signatureOf } from '../../vocabulary/sigv4.ts'
import type { CallerRefusal } from '../contract.ts'
import type { AccessKeys, UsableKey } from './access-keys.ts'
import { basicTime, readSignatureParts, type SignatureParts } from './signature-parts.ts'
import { type HeaderValues, headerValues, type SignedRequest } from './signed-request.ts'

export interface VerifierOptions {
  readonly keys: AccessKeys
  /** The region that signatures have to be for. */
  readonly region: string
  /** The wall clock, in milliseconds since 1970. */
  readonly now: () => number
}

/**
 * Verifies the signature of a request, and gives the key that it was made with, or why it is refused. `body` is null
 * where the body is not read, and then must be none. `service` is the one that signatures have to be for.
 */
export type VerifySignature = (
  request: SignedRequest,
  body: Uint8Array | null,
  service: string,
) => { readonly key: UsableKey } | { readonly refusal: CallerRefusal }

/** Milliseconds that the clock of a client may be off, either way. */
const maxSkew = 5 * 60_000

/**
 * Creates the verifier of Signature Version 4 ("AWS Signature Version 4 for API requests"): in the Authorization header,
 * or in the query of a presigned URL. Whatever is in doubt is refused.
 */
export function createSignatureVerifier({ keys, region, now }: VerifierOptions): VerifySignature {
  return (request, body, service) => {
    const headers = headerValues(request.headers)
    const pairs = canonicalPairs(request.query)
    const parts = readSignatureParts(headers, pairs)
    if ('code' in parts) return { refusal: parts }
    const key = keys.find(parts.accessKeyId)
    if (key === null || !key.isSession(parts.sessionToken)) return unknownClient
    const refusal =
      checkScope(parts, region, service) ?? checkTime(parts, now()) ?? checkHeaders(parts, headers) ?? null
    if (refusal !== null) return { refusal }
    const payloadHash = payloadHashOf(parts, body)
    if (payloadHash === null) return mismatch
    const signed = parts.signedHeaders.map((name) => `${name}:${canonicalValue(headers, name)}`)
    const scope = { day: parts.day, region, service }
    const expected = signatureOf(
      {
        method: request.method,
        path: request.path,
        query: pairs.length === 0 ? '' : canonicalQuery(pairs.filter(([name]) => name !== 'X-Amz-Signature')),
        headers: signed,
        signedHeaders: parts.signedHeaders.join(';'),
        payloadHash,
      },
      key.signingKey(scope),
      scope,
      parts.time,
    )
    // Both are 64 hexadecimal digits.
    return timingSafeEqual(Buffer.from(expected), Buffer.from(parts.signature)) ? { key } : mismatch
  }
}

const unknownClient = { refusal: { code: 'UNRECOGNIZED_CLIENT' } } as const
const mismatch = { refusal: { code: 'INVALID_SIGNATURE' } } as const

function invalid(detail: string): CallerRefusal {
  return { code: 'INVALID_SIGNATURE', detail: ` ${detail}` }
}

function checkScope(parts: SignatureParts, region: string, service: string): CallerRefusal | null {
  if (parts.region !== region) return invalid(`Credential should be scoped to a valid region, not '${parts.region}'.`)
  if (parts.service !== service) return invalid(`Credential should be scoped to correct service: '${service}'.`)
  if (parts.day !== parts.time.slice(0, 8))
    return invalid(`Date in Credential scope does not match YYYYMMDD from the date: '${parts.day}' != '${parts.time}'.`)
  return null
}

function checkTime({ time, signedAt, expires }: SignatureParts, now: number): CallerRefusal | null {
  if (signedAt > now + maxSkew)
    return { code: 'SIGNATURE_NOT_YET_CURRENT', detail: `: ${time} is still later than ${basicTime(now + maxSkew)}` }
  const end = signedAt + (expires === null ? maxSkew : expires * 1000)
  if (end < now)
    return { code: 'SIGNATURE_EXPIRED', detail: `: ${basicTime(end)} is now earlier than ${basicTime(now)}` }
  return null
}

/** Headers that say something about the call itself are signed, and what is signed is there. */
function checkHeaders({ signedHeaders }: SignatureParts, headers: HeaderValues): CallerRefusal | null {
  const absent = signedHeaders.find((name) => !headers.has(name))
  if (absent !== undefined) return invalid(`There is no header ${absent}, which is one of SignedHeaders.`)
  for (const name of headers.keys())
    if (name.startsWith('x-amz-') && !signedHeaders.includes(name)) return invalid(`The header ${name} must be signed.`)
  return null
}

function canonicalValue(headers: HeaderValues, name: string): string {
  const value = headers.get(name) ?? ''
  return typeof value === 'string' ? canonicalHeaderValue(value) : value.map(canonicalHeaderValue).join(',')
}

const emptyHash = sha256('')

/**
 * The hash that the signature is about; null where that of the sender is not that of the body. A body that is a message
 * has to be signed: whoever stands between could else send another. UNSIGNED-PAYLOAD says nothing where there is none.
 */
function payloadHashOf({ payloadHash }: SignatureParts, body: Uint8Array | null): string | null {
  const actual = body === null || body.length === 0 ? emptyHash : sha256(body)
  if (payloadHash === null || payloadHash === actual) return actual
  return payloadHash === 'UNSIGNED-PAYLOAD' && body === null ? payloadHash : null
}
