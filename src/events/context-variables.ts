import { nearestName } from 'postern-documents/nearest-name'
import { isAttributeName } from '../vocabulary/connection-user.ts'
import type { ContextSource } from './context-source.ts'
import { contextSources, type EventType, type GatewayEvent } from './event.ts'
import { requestTime } from './request-time.ts'

export type ContextValue = string | number | null | undefined
export type ReadContextVariable = (event: GatewayEvent) => ContextValue

/** The places where AWS lets a variable stand: in mapping templates and parameters, in access logs, or in both. */
export type ContextUse = 'mapping' | 'logs'

export interface ContextVariable {
  readonly name: string
  readonly uses: readonly ContextUse[]
  /** The variable's meaning, for the docs; a variable that the gateway never sets says so. */
  readonly meaning: string
  readonly read: ReadContextVariable
}

const both = ['mapping', 'logs'] as const
const logs = ['logs'] as const
const unset: ReadContextVariable = () => null

const domainName = ofKind('domainName')
const integration = ofKind('integration')
/** The authorizer's `principalId` and context; null without an authorizer. */
export const authorizerOf = ofKind('authorizer')
const identityOf = ofKind('identity')
/** The user of the connection; null for nobody. */
export const userOf = ofKind('userId')
/** The attributes of the connection; null for none. */
export const attributesOf = ofKind('attributes')
const authorization = ofKind('authorization')
const authorizationLatency: ReadContextVariable = (event) => {
  const report = authorization(event)
  return report === null ? null : Math.round(report.latencyInMillis)
}
const authorizationStatus: ReadContextVariable = (event) => authorization(event)?.status
const authorizationError: ReadContextVariable = (event) => authorization(event)?.errorMessage
const authorizationRequestId: ReadContextVariable = (event) => authorization(event)?.requestId

const domainPrefix: ReadContextVariable = (event) => firstLabel(domainName(event))
const integrationLatency: ReadContextVariable = (event) => {
  const report = integration(event)
  return report === null ? null : Math.round(report.latencyInMillis)
}
const integrationStatus: ReadContextVariable = (event) => integration(event)?.status
const integrationError: ReadContextVariable = (event) => integration(event)?.errorMessage
const integrationRequestId: ReadContextVariable = (event) => integration(event)?.requestId

const signed = 'only where it has signed its request (AWS_IAM).'
const certified = 'only where it has shown one.'
const ofMethods = 'only for `METHOD`.'

/** The variables that credentials bring. */
const identityRows = [
  ...Object.entries({
    accessKey: `The access key of whoever connects or calls; ${signed}`,
    accountId: `Its account; ${signed}`,
    caller: `Its user id; ${signed}`,
    user: `Its user id; ${signed}`,
    userArn: `Its ARN; ${signed}`,
    apiKey: 'The API key; only where one is required.',
    apiKeyId: 'The id of the API key; only where one is required.',
    'clientCert.clientCertPem': `The client's certificate in PEM; ${certified}`,
    'clientCert.subjectDN': `The distinguished name of the client's certificate; ${certified}`,
    'clientCert.issuerDN': `The distinguished name of the authority that signed the client's certificate; ${certified}`,
    'clientCert.serialNumber': `The serial number of the client's certificate; ${certified}`,
    'clientCert.validity.notBefore': `The first day of the client's certificate; ${certified}`,
    'clientCert.validity.notAfter': `The last day of the client's certificate; ${certified}`,
  }).map(([name, meaning]) => row(`identity.${name}`, both, meaning, identityMember(name))),
  ...['cognitoAuthenticationProvider', 'cognitoAuthenticationType', 'cognitoIdentityId', 'cognitoIdentityPoolId'].map(
    (name) => row(`identity.${name}`, both, 'Known, never set.', unset),
  ),
]

/**
 * Every `$context` variable ("WebSocket API mapping template reference", "Configure logging for a WebSocket API"),
 * and the ones that AWS's own printout of `$context` shows. Names that AWS knows and this gateway has no value for
 * stay: a format or a template made for AWS must load. `authorizer.<property>` and
 * `connection.attributes.<name>` come on top.
 */
export const contextVariables: readonly ContextVariable[] = [
  row('apiId', both, 'Id of the API.', (event) => event.apiId),
  row('stage', both, 'Name of the stage.', (event) => event.stage),
  row(
    'routeKey',
    both,
    'The selected route; `POST /@connections/{connectionId}` and the like for callbacks.',
    (event) => event.routeKey,
  ),
  row(
    'eventType',
    both,
    '`CONNECT`, `MESSAGE`, `DISCONNECT`, `CONNECTION_API` for callbacks, or `METHOD` for requests of HTTP APIs.',
    (event) => event.eventType,
  ),
  row('connectionId', both, 'Id of the connection.', ofKind('connectionId')),
  row(
    'connectedAt',
    both,
    'When the connection began, milliseconds since 1970; not for `CONNECTION_API`.',
    ofKind('connectedAt'),
  ),
  row('domainName', both, 'The authority that the client used.', domainName),
  row('domainPrefix', both, 'The first label of `domainName`.', domainPrefix),
  row('messageId', both, 'Id of the message; only for `MESSAGE`.', ofKind('messageId')),
  row('messageDirection', both, 'Always `IN`.', () => 'IN'),
  row('requestId', both, 'Id of this event; also in error frames.', (event) => event.requestId),
  row('extendedRequestId', both, 'Equal to `requestId`.', (event) => event.requestId),
  row('requestTime', both, 'When the event came, `dd/MMM/yyyy:HH:mm:ss +0000`.', (event) =>
    requestTime(event.requestTimeEpoch),
  ),
  row('requestTimeEpoch', both, 'When the event came, milliseconds since 1970.', (event) => event.requestTimeEpoch),
  row(
    'status',
    both,
    "Status of the handshake, of the integration's answer, or of the callback.",
    (event) => event.status,
  ),
  row('disconnectStatusCode', both, 'Close code; only for `DISCONNECT`.', ofKind('disconnectStatusCode')),
  row('disconnectReason', both, 'Close reason; only for `DISCONNECT`.', ofKind('disconnectReason')),
  row('xrayTraceId', both, '`Root=…`, as sent to backends in `X-Amzn-Trace-Id`.', (event) => event.traceId),

  row('authorizer.principalId', both, "The authorizer's `principalId`.", authorizerProperty('principalId')),
  // An authorizer may well give a property of its own under these names; then that is what they say.
  ...Object.entries({
    error: ['Why the function that authorizes failed.', authorizationError],
    status: ['Status that the function that authorizes answered.', authorizationStatus],
    latency: ['Milliseconds that authorizing took.', authorizationLatency],
    integrationLatency: ['Equal to `authorizer.latency`.', authorizationLatency],
    integrationStatus: ['Equal to `authorizer.status`.', authorizationStatus],
    requestId: ['Id under which the function that authorizes knows the call.', authorizationRequestId],
  } satisfies Record<string, [string, ReadContextVariable]>).map(([name, [meaning, read]]) =>
    row(`authorizer.${name}`, logs, `${meaning} Only for \`CONNECT\`.`, authorizerProperty(name, read)),
  ),
  ...['authorize', 'authenticate'].flatMap((group) =>
    ['error', 'status', 'latency'].map((name) => row(`${group}.${name}`, logs, 'Known, never set.', unset)),
  ),

  row('error.message', logs, 'What the client was told.', (event) => event.failure?.message),
  row('error.messageString', both, '`error.message` in quotes, ready for JSON.', (event) =>
    quoted(event.failure?.message),
  ),
  row(
    'error.responseType',
    logs,
    '`ACCESS_DENIED`, `INTEGRATION_TIMEOUT` …; see the table of errors.',
    (event) => event.failure?.responseType,
  ),
  row(
    'error.validationErrorString',
    both,
    "Why the message fails the route's model.",
    (event) => event.failure?.validationErrorString,
  ),

  row('identity.sourceIp', both, "The client's address.", ofKind('sourceIp')),
  row('identity.userAgent', both, 'The User-Agent of the handshake.', ofKind('userAgent')),
  ...identityRows,
  row('connection.userId', both, 'The user of the connection; not for `CONNECTION_API`.', userOf),
  row('identity.principalOrgId', logs, 'Known, never set.', unset),

  row('integrationLatency', logs, 'Milliseconds that the integration took.', integrationLatency),
  row('integration.latency', logs, 'Equal to `integrationLatency`.', integrationLatency),
  row('integrationStatus', logs, 'Status that the integration answered.', integrationStatus),
  row('integration.integrationStatus', logs, 'Equal to `integrationStatus`.', integrationStatus),
  row('integration.status', logs, 'Equal to `integrationStatus`.', integrationStatus),
  row('integrationErrorMessage', logs, 'Why the integration failed.', integrationError),
  row('integration.error', logs, 'Equal to `integrationErrorMessage`.', integrationError),
  row('integration.requestId', logs, "The backend's `x-amzn-RequestId`.", integrationRequestId),
  row('awsEndpointRequestId', logs, 'Equal to `integration.requestId`.', integrationRequestId),
  row('httpMethod', logs, `Method of the request; ${ofMethods}`, ofKind('httpMethod')),
  row('path', logs, `Path of the request, with the stage in front; ${ofMethods}`, ofKind('path')),
  row('protocol', logs, `Always \`HTTP/1.1\`; ${ofMethods}`, ofKind('protocol')),
  row('responseLatency', logs, `Milliseconds until the answer; ${ofMethods}`, ofKind('responseLatency')),
  row('responseLength', logs, `Bytes of the answer's body; ${ofMethods}`, ofKind('responseLength')),
  ...['waf.error', 'waf.latency', 'waf.status'].map((name) => row(name, logs, 'Known, never set.', unset)),
]

const byName = new Map(contextVariables.map((variable) => [variable.name, variable]))
const authorizerPrefix = 'authorizer.'
const claimsPrefix = 'claims.'
const attributePrefix = 'connection.attributes.'

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
  const attribute = name.startsWith(attributePrefix) ? name.slice(attributePrefix.length) : ''
  if (isAttributeName(attribute)) return attributeNamed(attribute)
  return null
}

/** The variable whose name is nearest, for the fault that names an unknown one. */
export function nearestContextVariable(name: string): string | null {
  return nearestName(name, byName.keys())
}

function row(name: string, uses: readonly ContextUse[], meaning: string, read: ReadContextVariable): ContextVariable {
  return { name, uses, meaning, read }
}

/** The reader of a value that depends on the kind of an event: each kind's own, as its `ContextSource` says. */
function ofKind<Member extends keyof ContextSource<never>>(member: Member) {
  type Read = (event: GatewayEvent) => ReturnType<NonNullable<ContextSource<never>[Member]>> | null
  const readers = Object.fromEntries(
    Object.entries(contextSources).map(([eventType, source]) => [eventType, source[member] ?? unset]),
  ) as Readonly<Record<EventType, Read>>
  const read: Read = (event) => readers[event.eventType](event)
  return read
}

/** A property that the authorizer gives, else what `otherwise` reads. */
function authorizerProperty(name: string, otherwise: ReadContextVariable = unset): ReadContextVariable {
  return (event) => {
    const authorizer = authorizerOf(event)
    if (authorizer !== null && Object.hasOwn(authorizer, name)) return authorizer[name]
    return name.startsWith(claimsPrefix) ? claim(event, name.slice(claimsPrefix.length)) : otherwise(event)
  }
}

/** A claim of a token, where HTTP APIs name it: `authorizer.claims.sub`. */
function claim(event: GatewayEvent, name: string): string | null {
  if (event.eventType !== 'METHOD' || event.caller?.kind !== 'jwt') return null
  const { context } = event.caller
  return context !== null && Object.hasOwn(context, name) ? (context[name] as string) : null
}

function attributeNamed(name: string): ReadContextVariable {
  return (event) => {
    const attributes = attributesOf(event)
    return attributes !== null && Object.hasOwn(attributes, name) ? attributes[name] : null
  }
}

function identityMember(name: string): ReadContextVariable {
  return (event) => {
    const identity = identityOf(event)
    return identity !== null && Object.hasOwn(identity, name) ? identity[name] : null
  }
}

function firstLabel(domain: string | null): string | null {
  const end = domain === null ? -1 : domain.search(/[.:/]/)
  return end < 0 ? domain : (domain as string).slice(0, end)
}

function quoted(message: string | undefined): string | null {
  return message === undefined ? null : JSON.stringify(message)
}
