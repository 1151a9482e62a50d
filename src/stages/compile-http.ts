import type { CompiledGuard, OpenGuard } from '../authorizers/guard-contract.ts'
import type { HttpDefinition, HttpRouteDefinition, HttpStageDefinition } from '../config/http-definition.ts'
import { compileSourceNetworks } from '../config/source-networks.ts'
import type { ReportFault } from '../integrations/contract.ts'
import type { CompiledMethodIntegration, MethodIntegration, MethodScope } from '../integrations/method-contract.ts'
import { createRouteTable } from '../routing/route-table.ts'
import {
  attempt,
  byName,
  type CompileOptions,
  type OpenOptions,
  type StageLabels,
  type WriteAccessLog,
} from './compile-stage.ts'
import { compileCors } from './cors.ts'
import type { HttpRoute, HttpStage } from './http-stage.ts'
import { openStageThrottles } from './stage-throttles.ts'

type Written<Kind> = HttpDefinition[Kind extends 'integration' ? 'integrations' : 'authorizers'][string]

/** A stage of an HTTP API, compiled; nothing is held that would have to be given back. */
export interface CompiledHttpStage {
  readonly definition: HttpDefinition
  readonly settings: HttpStageDefinition
  readonly labels: StageLabels
  readonly accessLog: WriteAccessLog | null
  readonly integrations: ReadonlyMap<Written<'integration'>, CompiledMethodIntegration>
  readonly guards: ReadonlyMap<Written<'authorizer'> | typeof iam, CompiledGuard>
}

/** The authorizer of `authorizationType: AWS_IAM`, which no definition spells. */
const iam = { authorizerType: 'AWS_IAM' } as const

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
  const integrations = new Map<Written<'integration'>, CompiledMethodIntegration>()
  for (const [at, integration] of integrationsOf(definition)) {
    const type = http.integrationTypes.find((each) => each.type === integration.integrationType)
    if (type === undefined) throw new Error(`no integration type ${integration.integrationType} in the box`)
    const result = type.compile(integration, scope)
    if (result.faults === null) integrations.set(integration, result)
    else for (const fault of result.faults) report([...at, ...fault.path], fault.message)
  }
  const guards = new Map<Written<'authorizer'> | typeof iam, CompiledGuard>()
  for (const [at, authorizer] of authorizersOf(definition)) {
    const type = http.guardTypes.find((each) => each.type === authorizer.authorizerType)
    if (type === undefined) {
      report(at, `${authorizer.authorizerType} is not possible here`)
      continue
    }
    const result = type.compile(authorizer, scope)
    if (result.faults === null) guards.set(authorizer, result)
    else for (const fault of result.faults) report([...at, ...fault.path], fault.message)
  }
  return {
    ...{ definition, settings, integrations, guards },
    labels: { api: apiId, stage: name },
    accessLog: format === undefined ? null : attempt(() => createAccessLog(format), path, report),
  }
}

function* integrationsOf(definition: HttpDefinition): Generator<[string[], Written<'integration'>]> {
  for (const [name, integration] of Object.entries(definition.integrations)) yield [['integrations', name], integration]
  for (const [key, { integration }] of Object.entries(definition.routes)) {
    if (typeof integration === 'object') yield [['routes', key, 'integration'], integration]
  }
}

function* authorizersOf(definition: HttpDefinition): Generator<[string[], Written<'authorizer'> | typeof iam]> {
  for (const [name, authorizer] of Object.entries(definition.authorizers)) yield [['authorizers', name], authorizer]
  const signed = Object.entries(definition.routes).find(([, route]) => route.authorizationType === 'AWS_IAM')
  if (signed !== undefined) yield [['routes', signed[0], 'authorizationType'], iam]
}

/** Opens a stage of an HTTP API. When that throws, nothing stays open. */
export function openHttpStage(compiled: CompiledHttpStage, options: OpenOptions): HttpStage {
  const { definition, settings, labels, accessLog } = compiled
  const opened = new Opened(compiled)
  const throttles = openStageThrottles(settings, labels, options.buckets)
  const metrics = options.metrics.stage(labels.stage)
  const admits = compileSourceNetworks(definition)

  function openRoute(routeKey: string, route: HttpRouteDefinition): HttpRoute {
    const series = { ...labels, route: routeKey }
    return {
      routeKey,
      integration: opened.integrationOf(route),
      guard: opened.guardOf(routeKey, route),
      bucket: throttles.ofRoute(routeKey),
      answered: byName((status) => metrics.counter('postern_requests_total', { ...series, status })),
      latency: metrics.histogram('postern_request_duration_seconds', series),
      duration: metrics.histogram('postern_integration_duration_seconds', series),
      integrationErrors: byName((code) => metrics.counter('postern_integration_errors_total', { ...series, code })),
    }
  }

  function close(): void {
    throttles.close()
    opened.close()
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

/** The integrations and authorizers of one stage, opened: each that a route names once, however many routes share it. */
class Opened {
  readonly #compiled: CompiledHttpStage
  readonly #integrations = new Map<Written<'integration'>, MethodIntegration>()
  readonly #guards = new Map<Written<'authorizer'> | typeof iam, OpenGuard>()

  constructor(compiled: CompiledHttpStage) {
    this.#compiled = compiled
  }

  integrationOf({ integration }: HttpRouteDefinition): MethodIntegration | null {
    const { definition, integrations } = this.#compiled
    const written = typeof integration === 'string' ? definition.integrations[integration] : integration
    if (written === undefined) return null
    const known = this.#integrations.get(written) ?? integrations.get(written)?.open() ?? null
    if (known !== null) this.#integrations.set(written, known)
    return known
  }

  guardOf(routeKey: string, route: HttpRouteDefinition): HttpRoute['guard'] {
    const { definition, guards } = this.#compiled
    const { authorizationType, authorizerId, authorizationScopes } = route
    if (authorizationType === 'NONE') return null
    const written = authorizationType === 'AWS_IAM' ? iam : definition.authorizers[authorizerId ?? '']
    const known = written && (this.#guards.get(written) ?? guards.get(written)?.open())
    // Config and compiling have seen to it; a route that is to be guarded must never be open.
    if (written === undefined || known === undefined) throw new Error(`no authorizer of ${routeKey} was compiled`)
    this.#guards.set(written, known)
    return known.forRoute({ routeKey, authorizationScopes })
  }

  close(): void {
    for (const each of this.#integrations.values()) each.close()
    for (const each of this.#guards.values()) each.close()
  }
}
