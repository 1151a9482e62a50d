import type { Finding } from 'postern-documents/faults'
import { type Parsed, parseWith } from 'postern-documents/issues'
import { type ApiDefinition, apiDefinitionSchema } from './api-definition.ts'
import { checkReferences } from './api-references.ts'
import { type HttpDefinition, httpDefinitionSchema } from './http-definition.ts'
import { checkHttpReferences } from './http-references.ts'

/** The definition of an API of any protocol, after defaults. */
export type AnyDefinition = ApiDefinition | HttpDefinition

/** Reads a definition by the schema of its protocol; what names none that there is counts as one of WebSockets. */
export function parseDefinition(value: unknown): Parsed<AnyDefinition> {
  return isHttp(value) ? parseWith(httpDefinitionSchema, value) : parseWith(apiDefinitionSchema, value)
}

/** Finds what a definition says of itself in two places and that does not agree. */
export function checkDefinition(value: unknown): Finding[] {
  return isHttp(value) ? checkHttpReferences(value) : checkReferences(value)
}

function isHttp(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'protocolType' in value && value.protocolType === 'HTTP'
}
