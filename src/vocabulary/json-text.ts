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
