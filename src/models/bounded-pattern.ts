import { PatternError } from 'postern-documents/regex/pattern-error'
import { compilePart } from 'postern-documents/regex/regex'
import { translateEcmaPattern } from './ecma-pattern.ts'
import { linearPattern } from './linear-pattern.ts'
import type { ValidationBudget } from './validation-budget.ts'

/** A matcher as ajv calls it. */
interface Matcher {
  test(text: string): boolean
  /** The pattern; ajv shares the matchers of equal ones by it. */
  toString(): string
}

/** Thrown for a pattern of a schema that can't be matched; the message says why. */
export class SchemaPatternError extends Error {
  override readonly name = 'SchemaPatternError'
  readonly pattern: string

  constructor(pattern: string, options: { cause: PatternError }) {
    super(`${options.cause.message}; allowed: a regular expression of JavaScript`, options)
    this.pattern = pattern
  }
}

/**
 * The regular expressions of schemas, for ajv's option `code.regExp`: matched by the bounded engine, with the steps of the
 * validation that asks, where JavaScript's own could take long. Throws `SchemaPatternError`.
 */
export function boundedPattern(budget: ValidationBudget): ((pattern: string) => Matcher) & { readonly code: string } {
  const compile = (pattern: string): Matcher => {
    // What the engine does not take is refused, whoever matches it in the end.
    const found = compilePattern(pattern)
    const linear = linearPattern(pattern)
    const test = linear === null ? (text: string) => found(text, budget) : (text: string) => linear.test(text)
    return { test, toString: () => pattern }
  }
  return Object.assign(compile, { code: 'boundedPattern' })
}

function compilePattern(pattern: string): ReturnType<typeof compilePart> {
  try {
    const { source, anchored } = translateEcmaPattern(pattern)
    return compilePart(source, anchored)
  } catch (error) {
    throw error instanceof PatternError ? new SchemaPatternError(pattern, { cause: error }) : error
  }
}
