import type { ConditionKeys } from './policy.ts'
import { anyOne, anyRun, type PatternPart } from './wildcard.ts'

/** A policy variable, `${aws:username}` or `${aws:username, 'nobody'}`. */
interface Variable {
  /** The condition key, in lower case. */
  readonly key: string
  /** The value where the request does not have the key; null for none. */
  readonly fallback: string | null
}

/** A text of a policy, read: literals, wildcards and variables in their order. */
export type PolicyText = readonly (PatternPart | Variable)[]

export interface TextRules {
  /** Whether `${…}` is a variable: from version 2012-10-17 on. */
  readonly hasVariables: boolean
  /** Whether `*` and `?` are wildcards there; else they stand for themselves. */
  readonly hasWildcards: boolean
}

/** Reads a text of a policy; a sentence about its fault where a variable is malformed. */
export function readPolicyText(text: string, rules: TextRules): PolicyText | { readonly fault: string } {
  const parts: (PatternPart | Variable)[] = []
  let at = 0
  while (at < text.length) {
    const { index, 0: found } = nextSpecial(text, at, rules)
    if (index > at) parts.push(text.slice(at, index))
    at = index + found.length
    if (found === '*') parts.push(anyRun)
    else if (found === '?') parts.push(anyOne)
    else if (found === '${') {
      const end = text.indexOf('}', at)
      const variable = end < 0 ? null : variableOf(text.slice(at, end))
      if (variable === null) return { fault: malformedVariable }
      parts.push(variable)
      at = end + 1
    }
  }
  return parts
}

const malformedVariable =
  "a policy variable is ${key}, ${key, 'default'}, or one of ${*}, ${?} and ${$}, as in ${aws:username}"

const specials = { both: /\$\{|[*?]/g, variables: /\$\{/g, wildcards: /[*?]/g }

function nextSpecial(text: string, from: number, { hasVariables, hasWildcards }: TextRules) {
  const none = { index: text.length, 0: '' }
  if (!hasVariables && !hasWildcards) return none
  const special = hasVariables ? (hasWildcards ? specials.both : specials.variables) : specials.wildcards
  special.lastIndex = from
  return special.exec(text) ?? none
}

/** The variable between the braces, or the character that is escaped by them; null when it is neither. */
function variableOf(inner: string): Variable | string | null {
  if (inner === '*' || inner === '?' || inner === '$') return inner
  const [, key, fallback] = /^\s*([A-Za-z][\w-]*:[\w./@+=-]+)\s*(?:,\s*'([^']*)'\s*)?$/.exec(inner) ?? []
  return key === undefined ? null : { key: key.toLowerCase(), fallback: fallback ?? null }
}

/** The parts of a text that has no variables, which is then the same for every request; null for one that has. */
export function constantParts(text: PolicyText): readonly PatternPart[] | null {
  return text.every((part) => typeof part !== 'object') ? (text as readonly PatternPart[]) : null
}

/**
 * Puts values for the variables of a text. A value is a literal, whatever it holds: who chooses a user agent of `*` has
 * no wildcard by it. Null where the request does not have a key, or has several values for it: no text is like that.
 */
export function resolveText(text: PolicyText, keys: ConditionKeys): readonly PatternPart[] | null {
  const parts: PatternPart[] = []
  for (const part of text) {
    if (typeof part !== 'object') parts.push(part)
    else {
      const value = keys(part.key) ?? part.fallback
      if (typeof value !== 'string') return null
      parts.push(value)
    }
  }
  return parts
}
