import type { HttpExchange } from '../transport/contract.ts'
import { closeCodesAllowed, maxCloseReasonBytes, mayCloseWith } from '../vocabulary/close-frame.ts'
import { maxMessageBytes } from '../vocabulary/frames.ts'
import { refuse } from './reply.ts'

/** A fault of a request, worded as the caller should read it. */
export class BadRequest extends Error {}

/** Bytes of a posted body, a message as JSON text: each of its bytes may take six characters, `\u001f`. */
const maxPostedBytes = maxMessageBytes * 6 + 1024
const defaultPage = 100
export const maxPage = 1000

/**
 * Reads a query that may have each known member at most once; an empty one counts as absent, since forms send those.
 */
export function readQuery(query: string, known: ReadonlySet<string>): ReadonlyMap<string, string> {
  const given = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(query)) {
    if (!known.has(name))
      throw new BadRequest(`There is no ${JSON.stringify(name)}; known are ${[...known].join(', ')}`)
    if (given.has(name)) throw new BadRequest(`${name} may be given only once`)
    if (value !== '') given.set(name, value)
  }
  return given
}

/** Reads how many entries a page is to have. */
export function readLimit(text: string | undefined): number {
  if (text === undefined) return defaultPage
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (limit < 1 || limit > maxPage) throw new BadRequest(`limit is a number from 1 to ${maxPage}`)
  return limit
}

/** Whether what is posted has the type of JSON; a request of another one is refused. */
export function isJson(exchange: HttpExchange): boolean {
  // A web page can send other types without asking us first (CORS preflight); this one it can't.
  const type = exchange.request.header('content-type').split(';')[0]?.trim().toLowerCase()
  if (type === 'application/json') return true
  refuse(exchange, 415, 'The Content-Type must be application/json')
  return false
}

/** Reads the text of a message that is posted as `{"data": …}`, and calls `done` with it unless the request is refused. */
export function readPosted(exchange: HttpExchange, done: (data: string) => void): void {
  if (!isJson(exchange)) return
  exchange.readBody(maxPostedBytes, (body) => {
    if (body === null) return tooLarge(exchange)
    const data = readMessage(body)
    if (data === null) return refuse(exchange, 400, 'The body must be {"data":"<text of the message>"}')
    if (Buffer.byteLength(data) > maxMessageBytes) return tooLarge(exchange)
    done(data)
  })
}

/** A body beyond the limit is not read to its end, and can only be a message that is too large. */
function tooLarge(exchange: HttpExchange): void {
  refuse(exchange, 413, `A message has at most ${maxMessageBytes} bytes`)
}

/** Reads a posted message; null when the body is not `{"data": string}`. */
function readMessage(body: Buffer): string | null {
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'object' && value !== null && 'data' in value && typeof value.data === 'string'
      ? value.data
      : null
  } catch {
    return null
  }
}

/**
 * Reads code and reason of a closing. A reason without a code goes with 1000; without both the connection closes as by
 * AWS's DELETE.
 */
export function closingOf(given: ReadonlyMap<string, string>): { code: number | null; reason: string | null } {
  const reason = given.get('reason') ?? null
  const text = given.get('code') ?? (reason === null ? null : '1000')
  if (reason !== null && Buffer.byteLength(reason) > maxCloseReasonBytes) {
    throw new BadRequest(`reason has at most ${maxCloseReasonBytes} bytes`)
  }
  if (text === null) return { code: null, reason }
  const code = /^\d{4}$/.test(text) ? Number(text) : 0
  if (!mayCloseWith(code)) throw new BadRequest(`code is ${closeCodesAllowed}`)
  return { code, reason }
}
