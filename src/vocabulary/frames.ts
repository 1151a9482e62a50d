import { isUtf8 } from 'node:buffer'
import type { ConnectionId } from './ids.ts'

/** AWS's limit on a message and on the body of a POST to `@connections`: 128 KB, KB being 1024 bytes. */
export const maxMessageBytes = 131_072

/** One message on its way to a client. Bytes of a text frame must be valid UTF-8. */
export interface Frame {
  readonly data: string | Uint8Array
  readonly binary: boolean
  /** The key under which it takes the place of one that still waits, where the API says so; null or left out for none. */
  readonly coalesce?: string | null
}

/**
 * The fate of a frame handed to a connection: `sent` is written to the socket's path (not yet received by the client),
 * `gone` is no such connection, `full` is an outbound buffer above its limit: nothing was queued.
 */
export type SendOutcome = 'sent' | 'gone' | 'full'

/**
 * The fate of a frame for a connection anywhere in the fleet. `unreachable`: the worker that owns the connection lives
 * but did not answer; the caller may try again.
 */
export type DeliverOutcome = SendOutcome | 'unreachable'

/** The fate of a frame for a connection if a filter is true of it: `leftOut` is not, and the frame was never meant for it. */
export type SelectedOutcome<Outcome = DeliverOutcome> = Outcome | 'leftOut'

/** A connection that did not get a message, and why. */
export interface SendFailure {
  readonly connectionId: ConnectionId
  readonly reason: 'full' | 'gone'
}

/**
 * A body as data of a text frame: a text or valid UTF-8 as it is, other bytes as a text with U+FFFD for each bad
 * sequence, cut as the Encoding Standard does ("UTF-8 decoder"). A byte order mark stays.
 */
export function textFrame(body: string | Uint8Array): string | Uint8Array {
  if (typeof body === 'string' || isUtf8(body)) return body
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
}
