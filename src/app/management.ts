import type { AccessKeys } from '../authorizers/iam/access-keys.ts'
import type { Settings } from '../config/settings.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { createManagementHandlers } from '../management/handlers.ts'
import type { ManagedApi } from '../management/managed-apis.ts'
import type { Log, Metrics } from '../observability/contract.ts'
import type { Registry } from '../registry/contract.ts'
import type { Revocations } from '../revocations/contract.ts'
import type { Catalog } from '../stages/catalog.ts'
import type { Stage } from '../stages/stage.ts'
import type { CreateTransport, TransportHandlers, TransportRequest } from '../transport/contract.ts'
import type { UsageModel, UsageQuotas, UsageReports } from '../usage/contract.ts'
import type { Refusal } from '../vocabulary/refusal.ts'
import { type CallerAuthorization, createCallerAuthorization } from './caller-authorizers.ts'
import { createManagementSourceGuard, guardPort, refuseSources } from './source-guard.ts'

export interface ManagementParts {
  readonly settings: Settings
  /** The access keys in force. */
  readonly accessKeys: AccessKeys
  readonly version: string
  readonly createTransport: CreateTransport
  readonly registry: Registry
  readonly metrics: Metrics
  readonly log: Log
  readonly catalog: Catalog<Stage>
  readonly gateway: Gateway
  /** Port of the gateway itself; 0 while it does not listen. */
  readonly port: () => number
  /** The newest refusals. */
  readonly refusals: () => readonly Refusal[]
  readonly revocations: Revocations
  readonly usage: UsageReports
  readonly quotas: UsageQuotas
  /** The keys, plans and prices in force. */
  readonly usageModel: () => UsageModel
  readonly routeSelectionExpression: (apiId: string) => string | null
}

/** The second port, for operators. */
export interface Management {
  readonly port: number
  /** Origins of the pages that the port serves, as browsers spell them. */
  readonly origins: ReadonlySet<string>
  useTokens(tokens: readonly string[]): void
  /** Takes over the networks from which the port may be used. */
  useNetworks(settings: Settings): void
  close(): void
}

export async function startManagement(parts: ManagementParts): Promise<Management> {
  const { settings, accessKeys, version, registry, metrics, log, catalog, gateway } = parts
  const callers = managementCallers(settings, accessKeys)
  metrics.gauge('postern_draining', {}, () => (gateway.draining ? 1 : 0))
  const handlers = createManagementHandlers({
    registry,
    metrics,
    log,
    version,
    now: Date.now,
    refusals: parts.refusals,
    revocations: parts.revocations,
    usage: parts.usage,
    quotas: parts.quotas,
    usageModel: parts.usageModel,
    apis: () => managedApis(catalog, parts.routeSelectionExpression),
    gateway: () =>
      parts.port() === 0
        ? null
        : { scheme: settings.tls === null ? 'ws' : 'wss', host: settings.host, port: parts.port() },
    unready: () => (gateway.draining ? ['draining'] : []),
    callers: callers.authorizer,
    hosts: [settings.managementHost],
    playground: settings.playground,
  })
  return { ...(await openManagementPort(parts, handlers)), useTokens: callers.useTokens }
}

/** The authorization of the port's callers, to whom no proxy is trusted. */
export function managementCallers(settings: Settings, accessKeys: AccessKeys): CallerAuthorization {
  return createCallerAuthorization(settings.managementAuthorization, {
    tokens: settings.managementTokens,
    credentials: settings.credentials,
    accessKeys,
    clientAddress: (request) => ({ sourceIp: request.remoteAddress(), proto: 'http', prefix: '' }),
    now: Date.now,
  })
}

/** Listens on the port; rejects with one sentence when that can't be. */
export async function openManagementPort(
  { settings, createTransport, log }: Pick<ManagementParts, 'settings' | 'createTransport' | 'log'>,
  handlers: TransportHandlers<never>,
): Promise<Omit<Management, 'useTokens'>> {
  const guard = createManagementSourceGuard(settings)
  const sourceIp = (request: TransportRequest) => request.remoteAddress()
  const transport = createTransport(
    {
      host: settings.managementHost,
      port: settings.managementPort,
      tls: null,
      exclusivePort: true,
      maxMessageBytes: 1024,
      maxBufferedBytes: settings.maxBufferedBytes,
      pingIntervalInSeconds: 0,
      compression: false,
    },
    guardPort(handlers, {
      refusals: [refuseSources(guard, sourceIp)],
      note: (request) => log.debug({ sourceIp: sourceIp(request) }, 'the management port was refused to a network'),
    }),
  )
  const port = await transport.listen()
  return {
    port,
    origins: new Set(settings.playground ? originsOf(settings.managementHost, port) : []),
    useNetworks: guard.replace,
    close: () => transport.close(),
  }
}

function originsOf(host: string, port: number): string[] {
  const bracketed = host.includes(':') ? `[${host}]` : host
  return [bracketed, '127.0.0.1', 'localhost', '[::1]'].map((name) => `http://${name}:${port}`.toLowerCase())
}

/** The APIs that take WebSockets, as the management port tells them. */
export function managedApis(catalog: Catalog<Stage>, expressionOf: (apiId: string) => string | null): ManagedApi[] {
  const apis = new Map<string, ManagedApi & { stages: ManagedApi['stages'][number][] }>()
  for (const { apiId, stageName, current, newest, connections } of catalog.slots()) {
    if (newest.protocolType !== 'WEBSOCKET') continue
    const api = apis.get(apiId) ?? { apiId, routeSelectionExpression: expressionOf(apiId), stages: [] }
    api.stages.push({ stage: stageName, routeKeys: current?.routeKeys ?? [], connections })
    apis.set(apiId, api)
  }
  return [...apis.values()]
}
