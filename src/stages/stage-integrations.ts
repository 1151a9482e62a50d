import type { ApiDefinition, RouteDefinition } from '../config/api-definition.ts'
import type {
  Integration,
  IntegrationDefinition,
  IntegrationScope,
  IntegrationType,
  ReportFault,
} from '../integrations/contract.ts'
import { type CompiledParts, compileParts, integrationOf, OpenedParts, writtenIntegrations } from './compiled-parts.ts'

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
  const compile = (integration: IntegrationDefinition) =>
    integrationTypeOf(integration, types).compile(integration, scope)
  const compiled = compileParts(writtenIntegrations<IntegrationDefinition>(definition), compile, report)
  return { open: () => openStageIntegrations(definition, compiled) }
}

function openStageIntegrations(
  definition: ApiDefinition,
  compiled: CompiledParts<IntegrationDefinition, Integration>,
): StageIntegrations {
  const opened = new OpenedParts(compiled)
  return {
    of(route) {
      const written = integrationOf<IntegrationDefinition>(definition, route)
      return written === undefined ? null : opened.of(written)
    },
    close: () => opened.close(),
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
