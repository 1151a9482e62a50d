import type { ApiDefinition, RouteDefinition, RouteSettings, StageDefinition } from '../config/api-definition.ts'
import type { Integration, IntegrationDefinition, IntegrationScope, IntegrationType } from '../integrations/contract.ts'
import { createTokenBucket, type TokenBucket } from '../limits/token-bucket.ts'
import type { Counter, Metrics } from '../observability/contract.ts'
import { createRouteSelector } from '../routing/route-selection.ts'
import { textFrame } from '../vocabulary/frames.ts'
import type { RequestContext } from '../vocabulary/request-context.ts'
import { compileAllowedOrigins } from './allowed-origins.ts'
import type { ConnectCounters, RequiredParameter, Route, Stage } from './stage.ts'

/** A fault of a definition: the path into the document and one sentence that names what is allowed. */
export interface DefinitionFault {
  readonly path: readonly (string | number)[]
  readonly message: string
}

export interface CompileOptions {
  readonly integrationTypes: readonly IntegrationType[]
  /** Throws an error with one sentence when the format is wrong. */
  readonly createAccessLog: (format: string) => (context: RequestContext) => void
  readonly metrics: Metrics
  /** Origins that every API takes connections from: the playground's. */
  readonly isTrustedOrigin: (origin: string) => boolean
}

export type CheckOptions = Pick<CompileOptions, 'integrationTypes' | 'createAccessLog'>

/** A definition and the folder that its file names are relative to. */
export interface ApiSource {
  readonly definition: ApiDefinition
  readonly directory: string
}

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
      const type = typeOf(integration, options.integrationTypes)
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
export function compileApi(source: ApiSource, options: CompileOptions): Stage[] {
  const stages: Stage[] = []
  try {
    for (const [name, stage] of Object.entries(source.definition.stages)) {
      stages.push(compileStage(source, name, stage, options))
    }
    return stages
  } catch (error) {
    for (const stage of stages) stage.close()
    throw error
  }
}

function compileStage(source: ApiSource, name: string, settings: StageDefinition, options: CompileOptions): Stage {
  const { definition } = source
  const { metrics, createAccessLog, isTrustedOrigin } = options
  const labels = { api: definition.apiId, stage: name }
  const scope = scopeOf(source, name, settings)
  const integrations = createIntegrations(source.definition, scope, options.integrationTypes)
  const routes = new Map(
    Object.entries(definition.routes).map(([routeKey, route]) => [
      routeKey,
      compileRoute(routeKey, route, integrations.of(route), throttle(settings, routeKey), metrics, labels),
    ]),
  )
  const format = settings.accessLogSettings?.format

  return {
    apiId: definition.apiId,
    name,
    stageVariables: scope.stageVariables,
    selectRoute: createRouteSelector(definition.routeSelectionExpression, routes),
    connectRoute: routes.get('$connect') ?? null,
    disconnectRoute: routes.get('$disconnect') ?? null,
    routeKeys: [...routes.keys()],
    allowsOrigin: compileAllowedOrigins(definition.allowedOrigins, isTrustedOrigin),
    ordered: definition.messageOrdering === 'CONNECTION',
    compression: definition.compression,
    idleTimeoutInMillis: definition.idleTimeoutInSeconds * 1000,
    connectionLifetimeInMillis: definition.connectionLifetimeInSeconds * 1000,
    pushed: metrics.counter('postern_messages_total', { ...labels, route: '@connections', direction: 'out' }),
    errors: byName((code) => metrics.counter('postern_errors_total', { ...labels, code })),
    closes: byName((reason) => metrics.counter('postern_closes_total', { ...labels, reason })),
    connects: connectCounters(metrics, labels),
    accessLog: format === undefined ? null : createAccessLog(format),
    close: integrations.close,
  }
}

function compileRoute(
  routeKey: string,
  definition: RouteDefinition,
  integration: Integration | null,
  bucket: TokenBucket | null,
  metrics: Metrics,
  labels: { api: string; stage: string },
): Route {
  const reserved = routeKey === '$connect' || routeKey === '$disconnect'
  // AWS documents the expression; creating the route response alone has been seen to be enough. Either will do.
  const twoWay = !reserved && (definition.routeResponse || definition.routeResponseSelectionExpression === '$default')
  const constant = integration?.constant ?? null
  const series = { ...labels, route: routeKey }
  return {
    routeKey,
    integration,
    twoWay,
    constant: constant === null || reserved ? null : { reply: twoWay ? bytesOf(constant.body) : null },
    bucket,
    required: Object.entries(definition.requestParameters ?? {}).flatMap(([parameter, { required }]) =>
      required ? [requiredParameter(parameter)] : [],
    ),
    received: metrics.counter('postern_messages_total', { ...series, direction: 'in' }),
    sent: metrics.counter('postern_messages_total', { ...series, direction: 'out' }),
    duration: metrics.histogram('postern_integration_duration_seconds', series),
    integrationErrors: byName((code) => metrics.counter('postern_integration_errors_total', { ...series, code })),
  }
}

/** Remembers each counter: finding one by its labels costs some hundred times what counting does. */
function byName<Name extends string>(find: (name: Name) => Counter): (name: Name) => Counter {
  const known = new Map<Name, Counter>()
  return (name) => {
    const counter = known.get(name) ?? find(name)
    known.set(name, counter)
    return counter
  }
}

function connectCounters(metrics: Metrics, labels: { api: string; stage: string }): ConnectCounters {
  const counter = (outcome: keyof ConnectCounters) => metrics.counter('postern_connects_total', { ...labels, outcome })
  return {
    accepted: counter('accepted'),
    refused: counter('refused'),
    failed: counter('failed'),
    aborted: counter('aborted'),
  }
}

function bytesOf(body: string | Uint8Array): Uint8Array {
  const text = textFrame(body)
  return typeof text === 'string' ? Buffer.from(text) : text
}

/** `route.request.header.X` or `route.request.querystring.X`; the schema lets nothing else pass. */
function requiredParameter(parameter: string): RequiredParameter {
  const [, , place, ...name] = parameter.split('.')
  return { place: place === 'header' ? 'header' : 'querystring', name: name.join('.') }
}

/** Route settings win over the stage's defaults, member by member; AWS's defaults at stage creation fill the rest. */
function throttle(stage: StageDefinition, routeKey: string): TokenBucket | null {
  const own: RouteSettings = Object.hasOwn(stage.routeSettings ?? {}, routeKey)
    ? (stage.routeSettings?.[routeKey] ?? {})
    : {}
  const rate = own.throttlingRateLimit ?? stage.defaultRouteSettings?.throttlingRateLimit
  const burst = own.throttlingBurstLimit ?? stage.defaultRouteSettings?.throttlingBurstLimit
  if (rate === undefined && burst === undefined) return null
  return createTokenBucket(rate ?? 10_000, burst ?? 5_000)
}

function scopeOf({ definition, directory }: ApiSource, stage: string, settings: StageDefinition): IntegrationScope {
  return {
    apiId: definition.apiId,
    stage,
    stageVariables: settings.stageVariables,
    directory,
    functions: definition.functions,
    nullFunctionResult: definition.nullFunctionResult,
    forwardWebSocketHeaders: definition.forwardWebSocketHeaders,
  }
}

function* integrationsOf(definition: ApiDefinition) {
  for (const [name, integration] of Object.entries(definition.integrations)) {
    yield { path: ['integrations', name], integration }
  }
  for (const [routeKey, { integration }] of Object.entries(definition.routes)) {
    if (typeof integration === 'object') yield { path: ['routes', routeKey, 'integration'], integration }
  }
}

/** Makes each integration that a route names once, however many routes share it. */
function createIntegrations(definition: ApiDefinition, scope: IntegrationScope, types: readonly IntegrationType[]) {
  const made = new Map<IntegrationDefinition, Integration>()

  function of({ integration }: RouteDefinition): Integration | null {
    if (integration === undefined) return null
    const spelled = typeof integration === 'string' ? definition.integrations[integration] : integration
    if (spelled === undefined) return null
    const known = made.get(spelled) ?? typeOf(spelled, types).create(spelled, scope)
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

function typeOf(definition: IntegrationDefinition, types: readonly IntegrationType[]): IntegrationType {
  const type = types.find((each) => each.types.includes(definition.integrationType))
  if (type === undefined) throw new Error(`no integration type ${definition.integrationType} in the box`)
  return type
}
