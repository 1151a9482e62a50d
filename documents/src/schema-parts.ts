import { z } from 'zod'

/**
 * The building blocks of every schema in this room. Each carries its error as the text of what is allowed, so that
 * a fault can say "found …; allowed: …" without a second table.
 */

/** Reasons why a member that AWS knows is refused here, by the schema that refuses it. */
export const refusedMembers = z.registry<Readonly<Record<string, string>>>()

/** The record behind the transform of a `record(…)`: JSON Schema is made from it. */
export const recordParts = new WeakMap<object, { key: z.ZodType; value: z.ZodType; maxEntries: number }>()

/** The words of errors where the schema says nothing itself; `issues.ts` reads them. */
export const issueText: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'unrecognized_keys':
      return JSON.stringify(memberNames(issue.inst))
    case 'invalid_type':
      return article[issue.expected] ?? issue.expected
    default:
      return undefined
  }
}

const article: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
}

/** The names that an `unrecognized_keys` issue is told about its schema, through the one text that zod passes on. */
export interface MemberNames {
  readonly known: readonly string[]
  readonly refused: Readonly<Record<string, string>>
}

function memberNames(schema: unknown): MemberNames {
  if (!(schema instanceof z.ZodObject)) return { known: [], refused: {} }
  return { known: Object.keys(schema.shape), refused: refusedMembers.get(schema) ?? {} }
}

/** A string of `min` to `max` characters that fits `pattern`; `allowed` describes it in words. */
export function text(allowed: string, options: { min?: number; max: number; pattern?: RegExp }) {
  const schema = z
    .string({ error: allowed })
    .min(options.min ?? 1, { error: allowed })
    .max(options.max, { error: allowed })
  return options.pattern === undefined ? schema : schema.regex(options.pattern, { error: allowed })
}

/** A free text for people. */
export function prose() {
  return text('a string of at most 1024 characters', { min: 0, max: 1024 })
}

export function wholeNumber(min: number, max: number, note = '') {
  const error = `a whole number from ${min} to ${max}${note}`
  return z.int({ error }).min(min, { error }).max(max, { error })
}

export function atLeast(min: number) {
  const error = `a number of ${min} or more`
  return z.number({ error }).min(min, { error })
}

export function flag() {
  return z.boolean({ error: 'true or false' })
}

/** A choice of exactly one of the names; `note` says what the names alone do not. */
export function oneOf<const Names extends readonly [string, ...string[]]>(names: Names, note = '') {
  return z.enum(names, { error: `${names.join(', ')}${note}` })
}

export type NullPrototypeRecord<Value> = Readonly<Record<string, Value>>

/**
 * A map from names that people choose to values. Unlike `z.record` it keeps every key, `__proto__` and `constructor`
 * included, and gives an object without a prototype, so that a look-up by a client's text finds only what is there.
 */
export function record<Value extends z.ZodType>(key: z.ZodType, value: Value, maxEntries = 10_000) {
  const schema = z.unknown().transform((input, context): NullPrototypeRecord<z.output<Value>> => {
    const result: Record<string, z.output<Value>> = Object.create(null)
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      context.issues.push({ code: 'invalid_type', expected: 'record', input, message: 'a map' })
      return result
    }
    const entries = Object.entries(input)
    if (entries.length > maxEntries) {
      context.issues.push({ code: 'custom', input, message: `at most ${maxEntries} entries` })
      return result
    }
    for (const [name, entry] of entries) {
      const checkedName = key.safeParse(name, { error: issueText })
      for (const issue of checkedName.error?.issues ?? []) {
        context.issues.push({
          code: 'custom',
          input: name,
          path: [name],
          message: issue.message,
          params: { key: true },
        })
      }
      const checked = value.safeParse(entry, { error: issueText })
      for (const issue of checked.error?.issues ?? []) {
        context.issues.push({ ...issue, input: entry, path: [name, ...issue.path] } as z.core.$ZodRawIssue)
      }
      if (checked.success) result[name] = checked.data
    }
    return result
  })
  recordParts.set(schema.def.out, { key, value, maxEntries })
  return schema
}

/** An empty record without a prototype: the default of a record, which zod must not build from `{}`. */
export function noEntries<Value>(): NullPrototypeRecord<Value> {
  return Object.create(null)
}
