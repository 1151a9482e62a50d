import { describeFound } from 'postern-documents/faults'
import type { ConnectionEvent } from '../events/event.ts'
import type { MappedParameter, ParameterSource } from '../mapping/parameter-mapping.ts'
import type { HeaderList } from '../vocabulary/headers.ts'
import { httpUrlForm, parseHttpUrl } from '../vocabulary/http-url.ts'
import { encodeSegment, percentEncode } from '../vocabulary/percent-encoding.ts'
import { replaceStageVariables } from '../vocabulary/stage-variables.ts'

/** The `integrationUri` of an HTTP backend, compiled. */
export interface HttpUri {
  /** The origin, `https://host` or `https://host:port`: connections are shared by it. */
  readonly origin: string
  /** The path and query of one call, percent-encoded; `query` is the client's own, which goes first. */
  path(event: ConnectionEvent, query: HeaderList | null): string
}

/** The URL of an HTTP backend. */
export interface BackendUrl {
  /** The origin, `https://host` or `https://host:port`: connections are shared by it. */
  readonly origin: string
  /** The path as the definition has it, at least `/`. */
  readonly path: string
  /** The query with its `?`; empty for none. */
  readonly query: string
}

/**
 * Reads the URL of an HTTP backend: `${stageVariables.name}` becomes the variable or nothing. A string is the fault;
 * `credentials` is the remedy for a URL with a user in it.
 */
export function readBackendUrl(
  uri: string,
  stageVariables: Readonly<Record<string, string>>,
  credentials: string,
): BackendUrl | string {
  const { text: url } = replaceStageVariables(uri, stageVariables)
  const parsed = parseHttpUrl(url)
  if (parsed === null) return `${describeFound(url, [])} is no URL; allowed: ${httpUrlForm}`
  const { path, query } = parsed
  const { origin, username, password } = parsed.base
  // Connections are shared by origin, and a URL turns up in logs.
  if (username !== '' || password !== '') return `allowed: a URL without user and password; ${credentials}`
  if (/[^\x21-\x7e]/.test(path + query)) return 'allowed in a URL: ASCII without spaces; percent-encode the rest'
  return { origin, path: path.startsWith('/') ? path : `/${path}`, query: query === '?' ? '' : query }
}

/**
 * Compiles a URL: `${stageVariables.name}` becomes the variable or nothing, `{name}` the path parameter of that name
 * or, when none is mapped, stays as it is; query parameters are appended. A string is the fault.
 */
export function compileHttpUri(
  uri: string,
  stageVariables: Readonly<Record<string, string>>,
  parameters: readonly MappedParameter[],
): HttpUri | string {
  const url = readBackendUrl(uri, stageVariables, 'map integration.request.header.Authorization instead')
  if (typeof url === 'string') return url
  const { origin, path, query: ownQuery } = url
  const render = compilePath(`${path}${ownQuery}`, parameters)
  const mapped = parameters.filter(({ place }) => place === 'querystring')
  const joint = ownQuery === '' ? '?' : '&'
  if (typeof render === 'string' && mapped.length === 0) {
    return {
      origin,
      path: (_, query) => (query === null || query.length === 0 ? render : `${render}${joint}${encodeQuery(query)}`),
    }
  }
  return {
    origin,
    path(event, query) {
      const start = typeof render === 'string' ? render : render(event)
      const pairs = [...(query ?? [])]
      for (const { name, source } of mapped) {
        const value = source.read(event)
        if (value !== null) pairs.push([name, value])
      }
      return pairs.length === 0 ? start : `${start}${joint}${encodeQuery(pairs)}`
    },
  }
}

/** The path itself when nothing in it changes from call to call. */
function compilePath(
  path: string,
  parameters: readonly MappedParameter[],
): string | ((event: ConnectionEvent) => string) {
  const sources = new Map(parameters.filter(({ place }) => place === 'path').map(({ name, source }) => [name, source]))
  const parts: (string | ParameterSource<ConnectionEvent>)[] = []
  for (const piece of path.split(/(\{[^{}]+\})/)) {
    const source = piece.startsWith('{') ? sources.get(piece.slice(1, -1)) : undefined
    if (source === undefined) parts.push(piece)
    else parts.push(source.constant === null ? source : encodeSegment(source.constant))
  }
  if (parts.every((part) => typeof part === 'string')) return parts.join('')
  return (event) =>
    parts.map((part) => (typeof part === 'string' ? part : encodeSegment(part.read(event) ?? ''))).join('')
}

/** The names and values of a query, percent-encoded. */
export function encodeQuery(pairs: HeaderList): string {
  return pairs.map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`).join('&')
}
