import { perErrorCode } from '../vocabulary/errors.ts'
import type { HeaderList } from '../vocabulary/headers.ts'
import { allocateUuid } from '../vocabulary/ids.ts'

export type Header = HeaderList[number]

export const jsonType: Header = ['Content-Type', 'application/json']

/** The header from which AWS's SDKs make their error classes; made once for each code. */
export const errorType = perErrorCode(({ errorType }): Header => ['x-amzn-ErrorType', errorType])

/** The header with an id that no other answer has. */
export function newRequestId(): Header {
  return ['x-amzn-RequestId', allocateUuid()]
}

/** The header with the id of the event, which is also in `$context.requestId`. */
export function shortId(requestId: string): Header {
  return ['x-amz-apigw-id', requestId]
}
