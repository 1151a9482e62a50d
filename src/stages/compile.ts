import { createRouteSelector } from '../routing/route-selection.ts'
import { type ApiSource, type CompileOptions, scopeOf } from './compile-stage.ts'
import { compileWebSocketStage } from './compile-websocket.ts'
import { integrationsOf, integrationTypeOf } from './stage-integrations.ts'
import type { WebSocketStage } from './websocket-stage.ts'

/** A fault of a definition: the path into the document and one sentence that names what is allowed. */
export interface DefinitionFault {
  readonly path: readonly (string | number)[]
  readonly message: string
}

export type CheckOptions = Pick<CompileOptions, 'integrationTypes' | 'createAccessLog'>

/** Every fault that only the rooms behind the schema can see, each once, without side effects. */
export function checkApi(source: ApiSource, options: CheckOptions): DefinitionFault[] {
  const { definition } = source
  const faults = new Map<string, DefinitionFault>()
  const report = (path: DefinitionFault['path'], message: string): void => {
    const key = JSON.stringify([path, message])
    if (!faults.has(key)) faults.set(key, { path, message })
  }

  attempt(['routeSelectionExpression'], () => createRouteSelector(definition.routeSelectionExpression, new Map()))
  for (const [name, stage] of Object.entries(definition.stages)) {
    const format = stage.accessLogSettings?.format
    if (format !== undefined) {
      attempt(['stages', name, 'accessLogSettings', 'format'], () => options.createAccessLog(format))
    }
    const scope = scopeOf(source, name, stage)
    for (const { path, integration } of integrationsOf(definition)) {
      const type = integrationTypeOf(integration, options.integrationTypes)
      for (const fault of type.check(integration, scope)) report([...path, ...fault.path], fault.message)
    }
  }
  return [...faults.values()]

  function attempt(path: DefinitionFault['path'], step: () => unknown): void {
    try {
      step()
    } catch (error) {
      report(path, (error as Error).message)
    }
  }
}

/** The stages of a definition in which `checkApi` found no fault. */
export function compileApi(source: ApiSource, options: CompileOptions): WebSocketStage[] {
  const stages: WebSocketStage[] = []
  try {
    for (const [name, settings] of Object.entries(source.definition.stages)) {
      stages.push(compileWebSocketStage(source, name, settings, options))
    }
    return stages
  } catch (error) {
    for (const stage of stages) stage.close()
    throw error
  }
}
