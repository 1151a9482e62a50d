import { describe, expect, test } from 'vitest'
import { callbackError, callbackSuccess, callbackWithoutContent } from '../../src/responses/callback-answer.ts'
import { errorFrame } from '../../src/responses/error-frame.ts'
import { handshakeEnvelope } from '../../src/responses/handshake-envelope.ts'
import { shortAnswer } from '../../src/responses/short-answer.ts'
import { type ErrorCode, errorTable } from '../../src/vocabulary/errors.ts'

/** What a client gets to see of each code: status, the name of the exception, the message. */
const told: Readonly<Record<ErrorCode, readonly [status: number, errorType: string, message: string]>> = {
  NO_SUCH_ROUTE: [404, 'NotFoundException', 'Not Found'],
  ROUTE_NOT_FOUND: [403, 'ForbiddenException', 'Forbidden'],
  STAGE_NOT_FOUND: [403, 'ForbiddenException', 'Forbidden'],
  ORIGIN_REFUSED: [403, 'ForbiddenException', 'Forbidden'],
  SOURCE_REFUSED: [403, 'ForbiddenException', 'Forbidden'],
  CLIENT_CERTIFICATE_MISSING: [403, 'ForbiddenException', 'Forbidden'],
  BAD_HANDSHAKE: [400, 'BadRequestException', 'Bad Request'],
  DOUBTFUL_FRAMING: [400, 'BadRequestException', 'Bad Request'],
  UNAUTHORIZED: [401, 'UnauthorizedException', 'Unauthorized'],
  CREDENTIALS_REVOKED: [401, 'UnauthorizedException', 'Unauthorized'],
  REVOCATIONS_UNKNOWN: [503, 'ServiceUnavailableException', 'Service Unavailable'],
  EXPIRED_TOKEN: [401, 'UnauthorizedException', 'The incoming token has expired'],
  SEVERAL_TOKENS: [400, 'BadRequestException', 'Bad Request'],
  OTHER_TOKEN_SUBJECT: [403, 'ForbiddenException', 'Forbidden'],
  EXPLICITLY_DENIED: [
    403,
    'AccessDeniedException',
    'User is not authorized to access this resource with an explicit deny in an identity-based policy',
  ],
  NOT_ALLOWED: [
    403,
    'AccessDeniedException',
    'User is not authorized to access this resource because no identity-based policy allows the execute-api:Invoke action',
  ],
  SCOPE_MISSING: [403, 'ForbiddenException', 'Forbidden'],
  AUTHORIZER_FAILURE: [500, 'InternalServerErrorException', 'Internal server error'],
  AUTHORIZER_CONFIGURATION_ERROR: [500, 'InternalServerErrorException', ''],
  INVALID_API_KEY: [403, 'ForbiddenException', 'Forbidden'],
  QUOTA_EXCEEDED: [429, 'LimitExceededException', 'Limit Exceeded'],
  MISSING_PARAMETER: [400, 'BadRequestException', 'Missing required request parameters'],
  UPGRADE_REQUIRED: [426, 'UpgradeRequiredException', 'Upgrade Required'],
  TOO_MANY_REQUESTS: [429, 'TooManyRequestsException', 'Too Many Requests'],
  VALIDATION_TIME_EXCEEDED: [429, 'TooManyRequestsException', 'Too Many Requests'],
  TEMPLATE_TIME_EXCEEDED: [429, 'TooManyRequestsException', 'Too Many Requests'],
  DRAINING: [503, 'ServiceUnavailableException', 'Service Unavailable'],
  TOO_MANY_CONNECTIONS: [503, 'ServiceUnavailableException', 'Service Unavailable'],
  TOO_FEW_DESCRIPTORS: [503, 'ServiceUnavailableException', 'Service Unavailable'],
  BAD_REQUEST_BODY: [400, 'BadRequestException', 'Bad request body'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'BadRequestException', 'Unsupported Media Type'],
  INTEGRATION_TIMEOUT: [504, 'InternalServerErrorException', 'Endpoint request timed out'],
  INTEGRATION_FAILURE: [500, 'InternalServerErrorException', 'Internal server error'],
  INTEGRATION_RESPONSE_TOO_LARGE: [500, 'InternalServerErrorException', 'Internal server error'],
  INTEGRATION_OVERLOADED: [500, 'InternalServerErrorException', 'Internal server error'],
  FUNCTION_FAILURE: [502, 'InternalServerErrorException', 'Internal server error'],
  FUNCTION_UNAVAILABLE: [500, 'InternalServerErrorException', 'Internal server error'],
  MALFORMED_PROXY_RESPONSE: [502, 'InternalServerErrorException', 'Internal server error'],
  API_CONFIGURATION_ERROR: [500, 'InternalServerErrorException', 'Internal server error'],
  NO_SUCH_CALLBACK: [404, 'NotFoundException', 'No method found matching route'],
  INVALID_CONNECTION_ID: [400, 'BadRequestException', 'Invalid connectionId'],
  INVALID_CALL_PARAMETERS: [400, 'BadRequestException', 'Invalid parameters'],
  IDEMPOTENCY_KEY_REUSED: [422, 'UnprocessableEntityException', 'The Idempotency-Key was used for another request'],
  FIRST_CALL_UNKNOWN: [
    503,
    'ServiceUnavailableException',
    'The first call with this Idempotency-Key is not known to have ended',
  ],
  INVALID_GROUP_NAME: [400, 'BadRequestException', 'Invalid group name'],
  INVALID_SEND_OPTION: [400, 'BadRequestException', 'Invalid filter or coalesce key'],
  TOO_MANY_GROUPS: [429, 'LimitExceededException', 'The connection is in as many groups as one may be in'],
  INVALID_CLOSE_PARAMETERS: [400, 'BadRequestException', 'Invalid close code or reason'],
  MISSING_AUTHENTICATION_TOKEN: [403, 'MissingAuthenticationTokenException', 'Missing Authentication Token'],
  INCOMPLETE_SIGNATURE: [403, 'IncompleteSignatureException', 'Incomplete signature'],
  UNRECOGNIZED_CLIENT: [403, 'UnrecognizedClientException', 'The security token included in the request is invalid.'],
  INVALID_SIGNATURE: [
    403,
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  ],
  SIGNATURE_EXPIRED: [403, 'InvalidSignatureException', 'Signature expired'],
  SIGNATURE_NOT_YET_CURRENT: [403, 'InvalidSignatureException', 'Signature not yet current'],
  ACCESS_DENIED: [403, 'AccessDeniedException', 'User'],
  CALLER_REFUSED: [403, 'ForbiddenException', 'Forbidden'],
  CONNECTION_GONE: [410, 'GoneException', ''],
  REPORT_GONE: [410, 'GoneException', 'The report is not kept any more'],
  PAYLOAD_TOO_LARGE: [413, 'PayloadTooLargeException', ''],
  CLIENT_BUFFER_FULL: [429, 'LimitExceededException', 'Limit Exceeded'],
  WORKER_UNREACHABLE: [503, 'ServiceUnavailableException', 'Service Unavailable'],
  INTERNAL_ERROR: [500, 'InternalServerErrorException', 'Internal server error'],
}

const rows = Object.keys(errorTable).map((code) => {
  const [status, errorType, message] = told[code as ErrorCode]
  return { code: code as ErrorCode, status, errorType, message }
})

// AWS writes this one name with a capital.
const memberOf = (errorType: string) => (errorType === 'AccessDeniedException' ? 'Message' : 'message')

const uuid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
const shortId = expect.stringMatching(/^[A-Za-z0-9_-]{15}=$/)
const ids = { requestId: 'Abc1dEf2ghIFJkl=', traceId: 'Root=1-68e227a6-00112233445566778899aabb' }
const now = 1_759_651_750_119

describe.each(rows)('$code', ({ code, status, errorType, message }) => {
  const frame = `{"message": "${message}", "connectionId":"L0SM9cOFvHcCIhw=", "requestId":"Abc1dEf2ghIFJkl="}`

  test('as an error frame: the message and both ids, with the spaces of AWS', () => {
    expect(errorFrame(code, 'L0SM9cOFvHcCIhw=', 'Abc1dEf2ghIFJkl=')).toBe(frame)
  })

  test('in place of a 101: the same text, with x-amz-apigw-id', () => {
    expect(handshakeEnvelope(code, 'L0SM9cOFvHcCIhw=', 'Abc1dEf2ghIFJkl=')).toEqual({
      status,
      headers: [
        ['Content-Type', 'application/json; charset=UTF-8'],
        ['x-amz-apigw-id', 'Abc1dEf2ghIFJkl='],
      ],
      body: frame,
    })
  })

  test('before there is a connection id: the message alone, and a 426 says which version would do', () => {
    expect(shortAnswer(code)).toEqual({
      status,
      headers: [
        ['Content-Type', 'application/json'],
        ['x-amzn-RequestId', uuid],
        ['x-amzn-ErrorType', errorType],
        ['x-amz-apigw-id', shortId],
        ...(status === 426 ? [['Sec-WebSocket-Version', '13']] : []),
      ],
      body: `{"${memberOf(errorType)}":"${message}"}`,
    })
  })

  test('to a callback: the message alone or nothing, and the trace id unless the status is 400', () => {
    expect(callbackError({ code, detail: null, retryAfter: null }, ids, now)).toEqual({
      status,
      own: [
        ['Content-Type', 'application/json'],
        ['x-amzn-RequestId', uuid],
        ['x-amz-apigw-id', ids.requestId],
        ['x-amzn-ErrorType', errorType],
        ...(status === 400 ? [] : [['x-amzn-trace-id', ids.traceId]]),
      ],
      body: message === '' ? '' : `{"${memberOf(errorType)}":"${message}"}`,
    })
  })
})

test('a callback is told a detail behind the message', () => {
  expect(callbackError({ code: 'INVALID_CONNECTION_ID', detail: ': "x"', retryAfter: null }, null, now).body).toBe(
    '{"message":"Invalid connectionId: \\"x\\""}',
  )
})

test('a callback is told when to try again', () => {
  const { own } = callbackError({ code: 'TOO_MANY_REQUESTS', detail: null, retryAfter: 7 }, null, now)
  expect(own).toContainEqual(['Retry-After', '7'])
})

test('a callback of which no access log tells gets new ids', () => {
  const trace = expect.stringMatching(/^Root=1-68e227a6-[0-9a-f]{24}$/)
  const own = [
    ['x-amzn-RequestId', uuid],
    ['x-amz-apigw-id', shortId],
    ['x-amzn-trace-id', trace],
  ]
  expect(callbackWithoutContent(null, now)).toEqual({ status: 204, own, body: null })
  expect(callbackSuccess('{}', null, now)).toEqual({
    status: 200,
    own: [['Content-Type', 'application/json'], ...own],
    body: '{}',
  })
})

test('a callback that succeeds has the ids of its access-log row', () => {
  const own = [
    ['x-amzn-RequestId', uuid],
    ['x-amz-apigw-id', ids.requestId],
    ['x-amzn-trace-id', ids.traceId],
  ]
  expect(callbackWithoutContent(ids, now)).toEqual({ status: 204, own, body: null })
  expect(callbackSuccess('', ids, now)).toEqual({
    status: 200,
    own: [['Content-Type', 'application/json'], ...own],
    body: '',
  })
})
