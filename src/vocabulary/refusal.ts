import type { ErrorCode } from './errors.ts'

/** A code of the error table, or `BACKEND`: the backend of `$connect` said no. */
export type RefusalCode = ErrorCode | 'BACKEND'

/** A handshake that was refused, or a request to a URL that is not served, as operators are told of it. */
export interface Refusal {
  /** The time in milliseconds since 1970. */
  readonly time: number
  readonly code: RefusalCode
  /** The HTTP status of the answer. */
  readonly status: number
  /** The reason in one sentence. */
  readonly cause: string
  /** The authority that the client used: a text of the client, cut and made printable, as `path` is. */
  readonly host: string
  /** The path without the query, which may hold secrets; not decoded. */
  readonly path: string
  readonly sourceIp: string
}
