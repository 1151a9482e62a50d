import { describeFound } from 'postern-documents/faults'
import type { ConnectionEvent } from '../events/event.ts'
import type { MappedParameter, ParameterSource } from '../mapping/parameter-mapping.ts'
import type { HeaderList } from '../vocabulary/headers.ts'
import { httpUrlForm, parseHttpUrl } from '../vocabulary/http-url.ts'
import { replaceStageVariables } from '../vocabulary/stage-variables.ts'

/** The `integrationUri` of an HTTP backend, compiled. */
export interface HttpUri {
  /** The origin, `https://host` or `https://host:port`: connections are shared by it. */
  readonly origin: string
  /** The path and query of one call, percent-encoded; `query` is the client's own, which goes first. */
  path(event: ConnectionEvent, query: HeaderList | null): string
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
  const { text: url } = replaceStageVariables(uri, stageVariables)
  const parsed = parseHttpUrl(url)
  if (parsed === null) return `${describeFound(url, [])} is no URL; allowed: ${httpUrlForm}`
  const { path, query: ownQuery } = parsed
  const { origin, username, password } = parsed.base
  // Connections are shared by origin, and a URL turns up in logs.
  if (username !== '' || password !== '') {
    return 'allowed: a URL without user and password; map integration.request.header.Authorization instead'
  }
  if (/[^\x21-\x7e]/.test(path + ownQuery)) return 'allowed in a URL: ASCII without spaces; percent-encode the rest'

  const render = compilePath(`${path.startsWith('/') ? '' : '/'}${path}${ownQuery === '?' ? '' : ownQuery}`, parameters)
  const mapped = parameters.filter(({ place }) => place === 'querystring')
  const joint = ownQuery.length > 1 ? '&' : '?'
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

/** A client's text must stay one segment, and `.` and `..` must not climb (RFC 3986 §5.2.4). */
function encodeSegment(text: string): string {
  return text === '.' || text === '..' ? text.replaceAll('.', '%2E') : encode(text)
}

function encodeQuery(pairs: HeaderList): string {
  return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
}

const surrogate = /[\ud800-\udfff]/

function encode(text: string): string {
  // Through bytes and back, half a surrogate pair becomes U+FFFD; as it is, it can't be encoded.
  return encodeURIComponent(surrogate.test(text) ? Buffer.from(text).toString() : text)
}
