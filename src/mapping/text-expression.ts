import { JsonPathError } from 'postern-documents/json-path'
import { bodyOf, type ConnectionEvent } from '../events/event.ts'
import { rememberedJson } from '../vocabulary/json-text.ts'
import {
  compileBodyPath,
  compileCommonSource,
  compileRouteSource,
  type ParameterSource,
  ParameterSourceError,
} from './parameter-mapping.ts'

/** A text with `${…}` in it, compiled. */
export interface TextExpression {
  /** The text, where it is the same for every event. */
  readonly constant: string | null
  /** The text for one event. Throws a `MissingText` where a value is missing, or is no text. */
  evaluate(event: ConnectionEvent): string
}

/** A value of an expression that is not there, or is no text; `variable` names it. */
export class MissingText extends Error {
  override readonly name = 'MissingText'
  readonly variable: string

  constructor(variable: string) {
    super(`${variable} is missing, or is no text`)
    this.variable = variable
  }
}

/** Gives the text for one event, or throws what `refuse` makes of the sentence that says which value is missing. */
export function evaluateText(
  expression: TextExpression,
  event: ConnectionEvent,
  refuse: (sentence: string) => Error,
): string {
  try {
    return expression.evaluate(event)
  } catch (error) {
    if (error instanceof MissingText) throw refuse(error.message)
    throw error
  }
}

/** A variable of an expression: what stands between the braces, and how it is read. */
interface Variable {
  readonly name: string
  readonly read: (event: ConnectionEvent) => string | null
}

const allowed =
  'allowed: ${request.body.<JSONPath>}, ${request.header.<name>}, ${request.querystring.<name>}, ${context.<variable>}, ${stageVariables.<name>}'
const bare = /\$(?:request|context|stageVariables)\./

/** Compiles an expression for one stage, or throws a `ParameterSourceError`. */
export function compileTextExpression(text: string, stageVariables: Readonly<Record<string, string>>): TextExpression {
  const parts: (string | Variable)[] = []
  let rest = 0
  for (const match of text.matchAll(/\$\{([^}]*)\}/g)) {
    if (match.index > rest) parts.push(text.slice(rest, match.index))
    parts.push(compileVariable(match[1] as string, stageVariables))
    rest = match.index + match[0].length
  }
  if (rest < text.length) parts.push(text.slice(rest))
  for (const part of parts) {
    if (typeof part !== 'string') continue
    if (bare.test(part) || part.includes('${')) throw new ParameterSourceError(`${JSON.stringify(part)}: ${allowed}`)
  }
  return {
    constant: parts.every((part) => typeof part === 'string') ? parts.join('') : null,
    evaluate(event) {
      let result = ''
      for (const part of parts) result += typeof part === 'string' ? part : textOf(part, event)
      return result
    },
  }
}

function textOf({ name, read }: Variable, event: ConnectionEvent): string {
  const value = read(event)
  if (value === null) throw new MissingText(name)
  return value
}

function compileVariable(name: string, stageVariables: Readonly<Record<string, string>>): string | Variable {
  if (name.startsWith('request.body.') || name.startsWith('request.body[')) return { name, read: bodyReader(name) }
  if (/^request\.(header|querystring)\../.test(name)) return { name, read: compileRouteSource(`route.${name}`).read }
  const common: ParameterSource<ConnectionEvent> | null = name.startsWith("'")
    ? null
    : compileCommonSource(name, stageVariables)
  if (common === null) throw new ParameterSourceError(`${JSON.stringify(name)}: ${allowed}`)
  if (!name.startsWith('stageVariables.')) return { name, read: common.read }
  if (common.constant === null) throw new ParameterSourceError(`the stage has no ${name}`)
  return common.constant
}

/** Reads a text of the message; a number, or whatever else there is, is none. */
function bodyReader(name: string): (event: ConnectionEvent) => string | null {
  const path = compileBodyPath(`$${name.slice('request.body'.length)}`)
  if (!path.definite) throw new ParameterSourceError(`${name} may find several values; allowed: a path to one`)
  return (event) => {
    const body = bodyOf(event)
    const document = body === null ? undefined : rememberedJson(body)
    if (document === undefined) return null
    try {
      const found = path.read(document)
      return typeof found === 'string' ? found : null
    } catch (error) {
      if (error instanceof JsonPathError) return null
      throw error
    }
  }
}
