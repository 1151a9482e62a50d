import { type ErrorCode, perErrorCode } from '../vocabulary/errors.ts'

const start = perErrorCode(({ message }) => `{"message": "${message}", "connectionId":"`)

/**
 * The text of an error frame, byte for byte as API Gateway writes it, irregular spaces included. None of the three
 * values can need escaping: the message is from the error table, the ids are base64url.
 */
export function errorFrame(code: ErrorCode, connectionId: string, requestId: string): string {
  return `${start(code)}${connectionId}", "requestId":"${requestId}"}`
}
