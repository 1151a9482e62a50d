import type { MethodEvent } from '../events/method-event.ts'
import { type HeaderList, isSafeHeader, readAs } from '../vocabulary/headers.ts'
import { percentEncode, staticPath } from '../vocabulary/percent-encoding.ts'
import { decodedQuery } from '../vocabulary/query-pairs.ts'
import { compileMethodValue, type MethodInput, type MethodValue } from './method-values.ts'
import { ParameterSourceError } from './parameter-mapping.ts'

/**
 * The changes that an integration of an HTTP API makes to a request. Each member is null where the definition changes
 * nothing of the kind.
 */
export interface RequestChanges {
  /** Gives the headers with the changes; `headers` are those to begin with. */
  readonly headers: ((event: MethodEvent, headers: HeaderList) => HeaderList) | null
  /** Gives the query as it goes out, without its `?`: pairs that are not changed stay as they came. */
  readonly query: ((event: MethodEvent, rawQuery: string) => string) | null
  /** Gives the path that takes the place of the request's, percent-encoded; null where its value is missing. */
  readonly path: ((event: MethodEvent) => string | null) | null
}

export interface CompiledRequestChanges {
  readonly changes: RequestChanges
  readonly faults: readonly { readonly path: readonly [string]; readonly message: string }[]
}

/** Changes to named things, headers or names of a query, compiled. */
export interface NamedChanges {
  /** Whether what came under this name goes away: it is removed, or overwritten. */
  drops(name: string): boolean
  /** The names and values that are put there; those without a value are left out. */
  added(input: MethodInput): [name: string, value: string][]
}

/** A change of one name. */
export interface NamedChange {
  readonly operation: 'append' | 'overwrite' | 'remove'
  readonly name: string
  readonly value: MethodValue
}

const requestKey = /^(?:(append|overwrite|remove):(header|querystring)\.(.+)|overwrite:path)$/s
const allowedKeys =
  'allowed: append:, overwrite: or remove: with header.<name> or querystring.<name>, and overwrite:path'

/**
 * Compiles `requestParameters` of an HTTP API ("Transform API requests and responses for HTTP APIs in API Gateway").
 * Values are read of the request as it came; an overwritten parameter whose value is missing is removed, so that a
 * client's own never stands in its place. Never throws.
 */
export function compileRequestChanges(
  requestParameters: Readonly<Record<string, string>> | undefined,
  stageVariables: Readonly<Record<string, string>>,
): CompiledRequestChanges {
  const faults: { path: [string]; message: string }[] = []
  const headers: NamedChange[] = []
  const query: NamedChange[] = []
  let path: MethodValue | null = null
  for (const [key, text] of Object.entries(requestParameters ?? {})) {
    try {
      const match = requestKey.exec(key)
      if (match === null) throw new ParameterSourceError(allowedKeys)
      const [, operation, place, name] = match
      if (operation === undefined) path = compilePath(text, stageVariables)
      else {
        const change = compileChange(operation as NamedChange['operation'], name as string, text, (value) =>
          compileMethodValue(value, 'request', stageVariables),
        )
        if (place === 'header') checkHeader(change, headers)
        ;(place === 'header' ? headers : query).push(change)
      }
    } catch (error) {
      if (!(error instanceof ParameterSourceError)) throw error
      faults.push({ path: [key], message: error.message })
    }
  }
  return {
    faults,
    changes: {
      headers: headers.length === 0 ? null : headerChanges(headers),
      query: query.length === 0 ? null : queryChanges(query),
      path: path === null ? null : pathChange(path),
    },
  }
}

/** Compiles one change, or throws a `ParameterSourceError`; what is removed has no value. */
export function compileChange(
  operation: NamedChange['operation'],
  name: string,
  text: string,
  compile: (text: string) => MethodValue,
): NamedChange {
  if (operation === 'remove' && text !== '' && text !== "''") {
    throw new ParameterSourceError("allowed for remove: an empty value, ''")
  }
  return { operation, name, value: compile(operation === 'remove' ? '' : text) }
}

function compilePath(text: string, stageVariables: Readonly<Record<string, string>>): MethodValue {
  const value = compileMethodValue(text, 'request', stageVariables)
  const plain = text.replace(/\$\{[^}]*\}|^\$(?:request|context|stageVariables)\..*$/gs, '')
  if (!/^(?:\/|\$)/.test(text) || /[?#]|[^\x21-\x7e]/.test(plain)) {
    throw new ParameterSourceError('allowed: a path that begins with / or a variable, percent-encoded, without ? and #')
  }
  return value
}

function pathChange(value: MethodValue): RequestChanges['path'] {
  return (event) => {
    const path = value.readForPath({ event, answer: null })
    if (path === null || path === '') return null
    return staticPath(path.startsWith('/') ? path : `/${path}`)
  }
}

// --- headers ---

/**
 * Names that no parameter may change, and the beginnings of such names ("Reserved headers" on the same page), with two that
 * no request to a backend may have: `Expect` and `Trailer`.
 */
const reservedNames: ReadonlySet<string> = new Set([
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'content-location',
  'expect',
  'forwarded',
  'keep-alive',
  'origin',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'trailers',
  'transfer-encoding',
  'upgrade',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'via',
])
const reservedBeginning = /^(?:access-control-|apigw-|x-amz-|x-amzn-)/

/** Throws a `ParameterSourceError` for a name that is none, or that is reserved. */
export function checkHeaderName(name: string): void {
  if (!isSafeHeader(name, '')) throw new ParameterSourceError(`${JSON.stringify(name)} is no name of a header`)
  const known = readAs(name)
  if (reservedNames.has(known) || reservedBeginning.test(known)) {
    throw new ParameterSourceError(`${name} is reserved: allowed are headers that the gateway does not manage`)
  }
}

/** Throws a `ParameterSourceError` for a change of a header that cannot be made, or not beside those before it. */
function checkHeader({ operation, name }: NamedChange, before: readonly NamedChange[]): void {
  checkHeaderName(name)
  const known = readAs(name)
  if (operation === 'append' && known === 'host') {
    throw new ParameterSourceError('allowed for Host, of which a request has one: overwrite:header.Host')
  }
  const same = before.find((each) => each.operation === operation && readAs(each.name) === known)
  if (operation === 'overwrite' && same !== undefined) {
    throw new ParameterSourceError(`overwrite:header.${same.name} overwrites the same header`)
  }
}

/** The changes of headers, whose names are one whatever their case. */
export function headerChanges(
  changes: readonly NamedChange[],
): (event: MethodEvent, headers: HeaderList) => HeaderList {
  const { drops, added } = compileNamedChanges(changes, readAs)
  return (event, headers) => [
    ...headers.filter(([name]) => !drops(name)),
    ...added({ event, answer: null }).filter(([name, value]) => isSafeHeader(name, value)),
  ]
}

/** Compiles changes of names, which are one where `keyOf` gives the same. */
export function compileNamedChanges(changes: readonly NamedChange[], keyOf: (name: string) => string): NamedChanges {
  const dropped = new Set(changes.filter(({ operation }) => operation !== 'append').map(({ name }) => keyOf(name)))
  const puts = changes.filter(({ operation }) => operation !== 'remove')
  return {
    drops: (name) => dropped.has(keyOf(name)),
    added(input) {
      const list: [string, string][] = []
      for (const { name, value } of puts) {
        const text = value.constant ?? value.read(input)
        if (text !== null) list.push([name, text])
      }
      return list
    },
  }
}

// --- query ---

function queryChanges(changes: readonly NamedChange[]): RequestChanges['query'] {
  const { drops, added } = compileNamedChanges(changes, (name) => name)
  return (event, rawQuery) => {
    const kept = rawQuery === '' ? [] : rawQuery.split('&').filter((pair) => !drops(nameOf(pair)))
    const put = added({ event, answer: null }).map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
    return [...kept, ...put].join('&')
  }
}

/** The name of a pair as the backend will read it. */
function nameOf(pair: string): string {
  return decodedQuery(pair)[0]?.[0] ?? ''
}
