import { type ErrorCode, errorTable } from '../vocabulary/errors.ts'
import type { OwnHeaders } from '../vocabulary/headers.ts'
import { allocateRequestId, allocateTraceId } from '../vocabulary/ids.ts'
import { errorType, type Header, jsonType, newRequestId, shortId } from './answer-headers.ts'
import { errorBody } from './error-body.ts'

/**
 * The answer to a call of the `@connections` API. It is itself what `respond` takes for the headers: callbacks come by
 * the ten thousand, and every object less shows.
 */
export interface CallbackAnswer extends OwnHeaders {
  readonly status: number
  /** The text of the body; null for none. */
  readonly body: string | null
}

/** The ids that a callback has where an access log tells of it; every other one gets new ids for its answer. */
export interface CallbackIds {
  readonly requestId: string
  readonly traceId: string
}

/** 200, or another status of success, with a JSON text or an empty one. `now` is in milliseconds since 1970. */
export function callbackSuccess(
  body: string,
  ids: CallbackIds | null,
  now: number,
  status = 200,
  type: Header = jsonType,
): CallbackAnswer {
  return { status, own: [type, newRequestId(), requestId(ids), traceId(ids, now)], body }
}

/** The answer that another call was given, with ids of its own and a header that says so. `now` is in milliseconds since 1970. */
export function callbackAgain(
  { status, body }: Pick<CallbackAnswer, 'status' | 'body'>,
  ids: CallbackIds | null,
  now: number,
): CallbackAnswer {
  return { status, own: [jsonType, newRequestId(), requestId(ids), traceId(ids, now), replayed], body }
}

const replayed: Header = ['Idempotency-Replayed', 'true']

/** 204 without a body. `now` is in milliseconds since 1970. */
export function callbackWithoutContent(ids: CallbackIds | null, now: number): CallbackAnswer {
  return { status: 204, own: [newRequestId(), requestId(ids), traceId(ids, now)], body: null }
}

/** The refusal of a callback. */
export interface RefusedCallback {
  readonly code: ErrorCode
  /** Stands behind the row's message; null for nothing. */
  readonly detail: string | null
  /** Seconds after which to try again; null for no word of that. */
  readonly retryAfter: number | null
}

/** A row of the error table. `now` is in milliseconds since 1970. */
export function callbackError(
  { code, detail, retryAfter }: RefusedCallback,
  ids: CallbackIds | null,
  now: number,
): CallbackAnswer {
  const { status, message } = errorTable[code]
  const own = [jsonType, newRequestId(), requestId(ids), errorType(code)]
  // AWS sends its trace id with every answer but 400.
  if (status !== 400) own.push(traceId(ids, now))
  if (retryAfter !== null) own.push(['Retry-After', String(retryAfter)])
  // It answers what has no message without a body.
  return { status, own, body: message === '' && detail === null ? '' : errorBody(code, detail) }
}

function requestId(ids: CallbackIds | null): Header {
  return shortId(ids === null ? allocateRequestId() : ids.requestId)
}

function traceId(ids: CallbackIds | null, now: number): Header {
  return ['x-amzn-trace-id', ids === null ? allocateTraceId(now) : ids.traceId]
}
