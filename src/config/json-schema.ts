import { jsonSchemaOf } from 'postern-documents/json-schema'
import { apiDefinitionSchema } from './api-definition.ts'
import { settingsFileSchema } from './settings.ts'

/** JSON Schema (draft 7, which editors' YAML plugins read) of `api.yaml`, for completion in editors. */
export function apiJsonSchema(): object {
  return jsonSchemaOf(apiDefinitionSchema, 'Postern API definition')
}

/** JSON Schema (draft 7) of `postern.yaml`. */
export function settingsJsonSchema(): object {
  return jsonSchemaOf(settingsFileSchema, 'Postern settings')
}
