import { afterEach } from 'vitest'
import { type BackendPoolOptions, createBackendPools } from '../../src/backends/pools.ts'
import type {
  Integration,
  IntegrationDefinition,
  IntegrationScope,
  IntegrationType,
} from '../../src/integrations/contract.ts'
import { createHttpIntegrationType } from '../../src/integrations/http.ts'
import { definitionOf, openIntegration, scopeWith } from './calls.ts'

const ends: (() => unknown)[] = []

/** Runs after the test, last one first. */
export function atEnd(end: () => unknown): void {
  ends.push(end)
}

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

export function httpType(options: Partial<BackendPoolOptions> = {}): IntegrationType {
  const pools = createBackendPools({
    connectTimeoutInMillis: 3_000,
    maxConnectionsPerOrigin: 8,
    maxWaitingPerOrigin: 8,
    maxResponseBytes: 100_000,
    ...options,
  })
  atEnd(() => pools.close())
  return createHttpIntegrationType({ pools })
}

export type HttpDefinition = Partial<IntegrationDefinition> & { integrationUri: string }

/** An HTTP_PROXY integration with POST, unless the definition says otherwise. */
export function httpIntegration(
  part: HttpDefinition,
  scope: Partial<IntegrationScope> = {},
  options: Partial<BackendPoolOptions> = {},
  type = httpType(options),
): Integration {
  const definition = definitionOf({ integrationType: 'HTTP_PROXY', integrationMethod: 'POST', ...part })
  const integration = openIntegration(type, definition, scopeWith(scope))
  atEnd(() => integration.close())
  return integration
}
