/**
 * Every failure that the gateway itself can answer with, in one table. A code is stable and never reused; the
 * client sees `status` (in the handshake and over HTTP) and `message`, the log gets the code and the cause.
 * `responseType` is AWS's name for `$context.error.responseType`; docs/errors-and-closes.md is made from here.
 */
export const errorTable = {
  ROUTE_NOT_FOUND: row(
    403,
    'ForbiddenException',
    'Forbidden',
    'ACCESS_DENIED',
    'No route matches the message and the API has no $default route.',
  ),
  STAGE_NOT_FOUND: row(
    403,
    'ForbiddenException',
    'Forbidden',
    'ACCESS_DENIED',
    'No API or stage is served under this URL.',
  ),
  ORIGIN_REFUSED: row(
    403,
    'ForbiddenException',
    'Forbidden',
    'ACCESS_DENIED',
    "The Origin header is not in the API's allowedOrigins: of a handshake, or of a callback without authorization.",
  ),
  SOURCE_REFUSED: row(
    403,
    'ForbiddenException',
    'Forbidden',
    'WAF_FILTERED',
    "The client's address is in deniedNetworks, or not in allowedNetworks, of the settings or of the API.",
  ),
  CLIENT_CERTIFICATE_MISSING: row(
    403,
    'ForbiddenException',
    'Forbidden',
    'ACCESS_DENIED',
    'The domain asks for client certificates, and none of its truststore came, with a connection for that name.',
  ),
  BAD_HANDSHAKE: row(
    400,
    'BadRequestException',
    'Bad Request',
    'BAD_REQUEST',
    'The upgrade request breaks RFC 6455 §4.1; the log says where.',
  ),
  DOUBTFUL_FRAMING: row(
    400,
    'BadRequestException',
    'Bad Request',
    'BAD_REQUEST',
    'Headers leave in doubt where the request ends or whom it is for; the connection is closed and the log says why.',
  ),
  UNAUTHORIZED: row(
    401,
    'UnauthorizedException',
    'Unauthorized',
    'UNAUTHORIZED',
    'An identity source of the authorizer is missing or empty, a token is not valid, or the authorizer said Unauthorized.',
  ),
  EXPIRED_TOKEN: row(
    401,
    'UnauthorizedException',
    'The incoming token has expired',
    'EXPIRED_TOKEN',
    'The token of a Cognito user pool has expired.',
  ),
  SEVERAL_TOKENS: row(
    400,
    'BadRequestException',
    'Bad Request',
    'BAD_REQUEST',
    'One place of the handshake carries several tokens, such as two Authorization headers.',
  ),
  OTHER_TOKEN_SUBJECT: row(
    403,
    'ForbiddenException',
    'Forbidden',
    'ACCESS_DENIED',
    'A new token, with which a client wants to stay, is of another subject or issuer than the one it came with.',
  ),
  EXPLICITLY_DENIED: row(
    403,
    'AccessDeniedException',
    'User is not authorized to access this resource with an explicit deny in an identity-based policy',
    'ACCESS_DENIED',
    "A statement of the authorizer's policy denies the call.",
  ),
  NOT_ALLOWED: row(
    403,
    'AccessDeniedException',
    'User is not authorized to access this resource because no identity-based policy allows the execute-api:Invoke action',
    'ACCESS_DENIED',
    "No statement of the authorizer's policy allows the call.",
  ),
  SCOPE_MISSING: row(
    403,
    'ForbiddenException',
    'Forbidden',
    'ACCESS_DENIED',
    'The token has none of the authorizationScopes of the route.',
  ),
  AUTHORIZER_FAILURE: row(
    500,
    'InternalServerErrorException',
    'Internal server error',
    'AUTHORIZER_FAILURE',
    'The authorizer could not be asked, failed, or took too long.',
  ),
  AUTHORIZER_CONFIGURATION_ERROR: row(
    500,
    'InternalServerErrorException',
    '',
    'AUTHORIZER_CONFIGURATION_ERROR',
    'The result of the authorizer is malformed: no principalId, no policy, a bad policy or a nested context.',
  ),
  INVALID_API_KEY: row(
    403,
    'ForbiddenException',
    'Forbidden',
    'INVALID_API_KEY',
    'The API key is missing, unknown or disabled, or in no usage plan of the stage.',
  ),
  CREDENTIALS_REVOKED: row(
    401,
    'UnauthorizedException',
    'Unauthorized',
    'UNAUTHORIZED',
    'The token, the user or the API key is on the list of revocations.',
  ),
  REVOCATIONS_UNKNOWN: row(
    503,
    'ServiceUnavailableException',
    'Service Unavailable',
    'DEFAULT_5XX',
    'This worker could not read the list of revocations since it started: who shows a token, a user or an API key has to wait.',
  ),
  QUOTA_EXCEEDED: row(
    429,
    'LimitExceededException',
    'Limit Exceeded',
    'QUOTA_EXCEEDED',
    'The quota of the usage plan is used up; the next period brings more.',
  ),
  MISSING_PARAMETER: row(
    400,
    'BadRequestException',
    'Missing required request parameters',
    'BAD_REQUEST_PARAMETERS',
    'A request parameter that the $connect route requires is missing.',
  ),
  UPGRADE_REQUIRED: row(
    426,
    'UpgradeRequiredException',
    'Upgrade Required',
    'BAD_REQUEST',
    'A plain HTTP request came to a WebSocket stage.',
  ),
  TOO_MANY_REQUESTS: row(
    429,
    'TooManyRequestsException',
    'Too Many Requests',
    'THROTTLED',
    'A limit on requests or connections is used up; the metric postern_throttled_total and the log say which.',
  ),
  TEMPLATE_TIME_EXCEEDED: row(
    429,
    'TooManyRequestsException',
    'Too Many Requests',
    'THROTTLED',
    'The templates of the connection, of its network or of the process have used up their processor time; the next seconds bring more.',
  ),
  VALIDATION_TIME_EXCEEDED: row(
    429,
    'TooManyRequestsException',
    'Too Many Requests',
    'THROTTLED',
    'Judging the messages of the connection, of its network or of all by models has used up its processor time; the next seconds bring more.',
  ),
  DRAINING: row(
    503,
    'ServiceUnavailableException',
    'Service Unavailable',
    'DEFAULT_5XX',
    'This node is shutting down; connect again and another one answers.',
  ),
  TOO_MANY_CONNECTIONS: row(
    503,
    'ServiceUnavailableException',
    'Service Unavailable',
    'DEFAULT_5XX',
    'This node holds as many connections as maxConnections allows.',
  ),
  TOO_FEW_DESCRIPTORS: row(
    503,
    'ServiceUnavailableException',
    'Service Unavailable',
    'DEFAULT_5XX',
    'This node may open no further files (`ulimit -n`) but those that are kept back for its own needs.',
  ),
  BAD_REQUEST_BODY: row(
    400,
    'BadRequestException',
    'Bad request body',
    'BAD_REQUEST_BODY',
    "The message fails the route's model.",
  ),
  UNSUPPORTED_MEDIA_TYPE: row(
    415,
    'BadRequestException',
    'Unsupported Media Type',
    'UNSUPPORTED_MEDIA_TYPE',
    'No request template matches and passthroughBehavior forbids to pass the body.',
  ),
  INTEGRATION_TIMEOUT: row(
    504,
    'InternalServerErrorException',
    'Endpoint request timed out',
    'INTEGRATION_TIMEOUT',
    'The integration took longer than its timeoutInMillis.',
  ),
  INTEGRATION_FAILURE: row(
    500,
    'InternalServerErrorException',
    'Internal server error',
    'INTEGRATION_FAILURE',
    'The backend could not be reached or broke the HTTP protocol.',
  ),
  INTEGRATION_RESPONSE_TOO_LARGE: row(
    500,
    'InternalServerErrorException',
    'Internal server error',
    'INTEGRATION_FAILURE',
    "The backend's answer is larger than maxIntegrationResponseBytes.",
  ),
  INTEGRATION_OVERLOADED: row(
    500,
    'InternalServerErrorException',
    'Internal server error',
    'INTEGRATION_FAILURE',
    'Too many calls are waiting for this integration.',
  ),
  FUNCTION_FAILURE: row(
    502,
    'InternalServerErrorException',
    'Internal server error',
    'INTEGRATION_FAILURE',
    'The function threw, crashed, ran out of memory or exceeded its own timeout.',
  ),
  FUNCTION_UNAVAILABLE: row(
    500,
    'InternalServerErrorException',
    'Internal server error',
    'INTEGRATION_FAILURE',
    "The function can't be invoked: it does not exist, or the Lambda endpoint refused the call.",
  ),
  MALFORMED_PROXY_RESPONSE: row(
    502,
    'InternalServerErrorException',
    'Internal server error',
    'INTEGRATION_FAILURE',
    "The function's result is not a proxy response.",
  ),
  API_CONFIGURATION_ERROR: row(
    500,
    'InternalServerErrorException',
    'Internal server error',
    'API_CONFIGURATION_ERROR',
    'A template, a mapping or an integration response of the definition does not fit what came.',
  ),
  NO_SUCH_CALLBACK: row(
    404,
    'NotFoundException',
    'No method found matching route',
    'RESOURCE_NOT_FOUND',
    'A path and method under a stage that are in no row of the table of calls; the message names both.',
  ),
  NO_SUCH_ROUTE: row(
    404,
    'NotFoundException',
    'Not Found',
    'RESOURCE_NOT_FOUND',
    'No route of the HTTP API is for the method and the path, and there is no $default.',
  ),
  INVALID_CONNECTION_ID: row(
    400,
    'BadRequestException',
    'Invalid connectionId',
    'BAD_REQUEST_PARAMETERS',
    'The id in the path is none that this gateway gives out; the message repeats it.',
  ),
  INVALID_CALL_PARAMETERS: row(
    400,
    'BadRequestException',
    'Invalid parameters',
    'BAD_REQUEST_PARAMETERS',
    'A name, the query, the body or an Idempotency-Key of a call is not what it may be; the message says which, and what is allowed.',
  ),
  IDEMPOTENCY_KEY_REUSED: row(
    422,
    'UnprocessableEntityException',
    'The Idempotency-Key was used for another request',
    'BAD_REQUEST_PARAMETERS',
    'Another path, query or body came under a key within its window.',
  ),
  FIRST_CALL_UNKNOWN: row(
    503,
    'ServiceUnavailableException',
    'The first call with this Idempotency-Key is not known to have ended',
    'DEFAULT_5XX',
    'It is still under way, its worker has died, or Redis is away; nothing was done now, and may have been before.',
  ),
  INVALID_GROUP_NAME: row(
    400,
    'BadRequestException',
    'Invalid group name',
    'BAD_REQUEST_PARAMETERS',
    'The name of a group is missing in the message or the handshake, is no text of 1 to 256 bytes, or does not fit groupNamePattern.',
  ),
  INVALID_SEND_OPTION: row(
    400,
    'BadRequestException',
    'Invalid filter or coalesce key',
    'BAD_REQUEST_PARAMETERS',
    'A value that filter or coalesce of a GROUP takes from the message is missing, is no text, is too long, or is no address where one belongs.',
  ),
  TOO_MANY_GROUPS: row(
    429,
    'LimitExceededException',
    'The connection is in as many groups as one may be in',
    'THROTTLED',
    'The setting maxGroupsPerConnection is reached; the message names the connection.',
  ),
  INVALID_CLOSE_PARAMETERS: row(
    400,
    'BadRequestException',
    'Invalid close code or reason',
    'BAD_REQUEST_PARAMETERS',
    'code or reason of a DELETE may not stand in a close frame (RFC 6455 §7.4).',
  ),
  MISSING_AUTHENTICATION_TOKEN: row(
    403,
    'MissingAuthenticationTokenException',
    'Missing Authentication Token',
    'MISSING_AUTHENTICATION_TOKEN',
    'The caller sent neither a token nor a signature.',
  ),
  INCOMPLETE_SIGNATURE: row(
    403,
    'IncompleteSignatureException',
    'Incomplete signature',
    'INVALID_SIGNATURE',
    'The Authorization header, or the query of a presigned URL, is no signature (Signature Version 4); the message says why.',
  ),
  UNRECOGNIZED_CLIENT: row(
    403,
    'UnrecognizedClientException',
    'The security token included in the request is invalid.',
    'INVALID_SIGNATURE',
    'The access key is none of credentials, is not active, or a session token came with it.',
  ),
  INVALID_SIGNATURE: row(
    403,
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    'INVALID_SIGNATURE',
    'The signature was made with another secret, or for another region, host, path, query or body, or leaves out what must be signed.',
  ),
  SIGNATURE_EXPIRED: row(
    403,
    'InvalidSignatureException',
    'Signature expired',
    'INVALID_SIGNATURE',
    'The signature is more than five minutes old, or the presigned URL is past its X-Amz-Expires; or the clock of the caller is slow.',
  ),
  SIGNATURE_NOT_YET_CURRENT: row(
    403,
    'InvalidSignatureException',
    'Signature not yet current',
    'INVALID_SIGNATURE',
    'The signature is of a time more than five minutes ahead: the clock of the caller is fast.',
  ),
  ACCESS_DENIED: row(
    403,
    'AccessDeniedException',
    'User',
    'ACCESS_DENIED',
    'The policies of the user and of the API do not allow the action on the resource; the message names all three.',
  ),
  CALLER_REFUSED: row(
    403,
    'ForbiddenException',
    'Forbidden',
    'ACCESS_DENIED',
    "The caller's bearer token is not one of the configured ones.",
  ),
  // AWS sends 410 and 413 without a body.
  CONNECTION_GONE: row(
    410,
    'GoneException',
    '',
    'DEFAULT_4XX',
    'The connection has ended, never was, is still in $connect, or belongs to another API.',
  ),
  REPORT_GONE: row(
    410,
    'GoneException',
    'The report is not kept any more',
    'DEFAULT_4XX',
    'Its time is over, newer reports needed its place, its worker has ended, or it is of another stage.',
  ),
  PAYLOAD_TOO_LARGE: row(
    413,
    'PayloadTooLargeException',
    '',
    'REQUEST_TOO_LARGE',
    'The body of a POST to @connections is larger than 128 KB.',
  ),
  CLIENT_BUFFER_FULL: row(
    429,
    'LimitExceededException',
    'Limit Exceeded',
    'THROTTLED',
    'More bytes wait for the client than its outbound buffer may hold; nothing was queued.',
  ),
  WORKER_UNREACHABLE: row(
    503,
    'ServiceUnavailableException',
    'Service Unavailable',
    'DEFAULT_5XX',
    'The worker that holds the connection lives but did not answer; try again.',
  ),
  INTERNAL_ERROR: row(
    500,
    'InternalServerErrorException',
    'Internal server error',
    'DEFAULT_5XX',
    'A fault inside the gateway; the log holds the cause.',
  ),
} as const

export type ErrorCode = keyof typeof errorTable

/** A row of the table. */
export type ErrorRow = ReturnType<typeof row>

/** Makes something of every row of the table, at once, and gives it by the code: the same thing every time. */
export function perErrorCode<Made>(make: (row: ErrorRow) => Made): (code: ErrorCode) => Made {
  const made = new Map<string, Made>(Object.entries(errorTable).map(([code, each]) => [code, make(each)]))
  return (code) => made.get(code) as Made
}

function row(status: number, errorType: string, message: string, responseType: string, cause: string) {
  return { status, errorType, message, responseType, cause }
}

/** A failure from the table; `cause` and `detail` go to the log and never to a client. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, detail?: string, options?: ErrorOptions) {
    super(detail ?? errorTable[code].cause, options)
    this.code = code
  }
}
