import type { AuthorizerType } from '../authorizers/contract.ts'
import type { GuardType } from '../authorizers/guard-contract.ts'
import type { ApiDefinition, RouteDefinition, StageDefinition } from '../config/api-definition.ts'
import { compileSourceNetworks } from '../config/source-networks.ts'
import type { GatewayEvent } from '../events/event.ts'
import type { IntegrationScope, IntegrationType, ReportFault } from '../integrations/contract.ts'
import type { MethodIntegrationType } from '../integrations/method-contract.ts'
import type { Buckets } from '../limits/contract.ts'
import type { Counter, SeriesMaker } from '../observability/contract.ts'
import type { Policy } from '../policies/policy.ts'
import type { ApiKeys } from '../usage/contract.ts'
import type { ApiSeries } from './api-metrics.ts'
import { compileApiPolicy } from './api-policy.ts'
import { type ConnectTerms, compileConnectTerms } from './compile-connect-terms.ts'
import type { Route, Stage } from './stage.ts'
import { type CompiledAuthorizers, compileStageAuthorizers, type StageAuthorizers } from './stage-authorizers.ts'
import { type CompiledIntegrations, compileStageIntegrations, type StageIntegrations } from './stage-integrations.ts'
import { openStageThrottles, type StageThrottles } from './stage-throttles.ts'

/** A definition that config has let pass, and the folder that its file names are relative to. */
export interface CompileSource<Definition = ApiDefinition> {
  readonly definition: Definition
  readonly directory: string
}

/** The options with which a definition is judged. */
export interface CompileOptions {
  readonly integrationTypes: readonly IntegrationType[]
  readonly authorizerTypes: readonly AuthorizerType[]
  /** Throws an error with one sentence when the format is wrong. */
  readonly createAccessLog: (format: string) => WriteAccessLog
  readonly http: HttpOptions
}

/** The options with which definitions of HTTP APIs are judged. */
export interface HttpOptions {
  readonly integrationTypes: readonly MethodIntegrationType[]
  readonly guardTypes: readonly GuardType[]
  /** The account in events and ARNs. */
  readonly accountId: string
}

/** The things that a stage needs beyond its definition when it is opened. */
export interface OpenOptions {
  readonly metrics: ApiSeries
  /** Origins that every API takes connections from: the playground's. */
  readonly isTrustedOrigin: (origin: string) => boolean
  readonly apiKeys: Pick<ApiKeys, 'ofStage'>
  /** The token buckets of throttles, which stages of the same name share. */
  readonly buckets: Buckets
}

export type WriteAccessLog = (event: GatewayEvent) => void

/** The labels of a stage's own series. */
export interface StageLabels {
  readonly api: string
  readonly stage: string
}

/** The part of a stage that every protocol has, compiled; nothing is held that would have to be given back. */
export interface CompiledStage {
  readonly definition: ApiDefinition
  readonly settings: StageDefinition
  readonly labels: StageLabels
  readonly accessLog: WriteAccessLog | null
  readonly integrations: CompiledIntegrations
  readonly connectTerms: ConnectTerms
  readonly authorizers: CompiledAuthorizers
  /** The policy of the API; null for none. */
  readonly policy: Policy | null
}

/** A stage on its way: what every protocol has of it, and what its routes are made with. */
export interface StageParts {
  readonly common: Omit<Stage, 'protocolType' | 'routeKeys'>
  readonly integrations: StageIntegrations
  readonly authorizers: StageAuthorizers
  readonly throttles: StageThrottles
}

/** Compiles what every protocol has of a stage. With a fault, each of which is reported, it is not to be opened. */
export function compileStage(
  { definition, directory }: CompileSource,
  name: string,
  settings: StageDefinition,
  { createAccessLog, integrationTypes, authorizerTypes }: CompileOptions,
  report: ReportFault,
): CompiledStage {
  const format = settings.accessLogSettings?.format
  const path = ['stages', name, 'accessLogSettings', 'format']
  const accessLog = format === undefined ? null : attempt(() => createAccessLog(format), path, report)
  const scope: IntegrationScope = {
    apiId: definition.apiId,
    stage: name,
    stageVariables: settings.stageVariables,
    directory,
    functions: definition.functions,
    nullFunctionResult: definition.nullFunctionResult,
    forwardWebSocketHeaders: definition.forwardWebSocketHeaders,
    attributesInEvents: definition.attributesInEvents,
  }
  const integrations = compileStageIntegrations(definition, scope, integrationTypes, report)
  const connectTerms = compileConnectTerms(definition.routes.$connect, scope.stageVariables, report)
  const policy = compileApiPolicy(definition, report)
  const authorizers = compileStageAuthorizers(definition, { ...scope, policy }, authorizerTypes, report)
  const labels = { api: definition.apiId, stage: name }
  return { definition, settings, labels, accessLog, integrations, connectTerms, authorizers, policy }
}

/** Runs `step` and gives its result; null when it throws, which is reported. */
export function attempt<Result>(step: () => Result, path: readonly string[], report: ReportFault): Result | null {
  try {
    return step()
  } catch (error) {
    report(path, (error as Error).message)
    return null
  }
}

/** Opens what every protocol has of a stage. */
export function openStage(
  { definition, settings, labels, accessLog, integrations, authorizers }: CompiledStage,
  { metrics: series, buckets }: Pick<OpenOptions, 'metrics' | 'buckets'>,
): StageParts {
  const metrics = series.stage(labels.stage)
  const opened = integrations.open()
  const openedAuthorizers = authorizers.open()
  const throttles = openStageThrottles(settings, labels, buckets)
  const admits = compileSourceNetworks(definition)
  return {
    common: {
      apiId: labels.api,
      name: labels.stage,
      domainsOnly: definition.disableExecuteApiEndpoint,
      admits,
      isGuarded: definition.policy !== undefined || admits !== null,
      stageVariables: settings.stageVariables,
      errors: byName((code) => metrics.counter('postern_errors_total', { ...labels, code })),
      throttled: byName((cause) => metrics.counter('postern_throttled_total', { ...labels, cause })),
      accessLog,
      close() {
        throttles.close()
        openedAuthorizers.close()
        opened.close()
      },
    },
    integrations: opened,
    authorizers: openedAuthorizers,
    throttles,
  }
}

/** Opens what every protocol has of a route. */
export function openRoute(
  routeKey: string,
  definition: RouteDefinition,
  { labels }: CompiledStage,
  { integrations, authorizers, throttles }: StageParts,
  metrics: SeriesMaker,
): Route {
  const series = { ...labels, route: routeKey }
  return {
    routeKey,
    integration: integrations.of(definition),
    authorizer: authorizers.of(routeKey, definition),
    bucket: throttles.ofRoute(routeKey),
    duration: metrics.histogram('postern_integration_duration_seconds', series),
    integrationErrors: byName((code) => metrics.counter('postern_integration_errors_total', { ...series, code })),
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
