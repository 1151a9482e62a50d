import { type ErrorCode, errorTable } from '../vocabulary/errors.ts'
import type { HeaderList } from '../vocabulary/headers.ts'

/** A plain HTTP answer in place of the 101. */
export interface Refusal {
  readonly status: number
  readonly headers: HeaderList
  readonly body: string | Uint8Array
}

/**
 * The text of an error frame, byte for byte as API Gateway writes it, irregular spaces included. None of the three
 * values can need escaping: the message is from our table, the ids are base64url.
 */
export function errorFrame(code: ErrorCode, connectionId: string, requestId: string): string {
  return `{"message": "${errorTable[code].message}", "connectionId":"${connectionId}", "requestId":"${requestId}"}`
}

/** The answer to a handshake that failed after its connection id was allocated. */
export function envelope(code: ErrorCode, connectionId: string, requestId: string): Refusal {
  return {
    status: errorTable[code].status,
    headers: [
      ['Content-Type', 'application/json; charset=UTF-8'],
      ['x-amz-apigw-id', requestId],
    ],
    body: errorFrame(code, connectionId, requestId),
  }
}
