import type { AnyDefinition } from '../config/any-definition.ts'
import type { ApiDefinition } from '../config/api-definition.ts'
import type { HttpDefinition } from '../config/http-definition.ts'
import { compileRouteSelection } from '../routing/route-selection.ts'
import type { AnyStage } from './any-stage.ts'
import { compileHttpStage, openHttpStage } from './compile-http.ts'
import { attempt, type CompileOptions, type CompileSource, compileStage, type OpenOptions } from './compile-stage.ts'
import { compileValidators } from './compile-validators.ts'
import { openWebSocketStage } from './compile-websocket.ts'

/** A fault of a definition: the path into the document and one sentence that names what is allowed. */
export interface DefinitionFault {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** A definition that was compiled without a fault. Nothing is held yet that would have to be given back. */
export interface CompiledApi {
  readonly faults: null
  /** Makes the stages, with all that their integrations need. When that throws, nothing stays open. */
  open(options: OpenOptions): AnyStage[]
}

/** A definition that can't be served: every fault that only the rooms behind the schema can see, each once. */
export interface FaultyApi {
  readonly faults: readonly DefinitionFault[]
}

/**
 * Compiles a definition: all of its stages, or all of its faults. Has no side effects, so that a definition can be
 * compiled to be checked, and opened only when it is to be served.
 */
export function compileApi(source: CompileSource<AnyDefinition>, options: CompileOptions): CompiledApi | FaultyApi {
  const faults = new Map<string, DefinitionFault>()
  const report = (path: DefinitionFault['path'], message: string): void => {
    const key = JSON.stringify([path, message])
    if (!faults.has(key)) faults.set(key, { path, message })
  }

  const { definition, directory } = source
  const compiled = definition.protocolType === 'HTTP' ? compileHttp(definition) : compileWebSocket(definition)
  if (faults.size > 0 || compiled === null) return { faults: [...faults.values()] }
  return { faults: null, open: (needs) => openAll(compiled.map((open) => () => open(needs))) }

  function compileWebSocket(api: ApiDefinition): OpenStage[] | null {
    const path = ['routeSelectionExpression']
    const selection = attempt(() => compileRouteSelection(api.routeSelectionExpression), path, report)
    const stages = Object.entries(api.stages).map(([name, settings]) =>
      compileStage({ definition: api, directory }, name, settings, options, report),
    )
    const validators = compileValidators(api, report)
    if (selection === null) return null
    return stages.map((stage) => (needs) => openWebSocketStage(stage, { selection, validators }, needs))
  }

  function compileHttp(api: HttpDefinition): OpenStage[] {
    return Object.keys(api.stages).map((name) => {
      const stage = compileHttpStage(api, directory, name, options, report)
      return (needs) => openHttpStage(stage, needs)
    })
  }
}

type OpenStage = (options: OpenOptions) => AnyStage

function openAll(opens: readonly (() => AnyStage)[]): AnyStage[] {
  const stages: AnyStage[] = []
  try {
    for (const open of opens) stages.push(open())
    return stages
  } catch (error) {
    for (const stage of stages) stage.close()
    throw error
  }
}
