import { jsonSchemaOf } from 'postern-documents/json-schema'
import { z } from 'zod'
import { apiDefinitionSchema } from './api-definition.ts'
import { httpDefinitionSchema } from './http-definition.ts'
import { settingsFileSchema } from './settings.ts'

/** JSON Schema (draft 7, which editors' YAML plugins read) of an `api.yaml` of any protocol, for completion in editors. */
export function apiJsonSchema(): object {
  const anyProtocol = z.discriminatedUnion('protocolType', [apiDefinitionSchema, httpDefinitionSchema])
  return jsonSchemaOf(anyProtocol, 'Postern API definition')
}

/** JSON Schema (draft 7) of the `api.yaml` of a WebSocket API. */
export function webSocketJsonSchema(): object {
  return jsonSchemaOf(apiDefinitionSchema, 'Postern API definition')
}

/** JSON Schema (draft 7) of the `api.yaml` of an HTTP API. */
export function httpJsonSchema(): object {
  return jsonSchemaOf(httpDefinitionSchema, 'Postern API definition')
}

/** JSON Schema (draft 7) of `postern.yaml`. */
export function settingsJsonSchema(): object {
  return jsonSchemaOf(settingsFileSchema, 'Postern settings')
}
