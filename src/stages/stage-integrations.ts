import type { ApiDefinition, RouteDefinition } from '../config/api-definition.ts'
import type { Integration, IntegrationDefinition, IntegrationScope, IntegrationType } from '../integrations/contract.ts'

/** An integration of a definition, and the path of the place where it is written. */
export interface PlacedIntegration {
  readonly path: readonly string[]
  readonly integration: IntegrationDefinition
}

/** Every integration of a definition, each where it is written: under `integrations`, or in place under a route. */
export function* integrationsOf(definition: ApiDefinition): Generator<PlacedIntegration> {
  for (const [name, integration] of Object.entries(definition.integrations)) {
    yield { path: ['integrations', name], integration }
  }
  for (const [routeKey, { integration }] of Object.entries(definition.routes)) {
    if (typeof integration === 'object') yield { path: ['routes', routeKey, 'integration'], integration }
  }
}

/** The integrations of one stage: each that a route names is made once, however many routes share it. */
export interface StageIntegrations {
  /** The integration behind a route; null when the route names none. */
  of(route: RouteDefinition): Integration | null
  /** Closes every integration that was made. */
  close(): void
}

/** Makes the integrations of one stage as its routes ask for them. */
export function createStageIntegrations(
  definition: ApiDefinition,
  scope: IntegrationScope,
  types: readonly IntegrationType[],
): StageIntegrations {
  const made = new Map<IntegrationDefinition, Integration>()

  function of({ integration }: RouteDefinition): Integration | null {
    if (integration === undefined) return null
    const spelled = typeof integration === 'string' ? definition.integrations[integration] : integration
    if (spelled === undefined) return null
    const known = made.get(spelled) ?? integrationTypeOf(spelled, types).create(spelled, scope)
    made.set(spelled, known)
    return known
  }

  return {
    of,
    close() {
      for (const integration of made.values()) integration.close()
    },
  }
}

/** The type that an integration's `integrationType` names; throws when it is not in the box. */
export function integrationTypeOf(
  { integrationType }: IntegrationDefinition,
  types: readonly IntegrationType[],
): IntegrationType {
  const type = types.find((each) => each.types.includes(integrationType))
  if (type === undefined) throw new Error(`no integration type ${integrationType} in the box`)
  return type
}
