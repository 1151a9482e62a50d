import { ExactNumber, losesInJavaScript, namesOf, readExactJson } from 'postern-documents/exact-json'
import { fromInteger, parseNumber } from './velocity/number.ts'
import type { Run } from './velocity/run.ts'
import { JavaDouble, JavaList, JavaMap, type Value } from './velocity/value.ts'

/**
 * Turns a value that JSON.parse or `readExactJson` gave into Java's lists, maps and numbers; one level at a time, as a
 * template goes into it.
 */
export function fromPlain(value: unknown): Value {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return fromNumber(value)
    case 'object':
      return value === null ? null : fromObject(value)
    default:
      return null
  }
}

function fromObject(plain: object): Value {
  if (plain instanceof ExactNumber) return parseNumber(plain.source)
  if (Array.isArray(plain)) return JavaList.lazy({ plain, make: () => plain.map(fromPlain) })
  return JavaMap.lazy({
    plain,
    make: () =>
      namesOf(plain).map((name): [string, Value] => [name, fromPlain((plain as Record<string, unknown>)[name])]),
  })
}

/** A number as Java would have read it; whole numbers beyond 2^53 are `ExactNumber`s. */
export function fromNumber(value: number): Value {
  return Number.isSafeInteger(value) ? fromInteger(value) : new JavaDouble(value)
}

/** Characters from which a text is looked over for nesting, which makes JSON.parse slow, before it is parsed. */
const longText = 65_536

/**
 * Reads a JSON text with all that JavaScript would lose of it, within the budget of the rendering: a text that JSON.parse
 * might take long for is read in steps. Throws SyntaxError like JSON.parse.
 */
export function readJson(text: string, run: Run): unknown {
  const inSteps = losesInJavaScript(text) || (text.length > longText && isNested(text, run.limits.maxDataDepth))
  return inSteps ? readExactJson(text, (count) => run.step(count >> 5)) : JSON.parse(text)
}

/** Whether brackets, those in strings included, open more often than they close, by more than `depth`. */
function isNested(text: string, depth: number): boolean {
  let open = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i) | 0x20
    if (code === 0x7b) open++
    else if (code === 0x7d) open--
    if (open > depth) return true
  }
  return false
}
