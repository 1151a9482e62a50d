import { type Fault, sortFaults } from 'postern-documents/faults'
import type { AnyDefinition } from '../config/any-definition.ts'
import type { NamedApi, NamedApis } from '../config/api-names.ts'
import type { ParsedDefinition } from '../config/read-api.ts'
import { type CompiledApi, compileApi } from '../stages/compile-api.ts'
import type { CompileOptions } from '../stages/compile-stage.ts'
import type { Stage } from '../stages/stage.ts'
import type { ApiKeys } from '../usage/contract.ts'
import type { Definitions } from './contract.ts'

/** A definition that was compiled without a fault, and is not open yet. */
export interface DeployableApi {
  readonly apiId: string
  readonly protocolType: Stage['protocolType']
  readonly routeSelectionExpression: string
  /** Two definitions with the same fingerprint are the same to the last member. */
  readonly fingerprint: string
  readonly compiled: CompiledApi
  /** Puts a fault of this definition in its place in the file. */
  readonly locate: ParsedDefinition['locate']
}

/** The definitions of a source after compiling. */
export interface CompiledDefinitions {
  /** The definitions without a fault; of two with the same apiId the first. */
  readonly deployable: readonly DeployableApi[]
  /** Every fault of every definition, those that only compiling finds included. */
  readonly faults: readonly Fault[]
  /** Every warning of every definition. */
  readonly warnings: readonly Fault[]
  /** The names that the definitions give, those with faults included. */
  readonly names: NamedApis
}

/** The options with which definitions are judged. */
export interface DefinitionOptions extends CompileOptions {
  readonly apiKeys: Pick<ApiKeys, 'hasPlan'>
}

/** Compiles all definitions, also what is left of those with faults, so that every fault is found; opens none. */
export function compileDefinitions({ apis, faults }: Definitions, options: DefinitionOptions): CompiledDefinitions {
  const all = [...faults]
  const deployable = new Map<string, DeployableApi>()
  for (const { definition, directory, locate, faults: own } of apis) {
    if (definition === null) continue
    const compiled = compileApi({ definition, directory }, options)
    if (compiled.faults !== null) all.push(...compiled.faults.map(locate).filter((fault) => fault !== null))
    const { apiId, protocolType } = definition
    const routeSelectionExpression = selectionExpressionOf(definition)
    if (own.length > 0 || compiled.faults !== null || deployable.has(apiId)) continue
    const fingerprint = `${directory} ${JSON.stringify(definition)}`
    deployable.set(apiId, { apiId, protocolType, routeSelectionExpression, fingerprint, compiled, locate })
  }
  const warnings = sortFaults(apis.flatMap((api) => [...api.warnings, ...stagesWithoutPlan(api, options)]))
  const names = namesOf({ apis, faults })
  return { deployable: [...deployable.values()], faults: sortFaults(all), warnings, names }
}

/** The route selection expression; that of HTTP APIs is always the same. */
function selectionExpressionOf(definition: AnyDefinition): string {
  return definition.protocolType === 'HTTP' ? '${request.method} ${request.path}' : definition.routeSelectionExpression
}

/** Warns of stages whose clients need an API key, and which no usage plan has: nobody can connect. */
function stagesWithoutPlan({ definition, locate }: ParsedDefinition, { apiKeys }: DefinitionOptions): Fault[] {
  if (definition?.protocolType !== 'WEBSOCKET' || definition.routes.$connect?.apiKeyRequired !== true) return []
  const { apiId, stages } = definition
  const without = Object.keys(stages).filter((stage) => !apiKeys.hasPlan(apiId, stage))
  if (without.length === 0) return []
  const message = `no usage plan of the settings has the stage ${without.join(', ')}: every client is refused there`
  const fault = locate({ path: ['routes', '$connect', 'apiKeyRequired'], message })
  return fault === null ? [] : [fault]
}

function namesOf({ apis, faults }: Definitions): NamedApis {
  const named: NamedApi[] = []
  for (const { definition, faults: own } of apis) {
    // What is left of a faulty definition may have another id than the one that was meant.
    if (definition === null || own.some(({ path }) => path === 'apiId')) continue
    const { apiId, stages, routes, authorizers } = definition
    const refreshKeys = Object.values(authorizers).flatMap((each) =>
      'tokenRefreshRouteKey' in each ? (each.tokenRefreshRouteKey ?? []) : [],
    )
    const routeKeys = [...Object.keys(routes), ...refreshKeys]
    named.push({ apiId, stages: Object.keys(stages), routeKeys, hasFaults: own.length > 0 })
  }
  const readable = new Set(apis.map(({ file }) => file))
  return { apis: named, incomplete: named.length < apis.length || faults.some(({ file }) => !readable.has(file)) }
}
