import type { GuardDefinition, OpenGuard } from '../authorizers/guard-contract.ts'
import type { HttpDefinition, HttpRouteDefinition, HttpStageDefinition } from '../config/http-definition.ts'
import { compileSourceNetworks } from '../config/source-networks.ts'
import type { ReportFault } from '../integrations/contract.ts'
import type { MethodIntegration, MethodIntegrationDefinition, MethodScope } from '../integrations/method-contract.ts'
import { createRouteTable } from '../routing/route-table.ts'
import {
  attempt,
  byName,
  type CompileOptions,
  type OpenOptions,
  type StageLabels,
  type WriteAccessLog,
} from './compile-stage.ts'
import { type CompiledParts, compileParts, integrationOf, OpenedParts, writtenIntegrations } from './compiled-parts.ts'
import { compileCors } from './cors.ts'
import type { HttpRoute, HttpStage } from './http-stage.ts'
import { openStageThrottles } from './stage-throttles.ts'

/** A stage of an HTTP API, compiled; nothing is held that would have to be given back. */
export interface CompiledHttpStage {
  readonly definition: HttpDefinition
  readonly settings: HttpStageDefinition
  readonly labels: StageLabels
  readonly accessLog: WriteAccessLog | null
  readonly integrations: CompiledParts<MethodIntegrationDefinition, MethodIntegration>
  readonly guards: CompiledParts<GuardDefinition, OpenGuard>
}

/** The authorizer of `authorizationType: AWS_IAM`, which no definition spells. */
const iam: GuardDefinition = { authorizerType: 'AWS_IAM' }

/** Compiles one stage of an HTTP API. With a fault, each of which is reported, it is not to be opened. */
export function compileHttpStage(
  definition: HttpDefinition,
  directory: string,
  name: string,
  { createAccessLog, http }: CompileOptions,
  report: ReportFault,
): CompiledHttpStage {
  const settings = definition.stages[name] as HttpStageDefinition
  const format = settings.accessLogSettings?.format
  const path = ['stages', name, 'accessLogSettings', 'format']
  const { apiId, functions } = definition
  const { stageVariables } = settings
  const scope: MethodScope = {
    ...{ apiId, functions, directory, stageVariables },
    stage: name,
    accountId: http.accountId,
  }
  const integrations = compileParts(
    writtenIntegrations<MethodIntegrationDefinition>(definition),
    (integration) => {
      const type = http.integrationTypes.find((each) => each.type === integration.integrationType)
      if (type === undefined) throw new Error(`no integration type ${integration.integrationType} in the box`)
      return type.compile(integration, scope)
    },
    report,
  )
  const guards = compileParts<GuardDefinition, OpenGuard>(
    writtenAuthorizers(definition),
    (authorizer, at) => {
      const type = http.guardTypes.find((each) => each.type === authorizer.authorizerType)
      if (type !== undefined) return type.compile(authorizer, scope)
      report(at, `${authorizer.authorizerType} is not possible here`)
      return null
    },
    report,
  )
  return {
    ...{ definition, settings, integrations, guards },
    labels: { api: apiId, stage: name },
    accessLog: format === undefined ? null : attempt(() => createAccessLog(format), path, report),
  }
}

function* writtenAuthorizers(definition: HttpDefinition): Generator<[string[], GuardDefinition]> {
  for (const [name, authorizer] of Object.entries(definition.authorizers)) yield [['authorizers', name], authorizer]
  const signed = Object.entries(definition.routes).find(([, route]) => route.authorizationType === 'AWS_IAM')
  if (signed !== undefined) yield [['routes', signed[0], 'authorizationType'], iam]
}

/** Opens a stage of an HTTP API. When that throws, nothing stays open. */
export function openHttpStage(compiled: CompiledHttpStage, options: OpenOptions): HttpStage {
  const { definition, settings, labels, accessLog } = compiled
  const integrations = new OpenedParts(compiled.integrations)
  const guards = new OpenedParts(compiled.guards)
  const throttles = openStageThrottles(settings, labels, options.buckets)
  const metrics = options.metrics.stage(labels.stage)
  const admits = compileSourceNetworks(definition)

  function openRoute(routeKey: string, route: HttpRouteDefinition): HttpRoute {
    const series = { ...labels, route: routeKey }
    const written = integrationOf<MethodIntegrationDefinition>(definition, route)
    return {
      routeKey,
      integration: written === undefined ? null : integrations.of(written),
      guard: guardOf(routeKey, route),
      bucket: throttles.ofRoute(routeKey),
      answered: byName((status) => metrics.counter('postern_requests_total', { ...series, status })),
      latency: metrics.histogram('postern_request_duration_seconds', series),
      duration: metrics.histogram('postern_integration_duration_seconds', series),
      integrationErrors: byName((code) => metrics.counter('postern_integration_errors_total', { ...series, code })),
    }
  }

  function guardOf(routeKey: string, route: HttpRouteDefinition): HttpRoute['guard'] {
    const authorizer = authorizerOf(route, definition)
    if (authorizer === null) return null
    const known = authorizer === undefined ? null : guards.of(authorizer)
    // Config and compiling have seen to it; a route that is to be guarded must never be open.
    if (known === null) throw new Error(`no authorizer of ${routeKey} was compiled`)
    return known.forRoute({ routeKey, authorizationScopes: route.authorizationScopes })
  }

  function close(): void {
    throttles.close()
    guards.close()
    integrations.close()
  }

  try {
    const routes = new Map(Object.entries(definition.routes).map(([key, route]) => [key, openRoute(key, route)]))
    return {
      protocolType: 'HTTP',
      apiId: labels.api,
      name: labels.stage,
      domainsOnly: definition.disableExecuteApiEndpoint,
      isGuarded: admits !== null,
      admits,
      stageVariables: settings.stageVariables,
      routeKeys: [...routes.keys()],
      routes: createRouteTable(routes),
      cors: definition.corsConfiguration === undefined ? null : compileCors(definition.corsConfiguration),
      errors: byName((code) => metrics.counter('postern_errors_total', { ...labels, code })),
      throttled: byName((cause) => metrics.counter('postern_throttled_total', { ...labels, cause })),
      accessLog,
      close,
    }
  } catch (error) {
    close()
    throw error
  }
}

/** The authorizer of a route as it is written; null where nobody is asked, undefined where the name leads nowhere. */
function authorizerOf(
  { authorizationType, authorizerId }: HttpRouteDefinition,
  { authorizers }: HttpDefinition,
): GuardDefinition | null | undefined {
  if (authorizationType === 'NONE') return null
  return authorizationType === 'AWS_IAM' ? iam : authorizers[authorizerId ?? '']
}
