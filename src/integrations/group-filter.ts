import type { ConnectionEvent } from '../events/event.ts'
import { compileFilter } from '../filters/compile-filter.ts'
import { compileTextExpression, evaluateText, type TextExpression } from '../mapping/text-expression.ts'
import { GatewayError } from '../vocabulary/errors.ts'

/** The filter of a definition, compiled: its text depends on the event where expressions stand in it. */
export interface GroupFilter {
  /** The filter for one event, well-formed. Throws INVALID_SEND_OPTION where there is none. */
  textFor(event: ConnectionEvent): string
}

/** A text in quotes, an expression, or what stands between those. */
const token = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\$\{([^}]*)\}|[^'"$]+|./gs

/**
 * Compiles a filter in which `${…}` may stand wherever it takes a text in quotes. The value of an expression is such a
 * text, quoted whatever is in it, so that nothing that a client sends is ever a part of the filter's syntax. Throws an
 * error with one sentence for what is malformed, or a `ParameterSourceError`.
 */
export function compileGroupFilter(text: string, stageVariables: Readonly<Record<string, string>>): GroupFilter {
  const parts: (string | TextExpression)[] = []
  let sample = ''
  for (const [part, expression] of text.matchAll(token)) {
    if (expression === undefined) {
      if (part.length > 1 && part.includes('${'))
        throw new Error(`${part}: an expression takes the place of the quotes too`)
      parts.push(part)
      sample += part
      continue
    }
    const compiled = compileTextExpression(part, stageVariables)
    if (compiled.constant !== null) {
      parts.push(quoted(compiled.constant))
      sample += quoted(compiled.constant)
      continue
    }
    parts.push(compiled)
    // An address is a text wherever one may stand, and as long as the expression, so that places stay what they are.
    sample += "'::'".padEnd(part.length)
  }
  const { fault } = compileFilter(sample)
  if (fault !== null) throw new Error(fault)
  if (parts.every((part) => typeof part === 'string')) {
    const constant = parts.join('')
    return { textFor: () => constant }
  }
  return {
    textFor(event) {
      const filter = parts
        .map((part) => (typeof part === 'string' ? part : quoted(evaluateText(part, event, invalid))))
        .join('')
      // What is not compiled yet may be too long now, or have a text where an address belongs.
      const { fault: found } = compileFilter(filter)
      if (found !== null) throw invalid(found)
      return filter
    },
  }
}

function invalid(sentence: string): GatewayError {
  return new GatewayError('INVALID_SEND_OPTION', `filter: ${sentence}`)
}

/** Writes a value as a text of a filter. */
function quoted(value: string): string {
  return `'${value.replaceAll(/['"\\]/g, '\\$&')}'`
}
