import { headerMaps, queryMaps } from '../../events/event-text.ts'
import { cookiesOf, joinedHeaders, joinedValues } from '../../events/joined-values.ts'
import { resourcePath, shownPath } from '../../events/method-text.ts'
import type { MethodRequest } from '../contract.ts'
import type { IdentityValues } from './answer-cache.ts'

/** The event of a TOKEN authorizer as JSON text ("Input to an API Gateway Lambda authorizer"). */
export function tokenEvent(methodArn: string, authorizationToken: string): string {
  return JSON.stringify({ type: 'TOKEN', methodArn, authorizationToken })
}

/**
 * The event of a REQUEST authorizer of a REST API as JSON text ("Input to an API Gateway Lambda authorizer"): every
 * member is there, maps without entries too.
 */
export function requestEvent(methodArn: string, request: MethodRequest): string {
  const headers = headerMaps(request.headers)
  const query = queryMaps(request.query)
  const { resource, path, method, pathParameters, stageVariables, requestContext } = request
  return (
    `{"type":"REQUEST","methodArn":${JSON.stringify(methodArn)},"resource":${JSON.stringify(resource)},` +
    `"path":${JSON.stringify(path)},"httpMethod":${JSON.stringify(method)},` +
    `"headers":${headers.single},"multiValueHeaders":${headers.multi},` +
    `"queryStringParameters":${query.single},"multiValueQueryStringParameters":${query.multi},` +
    `"pathParameters":${JSON.stringify(pathParameters)},"stageVariables":${JSON.stringify(stageVariables)},` +
    `"requestContext":${JSON.stringify(requestContext)}}`
  )
}

export interface RouteFacts {
  readonly routeArn: string
  /** The stage's name, which is in the path of events unless it is `$default`. */
  readonly stage: string
  readonly identity: IdentityValues
}

/**
 * The event of format 2.0 for an authorizer of an HTTP API as JSON text ("Control access to HTTP APIs with AWS Lambda
 * authorizers"): header names in lower case, several values with commas between them, and what is empty left out.
 */
export function routeEvent({ routeArn, stage, identity }: RouteFacts, request: MethodRequest): string {
  const { resource, rawQuery, headers, stageVariables } = request
  const cookies = cookiesOf(headers)
  return JSON.stringify({
    ...{ version: '2.0', type: 'REQUEST', routeArn, identitySource: identityTexts(identity) },
    ...{ routeKey: resource, rawPath: pathOf(stage, request), rawQueryString: rawQuery },
    cookies: cookies.length === 0 ? undefined : cookies,
    headers: joinedHeaders(headers),
    queryStringParameters: unlessEmpty(joinedValues(request.query)),
    requestContext: request.requestContext,
    pathParameters: unlessEmpty(pathParametersOf(request)),
    stageVariables: unlessEmpty(stageVariables),
  })
}

/**
 * The event of format 1.0 for an authorizer of an HTTP API as JSON text, as the same page has it, and with the maps of all
 * values beside those of the last: a function would else decide without the values that a backend sees.
 */
export function routeEventV1({ routeArn, stage, identity }: RouteFacts, request: MethodRequest): string {
  const headers = headerMaps(request.headers)
  const query = queryMaps(request.query)
  const source = JSON.stringify(identityTexts(identity)?.join(',') ?? null)
  return (
    `{"version":"1.0","type":"REQUEST","methodArn":${JSON.stringify(routeArn)},` +
    `"identitySource":${source},"authorizationToken":${source},` +
    `"resource":${JSON.stringify(resourcePath(request.resource))},` +
    `"path":${JSON.stringify(pathOf(stage, request))},"httpMethod":${JSON.stringify(request.method)},` +
    `"headers":${headers.single},"multiValueHeaders":${headers.multi},` +
    `"queryStringParameters":${query.single},"multiValueQueryStringParameters":${query.multi},` +
    `"pathParameters":${JSON.stringify(pathParametersOf(request))},` +
    `"stageVariables":${JSON.stringify(request.stageVariables)},` +
    `"requestContext":${JSON.stringify(request.requestContext)}}`
  )
}

/** The value of each source, several values with commas between them; null where there is no source. */
function identityTexts(identity: IdentityValues): readonly string[] | null {
  return identity.length === 0 ? null : identity.map((values) => values.join(','))
}

/** The path as HTTP APIs show it. */
function pathOf(stage: string, { path }: MethodRequest): string {
  return shownPath(stage === '$default' ? path : `/${stage}${path}`)
}

function pathParametersOf({ pathParameters }: MethodRequest): Record<string, string> {
  return Object.fromEntries(Object.entries(pathParameters).map(([name, value]) => [name, shownPath(value)]))
}

function unlessEmpty(map: Readonly<Record<string, string>>): Readonly<Record<string, string>> | undefined {
  return Object.keys(map).length === 0 ? undefined : map
}
