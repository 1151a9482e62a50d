import type { ConnectRequest } from '../events/connect-event.ts'
import { bodyOf, type ConnectionEvent } from '../events/event.ts'
import { requestTime } from '../events/request-time.ts'
import type { ConnectionIdentity } from '../vocabulary/connection.ts'
import type { HeaderList } from '../vocabulary/headers.ts'

/**
 * The event of a Lambda proxy integration as JSON text ("Set up AWS Lambda proxy integration for WebSocket APIs"):
 * members and their order are those of AWS's samples, and what is null on AWS is left out, as AWS does since 2022.
 * The text is put together by hand: a name such as `__proto__` from a client is then data like any other.
 */
export function createProxyEvent(stageVariables: Readonly<Record<string, string>>): (event: ConnectionEvent) => string {
  const variables =
    Object.keys(stageVariables).length === 0 ? '' : `"stageVariables":${JSON.stringify(stageVariables)},`
  return (event) => {
    const body = bodyOf(event)
    return (
      `{${requestMembers(event)}${variables}"requestContext":${requestContext(event)},` +
      `${body === null ? '' : `"body":${JSON.stringify(body)},`}"isBase64Encoded":false}`
    )
  }
}

function requestMembers(event: ConnectionEvent): string {
  switch (event.eventType) {
    case 'CONNECT':
      return event.request === null ? '' : handshakeMembers(event.request)
    case 'MESSAGE':
      return ''
    case 'DISCONNECT':
      return disconnectHeaders(event.record.domainName)
  }
}

function handshakeMembers({ headers, query }: ConnectRequest): string {
  const { single, multi } = headerMaps(headers)
  return `"headers":${single},"multiValueHeaders":${multi},${queryMembers(query)}`
}

/** The four headers that AWS sends with every DISCONNECT, three of them empty. */
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

function requestContext(event: ConnectionEvent): string {
  const { record } = event
  const requestId = JSON.stringify(event.requestId)
  return (
    `{"routeKey":${JSON.stringify(event.routeKey)},` +
    (event.eventType === 'DISCONNECT' ? `"disconnectStatusCode":${event.disconnectStatusCode},` : '') +
    (event.eventType === 'MESSAGE' ? `"messageId":"${event.messageId}",` : '') +
    (record.authorizer === null ? '' : `"authorizer":${JSON.stringify(record.authorizer)},`) +
    `"eventType":"${event.eventType}","extendedRequestId":${requestId},` +
    `"requestTime":"${requestTime(event.requestTimeEpoch)}","messageDirection":"IN",` +
    (event.eventType === 'DISCONNECT' ? `"disconnectReason":${JSON.stringify(event.disconnectReason)},` : '') +
    `"stage":${JSON.stringify(record.stage)},"connectedAt":${record.connectedAt},` +
    `"requestTimeEpoch":${event.requestTimeEpoch},"identity":${identity(event)},"requestId":${requestId},` +
    `"domainName":${JSON.stringify(record.domainName)},"connectionId":${JSON.stringify(record.connectionId)},` +
    `"apiId":${JSON.stringify(record.apiId)}}`
  )
}

function identity({ record: { userAgent, sourceIp, identity } }: ConnectionEvent): string {
  const credentials = identity === null ? '' : `${nestedMembers(identity)},`
  const agent = userAgent === null ? '' : `"userAgent":${JSON.stringify(userAgent)},`
  return `{${credentials}${agent}"sourceIp":${JSON.stringify(sourceIp)}}`
}

/** The members of an identity, those with a dot in their name inside of maps: `clientCert.validity.notAfter`. */
function nestedMembers(identity: ConnectionIdentity): string {
  const nested = emptyMap()
  for (const [name, value] of Object.entries(identity)) {
    const path = name.split('.')
    const last = path.pop() as string
    let map = nested
    for (const step of path) {
      const inner = map[step]
      const next = typeof inner === 'object' ? inner : emptyMap()
      map[step] = next
      map = next
    }
    map[last] = value
  }
  return JSON.stringify(nested).slice(1, -1)
}

/** A map without a prototype: names in a record may come from Redis. */
const emptyMap = (): NestedTexts => Object.create(null)

interface NestedTexts {
  [name: string]: string | NestedTexts
}
