import { nearestName } from 'postern-documents/nearest-name'
import type { RequestContext } from './request-context.ts'

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

// --- $context as a whole, in templates ---

/** `$context` as mapping templates see it. */
export interface TemplateContext {
  /** Null for a variable that is not set, a further view for `identity`, `authorizer` and `error`, else undefined. */
  get(name: string): unknown
  /** What AWS prints for the whole map, in its order; members that are not set are in it with null. */
  entries(): Iterable<[string, unknown]>
}

type Get = (context: RequestContext, name: string) => unknown
type Entries = (context: RequestContext) => [string, unknown][]

/** The order of AWS's own printout: that of the Lambda event when it still listed members that were null. */
const identityOrder = [
  'cognitoIdentityPoolId',
  'cognitoIdentityId',
  'principalOrgId',
  'cognitoAuthenticationType',
  'userArn',
  'userAgent',
  'accountId',
  'caller',
  'sourceIp',
  'accessKey',
  'cognitoAuthenticationProvider',
  'user',
]
const beforeAuthorizer = ['routeKey', 'disconnectStatusCode', 'messageId']
const beforeIdentity = [
  'eventType',
  'extendedRequestId',
  'requestTime',
  'messageDirection',
  'disconnectReason',
  'stage',
  'connectedAt',
  'requestTimeEpoch',
]
const afterIdentity = ['requestId', 'domainName', 'connectionId', 'apiId']

/** The view of one event; made per rendering, reads nothing that the template doesn't ask for. */
export function templateContext(context: RequestContext): TemplateContext {
  return new View(context, rootMember, rootEntries)
}

class View implements TemplateContext {
  readonly #context: RequestContext
  readonly #get: Get
  readonly #entries: Entries

  constructor(context: RequestContext, get: Get, entries: Entries) {
    this.#context = context
    this.#get = get
    this.#entries = entries
  }

  get(name: string): unknown {
    return this.#get(this.#context, name)
  }

  entries(): Iterable<[string, unknown]> {
    return this.#entries(this.#context)
  }
}

const top = reader('')
const identity = reader('identity.')
const error = reader('error.')

const identityEntries: Entries = (context) => identityOrder.map((name) => [name, identity(context, name)])
const errorEntries: Entries = (context) =>
  ['messageString', 'validationErrorString'].map((name) => [name, error(context, name)])
const authorizerMember: Get = (context, name) => contextVariable(`authorizer.${name}`)?.(context) ?? null
const authorizerEntries: Entries = (context) => Object.entries(context.connection.authorizer ?? {})

const rootMember: Get = (context, name) => {
  if (name === 'identity') return new View(context, identity, identityEntries)
  if (name === 'authorizer') return new View(context, authorizerMember, authorizerEntries)
  if (name === 'error') return new View(context, error, errorEntries)
  return top(context, name)
}

const rootEntries: Entries = (context) => {
  const list = (names: readonly string[]): [string, unknown][] => names.map((name) => [name, top(context, name)])
  const authorizer = context.connection.authorizer === null ? [] : ['authorizer']
  return [
    ...list(beforeAuthorizer),
    ...authorizer.map((name): [string, unknown] => [name, rootMember(context, name)]),
    ...list(beforeIdentity),
    ['identity', rootMember(context, 'identity')],
    ...list(afterIdentity),
  ]
}

/** A member below `prefix`: undefined when there is no such variable, null when it is not set. */
function reader(prefix: string): Get {
  const reads = new Map<string, ReadContextVariable>()
  for (const { name, read } of contextVariables) {
    if (name.startsWith(prefix) && !name.slice(prefix.length).includes('.')) reads.set(name.slice(prefix.length), read)
  }
  return (context, name) => {
    const read = reads.get(name)
    return read === undefined ? undefined : (read(context) ?? null)
  }
}

// --- requestTime ---

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

let cachedSecond = Number.NaN
let cachedText = ''

/**
 * `$context.requestTime`: milliseconds since 1970 in Common Log Format, `05/Oct/2025:08:09:10 +0000`; always UTC and
 * English. Events come thousands to the second, so the last second's text is kept.
 */
export function requestTime(epoch: number): string {
  const second = Math.floor(epoch / 1000)
  if (second === cachedSecond) return cachedText
  const date = new Date(second * 1000)
  const day = `${two(date.getUTCDate())}/${months[date.getUTCMonth()]}/${String(date.getUTCFullYear()).padStart(4, '0')}`
  cachedText = `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`
  cachedSecond = second
  return cachedText
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}
