import { isUtf8 } from 'node:buffer'
import { headerMaps, queryMaps } from '../events/event-text.ts'
import { cookiesOf, joinedHeaders, joinedValues } from '../events/joined-values.ts'
import type { MethodEvent } from '../events/method-event.ts'
import { requestContextV1, requestContextV2, resourcePath, shownPath } from '../events/method-text.ts'
import { type HeaderList, lastHeader } from '../vocabulary/headers.ts'
import type { MethodIntegrationDefinition, MethodScope } from './method-contract.ts'

/** The parts of a request that parameter mapping may change, as the function is to see them. */
export interface ShownRequest {
  readonly headers: HeaderList
  /** The query as it came, and its names and values. */
  readonly rawQuery: string
  readonly query: HeaderList
  /** The path with the stage in front, percent-encoded. */
  readonly rawPath: string
}

/** Gives the request as it came. */
export function requestAsItCame(event: MethodEvent): ShownRequest {
  const { headers, rawQuery } = event.arrival
  return { headers, rawQuery, query: event.query, rawPath: event.rawPath }
}

/** Makes the event of a function behind a route of an HTTP API, as JSON text. */
export type MethodEventText = (event: MethodEvent, request?: ShownRequest) => string

/**
 * Prepares the events of one format for one stage ("Create AWS Lambda proxy integrations for HTTP APIs in API Gateway").
 * The text is put together by hand: members come in AWS's order, and a name such as `__proto__` from a client is data
 * like any other.
 */
export function createMethodEventText(
  format: MethodIntegrationDefinition['payloadFormatVersion'],
  { accountId, stageVariables }: Pick<MethodScope, 'accountId' | 'stageVariables'>,
): MethodEventText {
  const variables = Object.keys(stageVariables).length === 0 ? null : JSON.stringify(stageVariables)
  return format === '2.0'
    ? (event, request = requestAsItCame(event)) => eventV2(event, request, accountId, variables)
    : (event, request = requestAsItCame(event)) => eventV1(event, request, accountId, variables)
}

/** Format 2.0: what is empty is left out. */
function eventV2(
  event: MethodEvent,
  { headers, rawQuery, query, rawPath }: ShownRequest,
  accountId: string,
  stageVariables: string | null,
): string {
  const cookies = cookiesOf(headers)
  const { text, isBase64Encoded } = bodyMembers(event)
  return (
    `{"version":"2.0","routeKey":${JSON.stringify(event.routeKey)},` +
    `"rawPath":${JSON.stringify(shownPath(rawPath))},"rawQueryString":${JSON.stringify(rawQuery)},` +
    (cookies.length === 0 ? '' : `"cookies":${JSON.stringify(cookies)},`) +
    `"headers":${JSON.stringify(joinedHeaders(headers))},` +
    (query.length === 0 ? '' : `"queryStringParameters":${JSON.stringify(joinedValues(query))},`) +
    `"requestContext":${requestContextV2(event, accountId)},` +
    (text === null ? '' : `"body":${text},`) +
    (event.pathParameters === null ? '' : `"pathParameters":${pathParameters(event.pathParameters)},`) +
    `"isBase64Encoded":${isBase64Encoded}${stageVariables === null ? '' : `,"stageVariables":${stageVariables}`}}`
  )
}

/** Format 1.0, as HTTP APIs have it: what is empty is null. The stage is in `path` here, unlike in REST APIs. */
function eventV1(event: MethodEvent, request: ShownRequest, accountId: string, stageVariables: string | null): string {
  const { single, multi } = headerMaps(request.headers)
  const query = request.query.length === 0 ? { single: null, multi: null } : queryMaps(request.query)
  const { text, isBase64Encoded } = bodyMembers(event)
  return (
    `{"version":"1.0","resource":${JSON.stringify(resourcePath(event.routeKey))},` +
    `"path":${JSON.stringify(shownPath(request.rawPath))},"httpMethod":${JSON.stringify(event.arrival.method)},` +
    `"headers":${single},"multiValueHeaders":${multi},` +
    `"queryStringParameters":${query.single},"multiValueQueryStringParameters":${query.multi},` +
    `"requestContext":${requestContextV1(event, accountId)},` +
    `"pathParameters":${event.pathParameters === null ? null : pathParameters(event.pathParameters)},` +
    `"stageVariables":${stageVariables},"body":${text},"isBase64Encoded":${isBase64Encoded}}`
  )
}

/** The values of path variables, decoded as the path is. */
function pathParameters(parameters: NonNullable<MethodEvent['pathParameters']>): string {
  const members = Object.entries(parameters).map(
    ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(shownPath(value))}`,
  )
  return `{${members.join(',')}}`
}

/** The media types whose bodies are text in events; any other, no Content-Type and forms among them, is base64. */
const textTypes = /^\s*(?:text\/[^;\s]+|application\/(?:json|xml|javascript))\s*(?:;|$)/i

/** The body as JSON text, null for none. Bytes that are no UTF-8, whatever their type says, would be lost as text. */
function bodyMembers({ body, arrival }: MethodEvent): { text: string | null; isBase64Encoded: boolean } {
  if (body === null || body.length === 0) return { text: null, isBase64Encoded: false }
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const type = lastHeader(arrival.headers, 'content-type') ?? ''
  if (textTypes.test(type) && isUtf8(bytes)) {
    return { text: JSON.stringify(bytes.toString('utf8')), isBase64Encoded: false }
  }
  return { text: `"${bytes.toString('base64')}"`, isBase64Encoded: true }
}
