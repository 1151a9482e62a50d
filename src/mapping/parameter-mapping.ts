import { compileJsonPath, type JsonPath, JsonPathError } from 'postern-documents/json-path'
import { contextVariable, nearestContextVariable } from '../events/context-variables.ts'
import { bodyOf, type ConnectionEvent, requestOf } from '../events/event.ts'
import { type HeaderList, lastHeader } from '../vocabulary/headers.ts'
import { exactJson, exactJsonText, rememberedJson } from '../vocabulary/json-text.ts'

/** A value's source, compiled. */
export interface ParameterSource<Input> {
  /** The value, when it is the same for every event. */
  readonly constant: string | null
  /** The value for one event; null when there is none: the parameter is then left out. Never throws. */
  read(input: Input): string | null
}

export interface MappedParameter {
  readonly place: 'header' | 'querystring' | 'path'
  /** The parameter's name in the spelling of the definition. */
  readonly name: string
  readonly source: ParameterSource<ConnectionEvent>
}

export interface ParameterMapping {
  /** The parameters in the order of the definition, without the faulty ones. */
  readonly parameters: readonly MappedParameter[]
  readonly faults: readonly { readonly path: readonly [string]; readonly message: string }[]
}

/** A source that cannot be compiled; the message names what is allowed. */
export class ParameterSourceError extends Error {
  override readonly name = 'ParameterSourceError'
}

type StageVariables = Readonly<Record<string, string>>

const targetPattern = /^integration\.request\.(header|querystring|path)\.([a-zA-Z0-9._$-]+)$/

/** Compiles `requestParameters` ("Data mapping" for WebSocket APIs): `integration.request.…` from a source. Never throws. */
export function compileParameterMapping(
  requestParameters: Readonly<Record<string, string>> | undefined,
  stageVariables: StageVariables,
): ParameterMapping {
  const parameters: MappedParameter[] = []
  const faults: { path: [string]; message: string }[] = []
  for (const [target, text] of Object.entries(requestParameters ?? {})) {
    const match = targetPattern.exec(target)
    if (match === null) {
      const message = 'allowed: integration.request.header.<name>, …querystring.<name> and …path.<name>'
      faults.push({ path: [target], message })
      continue
    }
    try {
      const source = compileCommonSource(text, stageVariables) ?? compileRouteSource(text)
      parameters.push({ place: match[1] as MappedParameter['place'], name: match[2] as string, source })
    } catch (error) {
      if (!(error instanceof ParameterSourceError)) throw error
      faults.push({ path: [target], message: error.message })
    }
  }
  return { parameters, faults }
}

const commonSources = "context.<variable>, stageVariables.<name> and 'text' in single quotes"

/**
 * The sources that stand in every mapping: a literal, `context.…` and `stageVariables.…`; null for any other text.
 * Throws a `ParameterSourceError` for one of these that is wrong.
 */
export function compileCommonSource(
  text: string,
  stageVariables: StageVariables,
): ParameterSource<ConnectionEvent> | null {
  if (text.startsWith("'")) {
    if (text.length < 2 || !text.endsWith("'"))
      throw new ParameterSourceError("a literal ends with a single quote: 'text'")
    return constantSource(text.slice(1, -1))
  }
  if (text.startsWith('stageVariables.')) {
    const name = text.slice('stageVariables.'.length)
    return constantSource(Object.hasOwn(stageVariables, name) ? (stageVariables[name] as string) : null)
  }
  if (!text.startsWith('context.')) return null
  const name = text.slice('context.'.length)
  const read = contextVariable(name, 'mapping')
  if (read === null) {
    const near = nearestContextVariable(name)
    throw new ParameterSourceError(
      `context.${name} is no variable${near === null ? '' : `; did you mean context.${near}?`}`,
    )
  }
  return { constant: null, read: (event) => parameterText(read(event)) }
}

function constantSource(value: string | null): ParameterSource<ConnectionEvent> {
  return { constant: value, read: () => value }
}

const routeSource =
  /^route\.request\.(?:(querystring|multivaluequerystring|header|multivalueheader)\.(.+)|body(?:\.(.+)|(\[.+))?)$/s

/** Compiles `route.request.…`, or throws a `ParameterSourceError` that names all sources of the event. */
export function compileRouteSource(text: string): ParameterSource<ConnectionEvent> {
  const match = routeSource.exec(text)
  if (match === null) {
    throw new ParameterSourceError(
      `allowed: route.request.header.<name>, …multivalueheader.<name>, …querystring.<name>, …multivaluequerystring.<name>, …body.<JSONPath>, ${commonSources}`,
    )
  }
  const [, kind, name, path, bracket] = match
  if (kind !== undefined && name !== undefined) return { constant: null, read: handshakeReader(kind, name) }
  if (path === undefined && bracket === undefined) return { constant: null, read: bodyOf }
  const compiled = compileBodyPath(path === undefined ? `$${bracket}` : `$.${path}`)
  return {
    constant: null,
    read(event) {
      const body = bodyOf(event)
      return body === null ? null : readBodyPath(compiled, rememberedJson(body), () => exactJson(body))
    },
  }
}

function handshakeReader(kind: string, name: string): (event: ConnectionEvent) => string | null {
  const lowerCase = name.toLowerCase()
  switch (kind) {
    case 'header':
      return (event) => lastHeader(requestOf(event)?.headers ?? [], lowerCase) ?? null
    case 'multivalueheader':
      return (event) => joined(requestOf(event)?.headers, (each) => each.toLowerCase() === lowerCase)
    case 'querystring':
      return (event) => requestOf(event)?.query.findLast(([each]) => each === name)?.[1] ?? null
    default:
      return (event) => joined(requestOf(event)?.query, (each) => each === name)
  }
}

function joined(list: HeaderList | undefined, isWanted: (name: string) => boolean): string | null {
  const values = (list ?? []).filter(([name]) => isWanted(name)).map(([, value]) => value)
  return values.length === 0 ? null : values.join(',')
}

/** Compiles a path into a JSON body for `readBodyPath`, or throws a `ParameterSourceError`. */
export function compileBodyPath(path: string): JsonPath {
  try {
    return compileJsonPath(path)
  } catch (error) {
    if (error instanceof JsonPathError) throw new ParameterSourceError(error.message)
    throw error
  }
}

/**
 * The text at a path of a JSON document: strings as they are, anything else as JSON; null for nothing and for `null`.
 * `exact` gives the document with all that JavaScript loses of it (`exactJson`), where more than a text is read.
 */
export function readBodyPath(path: JsonPath, document: unknown, exact: () => unknown): string | null {
  if (document === undefined) return null
  try {
    const found = path.definite ? path.read(document) : null
    if (typeof found === 'string') return found
    return parameterText(path.read(exact()))
  } catch (error) {
    // A search that outgrew its bounds, or a value nested too deeply to be written: there is no such parameter.
    if (error instanceof JsonPathError || error instanceof RangeError) return null
    throw error
  }
}

function parameterText(value: unknown): string | null {
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return null
  return exactJsonText(value)
}
