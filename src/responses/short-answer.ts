import { type ErrorCode, errorTable } from '../vocabulary/errors.ts'
import type { HeaderList } from '../vocabulary/headers.ts'
import { allocateRequestId, allocateUuid } from '../vocabulary/ids.ts'

/** A plain HTTP answer of the gateway itself. */
export interface ShortAnswer {
  readonly status: number
  readonly headers: HeaderList
  readonly body: string
}

/** The answer to a request that fails before a connection id is given out, or that is no handshake at all. */
export function shortAnswer(code: ErrorCode): ShortAnswer {
  const { status, errorType, message } = errorTable[code]
  const headers: HeaderList = [
    ['Content-Type', 'application/json'],
    ['x-amzn-RequestId', allocateUuid()],
    ['x-amzn-ErrorType', errorType],
    ['x-amz-apigw-id', allocateRequestId()],
  ]
  return {
    status,
    // RFC 6455 §4.4: which version would do.
    headers: status === 426 ? [...headers, ['Sec-WebSocket-Version', '13']] : headers,
    body: JSON.stringify({ message }),
  }
}
