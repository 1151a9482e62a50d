import {
  attributesOf,
  authorizerOf,
  contextVariable,
  contextVariables,
  type ReadContextVariable,
  userOf,
} from './context-variables.ts'
import type { GatewayEvent } from './event.ts'

/** `$context` as mapping templates see it. */
export interface ContextView {
  /**
   * The variable of this name: null for one that is not set, a further view for `identity`, its `clientCert`,
   * `authorizer`, `connection` and `error`, else undefined.
   */
  get(name: string): unknown
  /**
   * The names and values that AWS prints for the whole map, in its order; members that are not set are in it with null.
   */
  entries(): Iterable<[string, unknown]>
}

type Get = (event: GatewayEvent, name: string) => unknown
type Entries = (event: GatewayEvent) => [string, unknown][]

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
export function contextView(event: GatewayEvent): ContextView {
  return new View(event, rootMember, rootEntries)
}

class View implements ContextView {
  readonly #event: GatewayEvent
  readonly #get: Get
  readonly #entries: Entries

  constructor(event: GatewayEvent, get: Get, entries: Entries) {
    this.#event = event
    this.#get = get
    this.#entries = entries
  }

  get(name: string): unknown {
    return this.#get(this.#event, name)
  }

  entries(): Iterable<[string, unknown]> {
    return this.#entries(this.#event)
  }
}

const top = reader('')
const identity = reader('identity.')
const certificate = reader('identity.clientCert.')
const validity = reader('identity.clientCert.validity.')
const error = reader('error.')

const identityEntries: Entries = (event) => identityOrder.map((name) => [name, identity(event, name)])
const validityEntries: Entries = (event) => ['notBefore', 'notAfter'].map((name) => [name, validity(event, name)])
const certificateMember: Get = (event, name) =>
  name === 'validity' ? new View(event, validity, validityEntries) : certificate(event, name)
const certificateEntries: Entries = (event) =>
  ['clientCertPem', 'subjectDN', 'issuerDN', 'serialNumber', 'validity'].map((name) => [
    name,
    certificateMember(event, name),
  ])
const identityMember: Get = (event, name) =>
  name === 'clientCert' ? new View(event, certificateMember, certificateEntries) : identity(event, name)
const errorEntries: Entries = (event) =>
  ['messageString', 'validationErrorString'].map((name) => [name, error(event, name)])
const authorizerMember: Get = (event, name) => contextVariable(`authorizer.${name}`)?.(event) ?? null
const authorizerEntries: Entries = (event) => Object.entries(authorizerOf(event) ?? {})

const attributeMember: Get = (event, name) => contextVariable(`connection.attributes.${name}`)?.(event) ?? null
const attributeEntries: Entries = (event) => Object.entries(attributesOf(event) ?? {})
const connectionMember: Get = (event, name) => {
  if (name === 'userId') return userOf(event)
  return name === 'attributes' ? new View(event, attributeMember, attributeEntries) : undefined
}
const connectionEntries: Entries = (event) =>
  ['userId', 'attributes'].map((name) => [name, connectionMember(event, name)])

/** `connection` is not AWS's, and therefore not printed with the rest. */
const rootMember: Get = (event, name) => {
  if (name === 'connection') return new View(event, connectionMember, connectionEntries)
  if (name === 'identity') return new View(event, identityMember, identityEntries)
  if (name === 'authorizer') return new View(event, authorizerMember, authorizerEntries)
  if (name === 'error') return new View(event, error, errorEntries)
  return top(event, name)
}

const rootEntries: Entries = (event) => {
  const list = (names: readonly string[]): [string, unknown][] => names.map((name) => [name, top(event, name)])
  const authorizer = authorizerOf(event) === null ? [] : ['authorizer']
  return [
    ...list(beforeAuthorizer),
    ...authorizer.map((name): [string, unknown] => [name, rootMember(event, name)]),
    ...list(beforeIdentity),
    ['identity', rootMember(event, 'identity')],
    ...list(afterIdentity),
  ]
}

/** A member below `prefix`: undefined when there is no such variable, null when it is not set. */
function reader(prefix: string): Get {
  const reads = new Map<string, ReadContextVariable>()
  for (const { name, read } of contextVariables) {
    if (name.startsWith(prefix) && !name.slice(prefix.length).includes('.')) reads.set(name.slice(prefix.length), read)
  }
  return (event, name) => {
    const read = reads.get(name)
    return read === undefined ? undefined : (read(event) ?? null)
  }
}
