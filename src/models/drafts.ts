import { createRequire } from 'node:module'
import { nearestName } from 'postern-documents/nearest-name'
import { type AjvBounds, type BoundedAjv, boundAjv } from './bounded-ajv.ts'
import { boundedPattern } from './bounded-pattern.ts'
import type { ValidationBudget } from './validation-budget.ts'

/** The drafts of JSON Schema that a model may be written in, and the `$schema` of each. */
const drafts = {
  'draft 4': 'http://json-schema.org/draft-04/schema#',
  'draft 6': 'http://json-schema.org/draft-06/schema#',
  'draft 7': 'http://json-schema.org/draft-07/schema#',
  '2019-09': 'https://json-schema.org/draft/2019-09/schema',
  '2020-12': 'https://json-schema.org/draft/2020-12/schema',
} as const

export type Draft = keyof typeof drafts

/** The draft of a schema that names none: AWS's ("Data models for REST APIs"). */
const defaultDraft: Draft = 'draft 4'

/** The `$schema` of a draft as ajv knows it. */
export function schemaUri(draft: Draft): string {
  return drafts[draft]
}

/** The draft that a `$schema` names; a sentence about what is allowed when it names none. */
export function draftOf($schema: unknown): Draft | { readonly message: string } {
  if ($schema === undefined) return defaultDraft
  const found = (Object.keys(drafts) as Draft[]).find((draft) => bare(drafts[draft]) === bare($schema))
  if (found !== undefined) return found
  const known = Object.values(drafts)
  const nearest = typeof $schema === 'string' ? nearestName($schema, known) : null
  const suggestion = nearest === null ? '' : `. Did you mean ${JSON.stringify(nearest)}?`
  return { message: `$schema names no draft that is known here; allowed: ${known.join(', ')}${suggestion}` }
}

/** A URI without its scheme and an empty fragment: schemas are written with any of them. */
function bare(uri: unknown): unknown {
  return typeof uri === 'string' ? uri.replace(/^https?:\/\//, '').replace(/#$/, '') : uri
}

/**
 * Makes a validator for the schemas of one draft, which shares nothing with another one. ajv is loaded here, when the
 * first definition with models is read: it takes some 50 ms and several MB that gateways without models do not need.
 */
export function createDraftValidator(draft: Draft, budget: ValidationBudget): BoundedAjv {
  const load = createRequire(import.meta.url)
  const options = {
    strict: false,
    // Unknown formats and keywords mean nothing, as in the standard: ajv would print a line for each.
    logger: false,
    // What a $ref leads to is compiled once, however many lead to it.
    inlineRefs: false,
    // Members that every object inherits are no members of a message.
    ownProperties: true,
    // For the texts of errors.
    verbose: true,
    ignoreKeywordsWithRef: draft !== '2019-09' && draft !== '2020-12',
    code: { regExp: boundedPattern(budget), optimize: false },
  } as const
  const { formatNames, fullFormats } = load('ajv-formats/dist/formats') as typeof import('ajv-formats/dist/formats.js')
  const { _ } = load('ajv') as typeof import('ajv')
  const bounds: AjvBounds = { budget, formats: { names: formatNames, all: fullFormats }, codeOf: _ }
  switch (draft) {
    case 'draft 4': {
      const { default: Ajv } = load('ajv-draft-04') as typeof import('ajv-draft-04')
      return boundAjv(new Ajv(options), bounds)
    }
    case '2019-09': {
      const { Ajv2019 } = load('ajv/dist/2019') as typeof import('ajv/dist/2019.js')
      return boundAjv(new Ajv2019(options), bounds)
    }
    case '2020-12': {
      const { Ajv2020 } = load('ajv/dist/2020') as typeof import('ajv/dist/2020.js')
      return boundAjv(new Ajv2020(options), bounds)
    }
    default: {
      const { Ajv } = load('ajv') as typeof import('ajv')
      const ajv = new Ajv(options)
      if (draft === 'draft 6') ajv.addMetaSchema(load('ajv/dist/refs/json-schema-draft-06.json') as object)
      return boundAjv(ajv, bounds)
    }
  }
}
