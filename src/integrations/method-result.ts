import type { HeaderList } from '../vocabulary/headers.ts'
import type { IntegrationResult } from './contract.ts'
import {
  entriesOf,
  exactMember,
  malformed,
  nameOf,
  parseResult,
  quote,
  readBody,
  readHeaders,
  readStatus,
  textOf,
} from './result-members.ts'

/** The Content-Type of a function's answer that names none. */
const defaultType = 'text/plain; charset=utf-8'

/**
 * Reads what a function of format 1.0 behind an HTTP API returned: a `statusCode` must be there, and members that the
 * format does not know are passed over, unlike in REST APIs. Throws MALFORMED_PROXY_RESPONSE for anything else.
 */
export function readResultV1(payload: string): IntegrationResult {
  const members = membersOf(parseResult(payload))
  if (members === null) throw malformed('the result is not an object with a statusCode')
  return {
    status: readStatus(members.get('statusCode')),
    headers: withType(
      readHeaders(
        exactMember(payload, 'headers', members.get('headers')),
        exactMember(payload, 'multiValueHeaders', members.get('multiValueHeaders')),
      ),
    ),
    body: readBody(members.get('body'), members.get('isBase64Encoded')),
  }
}

/**
 * Reads what a function of format 2.0 returned ("Create AWS Lambda proxy integrations for HTTP APIs in API Gateway"): an
 * object with a `statusCode`, whose unknown members are passed over, or anything else, which is then the JSON of a 200
 * as it stands, with its quotes where it is a string. Throws MALFORMED_PROXY_RESPONSE for an object of the first kind that is wrong.
 */
export function readResultV2(payload: string): IntegrationResult {
  const members = membersOf(parsedOrNull(payload))
  if (members === null || !members.has('statusCode')) {
    return { status: 200, headers: [['Content-Type', 'application/json']], body: payload === '' ? 'null' : payload }
  }
  return {
    status: readStatus(members.get('statusCode')),
    headers: withType([
      ...readCookies(members.get('cookies')),
      ...readSingles(exactMember(payload, 'headers', members.get('headers'))),
    ]),
    body: readBody(members.get('body'), members.get('isBase64Encoded')),
  }
}

/** A Map, since the names are the function's: `constructor` is then no member unless it is one. */
function membersOf(result: unknown): Map<string, unknown> | null {
  return typeof result !== 'object' || result === null || Array.isArray(result) ? null : new Map(Object.entries(result))
}

/** A result that is no JSON is an answer as any other that has no status. */
function parsedOrNull(payload: string): unknown {
  try {
    return JSON.parse(payload)
  } catch {
    return null
  }
}

function readSingles(headers: unknown): [string, string][] {
  return entriesOf(headers, 'headers')
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [name, textOf(value, `headers ${quote(name)}`)])
}

/** Each entry is one `Set-Cookie`, before those among the headers. */
function readCookies(cookies: unknown): [string, string][] {
  if (cookies === undefined || cookies === null) return []
  if (!Array.isArray(cookies)) throw malformed(`cookies is ${nameOf(cookies)}, not a list`)
  return cookies.map((cookie) => ['Set-Cookie', textOf(cookie, 'an entry of cookies')])
}

function withType(headers: HeaderList): HeaderList {
  return headers.some(([name]) => name.toLowerCase() === 'content-type')
    ? headers
    : [['Content-Type', defaultType], ...headers]
}
