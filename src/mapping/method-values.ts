import { contextVariable, nearestContextVariable } from '../events/context-variables.ts'
import type { MethodEvent } from '../events/method-event.ts'
import { shownPath } from '../events/method-text.ts'
import type { HeaderList } from '../vocabulary/headers.ts'
import { exactJson, rememberedJson } from '../vocabulary/json-text.ts'
import { encodeSegment } from '../vocabulary/percent-encoding.ts'
import { compileBodyPath, ParameterSourceError, readBodyPath } from './parameter-mapping.ts'

/** The answer of an integration, as response parameters read it. */
export interface MethodAnswer {
  readonly headers: HeaderList
  readonly body: string | Uint8Array
}

/** The request that values are read from, and the answer; null while there is none. */
export interface MethodInput {
  readonly event: MethodEvent
  readonly answer: MethodAnswer | null
}

/** A value of a parameter of an HTTP API, compiled. */
export interface MethodValue {
  /** The text, where it is the same for every request. */
  readonly constant: string | null
  /** The text for one request; null where a single variable has no value. Never throws. */
  read(input: MethodInput): string | null
  /** The same as a part of a path: what came as a path goes as it came, anything else percent-encoded, but for its slashes. */
  readForPath(input: MethodInput): string | null
}

/** A variable, or a text that is the same for every request. */
type Part = string | Pick<MethodValue, 'read' | 'readForPath'>

/** The bytes of a body that JSONPaths look at ("Transform API requests and responses for HTTP APIs in API Gateway"). */
const maxJsonBytes = 100 * 1024

type StageVariables = Readonly<Record<string, string>>

/**
 * Compiles a value: `$request.header.x` or the like alone, a text with `${…}` in it, or a static text; those of `side`
 * `response` read the answer and not the request. Throws a `ParameterSourceError` that names what is allowed.
 */
export function compileMethodValue(
  text: string,
  side: 'request' | 'response',
  stageVariables: StageVariables,
): MethodValue {
  const alone = /^\$(?!\{)((?:request|response|context|stageVariables)\..+)$/s.exec(text)?.[1]
  if (alone !== undefined && !/[\s$]/.test(alone.replace(/'[^']*'|"[^"]*"/g, ''))) {
    const part = compileVariable(alone, side, stageVariables)
    if (typeof part !== 'string') return { constant: null, ...part }
    return { constant: part, read: () => part, readForPath: () => encodePath(part) }
  }
  const parts = splitText(text).map((piece): Part => {
    if (typeof piece !== 'string') return compileVariable(piece.variable, side, stageVariables)
    if (!bare.test(piece) && !piece.includes('${')) return piece
    throw new ParameterSourceError(`${JSON.stringify(text)}: several variables, or one in a text, stand in \${…}`)
  })
  if (parts.every((part) => typeof part === 'string')) {
    const constant = parts.join('')
    return { constant, read: () => constant, readForPath: () => constant }
  }
  const join = (read: (part: Exclude<Part, string>) => string | null) =>
    parts.map((part) => (typeof part === 'string' ? part : (read(part) ?? ''))).join('')
  return {
    constant: null,
    read: (input) => join((part) => part.read(input)),
    readForPath: (input) => join((part) => part.readForPath(input)),
  }
}

const bare = /\$(?:request|response|context|stageVariables)\./

function splitText(text: string): (string | { readonly variable: string })[] {
  return text
    .split(/(\$\{[^}]*\})/)
    .filter((piece) => piece !== '')
    .map((piece) => (/^\$\{[^}]*\}$/.test(piece) ? { variable: piece.slice(2, -1) } : piece))
}

const allowed = {
  request:
    '$request.header.<name>, $request.querystring.<name>, $request.path, $request.path.<name>, $request.body, $request.body.<JSONPath>, $context.<variable>, $stageVariables.<name>',
  response:
    '$response.header.<name>, $response.body, $response.body.<JSONPath>, $context.<variable>, $stageVariables.<name>',
} as const

function compileVariable(name: string, side: 'request' | 'response', stageVariables: StageVariables): Part {
  if (name.startsWith('stageVariables.')) {
    const variable = name.slice('stageVariables.'.length)
    return Object.hasOwn(stageVariables, variable) ? (stageVariables[variable] as string) : ''
  }
  if (name.startsWith('context.')) return encoded(contextReader(name.slice('context.'.length)))
  const variable = side === 'request' ? compileRequestVariable(name) : compileResponseVariable(name)
  if (variable !== null) return variable
  throw new ParameterSourceError(`\${${name}}: allowed are ${allowed[side]}, alone or as \${…} in a text`)
}

type Read = MethodValue['read']

function contextReader(name: string): Read {
  const read = contextVariable(name)
  if (read === null) {
    const near = nearestContextVariable(name)
    const hint = near === null ? '' : `; did you mean $context.${near}?`
    throw new ParameterSourceError(`$context.${name} is no variable${hint}`)
  }
  return ({ event }) => {
    const value = read(event)
    return value === undefined || value === null ? null : String(value)
  }
}

function compileRequestVariable(name: string): Part | null {
  if (name === 'request.path') {
    return { read: ({ event }) => shownPath(event.arrival.path), readForPath: ({ event }) => event.arrival.path }
  }
  const [, kind, rest = ''] = /^request\.(header|querystring|path)\.(.+)$/s.exec(name) ?? []
  switch (kind) {
    case 'path': {
      const read: Read = ({ event }) => ownValue(event.pathParameters, rest)
      return { read: (input) => shown(read(input)), readForPath: read }
    }
    case 'header': {
      const lowerCase = rest.toLowerCase()
      return encoded(({ event }) => joined(event.arrival.headers, (each) => each.toLowerCase() === lowerCase))
    }
    case 'querystring':
      return encoded(({ event }) => joined(event.query, (each) => each === rest))
    default:
      return bodyVariable(name, 'request', ({ event }) => event.body)
  }
}

function compileResponseVariable(name: string): Part | null {
  const [, header] = /^response\.header\.(.+)$/s.exec(name) ?? []
  if (header === undefined) return bodyVariable(name, 'response', ({ answer }) => answer?.body ?? null)
  const lowerCase = header.toLowerCase()
  return encoded(({ answer }) => joined(answer?.headers ?? [], (each) => each.toLowerCase() === lowerCase))
}

type ReadBody = (input: MethodInput) => string | Uint8Array | null

/** A variable `<side>.body`, with a JSONPath behind it or without; null for any other name. */
function bodyVariable(name: string, side: 'request' | 'response', body: ReadBody): Part | null {
  const root = `${side}.body`
  if (!name.startsWith(root)) return null
  const rest = name.slice(root.length)
  if (rest === '') {
    return encoded((input) => {
      const bytes = body(input)
      return bytes === null || bytes.length === 0 ? null : textOf(bytes)
    })
  }
  if (!rest.startsWith('.') && !rest.startsWith('[')) return null
  const steps = rest.replace(/'[^']*'|"[^"]*"/g, '')
  if (steps.includes('..') || steps.includes('?')) {
    throw new ParameterSourceError(`$${name}: allowed is a JSONPath without .. and without a filter`)
  }
  const path = compileBodyPath(`$${rest}`)
  return encoded((input) => {
    const bytes = body(input)
    if (bytes === null || bytes.length > maxJsonBytes) return null
    const text = textOf(bytes)
    return readBodyPath(path, rememberedJson(text), () => exactJson(text))
  })
}

function textOf(body: string | Uint8Array): string {
  return typeof body === 'string' ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
}

/** A variable whose value is no path: in a path its segments are encoded. */
function encoded(read: Read): Exclude<Part, string> {
  return {
    read,
    readForPath(input) {
      const value = read(input)
      return value === null ? null : encodePath(value)
    },
  }
}

function encodePath(text: string): string {
  return text.split('/').map(encodeSegment).join('/')
}

function shown(value: string | null): string | null {
  return value === null ? null : shownPath(value)
}

function ownValue(map: Readonly<Record<string, string>> | null, name: string): string | null {
  return map !== null && Object.hasOwn(map, name) ? (map[name] as string) : null
}

function joined(list: HeaderList, isWanted: (name: string) => boolean): string | null {
  const values = list.filter(([name]) => isWanted(name)).map(([, value]) => value)
  return values.length === 0 ? null : values.join(',')
}
