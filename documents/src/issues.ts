import type { z } from 'zod'
import { describeFound, type FaultPath, type Finding } from './faults.ts'
import { listedNames } from './listed-names.ts'
import { nearestName } from './nearest-name.ts'
import { issueText, type MemberNames } from './schema-parts.ts'

export type Parsed<Output> = { data: Output; findings: [] } | { data: null; findings: Finding[] }

/** Reads a value by a schema of this room, and finds every fault at once. */
export function parseWith<Schema extends z.ZodType>(schema: Schema, value: unknown): Parsed<z.output<Schema>> {
  const result = schema.safeParse(value, { error: issueText })
  if (result.success) return { data: result.data, findings: [] }
  return { data: null, findings: result.error.issues.flatMap((issue) => findingsOf(issue, value, [])) }
}

function findingsOf(issue: z.core.$ZodIssue, root: unknown, base: FaultPath): Finding[] {
  const path = [...base, ...(issue.path as (string | number)[])]
  const value = valueAt(root, path)
  switch (issue.code) {
    case 'unrecognized_keys':
      return unknownMembers(issue.keys, JSON.parse(issue.message), path)
    case 'invalid_union':
      if (issue.discriminator !== undefined) return [unknownKind(issue, value, path)]
      return closestBranch(issue.errors).flatMap((inner) => findingsOf(inner, root, path))
    case 'invalid_value':
      return [fault(value, path, issue.message, suggest(value, issue.values.map(String)))]
    case 'custom':
      if (issue.params?.key === true)
        return [{ path, atKey: true, problem: 'not a valid name', allowed: issue.message }]
      return [fault(value, path, issue.message)]
    default:
      return [fault(value, path, issue.message)]
  }
}

function fault(value: unknown, path: FaultPath, allowed: string, suggestion?: string): Finding {
  if (value === undefined) return { path, problem: 'missing', allowed }
  return { path, found: describeFound(value, path), allowed, suggestion: suggestion ?? withoutSpace(value, allowed) }
}

/** The text that was meant where there is a space at its colon, which may have made a map of it: `function: x`. */
function withoutSpace(value: unknown, allowed: string): string | undefined {
  const parts = typeof value === 'string' ? value.split(/\s*:\s*/) : onlyEntry(value)
  const [name, text] = parts
  const isMeant = parts.length === 2 && typeof text === 'string' && allowed.includes(`${name}:<`)
  return isMeant ? `${name}:${text}` : undefined
}

function onlyEntry(value: unknown): readonly unknown[] {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  return entries.length === 1 ? (entries[0] as readonly unknown[]) : []
}

function unknownMembers(keys: readonly string[], { known, refused }: MemberNames, path: FaultPath): Finding[] {
  return keys.map((key) => {
    const at = { path: [...path, key], atKey: true }
    const reason = Object.hasOwn(refused, key) ? refused[key] : undefined
    if (reason !== undefined) return { ...at, problem: `not supported: ${reason}` }
    const suggestion = suggest(key, known)
    return { ...at, problem: 'unknown member', allowed: listedNames(known, suggestion), suggestion }
  })
}

function unknownKind(issue: z.core.$ZodIssueInvalidUnion, value: unknown, path: FaultPath): Finding {
  const options = ('options' in issue && Array.isArray(issue.options) ? issue.options : []).map(String)
  return fault(value, path, options.join(', '), suggest(value, options))
}

/** The way to read a value that got furthest: a wrong kind of value is a fault at the root. */
function closestBranch(branches: readonly z.core.$ZodIssue[][]): readonly z.core.$ZodIssue[] {
  const deeper = branches.find(
    (issues) => !issues.some((each) => each.code === 'invalid_type' && each.path.length === 0),
  )
  if (deeper !== undefined) return deeper
  const texts = branches.map((issues) => issues[0]?.message).filter((text) => text !== undefined)
  return [{ code: 'custom', path: [], message: [...new Set(texts)].join(', or '), input: undefined }]
}

function suggest(value: unknown, names: readonly string[]): string | undefined {
  return typeof value === 'string' ? (nearestName(value, names) ?? undefined) : undefined
}

/** The value at a path; own members only, since a path may name `constructor`. */
export function valueAt(root: unknown, path: FaultPath): unknown {
  let value = root
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value
}
