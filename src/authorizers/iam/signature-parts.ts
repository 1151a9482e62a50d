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
  /** The same in milliseconds since 1970. */
  readonly signedAt: number
  /** Seconds that a presigned URL is good for; null where it says none, and for signed headers. */
  readonly expires: number | null
  /** The X-Amz-Content-Sha256 of the sender; null for none. */
  readonly payloadHash: string | null
  /** The X-Amz-Security-Token of the sender; null for none. */
  readonly sessionToken: string | null
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
  const authorization = headers.get('authorization') ?? ''
  const isPresigned = query.some(([name]) => name === 'X-Amz-Algorithm' || name === 'X-Amz-Signature')
  if (authorization === '') return isPresigned ? ofQuery(query) : missing
  // Two of them are read one way here and another way elsewhere.
  if (typeof authorization !== 'string') return incomplete('a request has one Authorization header')
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
  const given = usualOrder.exec(authorization)?.groups ?? membersOf(authorization)
  if (typeof given === 'string') return incomplete(given)
  const time = timeOf(headers)
  if (typeof time !== 'string') return time
  const payloadHash = headers.get('x-amz-content-sha256') ?? null
  if (payloadHash !== null && typeof payloadHash !== 'string')
    return incomplete('a request has one X-Amz-Content-Sha256')
  const sessionToken = headers.get('x-amz-security-token') ?? null
  if (sessionToken !== null && typeof sessionToken !== 'string')
    return incomplete('a request has one X-Amz-Security-Token')
  return complete({
    credential: given.Credential as string,
    signedHeaders: given.SignedHeaders as string,
    signature: given.Signature as string,
    time,
    expires: null,
    payloadHash,
    sessionToken,
  })
}

/** The header as every client is known to write it. */
const usualOrder =
  /^AWS4-HMAC-SHA256 +Credential=(?<Credential>[^\s,]+), *SignedHeaders=(?<SignedHeaders>[^\s,]+), *Signature=(?<Signature>[^\s,]+)$/

/** The members of a header in any order, or the sentence that says what is wrong with it. */
function membersOf(authorization: string): Record<string, string> | string {
  const given: Record<string, string> = Object.create(null)
  for (const part of authorization.slice(sigV4Algorithm.length).split(',')) {
    const [, name, value] = /^\s*([A-Za-z]+)=(\S+)\s*$/.exec(part) ?? []
    if (name === undefined || value === undefined)
      return 'the Authorization header is made of key=value pairs with commas between them'
    if (given[name] !== undefined) return `the Authorization header has ${name} twice`
    given[name] = value
  }
  const absent = ['Credential', 'SignedHeaders', 'Signature'].find((name) => given[name] === undefined)
  return absent === undefined ? given : `the Authorization header requires '${absent}'`
}

/** The time of a request: that of X-Amz-Date, else that of Date in either form. */
function timeOf(headers: HeaderValues): string | CallerRefusal {
  const date = headers.get('x-amz-date') ?? headers.get('date')
  if (typeof date !== 'string') return incomplete("a request requires one 'X-Amz-Date' or 'Date' header")
  if (headers.has('x-amz-date') || !httpDate.test(date)) return date.trim()
  return basicTime(Date.parse(date))
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
    sessionToken: given.get('X-Amz-Security-Token') ?? null,
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

interface GivenParts extends Pick<SignatureParts, 'signature' | 'time' | 'expires' | 'payloadHash' | 'sessionToken'> {
  readonly credential: string
  readonly signedHeaders: string
}

function complete(given: GivenParts): SignatureParts | CallerRefusal {
  const { credential, signedHeaders, signature, time, expires, payloadHash, sessionToken } = given
  const [, accessKeyId, day, region, service] = credentialForm.exec(credential) ?? []
  if (accessKeyId === undefined || day === undefined || region === undefined || service === undefined)
    return incomplete('the Credential is accessKeyId/YYYYMMDD/region/service/aws4_request')
  const signedAt = millisecondsOf(time)
  if (signedAt === null) return incomplete('the date is written as in 20251005T080910Z')
  if (!signatureForm.test(signature)) return incomplete('the Signature is 64 hexadecimal digits')
  const names = signedHeaders.split(';')
  if (names.length > maxSignedHeaders || !signedHeadersForm.test(signedHeaders) || !isSorted(names))
    return incomplete('SignedHeaders are names in lower case, sorted, with semicolons between them')
  if (!names.includes('host')) return incomplete("SignedHeaders must include 'host'")
  // Member by member: spreading one object into another costs more here than all the rest.
  return {
    accessKeyId,
    day,
    region,
    service,
    signedHeaders: names,
    signature,
    time,
    signedAt,
    expires,
    payloadHash,
    sessionToken,
  }
}

const credentialForm = /^([\w-]{1,128})\/(\d{8})\/([\w-]+)\/([\w-]+)\/aws4_request$/
const signatureForm = /^[0-9a-f]{64}$/
const signedHeadersForm = /^[!#$%&'*+.^_`|~0-9a-z;-]+$/

/** Whether names are in their order, each once, and none of them empty. */
function isSorted(names: readonly string[]): boolean {
  let last = ''
  for (const name of names) {
    if (name <= last) return false
    last = name
  }
  return true
}

/** Milliseconds since 1970 of `20251005T080910Z`; null where there is no such time: the 31st of February is none. */
function millisecondsOf(time: string): number | null {
  if (!/^\d{8}T\d{6}Z$/.test(time)) return null
  const at = (start: number, end: number) => Number(time.slice(start, end))
  const [year, month, day, hours, minutes, seconds] = [at(0, 4), at(4, 6), at(6, 8), at(9, 11), at(11, 13), at(13, 15)]
  const milliseconds = Date.UTC(year, month - 1, day, hours, minutes, seconds)
  const made = new Date(milliseconds)
  const isSame =
    made.getUTCFullYear() === year &&
    made.getUTCMonth() === month - 1 &&
    made.getUTCDate() === day &&
    hours < 24 &&
    minutes < 60 &&
    seconds < 60
  return isSame ? milliseconds : null
}

/** A time as signatures write it, `20251005T080910Z`. */
export function basicTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/[:-]|\.\d{3}/g, '')
}
