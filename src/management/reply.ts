import type { HttpExchange } from '../transport/contract.ts'
import type { HeaderList } from '../vocabulary/headers.ts'

/**
 * Headers of every answer. Scripts, styles and images come from this port only and nothing runs inline, so that a
 * message shown in the playground can't act; `connect-src` is wide since a browser takes no IPv6 address there and the
 * gateway's port is another one.
 */
const safetyHeaders: HeaderList = [
  [
    'Content-Security-Policy',
    "default-src 'self'; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  ],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Cache-Control', 'no-store'],
]

/** Answers with a text of any kind. Does nothing when the client has gone. */
export function reply(
  exchange: HttpExchange,
  status: number,
  contentType: string,
  body: string | Uint8Array,
  headers: HeaderList = [],
): void {
  if (!exchange.aborted) exchange.respond(status, [['Content-Type', contentType], ...headers, ...safetyHeaders], body)
}

export function replyJson(exchange: HttpExchange, status: number, value: unknown, headers: HeaderList = []): void {
  reply(exchange, status, 'application/json', `${JSON.stringify(value)}\n`, headers)
}

/** A time in milliseconds since 1970 as ISO 8601. */
export function isoTime(epoch: number): string {
  return new Date(epoch).toISOString()
}

/** Answers with 204 and no body. */
export function replyEmpty(exchange: HttpExchange): void {
  if (!exchange.aborted) exchange.respond(204, safetyHeaders, null)
}

/** Refuses a request; every refusal has this one form. */
export function refuse(exchange: HttpExchange, status: number, message: string, headers: HeaderList = []): void {
  replyJson(exchange, status, { message }, headers)
}
