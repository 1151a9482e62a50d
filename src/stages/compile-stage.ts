import type { ApiDefinition, RouteDefinition, RouteSettings, StageDefinition } from '../config/api-definition.ts'
import type { RequestContext } from '../events/request-context.ts'
import type { IntegrationScope, IntegrationType } from '../integrations/contract.ts'
import { createTokenBucket, type TokenBucket } from '../limits/token-bucket.ts'
import type { Counter, Metrics } from '../observability/contract.ts'
import type { Route, Stage } from './stage.ts'
import { createStageIntegrations, type StageIntegrations } from './stage-integrations.ts'

/** A definition and the folder that its file names are relative to. */
export interface ApiSource {
  readonly definition: ApiDefinition
  readonly directory: string
}

export interface CompileOptions {
  readonly integrationTypes: readonly IntegrationType[]
  /** Throws an error with one sentence when the format is wrong. */
  readonly createAccessLog: (format: string) => (context: RequestContext) => void
  readonly metrics: Metrics
  /** Origins that every API takes connections from: the playground's. */
  readonly isTrustedOrigin: (origin: string) => boolean
}

/** The labels of a stage's own series. */
export interface StageLabels {
  readonly api: string
  readonly stage: string
}

/** A stage on its way: what every protocol has of it, and what its routes are made with. */
export interface StageParts {
  readonly common: Omit<Stage, 'protocolType' | 'routeKeys'>
  readonly labels: StageLabels
  readonly integrations: StageIntegrations
}

/** The part of a stage that every protocol has. */
export function compileStage(
  source: ApiSource,
  name: string,
  settings: StageDefinition,
  { metrics, createAccessLog, integrationTypes }: CompileOptions,
): StageParts {
  const { definition } = source
  const labels = { api: definition.apiId, stage: name }
  const scope = scopeOf(source, name, settings)
  const integrations = createStageIntegrations(definition, scope, integrationTypes)
  const format = settings.accessLogSettings?.format
  return {
    common: {
      apiId: definition.apiId,
      name,
      stageVariables: scope.stageVariables,
      errors: byName((code) => metrics.counter('postern_errors_total', { ...labels, code })),
      accessLog: format === undefined ? null : createAccessLog(format),
      close: integrations.close,
    },
    labels,
    integrations,
  }
}

/** The part of a route that every protocol has. */
export function compileRoute(
  routeKey: string,
  definition: RouteDefinition,
  settings: StageDefinition,
  { labels, integrations }: StageParts,
  metrics: Metrics,
): Route {
  const series = { ...labels, route: routeKey }
  return {
    routeKey,
    integration: integrations.of(definition),
    bucket: throttle(settings, routeKey),
    duration: metrics.histogram('postern_integration_duration_seconds', series),
    integrationErrors: byName((code) => metrics.counter('postern_integration_errors_total', { ...series, code })),
  }
}

/** Where the integrations of a stage stand. */
export function scopeOf(
  { definition, directory }: ApiSource,
  stage: string,
  settings: StageDefinition,
): IntegrationScope {
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

/** Remembers each counter: finding one by its labels costs some hundred times what counting does. */
export function byName<Name extends string>(find: (name: Name) => Counter): (name: Name) => Counter {
  const known = new Map<Name, Counter>()
  return (name) => {
    const counter = known.get(name) ?? find(name)
    known.set(name, counter)
    return counter
  }
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
