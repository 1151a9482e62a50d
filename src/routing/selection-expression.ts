import { compileJsonPath, type JsonPath, JsonPathError } from 'postern-documents/json-path'
import type { HeaderList } from '../vocabulary/headers.ts'
import { lastHeader } from '../vocabulary/headers.ts'
import { javaText } from './java-text.ts'

/** Kinds of variables; where an expression stands decides which of them it may use. */
export type VariableFamily =
  | 'request.body'
  | 'request.header'
  | 'request.querystring'
  | 'integration.response.statuscode'
  | 'integration.response.header'
  | 'integration.response.multivalueheader'
  | 'integration.response.body'

/** The values that an expression reads; only the members of the allowed families have to be there. */
export interface SelectionInput {
  /** The message's JSON value; undefined when there is none. */
  readonly body?: unknown
  /** The same with all that JavaScript loses of it (`exactJson`), asked for when more than a text is read. */
  readonly exactBody?: () => unknown
  /** Headers and decoded query of the handshake. */
  readonly headers?: HeaderList
  readonly query?: HeaderList
  readonly response?: {
    readonly status: number
    readonly headers: HeaderList
    /** The answer's JSON value; undefined when it is not JSON. */
    readonly body?: unknown
    readonly exactBody?: () => unknown
  }
}

/** A selection expression ("Selection expressions", WebSocket APIs), parsed once. */
export interface SelectionExpression {
  readonly source: string
  /** The result, when it is the same for every input. */
  readonly constant: string | null
  /**
   * The path, when the whole expression is one definite path into the message: the hot path then reads it itself; else
   * null.
   */
  readonly bodyPath: JsonPath | null
  readonly readsBody: boolean
  readonly readsResponseBody: boolean
  /**
   * Gives the expression's text for one input. Never throws; what is missing is empty text, and results are not
   * expanded again.
   */
  evaluate(input: SelectionInput): string
}

/** An expression that cannot be compiled. `position` counts characters from 0. */
export class SelectionExpressionError extends Error {
  override readonly name = 'SelectionExpressionError'
  readonly position: number
  constructor(message: string, position: number) {
    super(`${message} (at character ${position + 1})`)
    this.position = position
  }
}

interface Variable {
  readonly family: VariableFamily
  readonly path: JsonPath | null
  readonly read: (input: SelectionInput) => unknown
}

/** Compiles an expression or throws a `SelectionExpressionError`. */
export function compileSelectionExpression(source: string, allowed: readonly VariableFamily[]): SelectionExpression {
  const parts = parseParts(source, allowed)
  const variables = parts.filter((part) => typeof part !== 'string')
  const only = parts.length === 1 && typeof parts[0] === 'object' ? parts[0] : null
  return {
    source,
    constant: variables.length === 0 ? parts.join('') : null,
    bodyPath: only?.family === 'request.body' && only.path?.definite ? only.path : null,
    readsBody: variables.some(({ family }) => family === 'request.body'),
    readsResponseBody: variables.some(({ family }) => family === 'integration.response.body'),
    evaluate(input) {
      let text = ''
      for (const part of parts) text += typeof part === 'string' ? part : javaText(part.read(input))
      return text
    },
  }
}

// --- parsing ---

function parseParts(source: string, allowed: readonly VariableFamily[]): readonly (string | Variable)[] {
  // A definition often says $default where AWS's pages escape it; it can mean nothing else.
  if (source === '$default') return [source]
  const parts: (string | Variable)[] = []
  let literal = ''
  let at = 0
  while (at < source.length) {
    if (source.startsWith('\\$', at)) {
      literal += '$'
      at += 2
    } else if (source[at] !== '$') {
      literal += source[at++]
    } else {
      const braced = source[at + 1] === '{'
      const start = at + (braced ? 2 : 1)
      const end = endOfVariable(source, start, braced)
      if (literal !== '') parts.push(literal)
      literal = ''
      parts.push(parseVariable(source.slice(start, end), start, allowed))
      at = braced ? end + 1 : end
    }
  }
  if (literal !== '' || parts.length === 0) parts.push(literal)
  for (const part of parts) if (typeof part === 'string') refuseNakedVariable(part, source, allowed)
  return parts
}

const nakedVariable =
  /(?<![\w$.{-])\{?((?:request\.(?:body|header|querystring)|integration\.response\.(?:statuscode|header|multivalueheader|body))(?:\.[\w.-]+|(?![\w.-])))\}?/

/** Refuses a variable without its $, which would stand for its own name: nobody means that. */
function refuseNakedVariable(literal: string, source: string, allowed: readonly VariableFamily[]): void {
  const found = nakedVariable.exec(literal)
  if (found === null) return
  const [naked, name = ''] = found
  const meant = naked.startsWith('{') ? `$\{${name}}` : `$${name}`
  throw new SelectionExpressionError(
    `${naked} has no $ and is plain text; did you mean ${meant}? Variables here: ${spelled(allowed)}`,
    Math.max(0, source.indexOf(naked)),
  )
}

function spelled(allowed: readonly VariableFamily[]): string {
  return allowed.map((each) => `$${each}${suffixOf[each]}`).join(', ')
}

/** Characters that end a variable without braces; inside `[…]` they are part of the path. */
const afterBareName = new Set([...' \t\r\n$', '{', '}', ...'\\/,;:!?"\'()'])

function endOfVariable(source: string, start: number, braced: boolean): number {
  let quote = ''
  let depth = 0
  for (let at = start; at < source.length; at++) {
    const char = source[at] as string
    if (quote !== '') {
      if (char === '\\') at++
      else if (char === quote) quote = ''
    } else if (depth > 0 && (char === "'" || char === '"')) quote = char
    else if (char === '[') depth++
    else if (char === ']') depth--
    else if (depth <= 0 && (braced ? char === '}' : afterBareName.has(char))) return at
  }
  if (quote !== '' || depth > 0) throw new SelectionExpressionError('[ without its ]', start)
  if (braced) throw new SelectionExpressionError('a variable in braces without its }', start - 2)
  return source.length
}

const familyName =
  /^(request\.(?:body|header|querystring)|integration\.response\.(?:statuscode|header|multivalueheader|body))(?=[.[]|$)/
const parameterName = /^\.([A-Za-z0-9!#$%&'*+.^_`|~-]+)$/

function parseVariable(text: string, position: number, allowed: readonly VariableFamily[]): Variable {
  const family = familyName.exec(text)?.[1] as VariableFamily | undefined
  if (family === undefined || !allowed.includes(family)) {
    throw new SelectionExpressionError(
      `$${text} is no variable here; allowed: ${spelled(allowed)}, and \\$ for a dollar sign`,
      position - 1,
    )
  }
  const rest = text.slice(family.length)
  if (family === 'request.body' || family === 'integration.response.body') {
    const path = compilePath(rest, position + family.length)
    return { family, path, read: family === 'request.body' ? bodyReader(path) : responseBodyReader(path) }
  }
  const name = parameterName.exec(rest)?.[1] ?? ''
  if ((family === 'integration.response.statuscode') !== (rest === '') || (rest !== '' && name === '')) {
    throw new SelectionExpressionError(`$${text} should read $${family}${suffixOf[family]}`, position - 1)
  }
  return { family, path: null, read: parameterReader(family, name) }
}

const suffixOf: Readonly<Record<VariableFamily, string>> = {
  'request.body': '.<JSONPath>',
  'request.header': '.<name>',
  'request.querystring': '.<name>',
  'integration.response.statuscode': '',
  'integration.response.header': '.<name>',
  'integration.response.multivalueheader': '.<name>',
  'integration.response.body': '.<JSONPath>',
}

function compilePath(rest: string, position: number): JsonPath {
  try {
    return compileJsonPath(`$${rest}`)
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error
    throw new SelectionExpressionError(error.message, position + Math.max(error.position - 1, 0))
  }
}

// --- reading ---

function bodyReader(path: JsonPath): (input: SelectionInput) => unknown {
  return ({ body, exactBody }) => readExactly(path, body, exactBody)
}

function responseBodyReader(path: JsonPath): (input: SelectionInput) => unknown {
  return ({ response }) => readExactly(path, response?.body, response?.exactBody)
}

function readExactly(path: JsonPath, body: unknown, exactBody: (() => unknown) | undefined): unknown {
  if (body === undefined) return undefined
  const value = path.definite || exactBody === undefined ? readPath(path, body) : null
  if (typeof value === 'string' || value === undefined || exactBody === undefined) return value
  return readPath(path, exactBody())
}

/** Reads a path; a search that outgrows its bounds found nothing. */
function readPath(path: JsonPath, document: unknown): unknown {
  try {
    return path.read(document)
  } catch (error) {
    if (error instanceof JsonPathError) return undefined
    throw error
  }
}

function parameterReader(family: VariableFamily, name: string): (input: SelectionInput) => unknown {
  const lowerCase = name.toLowerCase()
  switch (family) {
    case 'request.header':
      return ({ headers }) => headers && lastHeader(headers, lowerCase)
    case 'request.querystring':
      return ({ query }) => query?.findLast(([each]) => each === name)?.[1]
    case 'integration.response.header':
      return ({ response }) => response && lastHeader(response.headers, lowerCase)
    case 'integration.response.multivalueheader':
      return ({ response }) => response && allValues(response.headers, lowerCase)
    default:
      return ({ response }) => response?.status
  }
}

function allValues(headers: HeaderList, lowerCaseName: string): string {
  return headers
    .filter(([name]) => name.toLowerCase() === lowerCaseName)
    .map(([, value]) => value)
    .join(',')
}
