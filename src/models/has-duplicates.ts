import type { Budget } from 'postern-documents/regex/budget'

/**
 * Whether two items of a list are the same JSON value, whatever the order of members ("Instance Equality", JSON Schema
 * Core); in time proportional to the length of all. Throws RangeError for items that are nested too deeply.
 */
export function hasDuplicates(items: readonly unknown[], budget: Budget): boolean {
  const seen = new Set<unknown>()
  for (const item of items) {
    budget.step()
    const key = typeof item === 'object' && item !== null ? canonical(item, budget) : scalarKey(item)
    if (seen.has(key)) return true
    seen.add(key)
  }
  return false
}

/** A string differs from the text of a list or an object by its first character. */
function scalarKey(value: unknown): unknown {
  return typeof value === 'string' ? `"${value}` : value
}

function canonical(value: object, budget: Budget): string {
  budget.step()
  if (Array.isArray(value)) return `[${value.map((each) => canonicalPart(each, budget)).join(',')}]`
  const members = value as Readonly<Record<string, unknown>>
  const names = Object.keys(members).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalPart(members[name], budget)}`).join(',')}}`
}

function canonicalPart(value: unknown, budget: Budget): string {
  if (typeof value === 'object' && value !== null) return canonical(value, budget)
  budget.step()
  // JSON.stringify prints -0, which equals 0, as 0.
  const text = JSON.stringify(value)
  budget.characters(text.length)
  return text
}
