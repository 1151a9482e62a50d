import type { ModelDefinition } from './contract.ts'
import { type Draft, draftOf, schemaUri } from './drafts.ts'

/** Characters of a schema as JSON text: AWS's 400 KB ("Quotas for configuring and running a REST API"). */
const maxSchemaText = 409_600
/**
 * Values in a schema, those inside of others included, and levels of them: what compiling takes grows with their number,
 * and some 1,500 properties with two keywords each fit in.
 */
const maxSchemaValues = 5_000
const maxSchemaDepth = 64

/** The schema of a model, a copy of its own that names its draft, and the references in it with their places. */
export interface ReadSchema {
  readonly schema: Readonly<Record<string, unknown>>
  readonly draft: Draft
  readonly references: readonly { readonly path: readonly (string | number)[]; readonly target: string }[]
}

/** Reads the schema of a model, in place or as JSON text, within bounds. A sentence says what is wrong with it. */
export function readSchema({ schema }: ModelDefinition): ReadSchema | { readonly message: string } {
  const value = typeof schema === 'string' ? parsed(schema) : schema
  if (value === undefined) return { message: `the schema is no JSON text of at most ${maxSchemaText} characters` }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { message: 'the schema is no JSON object' }
  }
  const references: { path: (string | number)[]; target: string }[] = []
  const path: (string | number)[] = []
  let left = maxSchemaValues

  function copy(each: unknown): unknown {
    if (--left < 0)
      throw new RangeError(`a schema has at most ${maxSchemaValues} values, those inside of others included`)
    if (typeof each !== 'object' || each === null) return each
    if (path.length >= maxSchemaDepth) throw new RangeError(`a schema has at most ${maxSchemaDepth} levels`)
    if (Array.isArray(each)) return each.map((item, index) => inside(index, item))
    const made: Record<string, unknown> = {}
    for (const [name, member] of Object.entries(each)) {
      if (name === '$ref' && typeof member === 'string') references.push({ path: [...path, name], target: member })
      // A plain assignment of __proto__ would be lost.
      Object.defineProperty(made, name, {
        value: inside(name, member),
        enumerable: true,
        writable: true,
        configurable: true,
      })
    }
    return made
  }

  function inside(step: string | number, each: unknown): unknown {
    path.push(step)
    const made = copy(each)
    path.pop()
    return made
  }

  try {
    const made = copy(value) as Record<string, unknown>
    const draft = draftOf(made.$schema)
    if (typeof draft !== 'string') return draft
    return { schema: { ...made, $schema: schemaUri(draft) }, draft, references }
  } catch (error) {
    if (error instanceof RangeError) return { message: error.message }
    throw error
  }
}

function parsed(text: string): unknown {
  try {
    return text.length > maxSchemaText ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}
