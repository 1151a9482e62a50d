import { type ConnectionEvent, requestOf } from '../events/event.ts'
import type { MappedParameter } from '../mapping/parameter-mapping.ts'
import { isSafeHeader, readAs } from '../vocabulary/headers.ts'
import type { IntegrationScope } from './contract.ts'
import { wireHeader } from './wire-header.ts'

/** Builds the headers of a request as undici takes them: names and values alternate. */
export type BuildHeaders = (event: ConnectionEvent, hasBody: boolean) => string[]

export interface HttpHeaderOptions {
  readonly scope: Pick<IntegrationScope, 'apiId' | 'forwardWebSocketHeaders'>
  /** The mapped headers. */
  readonly mapped: readonly MappedParameter[]
  /** Whether it is HTTP_PROXY: the client's own headers go along, where there are any (`$connect`). */
  readonly proxy: boolean
}

/**
 * Headers of requests to HTTP backends ("Set up HTTP integrations", "Important notes"): what the gateway says itself,
 * what is mapped (which wins, in the definition's spelling) and, for a proxy's handshake, what the client sent. `Host`
 * and `Content-Length` are undici's to write.
 */
export function compileHttpHeaders({ scope, mapped, proxy }: HttpHeaderOptions): BuildHeaders {
  const mappedNames = new Set(mapped.map(({ name }) => name.toLowerCase()))
  const own = ['User-Agent', `AmazonAPIGateway_${scope.apiId}`, 'x-amzn-apigateway-api-id', scope.apiId]
  const ownWithBody = [...own, 'Content-Type', 'application/json']
  const withoutMapped = (headers: string[]): string[] =>
    headers.filter((_, i) => !mappedNames.has((headers[i - (i % 2)] as string).toLowerCase()))

  const constants = mapped.flatMap(({ name, source }) =>
    source.constant === null ? [] : wireHeader(name, source.constant),
  )
  const dynamic = mapped.filter(({ source }) => source.constant === null)
  const fixed = [...withoutMapped(own), ...constants]
  const fixedWithBody = [...withoutMapped(ownWithBody), ...constants]
  // A default that gives way to a mapping comes back when the mapping finds no value.
  const defaults = new Map([
    ['user-agent', own.slice(0, 2)],
    ['content-type', ownWithBody.slice(4)],
  ])

  const forwards = proxy ? createForwarder(mappedNames, scope.forwardWebSocketHeaders) : null

  return (event, hasBody) => {
    const headers = (hasBody ? fixedWithBody : fixed).slice()
    headers.push('X-Amzn-Trace-Id', event.traceId)
    for (const { name, source } of dynamic) {
      const value = source.read(event)
      const pair = value === null ? [] : wireHeader(name, value)
      if (pair.length > 0) headers.push(name, pair[1] as string)
      else if (hasBody || name.toLowerCase() !== 'content-type')
        headers.push(...(defaults.get(name.toLowerCase()) ?? []))
    }
    const request = forwards === null ? null : requestOf(event)
    if (forwards !== null && request !== null) {
      for (const [name, value] of request.headers) if (forwards(name, value)) headers.push(...wireHeader(name, value))
    }
    return headers
  }
}

/** Headers that belong to the client's connection (RFC 9110 §7.6.1), or that AWS takes out on the way to a backend. */
const neverForwarded = [
  'connection',
  'content-encoding',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'max-forwards',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'server',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
  'www-authenticate',
  // Written by the gateway.
  'user-agent',
  'x-amzn-apigateway-api-id',
  'x-amzn-trace-id',
]
/** Headers that AWS forwards too, and many servers then answer 400, since no upgrade comes with them. */
const strayWebSocketHeaders = ['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-extensions']

function createForwarder(mappedNames: ReadonlySet<string>, webSocketHeaders: boolean) {
  const stopped = new Set([...neverForwarded, ...(webSocketHeaders ? [] : strayWebSocketHeaders)])
  for (const name of mappedNames) stopped.add(readAs(name))
  return (name: string, value: string): boolean => {
    const known = readAs(name)
    // A signature for the gateway's own URL is nothing for a backend.
    if (known === 'authorization' && value.startsWith('AWS4-HMAC-SHA256')) return false
    return !stopped.has(known) && isSafeHeader(name, value)
  }
}

/** Says why a header can't be mapped; null when it can. */
export function refusedHeader(name: string): string | null {
  return unmappable.has(name.toLowerCase()) ? `${name} is written by the gateway and can't be mapped` : null
}

const unmappable = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-amzn-apigateway-api-id',
  'x-amzn-trace-id',
])
