import { z } from 'zod'
import { recordParts } from './schema-parts.ts'

/** JSON Schema (draft 7) of a file that is read by a schema of `schema-parts.ts`, for completion in editors. */
export function jsonSchemaOf(schema: z.ZodType, title: string): object {
  return { ...toJsonSchema(schema), title }
}

type JsonSchema = Record<string, unknown>

function toJsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const parts = recordOf(zodSchema)
      if (parts === undefined) return
      const { $schema: _, ...names } = toJsonSchema(parts.key)
      const { $schema: __, ...values } = toJsonSchema(parts.value)
      const { maxEntries: maxProperties } = parts
      Object.assign(jsonSchema, { type: 'object', maxProperties, propertyNames: names, additionalProperties: values })
    },
  }) as JsonSchema
}

/**
 * The schemas of keys and values behind a `record(…)`, whose own schema says nothing to zod; descriptions and
 * refinements copy a schema.
 */
function recordOf(schema: unknown) {
  return schema instanceof z.ZodPipe ? recordParts.get(schema.def.out) : undefined
}
