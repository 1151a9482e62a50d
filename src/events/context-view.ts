import { contextVariable, contextVariables, type ReadContextVariable } from './context-variables.ts'
import type { RequestContext } from './request-context.ts'

/** `$context` as mapping templates see it. */
export interface ContextView {
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
export function contextView(context: RequestContext): ContextView {
  return new View(context, rootMember, rootEntries)
}

class View implements ContextView {
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
