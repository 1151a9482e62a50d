import { compileRouteSelection } from '../routing/route-selection.ts'
import {
  attempt,
  type CompiledStage,
  type CompileOptions,
  type CompileSource,
  compileStage,
  type OpenOptions,
} from './compile-stage.ts'
import { compileValidators } from './compile-validators.ts'
import { type MessageParts, openWebSocketStage } from './compile-websocket.ts'
import type { WebSocketStage } from './websocket-stage.ts'

/** A fault of a definition: the path into the document and one sentence that names what is allowed. */
export interface DefinitionFault {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** A definition that was compiled without a fault. Nothing is held yet that would have to be given back. */
export interface CompiledApi {
  readonly faults: null
  /** Makes the stages, with all that their integrations need. When that throws, nothing stays open. */
  open(options: OpenOptions): WebSocketStage[]
}

/** A definition that can't be served: every fault that only the rooms behind the schema can see, each once. */
export interface FaultyApi {
  readonly faults: readonly DefinitionFault[]
}

/**
 * Compiles a definition: all of its stages, or all of its faults. Has no side effects, so that a definition can be
 * compiled to be checked, and opened only when it is to be served.
 */
export function compileApi(source: CompileSource, options: CompileOptions): CompiledApi | FaultyApi {
  const faults = new Map<string, DefinitionFault>()
  const report = (path: DefinitionFault['path'], message: string): void => {
    const key = JSON.stringify([path, message])
    if (!faults.has(key)) faults.set(key, { path, message })
  }

  const { routeSelectionExpression, stages } = source.definition
  const path = ['routeSelectionExpression']
  const selection = attempt(() => compileRouteSelection(routeSelectionExpression), path, report)
  const compiled = Object.entries(stages).map(([name, settings]) =>
    compileStage(source, name, settings, options, report),
  )
  const validators = compileValidators(source.definition, report)
  if (faults.size > 0 || selection === null) return { faults: [...faults.values()] }
  return { faults: null, open: (needs) => openStages(compiled, { selection, validators }, needs) }
}

function openStages(
  compiled: readonly CompiledStage[],
  messages: MessageParts,
  options: OpenOptions,
): WebSocketStage[] {
  const stages: WebSocketStage[] = []
  try {
    for (const each of compiled) stages.push(openWebSocketStage(each, messages, options))
    return stages
  } catch (error) {
    for (const stage of stages) stage.close()
    throw error
  }
}
