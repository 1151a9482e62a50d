import type { JsonObject } from './json-object.ts'

/**
 * Claims as HTTP APIs hand them to integrations: every value a string. Numbers and booleans as they are written, a list
 * as `[a b]`, an object as JSON; claims that are null are left out.
 */
export function claimTexts(claims: JsonObject): Record<string, string> {
  const texts: [string, string][] = []
  for (const [name, value] of Object.entries(claims)) {
    if (value !== null && value !== undefined) texts.push([name, textOf(value)])
  }
  // `Object.fromEntries` defines its members: a claim named __proto__ is one like any other.
  return Object.fromEntries(texts)
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return listText(value.map(textOf))
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** A list as one text, `[a b]`. */
export function listText(items: readonly string[]): string {
  return `[${items.join(' ')}]`
}
