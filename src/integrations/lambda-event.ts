import type { ConnectRequest } from '../events/connect-event.ts'
import { bodyOf, type ConnectionEvent } from '../events/event.ts'
import { headerMaps, queryMaps, requestContext } from '../events/event-text.ts'

/**
 * The event of a Lambda proxy integration as JSON text ("Set up AWS Lambda proxy integration for WebSocket APIs"):
 * members and their order are those of AWS's samples, and what is null on AWS is left out, as AWS does since 2022.
 * The text is put together by hand: a name such as `__proto__` from a client is then data like any other.
 */
export function createProxyEvent(
  stageVariables: Readonly<Record<string, string>>,
  attributesInEvents = false,
): (event: ConnectionEvent) => string {
  const variables =
    Object.keys(stageVariables).length === 0 ? '' : `"stageVariables":${JSON.stringify(stageVariables)},`
  return (event) => {
    const body = bodyOf(event)
    return (
      `{${requestMembers(event)}${variables}"requestContext":${requestContext(event, attributesInEvents)},` +
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
  const { single, multi } = queryMaps(query)
  return `"queryStringParameters":${single},"multiValueQueryStringParameters":${multi},`
}
