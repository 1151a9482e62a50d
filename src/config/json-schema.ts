import { jsonSchemaOf } from 'postern-documents/json-schema'
import { z } from 'zod'
import { apiDefinitionSchema } from './api-definition.ts'
import { httpDefinitionSchema } from './http-definition.ts'
import { settingsFileSchema } from './settings.ts'

/** JSON Schema (draft 7, which editors' YAML plugins read) of `api.yaml`, for completion in editors. */
export function apiJsonSchema(): object {
  const anyProtocol = z.discriminatedUnion('protocolType', [apiDefinitionSchema, httpDefinitionSchema])
  return jsonSchemaOf(anyProtocol, 'Postern API definition')
}

/** JSON Schema (draft 7) of `postern.yaml`. */
export function settingsJsonSchema(): object {
  return jsonSchemaOf(settingsFileSchema, 'Postern settings')
}
