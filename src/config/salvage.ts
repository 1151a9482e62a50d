import type { FaultPath, Finding } from 'postern-documents/faults'
import { valueAt } from 'postern-documents/issues'
import { type AnyDefinition, checkDefinition, parseDefinition } from './any-definition.ts'

/** Rounds of salvage: each takes away at least one step of every faulty path, and paths are shorter than this. */
const maxRounds = 16

/** The values that the required members of an API become when they are the fault. */
const standIns: Readonly<Record<string, () => unknown>> = {
  apiId: () => 'faulty',
  protocolType: () => 'WEBSOCKET',
  routeSelectionExpression: () => 'faulty',
  routes: () => ({}),
  stages: () => ({ faulty: {} }),
}

/**
 * Salvages a definition: gives it without its faulty parts and what refers to them, so that the rest of it can still be
 * checked and every fault be reported at once. It is never served. Null when nothing is left that could be checked.
 */
export function salvage(value: unknown, findings: readonly Finding[]): AnyDefinition | null {
  let rest = copyWithout(value, findings)
  for (let round = 0; round < maxRounds; round++) {
    const parsed = parseDefinition(rest)
    const left = [...parsed.findings, ...checkDefinition(rest)]
    if (parsed.data !== null && left.length === 0) return parsed.data
    if (left.some((finding) => finding.path.length === 0)) return null
    rest = copyWithout(rest, left)
  }
  return null
}

/** Whether a fault that was found in a salvaged definition stands in the file, and is not made by what was left out. */
export function isGenuine(value: unknown, faulty: readonly Finding[], path: FaultPath): boolean {
  if (valueAt(value, path) === undefined) return false
  return !faulty.some((finding) => path.every((step, index) => step === finding.path[index]))
}

function copyWithout(value: unknown, findings: readonly Finding[]): unknown {
  const copy = structuredClone(value)
  for (const { path } of findings) {
    // What is missing makes the thing around it unusable.
    const isMissing = path.length > 1 && valueAt(value, path) === undefined
    remove(copy, isMissing ? path.slice(0, -1) : path)
  }
  return copy
}

function remove(root: unknown, path: FaultPath): void {
  const parent = valueAt(root, path.slice(0, -1))
  const last = path.at(-1)
  if (last === undefined || typeof parent !== 'object' || parent === null) return
  const standIn = path.length === 1 && Object.hasOwn(standIns, last) ? standIns[last] : undefined
  if (standIn !== undefined) Object.assign(parent, { [last]: standIn() })
  else if (Array.isArray(parent)) parent.splice(Number(last), 1)
  else delete (parent as Record<string, unknown>)[last]
}
