import { nearestName } from 'postern-documents/nearest-name'
import type { RequestContext } from './request-context.ts'
import { requestTime } from './request-time.ts'

export type ContextValue = string | number | null | undefined
export type ReadContextVariable = (context: RequestContext) => ContextValue

/** Where AWS lets a variable stand: in mapping templates and parameters, in access logs, or in both. */
export type ContextUse = 'mapping' | 'logs'

export interface ContextVariable {
  readonly name: string
  readonly uses: readonly ContextUse[]
  /** For the docs; a variable that the gateway never sets says so. */
  readonly meaning: string
  readonly read: ReadContextVariable
}

const both = ['mapping', 'logs'] as const
const logs = ['logs'] as const
const unset: ReadContextVariable = () => null
/** The context measures finer than that, for the metrics. */
const wholeLatency: ReadContextVariable = (c) =>
  c.integrationLatency === null ? null : Math.round(c.integrationLatency)

/**
 * Every `$context` variable ("WebSocket API mapping template reference", "Configure logging for a WebSocket API"),
 * and the ones that AWS's own printout of `$context` shows. Names that AWS knows and this gateway has no value for
 * stay: a format or a template made for AWS must load. `authorizer.<property>` comes on top.
 */
export const contextVariables: readonly ContextVariable[] = [
  row('apiId', both, 'Id of the API.', (c) => c.connection.apiId),
  row('stage', both, 'Name of the stage.', (c) => c.connection.stage),
  row(
    'routeKey',
    both,
    'The selected route; `POST /@connections/{connectionId}` and the like for callbacks.',
    (c) => c.routeKey,
  ),
  row('eventType', both, '`CONNECT`, `MESSAGE`, `DISCONNECT`, or `CONNECTION_API` for callbacks.', (c) => c.eventType),
  row('connectionId', both, 'Id of the connection.', (c) => c.connection.connectionId),
  row(
    'connectedAt',
    both,
    'When the connection began, milliseconds since 1970; not for `CONNECTION_API`.',
    (c) => c.connection.connectedAt || null,
  ),
  row('domainName', both, 'The authority that the client used.', (c) => c.connection.domainName),
  row('domainPrefix', both, 'The first label of `domainName`.', (c) => domainPrefix(c.connection.domainName)),
  row('messageId', both, 'Id of the message; only for `MESSAGE`.', (c) => c.messageId),
  row('messageDirection', both, 'Always `IN`.', () => 'IN'),
  row('requestId', both, 'Id of this event; also in error frames.', (c) => c.requestId),
  row('extendedRequestId', both, 'Equal to `requestId`.', (c) => c.requestId),
  row('requestTime', both, 'When the event came, `dd/MMM/yyyy:HH:mm:ss +0000`.', (c) =>
    requestTime(c.requestTimeEpoch),
  ),
  row('requestTimeEpoch', both, 'When the event came, milliseconds since 1970.', (c) => c.requestTimeEpoch),
  row(
    'status',
    both,
    "Status of the handshake, of the integration's answer, or of the callback.",
    (c) => c.status || null,
  ),
  row('disconnectStatusCode', both, 'Close code; only for `DISCONNECT`.', (c) => c.disconnectStatusCode),
  row('disconnectReason', both, 'Close reason; only for `DISCONNECT`.', (c) => c.disconnectReason),
  row('xrayTraceId', both, '`Root=…`, as sent to backends in `X-Amzn-Trace-Id`.', (c) => c.traceId),

  row('authorizer.principalId', both, "The authorizer's `principalId`.", authorizerProperty('principalId')),
  // An authorizer may well give a property of its own under these names; then that is what they say.
  ...['error', 'status', 'latency', 'integrationLatency', 'integrationStatus', 'requestId'].map((name) =>
    row(
      `authorizer.${name}`,
      logs,
      'Only when the authorizer gives a property of this name.',
      authorizerProperty(name),
    ),
  ),
  ...['authorize', 'authenticate'].flatMap((group) =>
    ['error', 'status', 'latency'].map((name) => row(`${group}.${name}`, logs, 'Known, never set.', unset)),
  ),

  row('error.message', logs, 'What the client was told.', (c) => c.errorMessage),
  row('error.messageString', both, '`error.message` in quotes, ready for JSON.', (c) => quoted(c.errorMessage)),
  row(
    'error.responseType',
    logs,
    '`ACCESS_DENIED`, `INTEGRATION_TIMEOUT` …; see the table of errors.',
    (c) => c.errorResponseType,
  ),
  row('error.validationErrorString', both, "Why the message fails the route's model.", (c) => c.validationErrorString),

  row('identity.sourceIp', both, "The client's address.", (c) => c.connection.sourceIp),
  row('identity.userAgent', both, 'The User-Agent of the handshake.', (c) => c.connection.userAgent),
  ...[
    'accessKey',
    'accountId',
    'apiKey',
    'apiKeyId',
    'caller',
    'cognitoAuthenticationProvider',
    'cognitoAuthenticationType',
    'cognitoIdentityId',
    'cognitoIdentityPoolId',
    'user',
    'userArn',
  ].map((name) => row(`identity.${name}`, both, 'Known, never set.', unset)),
  row('identity.principalOrgId', logs, 'Known, never set.', unset),

  row('integrationLatency', logs, 'Milliseconds that the integration took.', wholeLatency),
  row('integration.latency', logs, 'Equal to `integrationLatency`.', wholeLatency),
  row('integrationStatus', logs, 'Status that the integration answered.', (c) => c.integrationStatus),
  row('integration.integrationStatus', logs, 'Equal to `integrationStatus`.', (c) => c.integrationStatus),
  row('integration.status', logs, 'Equal to `integrationStatus`.', (c) => c.integrationStatus),
  row('integrationErrorMessage', logs, 'Why the integration failed.', (c) => c.integrationErrorMessage),
  row('integration.error', logs, 'Equal to `integrationErrorMessage`.', (c) => c.integrationErrorMessage),
  row('integration.requestId', logs, "The backend's `x-amzn-RequestId`.", (c) => c.integrationRequestId),
  row('awsEndpointRequestId', logs, 'Equal to `integration.requestId`.', (c) => c.integrationRequestId),
  ...['responseLatency', 'responseLength', 'waf.error', 'waf.latency', 'waf.status'].map((name) =>
    row(name, logs, 'Known, never set.', unset),
  ),
]

const byName = new Map(contextVariables.map((variable) => [variable.name, variable]))
const authorizerPrefix = 'authorizer.'

/**
 * The reader of a variable by its name without `$context.`, for load time; null when there is no such variable
 * (or none that may stand in `use`). A reader gives null or undefined for a variable that is not set.
 */
export function contextVariable(name: string, use?: ContextUse): ReadContextVariable | null {
  const variable = byName.get(name)
  if (variable !== undefined && (use === undefined || variable.uses.includes(use))) return variable.read
  if (name.length > authorizerPrefix.length && name.startsWith(authorizerPrefix)) {
    return authorizerProperty(name.slice(authorizerPrefix.length))
  }
  return null
}

/** The variable whose name is nearest, for the fault that names an unknown one. */
export function nearestContextVariable(name: string): string | null {
  return nearestName(name, byName.keys())
}

function row(name: string, uses: readonly ContextUse[], meaning: string, read: ReadContextVariable): ContextVariable {
  return { name, uses, meaning, read }
}

function authorizerProperty(name: string): ReadContextVariable {
  return ({ connection: { authorizer } }) =>
    authorizer !== null && Object.hasOwn(authorizer, name) ? authorizer[name] : null
}

function domainPrefix(domainName: string): string {
  const end = domainName.search(/[.:/]/)
  return end < 0 ? domainName : domainName.slice(0, end)
}

function quoted(message: string | null): string | null {
  return message === null ? null : JSON.stringify(message)
}
