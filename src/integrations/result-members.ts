import { ExactNumber } from 'postern-documents/exact-json'
import { GatewayError } from '../vocabulary/errors.ts'
import { jsonNumberText } from '../vocabulary/java-number.ts'
import { exactJson } from '../vocabulary/json-text.ts'

const base64 = /^[A-Za-z0-9+/]*={0,2}$/

/** The value of a result; null for an empty one. */
export function parseResult(payload: string): unknown {
  if (payload === '') return null
  try {
    return JSON.parse(payload)
  } catch {
    throw malformed('the result is not JSON')
  }
}

/** A map of headers; numbers in it are read again with all their digits, and hardly any result has them. */
export function exactMember(payload: string, name: string, value: unknown): unknown {
  return hasNumbers(value) ? (exactJson(payload) as Record<string, unknown>)[name] : value
}

function hasNumbers(headers: unknown): boolean {
  if (typeof headers !== 'object' || headers === null) return false
  return Object.values(headers)
    .flat()
    .some((value) => typeof value === 'number')
}

/** Reads a status: a number or its digits. Below 200 nothing can be an answer to a handshake. */
export function readStatus(value: unknown): number {
  if (value === undefined || value === null) throw malformed('the result has no statusCode')
  const status = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599) {
    throw malformed(`statusCode is ${nameOf(value)}, not a number from 200 to 599`)
  }
  return status
}

/** Reads a body: text, or the bytes behind base64. */
export function readBody(value: unknown, isBase64Encoded: unknown): string | Uint8Array {
  if (value !== undefined && value !== null && typeof value !== 'string') {
    throw malformed(`body is ${nameOf(value)}, not a string; JSON.stringify makes one`)
  }
  const body = value ?? ''
  switch (isBase64Encoded ?? false) {
    case false:
    case 'false':
      return body
    case true:
    case 'true':
      if (!base64.test(body) || body.length % 4 !== 0) throw malformed('isBase64Encoded is true and body is not base64')
      return Buffer.from(body, 'base64')
    default:
      throw malformed(`isBase64Encoded is ${nameOf(isBase64Encoded)}, not true or false`)
  }
}

/**
 * Both maps as one list: for a name in both the values of `multiValueHeaders` come first, in its spelling, and the
 * single value is added unless it is among them.
 */
export function readHeaders(headers: unknown, multiValueHeaders: unknown): [string, string][] {
  const singles = new Map<string, { name: string; value: string }>()
  for (const [name, value] of entriesOf(headers, 'headers')) {
    if (value !== null) singles.set(name.toLowerCase(), { name, value: textOf(value, `headers ${quote(name)}`) })
  }
  const list: [string, string][] = []
  for (const [name, values] of entriesOf(multiValueHeaders, 'multiValueHeaders')) {
    if (!Array.isArray(values)) throw malformed(`multiValueHeaders ${quote(name)} is ${nameOf(values)}, not a list`)
    const texts = values.map((value) => textOf(value, `multiValueHeaders ${quote(name)}`))
    for (const text of texts) list.push([name, text])
    const single = singles.get(name.toLowerCase())
    if (single === undefined) continue
    if (!texts.includes(single.value)) list.push([name, single.value])
    singles.delete(name.toLowerCase())
  }
  for (const { name, value } of singles.values()) list.push([name, value])
  return list
}

/** The names and values of a member that is a map or nothing. */
export function entriesOf(value: unknown, member: string): [string, unknown][] {
  if (value === undefined || value === null) return []
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw malformed(`${member} is ${nameOf(value)}, not an object`)
  }
  return Object.entries(value)
}

/** The text of a header's value. */
export function textOf(value: unknown, member: string): string {
  if (typeof value === 'string') return value
  if (value instanceof ExactNumber) return jsonNumberText(value)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw malformed(`${member} is ${nameOf(value)}, not a string`)
}

/** The kind of a value, without its text: results may hold what no log should. */
export function nameOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'number') return String(value)
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** Quotes a name, shortened: names are the function's too, and of any length. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name)
}

/** The error of a result that is not of the format. */
export function malformed(detail: string): GatewayError {
  return new GatewayError('MALFORMED_PROXY_RESPONSE', detail)
}
