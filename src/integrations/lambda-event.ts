import type { RequestContext } from '../events/request-context.ts'
import { requestTime } from '../events/request-time.ts'
import type { HeaderList } from '../vocabulary/headers.ts'
import type { ConnectRequest, IntegrationCall } from './contract.ts'

/**
 * The event of a Lambda proxy integration as JSON text ("Set up AWS Lambda proxy integration for WebSocket APIs"):
 * members and their order are those of AWS's samples, and what is null on AWS is left out, as AWS does since 2022.
 * The text is put together by hand: a name such as `__proto__` from a client is then data like any other.
 */
export function createProxyEvent(stageVariables: Readonly<Record<string, string>>): (call: IntegrationCall) => string {
  const variables =
    Object.keys(stageVariables).length === 0 ? '' : `"stageVariables":${JSON.stringify(stageVariables)},`
  return ({ context, request, body }) =>
    `{${requestMembers(context, request)}${variables}"requestContext":${requestContext(context)},` +
    `${body === null ? '' : `"body":${JSON.stringify(body)},`}"isBase64Encoded":false}`
}

function requestMembers(context: RequestContext, request: ConnectRequest | null): string {
  if (context.eventType === 'DISCONNECT') return disconnectHeaders(context.connection.domainName)
  if (request === null) return ''
  const { single, multi } = headerMaps(request.headers)
  return `"headers":${single},"multiValueHeaders":${multi},${queryMembers(request.query)}`
}

/** AWS sends these four with every DISCONNECT, three of them empty. */
function disconnectHeaders(domainName: string): string {
  const slash = domainName.indexOf('/')
  const host = JSON.stringify(slash < 0 ? domainName : domainName.slice(0, slash))
  return (
    `"headers":{"Host":${host},"x-api-key":"","X-Forwarded-For":"","x-restapi":""},` +
    `"multiValueHeaders":{"Host":[${host}],"x-api-key":[""],"X-Forwarded-For":[""],"x-restapi":[""]},`
  )
}

function queryMembers(query: ConnectRequest['query']): string {
  if (query.length === 0) return ''
  const values = new Map<string, string[]>()
  for (const [name, value] of query) append(values, name, value)
  const { single, multi } = mapTexts(values)
  return `"queryStringParameters":${single},"multiValueQueryStringParameters":${multi},`
}

/** Header names are one whatever their case, in the first spelling; AWS's events list them in alphabetical order. */
function headerMaps(headers: HeaderList): { single: string; multi: string } {
  const spellings = new Map<string, string>()
  const values = new Map<string, string[]>()
  for (const [name, value] of headers) {
    const key = name.toLowerCase()
    if (!spellings.has(key)) spellings.set(key, name)
    append(values, key, value)
  }
  const sorted = [...values.keys()].sort()
  return mapTexts(new Map(sorted.map((key) => [spellings.get(key) as string, values.get(key) as string[]])))
}

function append(values: Map<string, string[]>, name: string, value: string): void {
  const list = values.get(name)
  if (list === undefined) values.set(name, [value])
  else list.push(value)
}

/** The last value wins in the map of single values. */
function mapTexts(values: ReadonlyMap<string, readonly string[]>): { single: string; multi: string } {
  const single: string[] = []
  const multi: string[] = []
  for (const [name, list] of values) {
    const key = JSON.stringify(name)
    single.push(`${key}:${JSON.stringify(list.at(-1))}`)
    multi.push(`${key}:${JSON.stringify(list)}`)
  }
  return { single: `{${single.join(',')}}`, multi: `{${multi.join(',')}}` }
}

function requestContext(context: RequestContext): string {
  const { connection, messageId, disconnectStatusCode, disconnectReason } = context
  const requestId = JSON.stringify(context.requestId)
  return (
    `{"routeKey":${JSON.stringify(context.routeKey)},` +
    (disconnectStatusCode === null ? '' : `"disconnectStatusCode":${disconnectStatusCode},`) +
    (messageId === null ? '' : `"messageId":"${messageId}",`) +
    (connection.authorizer === null ? '' : `"authorizer":${JSON.stringify(connection.authorizer)},`) +
    `"eventType":"${context.eventType}","extendedRequestId":${requestId},` +
    `"requestTime":"${requestTime(context.requestTimeEpoch)}","messageDirection":"IN",` +
    (disconnectReason === null ? '' : `"disconnectReason":${JSON.stringify(disconnectReason)},`) +
    `"stage":${JSON.stringify(connection.stage)},"connectedAt":${connection.connectedAt},` +
    `"requestTimeEpoch":${context.requestTimeEpoch},"identity":${identity(context)},"requestId":${requestId},` +
    `"domainName":${JSON.stringify(connection.domainName)},"connectionId":${JSON.stringify(connection.connectionId)},` +
    `"apiId":${JSON.stringify(connection.apiId)}}`
  )
}

function identity({ connection: { userAgent, sourceIp } }: RequestContext): string {
  const agent = userAgent === null ? '' : `"userAgent":${JSON.stringify(userAgent)},`
  return `{${agent}"sourceIp":${JSON.stringify(sourceIp)}}`
}
