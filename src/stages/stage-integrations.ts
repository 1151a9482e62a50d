import type { ApiDefinition, RouteDefinition } from '../config/api-definition.ts'
import type {
  CompiledIntegration,
  Integration,
  IntegrationDefinition,
  IntegrationScope,
  IntegrationType,
  ReportFault,
} from '../integrations/contract.ts'

/** The integrations of one stage, opened: each that a route names once, however many routes share it. */
export interface StageIntegrations {
  /** The integration behind a route; null when the route names none. */
  of(route: RouteDefinition): Integration | null
  /** Closes every integration that was opened. */
  close(): void
}

/** The integrations of one stage, compiled. */
export interface CompiledIntegrations {
  /** Starts with none open: routes ask for theirs. */
  open(): StageIntegrations
}

/**
 * Compiles every integration of a definition for one stage, also those that no route names, and reports their faults.
 */
export function compileStageIntegrations(
  definition: ApiDefinition,
  scope: IntegrationScope,
  types: readonly IntegrationType[],
  report: ReportFault,
): CompiledIntegrations {
  const compiled = new Map<IntegrationDefinition, CompiledIntegration>()
  for (const { path, integration } of integrationsOf(definition)) {
    const result = integrationTypeOf(integration, types).compile(integration, scope)
    if (result.faults === null) compiled.set(integration, result)
    else for (const fault of result.faults) report([...path, ...fault.path], fault.message)
  }
  return { open: () => openStageIntegrations(definition, compiled) }
}

function openStageIntegrations(
  definition: ApiDefinition,
  compiled: ReadonlyMap<IntegrationDefinition, CompiledIntegration>,
): StageIntegrations {
  const opened = new Map<IntegrationDefinition, Integration>()

  function of({ integration }: RouteDefinition): Integration | null {
    if (integration === undefined) return null
    const spelled = typeof integration === 'string' ? definition.integrations[integration] : integration
    if (spelled === undefined) return null
    const known = opened.get(spelled) ?? compiled.get(spelled)?.open() ?? null
    if (known !== null) opened.set(spelled, known)
    return known
  }

  return {
    of,
    close() {
      for (const integration of opened.values()) integration.close()
    },
  }
}

/** An integration of a definition, and the path of the place where it is written. */
interface PlacedIntegration {
  readonly path: readonly string[]
  readonly integration: IntegrationDefinition
}

/** Every integration of a definition, each where it is written: under `integrations`, or in place under a route. */
function* integrationsOf(definition: ApiDefinition): Generator<PlacedIntegration> {
  for (const [name, integration] of Object.entries(definition.integrations)) {
    yield { path: ['integrations', name], integration }
  }
  for (const [routeKey, { integration }] of Object.entries(definition.routes)) {
    if (typeof integration === 'object') yield { path: ['routes', routeKey, 'integration'], integration }
  }
}

/** The type that an integration's `integrationType` names; throws when it is not in the box. */
function integrationTypeOf(
  { integrationType }: IntegrationDefinition,
  types: readonly IntegrationType[],
): IntegrationType {
  const type = types.find((each) => each.types.includes(integrationType))
  if (type === undefined) throw new Error(`no integration type ${integrationType} in the box`)
  return type
}
