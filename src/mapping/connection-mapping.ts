import type { ConnectionEvent } from '../events/event.ts'
import { isUserChangeFault, readUserChange, type UserChange } from '../vocabulary/connection-user.ts'
import { GatewayError } from '../vocabulary/errors.ts'
import type { HeaderList } from '../vocabulary/headers.ts'
import { exactJson, parseJson } from '../vocabulary/json-text.ts'
import { type AnswerInput, compileAnswerSource, ofEvent } from './answer-source.ts'
import {
  compileCommonSource,
  compileRouteSource,
  type ParameterSource,
  ParameterSourceError,
} from './parameter-mapping.ts'

/** `connection` of the `$connect` route: where the user and the attributes of a connection come from. */
export interface ConnectionMappingDefinition {
  userId?: string | undefined
  attributes?: Readonly<Record<string, string>> | undefined
}

/** An answer as a mapping reads it; without headers and a body where no integration was asked. */
export interface MappedAnswer {
  readonly headers: HeaderList
  readonly body: string | Uint8Array
}

/** The mapping of a `$connect` route, compiled. */
export interface ConnectionMapping {
  /**
   * The user and the attributes of a connection; absent members have no value. For one that may not
   * be it throws INVALID_CALL_PARAMETERS where the client has a say in the mapping, and API_CONFIGURATION_ERROR otherwise.
   */
  read(event: ConnectionEvent, answer: MappedAnswer): UserChange
}

/** A fault of a mapping: the path below it, and what is allowed. */
export interface ConnectionMappingFault {
  readonly path: readonly string[]
  readonly message: string
}

interface Source {
  readonly source: ParameterSource<AnswerInput>
  /** Whether it is the client who chooses the value. */
  readonly isClients: boolean
}

/** Compiles a mapping for one stage, and tells its faults; with one it is not to be used. */
export function compileConnectionMapping(
  definition: ConnectionMappingDefinition,
  stageVariables: Readonly<Record<string, string>>,
): { readonly mapping: ConnectionMapping; readonly faults: readonly ConnectionMappingFault[] } {
  const faults: ConnectionMappingFault[] = []

  function compile(text: string, path: readonly string[]): Source | null {
    try {
      return compileSource(text, stageVariables)
    } catch (error) {
      if (!(error instanceof ParameterSourceError)) throw error
      faults.push({ path, message: error.message })
      return null
    }
  }

  const user = definition.userId === undefined ? null : compile(definition.userId, ['userId'])
  const attributes = Object.entries(definition.attributes ?? {}).map(
    ([name, text]) => [name, compile(text, ['attributes', name])] as const,
  )
  const all = [user, ...attributes.map(([, source]) => source)]
  const isClients = all.some((each) => each?.isClients === true)

  function read(event: ConnectionEvent, answer: MappedAnswer): UserChange {
    const text = Buffer.from(answer.body).toString()
    const { headers } = answer
    const input: AnswerInput = { event, headers, json: () => parseJson(text), exactJson: () => exactJson(text) }
    const userId = user?.source.read(input) || undefined
    const values = attributes.flatMap(([name, each]) => {
      const value = each?.source.read(input) ?? null
      return value === null ? [] : [[name, value] as const]
    })
    if (userId === undefined && values.length === 0) return {}
    const change = readUserChange({
      ...(userId !== undefined && { userId }),
      ...(values.length > 0 && { attributes: Object.fromEntries(values) }),
    })
    if (!isUserChangeFault(change)) return change
    const code = isClients ? 'INVALID_CALL_PARAMETERS' : 'API_CONFIGURATION_ERROR'
    throw new GatewayError(code, `connection: ${change.place}: ${change.message}`)
  }

  return { mapping: { read }, faults }
}

function compileSource(text: string, stageVariables: Readonly<Record<string, string>>): Source {
  const common = compileCommonSource(text, stageVariables)
  if (common !== null) return { source: ofEvent(common), isClients: false }
  if (text.startsWith('integration.')) return { source: compileAnswerSource(text), isClients: false }
  return { source: ofEvent(compileRouteSource(text)), isClients: true }
}
