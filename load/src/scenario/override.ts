import type { FaultPath, Finding } from 'postern-documents/faults'
import { parse } from 'yaml'

/** A value of a scenario that the command line has the last word on. */
export interface Override {
  /** The override as it was given: `phases.0.connections=500`. */
  readonly text: string
  readonly path: FaultPath
  readonly value: unknown
}

const form = /^([A-Za-z_]\w*(?:\.(?:\w[\w-]*))*)=(.*)$/s

/**
 * `<member>.<member or place in a list>…=<value as in YAML>`; null when it is none. A value that begins with a
 * placeholder is text, which YAML would want in quotes.
 */
export function parseOverride(text: string): Override | null {
  const [, path, value] = form.exec(text) ?? []
  if (path === undefined || value === undefined) return null
  const steps = path.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step))
  try {
    return { text, path: steps, value: value.startsWith('{{') ? value : (parse(value) as unknown) }
  } catch {
    return null
  }
}

/** A scenario as it is read from YAML, with the overrides in place; the one given stays as it is. */
export function withOverrides(
  scenario: unknown,
  overrides: readonly Override[],
): { readonly value: unknown; readonly findings: readonly Finding[] } {
  const value = structuredClone(scenario)
  return { value, findings: overrides.flatMap((override) => put(value, override) ?? []) }
}

/** Puts a value into the scenario; returns the fault when that can't be done, else null. */
function put(root: unknown, { path, value }: Override): Finding | null {
  let holder = root
  for (const [depth, step] of path.entries()) {
    const at = path.slice(0, depth + 1)
    if (Array.isArray(holder)) {
      // The place behind the last one adds to the list.
      if (typeof step !== 'number' || step > holder.length) {
        const allowed = `a place in the list, from 0 to ${holder.length}`
        return { path: at, problem: 'no such place', allowed }
      }
    } else if (typeof holder !== 'object' || holder === null) {
      return { path: at, problem: 'what holds it is neither a map nor a list' }
    }
    const members = holder as Record<string | number, unknown>
    const isLast = depth === path.length - 1
    if (isLast) define(members, step, value)
    else if (!Object.hasOwn(members, step)) define(members, step, {})
    holder = members[step]
  }
  return null
}

/** Also where the name is that of a setter, `__proto__`. */
function define(members: object, step: string | number, value: unknown): void {
  Object.defineProperty(members, step, { value, writable: true, enumerable: true, configurable: true })
}
