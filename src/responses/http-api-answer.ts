import { type ErrorCode, errorTable } from '../vocabulary/errors.ts'
import type { HeaderList } from '../vocabulary/headers.ts'
import { jsonType } from './answer-headers.ts'
import type { HttpAnswer } from './http-answer.ts'

/** The words of HTTP APIs for a status, whatever its reason; they tell nobody more than that. */
const messages: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Request Entity Too Large',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/** Codes that HTTP APIs answer with another status than REST and WebSocket APIs. */
const statuses: Partial<Record<ErrorCode, number>> = {
  INTEGRATION_TIMEOUT: 503,
  INTEGRATION_FAILURE: 503,
  INTEGRATION_OVERLOADED: 503,
  FUNCTION_FAILURE: 500,
  MALFORMED_PROXY_RESPONSE: 500,
  SEVERAL_TOKENS: 401,
}

/** The status and the message with which an HTTP API answers a row of the error table. */
export function httpApiError(code: ErrorCode): { readonly status: number; readonly message: string } {
  const status = statuses[code] ?? errorTable[code].status
  return { status, message: messages[status] ?? errorTable[code].message }
}

/** The answer of an HTTP API to a failure: `{"message":"Not Found"}`; `added` are headers of its own. */
export function httpApiAnswer(code: ErrorCode, added: HeaderList): HttpAnswer {
  const { status, message } = httpApiError(code)
  return { status, headers: [jsonType, ...added], body: JSON.stringify({ message }) }
}

/** The header with the id of the request, the only one that HTTP APIs add. */
export function apiGatewayRequestId(requestId: string): HeaderList[number] {
  return ['apigw-requestid', requestId]
}
