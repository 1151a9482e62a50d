import { type ErrorCode, errorTable, perErrorCode } from '../vocabulary/errors.ts'

const start = perErrorCode(({ message }) => `{"message": "${message}", "connectionId":"`)

/**
 * The text of an error frame, byte for byte as API Gateway writes it, irregular spaces included. None of the three
 * values can need escaping: the message is from the error table, the ids are base64url. `detail`, any text, stands
 * behind the message.
 */
export function errorFrame(code: ErrorCode, connectionId: string, requestId: string, detail?: string): string {
  const opening =
    detail === undefined
      ? start(code)
      : `{"message": ${JSON.stringify(errorTable[code].message + detail)}, "connectionId":"`
  return `${opening}${connectionId}", "requestId":"${requestId}"}`
}
