import { headerMaps, queryMaps } from '../../events/event-text.ts'
import { cookiesOf, joinedHeaders, joinedValues } from '../../events/joined-values.ts'
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
  /** The stage's name, which is in `rawPath` unless it is `$default`. */
  readonly stage: string
  readonly identity: IdentityValues
}

/**
 * The event of format 2.0 for an authorizer of an HTTP API as JSON text ("Control access to HTTP APIs with AWS Lambda
 * authorizers"): header names in lower case, several values with commas between them, and what is empty left out.
 */
export function routeEvent({ routeArn, stage, identity }: RouteFacts, request: MethodRequest): string {
  const { resource, path, rawQuery, headers, pathParameters, stageVariables } = request
  const cookies = cookiesOf(headers)
  return JSON.stringify({
    ...{ version: '2.0', type: 'REQUEST', routeArn },
    identitySource: identity.length === 0 ? null : identity.map((values) => values.join(',')),
    ...{ routeKey: resource, rawPath: stage === '$default' ? path : `/${stage}${path}`, rawQueryString: rawQuery },
    cookies: cookies.length === 0 ? undefined : cookies,
    headers: joinedHeaders(headers),
    queryStringParameters: unlessEmpty(joinedValues(request.query)),
    requestContext: request.requestContext,
    pathParameters: unlessEmpty(pathParameters),
    stageVariables: unlessEmpty(stageVariables),
  })
}

function unlessEmpty(map: Readonly<Record<string, string>>): Readonly<Record<string, string>> | undefined {
  return Object.keys(map).length === 0 ? undefined : map
}
