import { type ErrorCode, errorTable } from '../vocabulary/errors.ts'
import { allocateRequestId } from '../vocabulary/ids.ts'
import { errorType, type Header, jsonType, newRequestId, shortId } from './answer-headers.ts'
import { errorBody } from './error-body.ts'
import type { HttpAnswer } from './http-answer.ts'

/** RFC 6455 §4.4: which version would do. */
const version: Header = ['Sec-WebSocket-Version', '13']

/**
 * The answer to a request that fails before a connection id is given out, or that is no handshake at all. `detail` stands
 * behind the message.
 */
export function shortAnswer(code: ErrorCode, detail: string | null = null): HttpAnswer {
  const { status } = errorTable[code]
  const headers = [jsonType, newRequestId(), errorType(code), shortId(allocateRequestId())]
  if (status === 426) headers.push(version)
  return { status, headers, body: errorBody(code, detail) }
}
