import { type ErrorCode, errorTable } from '../vocabulary/errors.ts'
import type { HeaderList } from '../vocabulary/headers.ts'
import { errorFrame } from './error-frame.ts'
import type { HttpAnswer } from './http-answer.ts'

/** The part of a refusal that its row of the error table does not say. */
export interface HandshakeAddition {
  /** Stands behind the row's message; absent for nothing. */
  readonly detail?: string
  /** Headers beside the gateway's own; absent for none. */
  readonly headers?: HeaderList
}

/** The answer to a handshake that failed after its connection id was allocated: an error frame's text as the body. */
export function handshakeEnvelope(
  code: ErrorCode,
  connectionId: string,
  requestId: string,
  { detail, headers = [] }: HandshakeAddition = {},
): HttpAnswer {
  return {
    status: errorTable[code].status,
    headers: [['Content-Type', 'application/json; charset=UTF-8'], ['x-amz-apigw-id', requestId], ...headers],
    body: errorFrame(code, connectionId, requestId, detail),
  }
}
