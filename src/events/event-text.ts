import type { ConnectionIdentity } from '../vocabulary/connection.ts'
import { userIdOf } from '../vocabulary/connection-user.ts'
import type { HeaderList } from '../vocabulary/headers.ts'
import type { ConnectionEvent } from './event.ts'
import { requestTime } from './request-time.ts'

/** A map of names to their last values, and one to all of their values, each as JSON text. */
export interface TextMaps {
  readonly single: string
  readonly multi: string
}

/**
 * The headers of an event as API Gateway's Lambda events have them. Header names are one whatever their case, in the first spelling; the events
 * list them in alphabetical order.
 */
export function headerMaps(headers: HeaderList): TextMaps {
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

/** The query of an event; the last value wins in the map of single values. */
export function queryMaps(query: HeaderList): TextMaps {
  const values = new Map<string, string[]>()
  for (const [name, value] of query) append(values, name, value)
  return mapTexts(values)
}

function append(values: Map<string, string[]>, name: string, value: string): void {
  const list = values.get(name)
  if (list === undefined) values.set(name, [value])
  else list.push(value)
}

/** The last value wins in the map of single values. */
function mapTexts(values: ReadonlyMap<string, readonly string[]>): TextMaps {
  const single: string[] = []
  const multi: string[] = []
  for (const [name, list] of values) {
    const key = JSON.stringify(name)
    single.push(`${key}:${JSON.stringify(list.at(-1))}`)
    multi.push(`${key}:${JSON.stringify(list)}`)
  }
  return { single: `{${single.join(',')}}`, multi: `{${multi.join(',')}}` }
}

/**
 * The `requestContext` of an event as JSON text, in AWS's order; what is null there is left out, as AWS does since 2022.
 * With `attributesInEvents` a member `connection`, which AWS does not have, tells the user and the attributes.
 */
export function requestContext(event: ConnectionEvent, attributesInEvents = false): string {
  const { record } = event
  const requestId = JSON.stringify(event.requestId)
  return (
    `{"routeKey":${JSON.stringify(event.routeKey)},` +
    (event.eventType === 'DISCONNECT' ? `"disconnectStatusCode":${event.disconnectStatusCode},` : '') +
    (event.eventType === 'MESSAGE' ? `"messageId":"${event.messageId}",` : '') +
    authorizerMember(event) +
    `"eventType":"${event.eventType}","extendedRequestId":${requestId},` +
    `"requestTime":"${requestTime(event.requestTimeEpoch)}","messageDirection":"IN",` +
    (event.eventType === 'DISCONNECT' ? `"disconnectReason":${JSON.stringify(event.disconnectReason)},` : '') +
    `"stage":${JSON.stringify(record.stage)},"connectedAt":${record.connectedAt},` +
    `"requestTimeEpoch":${event.requestTimeEpoch},"identity":${identity(event)},"requestId":${requestId},` +
    `"domainName":${JSON.stringify(record.domainName)},"connectionId":${JSON.stringify(record.connectionId)},` +
    `"apiId":${JSON.stringify(record.apiId)}${attributesInEvents ? userMember(event) : ''}}`
  )
}

/** The `connection` member; left out where neither a user nor an attribute is known. */
function userMember({ record }: ConnectionEvent): string {
  const { attributes = null } = record
  const userId = userIdOf(record)
  const members = [
    ...(userId === null ? [] : [`"userId":${JSON.stringify(userId)}`]),
    ...(attributes === null ? [] : [`"attributes":${JSON.stringify(attributes)}`]),
  ]
  return members.length === 0 ? '' : `,"connection":{${members.join(',')}}`
}

/** The `authorizer` member: the context of the client, and in the event of the handshake how long it was waited for. */
function authorizerMember(event: ConnectionEvent): string {
  const { authorizer } = event.record
  if (authorizer === null) return ''
  const latency = event.eventType === 'CONNECT' ? (event.authorization?.latencyInMillis ?? null) : null
  const text = JSON.stringify(authorizer)
  if (latency === null || Object.hasOwn(authorizer, 'integrationLatency')) return `"authorizer":${text},`
  const comma = text === '{}' ? '' : ','
  return `"authorizer":${text.slice(0, -1)}${comma}"integrationLatency":${Math.round(latency)}},`
}

function identity({ record: { userAgent, sourceIp, identity } }: ConnectionEvent): string {
  const credentials = identity === null ? '' : `${nestedMembers(identity)},`
  const agent = userAgent === null ? '' : `"userAgent":${JSON.stringify(userAgent)},`
  return `{${credentials}${agent}"sourceIp":${JSON.stringify(sourceIp)}}`
}

/** The members of an identity as JSON text, those with a dot in their name inside of maps: `clientCert.validity.notAfter`. */
export function nestedMembers(identity: ConnectionIdentity): string {
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
