import type { Macro } from './ast.ts'

const directives = new Set(['foreach', 'macro', 'define', 'evaluate', 'literal', 'include', 'parse', 'break', 'stop'])
const control = new Set(['if', 'elseif', 'else', 'end', 'stop'])

/**
 * The text that `\#name` prints: half of the backslashes before a directive, all of them before a name that means
 * nothing (Velocity user guide, "Escaping VTL Directives").
 */
export function escapedDirective(
  slashes: string,
  directive: string,
  name: string,
  macros: ReadonlyMap<string, Macro>,
): string {
  const known = directives.has(name) || control.has(name) || name === 'set' || macros.has(name)
  return known ? slashes.slice(0, Math.floor(slashes.length / 2)) + directive : slashes + directive
}

/**
 * Whether `\\#name` is a pair of backslashes before a live directive. `#set` is not among them in Velocity 1.7
 * (observed).
 */
export function isControl(directive: string, macros: ReadonlyMap<string, Macro>): boolean {
  const name = directive.slice(1)
  const bracketed = /^\{(.*)\}$/.exec(name)?.[1]
  if (bracketed !== undefined) return control.has(bracketed)
  return control.has(name) || directives.has(name) || macros.has(name)
}
