import { type ErrorCode, errorTable } from '../vocabulary/errors.ts'
import { errorFrame } from './error-frame.ts'
import type { HttpAnswer } from './http-answer.ts'

/** The answer to a handshake that failed after its connection id was allocated: an error frame's text as the body. */
export function handshakeEnvelope(code: ErrorCode, connectionId: string, requestId: string): HttpAnswer {
  return {
    status: errorTable[code].status,
    headers: [
      ['Content-Type', 'application/json; charset=UTF-8'],
      ['x-amz-apigw-id', requestId],
    ],
    body: errorFrame(code, connectionId, requestId),
  }
}
