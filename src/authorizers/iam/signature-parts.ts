import type { CanonicalPair } from '../../vocabulary/sigv4.ts'
import { sigV4Algorithm } from '../../vocabulary/sigv4.ts'
import type { CallerRefusal } from '../contract.ts'
import type { HeaderValues } from './signed-request.ts'

/** The parts of a signature as its sender gives them, well-formed and not yet believed. */
export interface SignatureParts {
  readonly accessKeyId: string
  readonly day: string
  readonly region: string
  readonly service: string
  /** Names in lower case, in the order of the signature. */
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** The time of the signature: `20251005T080910Z`. */
  readonly time: string
  /** Seconds that a presigned URL is good for; null where it says none, and for signed headers. */
  readonly expires: number | null
  /** The X-Amz-Content-Sha256 of the sender; null for none. */
  readonly payloadHash: string | null
  readonly hasSessionToken: boolean
}

/** The longest signature header that is read, and the most headers that one may sign. */
const maxAuthorizationLength = 4_096
const maxSignedHeaders = 100
/** Seconds that a presigned URL may be good for: a week ("Create a signed AWS API request", X-Amz-Expires). */
const maxExpires = 604_800

/** Reads the signature of a request from its Authorization header, or from its query for a presigned URL. */
export function readSignatureParts(
  headers: HeaderValues,
  query: readonly CanonicalPair[],
): SignatureParts | CallerRefusal {
  const authorizations = headers.get('authorization') ?? []
  const isPresigned = query.some(([name]) => name === 'X-Amz-Algorithm' || name === 'X-Amz-Signature')
  const [authorization] = authorizations
  if (authorization === undefined || authorization === '') return isPresigned ? ofQuery(query) : missing
  // Two of them are read one way here and another way elsewhere.
  if (authorizations.length > 1) return incomplete('a request has one Authorization header')
  if (isPresigned) return incomplete('a request is signed in its Authorization header or in its query, not in both')
  return ofHeader(authorization, headers)
}

const missing: CallerRefusal = { code: 'MISSING_AUTHENTICATION_TOKEN' }

function incomplete(detail: string): CallerRefusal {
  return { code: 'INCOMPLETE_SIGNATURE', detail: `: ${detail}` }
}

function ofHeader(authorization: string, headers: HeaderValues): SignatureParts | CallerRefusal {
  if (authorization.length > maxAuthorizationLength) return incomplete('the Authorization header is too long')
  if (!authorization.startsWith(`${sigV4Algorithm} `))
    return incomplete(`the Authorization header begins with ${sigV4Algorithm}`)
  const given = new Map<string, string>()
  for (const part of authorization.slice(sigV4Algorithm.length).split(',')) {
    const [, name, value] = /^\s*([A-Za-z]+)=(\S+)\s*$/.exec(part) ?? []
    if (name === undefined || value === undefined)
      return incomplete('the Authorization header is made of key=value pairs with commas between them')
    if (given.has(name)) return incomplete(`the Authorization header has ${name} twice`)
    given.set(name, value)
  }
  for (const name of ['Credential', 'SignedHeaders', 'Signature'])
    if (!given.has(name)) return incomplete(`the Authorization header requires '${name}'`)
  const time = timeOf(headers)
  if (typeof time !== 'string') return time
  const payloads = headers.get('x-amz-content-sha256') ?? []
  if (payloads.length > 1) return incomplete('a request has one X-Amz-Content-Sha256')
  return complete({
    credential: given.get('Credential') as string,
    signedHeaders: given.get('SignedHeaders') as string,
    signature: given.get('Signature') as string,
    time,
    expires: null,
    payloadHash: payloads[0] ?? null,
    hasSessionToken: headers.has('x-amz-security-token'),
  })
}

/** The time of a request: that of X-Amz-Date, else that of Date in either form. */
function timeOf(headers: HeaderValues): string | CallerRefusal {
  const dates = headers.get('x-amz-date') ?? headers.get('date') ?? []
  const [date] = dates
  if (date === undefined || dates.length > 1) return incomplete("a request requires one 'X-Amz-Date' or 'Date' header")
  if (headers.has('x-amz-date') || !httpDate.test(date)) return date.trim()
  return new Date(Date.parse(date)).toISOString().replace(/[:-]|\.\d{3}/g, '')
}

/** The form of dates that senders have to use (RFC 9110 §5.6.7, IMF-fixdate); `new Date` is asked for real ones only. */
const httpDate =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?:0[1-9]|[12]\d|3[01]) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d GMT$/

function ofQuery(query: readonly CanonicalPair[]): SignatureParts | CallerRefusal {
  const given = new Map<string, string>()
  for (const [name, value] of query) {
    if (!name.startsWith('X-Amz-')) continue
    if (given.has(name)) return incomplete(`the query has ${name} twice`)
    given.set(name, decoded(value))
  }
  for (const name of ['Algorithm', 'Credential', 'Date', 'SignedHeaders', 'Signature'])
    if (!given.has(`X-Amz-${name}`)) return incomplete(`AWS query-string parameters must include 'X-Amz-${name}'`)
  if (given.get('X-Amz-Algorithm') !== sigV4Algorithm) return incomplete(`X-Amz-Algorithm is ${sigV4Algorithm}`)
  const expires = given.get('X-Amz-Expires')
  if (expires !== undefined && !(/^[1-9]\d{0,5}$/.test(expires) && Number(expires) <= maxExpires))
    return incomplete(`X-Amz-Expires is a number of seconds from 1 to ${maxExpires}`)
  return complete({
    credential: given.get('X-Amz-Credential') as string,
    signedHeaders: given.get('X-Amz-SignedHeaders') as string,
    signature: given.get('X-Amz-Signature') as string,
    time: given.get('X-Amz-Date') as string,
    expires: expires === undefined ? null : Number(expires),
    payloadHash: given.get('X-Amz-Content-Sha256') ?? null,
    hasSessionToken: given.has('X-Amz-Security-Token'),
  })
}

/** The text of a canonical value; that of bytes which are no UTF-8 stays as it is, and then is no signature's part. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

interface GivenParts
  extends Pick<SignatureParts, 'signature' | 'time' | 'expires' | 'payloadHash' | 'hasSessionToken'> {
  readonly credential: string
  readonly signedHeaders: string
}

function complete({ credential, signedHeaders, ...given }: GivenParts): SignatureParts | CallerRefusal {
  const [, accessKeyId, day, region, service] =
    /^([\w-]{1,128})\/(\d{8})\/([\w-]+)\/([\w-]+)\/aws4_request$/.exec(credential) ?? []
  if (accessKeyId === undefined || day === undefined || region === undefined || service === undefined)
    return incomplete('the Credential is accessKeyId/YYYYMMDD/region/service/aws4_request')
  if (!isTime(given.time)) return incomplete('the date is written as in 20251005T080910Z')
  if (!/^[0-9a-f]{64}$/.test(given.signature)) return incomplete('the Signature is 64 hexadecimal digits')
  const names = signedHeaders.split(';')
  const isInOrder = names.every((name, index) => index === 0 || (names[index - 1] as string) < name)
  if (names.length > maxSignedHeaders || !isInOrder || !names.every((name) => /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)))
    return incomplete('SignedHeaders are names in lower case, sorted, with semicolons between them')
  if (!names.includes('host')) return incomplete("SignedHeaders must include 'host'")
  return { ...given, accessKeyId, day, region, service, signedHeaders: names }
}

/** Whether a text is a time that there is: the 31st of February is none. */
function isTime(text: string): boolean {
  return (
    /^\d{8}T\d{6}Z$/.test(text) && Number.isFinite(millisecondsOf(text)) && basicTime(millisecondsOf(text)) === text
  )
}

/** Milliseconds since 1970 of `20251005T080910Z`; NaN where there is no such time. */
export function millisecondsOf(time: string): number {
  return Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
}

/** A time as signatures write it, `20251005T080910Z`. */
export function basicTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/[:-]|\.\d{3}/g, '')
}
