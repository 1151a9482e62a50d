import type { ConnectionIdentity } from '../vocabulary/connection.ts'
import { contextVariable } from './context-variables.ts'
import { nestedMembers } from './event-text.ts'
import type { MethodEvent } from './method-event.ts'
import { requestTime } from './request-time.ts'

const readDomainPrefix = contextVariable('domainPrefix')

/**
 * A path as events of HTTP APIs show it: percent-decoded, and as it came where it is not percent-encoded UTF-8. REST
 * APIs and function URLs leave it encoded; HTTP APIs do not, in neither format.
 */
export function shownPath(path: string): string {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** The path of a route key, `/pets/{id}` of `GET /pets/{id}`; the key itself where it has none, as `$default`. */
export function resourcePath(routeKey: string): string {
  return routeKey.slice(routeKey.indexOf(' ') + 1)
}

/**
 * The `requestContext` of format 2.0 as JSON text, in AWS's order ("Create AWS Lambda proxy integrations for HTTP APIs
 * in API Gateway"): `authentication` and `authorizer` are there only for who has shown a certificate or was asked for.
 */
export function requestContextV2(event: MethodEvent, accountId: string): string {
  const { method, sourceIp, userAgent } = event.arrival
  const certificate = clientCertificate(event.identity)
  return (
    `{"accountId":${JSON.stringify(accountId)},"apiId":${JSON.stringify(event.apiId)},` +
    (certificate === null ? '' : `"authentication":{${certificate}},`) +
    authorizerV2(event) +
    `${domainMembers(event)},"http":{"method":${JSON.stringify(method)},` +
    `"path":${JSON.stringify(shownPath(event.rawPath))},"protocol":"HTTP/1.1",` +
    `"sourceIp":${JSON.stringify(sourceIp)},"userAgent":${JSON.stringify(userAgent ?? '')}},` +
    `"requestId":${JSON.stringify(event.requestId)},"routeKey":${JSON.stringify(event.routeKey)},` +
    `"stage":${JSON.stringify(event.stage)},"time":"${requestTime(event.requestTimeEpoch)}",` +
    `"timeEpoch":${event.requestTimeEpoch}}`
  )
}

function authorizerV2({ caller }: MethodEvent): string {
  if (caller === null) return ''
  switch (caller.kind) {
    case 'jwt':
      return `"authorizer":{"jwt":${claimsAndScopes(caller.context, caller.scopes)}},`
    case 'lambda':
      return `"authorizer":{"lambda":${JSON.stringify(caller.nestedContext ?? caller.context ?? {})}},`
    case 'iam':
      return `"authorizer":{"iam":${iam(caller.identity)}},`
  }
}

/** A caller that has signed: an account's own members, and null for what Cognito and Organizations would know. */
function iam(identity: ConnectionIdentity | null): string {
  return JSON.stringify({
    accessKey: memberOf(identity, 'accessKey'),
    accountId: memberOf(identity, 'accountId'),
    callerId: memberOf(identity, 'caller'),
    cognitoIdentity: null,
    principalOrgId: null,
    userArn: memberOf(identity, 'userArn'),
    userId: memberOf(identity, 'user'),
  })
}

/**
 * The `requestContext` of format 1.0, as HTTP APIs have it, as JSON text: what is not known of the identity is null, and
 * `resourceId` is the route key.
 */
export function requestContextV1(event: MethodEvent, accountId: string): string {
  const requestId = JSON.stringify(event.requestId)
  return (
    `{"accountId":${JSON.stringify(accountId)},"apiId":${JSON.stringify(event.apiId)},${authorizerV1(event)}` +
    `${domainMembers(event)},"extendedRequestId":${requestId},"httpMethod":${JSON.stringify(event.arrival.method)},` +
    `"identity":${identityV1(event)},"path":${JSON.stringify(shownPath(event.rawPath))},"protocol":"HTTP/1.1",` +
    `"requestId":${requestId},"requestTime":"${requestTime(event.requestTimeEpoch)}",` +
    `"requestTimeEpoch":${event.requestTimeEpoch},"resourceId":${JSON.stringify(event.routeKey)},` +
    `"resourcePath":${JSON.stringify(resourcePath(event.routeKey))},"stage":${JSON.stringify(event.stage)}}`
  )
}

/** The context of a function as text, and how long it was waited for, as in events of REST APIs. */
function lambdaContext({ caller, authorization }: MethodEvent): string {
  const context = caller?.context ?? {}
  const text = JSON.stringify(context)
  if (authorization === null || Object.hasOwn(context, 'integrationLatency')) return text
  const comma = text === '{}' ? '' : ','
  return `${text.slice(0, -1)}${comma}"integrationLatency":${Math.round(authorization.latencyInMillis)}}`
}

function authorizerV1(event: MethodEvent): string {
  const { caller } = event
  if (caller === null) return ''
  switch (caller.kind) {
    case 'jwt':
      return `"authorizer":${claimsAndScopes(caller.context, caller.scopes)},`
    case 'lambda':
      return `"authorizer":${lambdaContext(event)},`
    case 'iam':
      return ''
  }
}

/** The members of `identity` in AWS's order; those without a value are null. */
const identityNames = [
  'accessKey',
  'accountId',
  'caller',
  'cognitoAmr',
  'cognitoAuthenticationProvider',
  'cognitoAuthenticationType',
  'cognitoIdentityId',
  'cognitoIdentityPoolId',
  'principalOrgId',
  'sourceIp',
  'user',
  'userAgent',
  'userArn',
]

function identityV1(event: MethodEvent): string {
  const { sourceIp, userAgent } = event.arrival
  const identity = event.identity
  const known = new Map<string, string>([
    ['sourceIp', sourceIp],
    ['userAgent', userAgent ?? ''],
  ])
  const members = identityNames.map(
    (name) => `"${name}":${JSON.stringify(known.get(name) ?? memberOf(identity, name))}`,
  )
  const certificate = clientCertificate(identity)
  return `{${members.join(',')}${certificate === null ? '' : `,${certificate}`}}`
}

function claimsAndScopes(claims: Readonly<Record<string, string>> | null, scopes: readonly string[] | null): string {
  return `{"claims":${JSON.stringify(claims ?? {})},"scopes":${JSON.stringify(scopes)}}`
}

function domainMembers(event: MethodEvent): string {
  const { domainName } = event.arrival
  return `"domainName":${JSON.stringify(domainName)},"domainPrefix":${JSON.stringify(readDomainPrefix?.(event) ?? '')}`
}

const certificatePrefix = 'clientCert.'

/** The member `clientCert`; null without a certificate. */
function clientCertificate(identity: ConnectionIdentity | null): string | null {
  const entries = Object.entries(identity ?? {}).filter(([name]) => name.startsWith(certificatePrefix))
  return entries.length === 0 ? null : nestedMembers(Object.fromEntries(entries))
}

function memberOf(identity: ConnectionIdentity | null, name: string): string | null {
  return identity !== null && Object.hasOwn(identity, name) ? (identity[name] as string) : null
}
