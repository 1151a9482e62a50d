import { type ErrorCode, type ErrorRow, errorTable, perErrorCode } from '../vocabulary/errors.ts'

// AWS writes this one name with a capital.
const memberOf = ({ errorType }: ErrorRow) => (errorType === 'AccessDeniedException' ? 'Message' : 'message')

const body = perErrorCode((row) => JSON.stringify({ [memberOf(row)]: row.message }))

/** The body that tells a row of the error table; `detail` stands behind its message, null for none. */
export function errorBody(code: ErrorCode, detail: string | null): string {
  if (detail === null) return body(code)
  const row = errorTable[code]
  return JSON.stringify({ [memberOf(row)]: row.message + detail })
}
