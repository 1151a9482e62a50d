import { ExactNumber, losesInJavaScript, namesOf, readExactJson } from 'postern-documents/exact-json'
import { jsonNumberText } from './java-number.ts'

let lastText = ''
let lastValue: unknown

/**
 * The value of a JSON text, undefined when it is not JSON. The value is shared with `rememberedJson`: never change it.
 * Nesting is no danger here (V8's parser does not recurse), but it is for whoever walks the value.
 */
export function parseJson(text: string): unknown {
  try {
    lastValue = JSON.parse(text)
  } catch {
    lastValue = undefined
  }
  lastText = text
  return lastValue
}

/**
 * The value of a JSON text, as `parseJson` gives it, for a text that was most likely parsed just before: route
 * selection reads each message, and mappings and template selection then read the same one.
 */
export function rememberedJson(text: string): unknown {
  return text === lastText ? lastValue : parseJson(text)
}

let lastExactText = ''
let lastExactValue: unknown

/**
 * The value of a JSON text with all that JavaScript would lose of it: `ExactNumber`s, and the order of names. Undefined
 * when it is not JSON; the very value of `rememberedJson` where nothing would be lost. For a value that is printed
 * again; reading it is slow for a text that has such numbers.
 */
export function exactJson(text: string): unknown {
  if (!losesInJavaScript(text)) return rememberedJson(text)
  if (text === lastExactText) return lastExactValue
  try {
    lastExactValue = readExactJson(text)
  } catch {
    lastExactValue = undefined
  }
  lastExactText = text
  return lastExactValue
}

/** The JSON text of a value of `exactJson`. Throws RangeError, as JSON.stringify does, for one nested too deeply. */
export function exactJsonText(value: unknown): string {
  if (typeof value === 'number' || value instanceof ExactNumber) return jsonNumberText(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(exactJsonText).join(',')}]`
  const members = value as Record<string, unknown>
  return `{${namesOf(value)
    .map((name) => `${JSON.stringify(name)}:${exactJsonText(members[name])}`)
    .join(',')}}`
}
