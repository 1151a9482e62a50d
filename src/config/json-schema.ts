import { z } from 'zod'
import { apiDefinitionSchema } from './api-definition.ts'
import { recordParts } from './schema-parts.ts'
import { settingsFileSchema } from './settings.ts'

/** JSON Schema (draft 7, which editors' YAML plugins read) of `api.yaml`, for completion in editors. */
export function apiJsonSchema(): object {
  return { ...toJsonSchema(apiDefinitionSchema), title: 'Postern API definition' }
}

/** JSON Schema (draft 7) of `postern.yaml`. */
export function settingsJsonSchema(): object {
  return { ...toJsonSchema(settingsFileSchema), title: 'Postern settings' }
}

/** JSON Schema (draft 7) of a file that another room reads by a schema of these parts. */
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
      Object.assign(jsonSchema, { type: 'object', propertyNames: names, additionalProperties: values })
    },
  }) as JsonSchema
}

/**
 * The schemas of keys and values behind a `record(…)`, whose own schema says nothing to zod; descriptions and
 * refinements copy a schema.
 */
function recordOf(schema: unknown): { key: z.ZodType; value: z.ZodType } | undefined {
  return schema instanceof z.ZodPipe ? recordParts.get(schema.def.out) : undefined
}
