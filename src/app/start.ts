import { setTimeout as pause } from 'node:timers/promises'
import { createFault, type Fault } from 'postern-documents/faults'
import { createAccessKeys } from '../authorizers/iam/access-keys.ts'
import { checkApiNames } from '../config/api-names.ts'
import { isLoopback } from '../config/complete-settings.ts'
import type { LocateSetting } from '../config/read-settings.ts'
import type { Settings } from '../config/settings.ts'
import { createDeployedApis } from '../deployments/deployed-apis.ts'
import { createFolderSource } from '../deployments/folder.ts'
import { filterOf } from '../filters/compile-filter.ts'
import { createAddressReader } from '../gateway/client-address.ts'
import { createGateway } from '../gateway/gateway.ts'
import { createOpenConnections } from '../gateway/local-connections.ts'
import { createLocalGroups } from '../gateway/local-groups.ts'
import { createRefusals } from '../gateway/refusals.ts'
import { WaitingBytes } from '../limits/waiting-bytes.ts'
import { createAccessLog } from '../observability/access-log.ts'
import type { Log } from '../observability/contract.ts'
import { watchEventLoopLag } from '../observability/event-loop-lag.ts'
import { createLogger } from '../observability/logger.ts'
import { createMetrics } from '../observability/metrics.ts'
import { createMethodHandler } from '../rest/method-handler.ts'
import { upgradeAsExchange } from '../rest/upgrade-exchange.ts'
import type { AnyStage } from '../stages/any-stage.ts'
import { createCatalog } from '../stages/catalog.ts'
import { chooseTransport } from '../transport/choose-transport.ts'
import type { TransportRequest } from '../transport/contract.ts'
import { networksOf } from '../vocabulary/networks.ts'
import { createAuthorizerTypes } from './authorizer-types.ts'
import { openBackendCalls } from './backend-calls.ts'
import { createCallerAuthorization } from './caller-authorizers.ts'
import { createCertificateReload } from './certificate-reload.ts'
import { openClientCertificates } from './client-certificates.ts'
import { createClientPort } from './client-port.ts'
import { openDescriptorBudget } from './descriptors.ts'
import { httpOptions, shownCertificate } from './http-apis.ts'
import { accessKeysOf } from './iam-users.ts'
import { createIntegrations } from './integration-types.ts'
import { leave } from './leave.ts'
import { openLimits } from './limits.ts'
import { type Management, type ManagementParts, startManagement } from './management.ts'
import { type LogTarget, logFaults, openDestination, told } from './process-log.ts'
import { createRegistry } from './registries.ts'
import { openRevocations } from './revocations.ts'
import { openSharedRedis } from './shared-redis.ts'
import { createSourceGuard } from './source-guard.ts'
import { takeOverSettings } from './take-over-settings.ts'
import { tlsOptions } from './tls-options.ts'
import { createTokenAuthorizers } from './token-authorizers.ts'
import { openUsage } from './usage.ts'
import { workerNameOf } from './worker-name.ts'

/** The things that a process lends to a gateway that runs in it. */
export interface Surroundings extends LogTarget {
  /** The environment, `process.env` itself: the server underneath reads a limit from it when it is loaded. */
  readonly environment: Record<string, string | undefined>
  readonly version: string
  /** Puts what is wrong with a setting in its place; the fault names `settings` without it. */
  readonly locateSetting?: LocateSetting
  /** Starts what stands in place of a management port of its own, in a worker that shares its port with others. */
  readonly management?: (parts: ManagementParts) => Promise<Management>
}

/** A running gateway. */
export interface Postern {
  readonly port: number
  readonly managementPort: number
  /** Faults of the definitions that are not served. */
  readonly faults: readonly Fault[]
  /**
   * Reads definitions and functions anew, and takes over the tokens and credentials of `settings`; never touches a
   * socket. The log
   * acknowledges it, with the faults that reading the settings anew has found.
   */
  reload(settings?: Settings, settingFaults?: readonly Fault[]): Promise<readonly Fault[]>
  /** The log of the gateway, for what the process has to say of itself. */
  readonly log: Log
  /**
   * Drains the gateway: `/readyz` says no for `delaySeconds` before anything else happens; then new connections are
   * refused, open ones end over `seconds`, and everything is closed.
   */
  drain(seconds: number, delaySeconds?: number): Promise<void>
  /** Drains while others listen on the same port: new connections are left to them at once. */
  handOver(seconds: number): Promise<void>
  /** Closes everything at once. Safe to call twice. */
  close(): Promise<void>
}

/** Thrown when the gateway can't start; `message` says why in one sentence, `faults` are those of the definitions. */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly faults: readonly Fault[]

  constructor(message: string, faults: readonly Fault[]) {
    super(message)
    this.faults = faults
  }
}

/** Milliseconds for those who were let in just before a hand-over to ask for a WebSocket. */
const handshakeInMillis = 250

const openHosts =
  'allowedHosts is empty: clients choose the Host that backends find in domainName and may post their callbacks to'

/**
 * Builds every room, starts them in order, and gives back what stops them in reverse. Rejects with one sentence when
 * a port can't be listened on, or with a `StartError` when no definition can be served; nothing is left running then.
 */
export async function startPostern(settings: Settings, surroundings: Surroundings): Promise<Postern> {
  const { environment, version, locateSetting = (finding) => createFault({ file: 'settings' }, finding) } = surroundings
  const stops: (() => void | Promise<void>)[] = []
  const stop = once(async () => {
    for (const each of stops.reverse()) await each()
  })
  try {
    return await start()
  } catch (error) {
    await stop()
    throw error
  }

  async function start(): Promise<Postern> {
    const now = Date.now
    const metrics = createMetrics({ version, log: () => log })
    const destination = openDestination(surroundings, metrics)
    const name = workerNameOf(settings, environment)
    const log = createLogger({
      level: settings.logLevel,
      destination,
      ...((settings.workerName !== null || settings.redis !== null) && { name }),
    })
    stops.push(() => destination.close())
    const lag = watchEventLoopLag({ metrics })
    stops.push(() => lag.close())

    const waiting = new WaitingBytes(settings.maxWaitingBytes)
    metrics.gauge('postern_waiting_bytes', {}, () => waiting.total)
    const open = createOpenConnections({
      now,
      bounds: { maxBufferedBytes: settings.maxBufferedBytes, waiting },
      userChanged: (connection, before) => groups.userChanged(connection, before),
    })
    const groups = createLocalGroups({ ...settings, open, now, compileFilter: filterOf })
    const redis = await openSharedRedis(settings)
    if (redis !== null) stops.push(() => redis.close())
    const { registry, shared } = createRegistry({
      ...{ settings, redis, version, local: open, localGroups: groups, name, now, log, metrics },
      bury: (record) => gateway.bury(record),
      buried: (owes) => gateway.endBuried(owes),
    })
    stops.push(() => registry.close())

    const throttles = await openLimits({ settings, redis, log, metrics, now })
    stops.push(() => throttles.stop())
    const { buckets, common: limits } = throttles
    const usage = await openUsage({ settings, redis, buckets, log, now }).catch(failStart)
    stops.push(usage.stop)
    const { apiKeys } = usage
    const revocations = await openRevocations({
      ...{ settings, redis, log, now },
      endRevoked: () => gateway.endRevoked(),
    }).catch(failStart)
    stops.push(revocations.stop)

    let port = 0
    let managementOrigins: ReadonlySet<string> = new Set()
    const catalog = createCatalog<AnyStage>({
      ...settings,
      // Policies of users name APIs.
      keepsApart: settings.connectionsAuthorization === 'AWS_IAM',
    })
    const descriptors = openDescriptorBudget(settings, { log, metrics })
    const clientAddress = createAddressReader({
      trustedProxies: settings.trustedProxies.length > 0 ? networksOf(settings.trustedProxies) : null,
      tls: settings.tls !== null,
      port: () => port,
    })
    const sourceIp = (request: TransportRequest): string => clientAddress(request).sourceIp
    const sources = createSourceGuard(settings)
    const refusals = createRefusals({ metrics, sourceIp, log, now })
    stops.push(() => refusals.close())
    const clientCertificates = await openClientCertificates(settings, now).catch((error: Error) => {
      throw new StartError(error.message, [])
    })
    const certificates = clientCertificates?.certificates ?? null
    const methods = createMethodHandler({
      ...{ clientAddress, revocations, log, now },
      requests: limits.requests,
      certificate: (request) => shownCertificate(certificates, request),
    })
    const gateway = createGateway({
      ...settings,
      plainRequest: (upgrade, target) => methods(upgradeAsExchange(upgrade), target),
      certificates,
      limits,
      descriptors,
      catalog,
      refusals,
      revocations,
      registry,
      open,
      groups,
      log,
      now,
      random: Math.random,
      clientAddress,
    })
    stops.push(() => gateway.stop())

    const accessKeys = createAccessKeys(accessKeysOf(settings))
    const { types, functions, callees, close } = createIntegrations({ settings, log, groups: registry })
    stops.push(close)
    const tokens = createTokenAuthorizers({ settings, log })
    stops.push(() => tokens.close())
    const source = createFolderSource({ dir: settings.dir, log })
    const apis = createDeployedApis({
      source,
      catalog,
      endSlot: (slot) => gateway.endSlot(slot),
      log,
      metrics,
      integrationTypes: types,
      http: httpOptions({ settings, accessKeys, callees, tokens, now }),
      authorizerTypes: createAuthorizerTypes({ settings, accessKeys, callees, now, tokenTypes: tokens.types }),
      createAccessLog: (format) => createAccessLog(format, destination),
      isTrustedOrigin: (origin) => managementOrigins.has(origin),
      apiKeys,
      buckets,
      checkNames: (names) =>
        checkApiNames({ ...settings, usagePlans: apiKeys.model.usagePlans }, names).map(locateSetting),
    })
    stops.push(() => apis.close())
    const faults = await apis.reload()
    if (catalog.slots().length === 0) throw new StartError(`no API of ${settings.dir} can be served`, faults)
    if (apis.nameFaults().length > 0) throw new StartError('settings name what is not there', apis.nameFaults())

    await shared?.start().catch(failStart)
    await throttles.start()
    await usage.start().catch(failStart)
    await revocations.start()
    const chosen = await chooseTransport(settings, { environment, log })
    const { createTransport } = chosen
    const callers = createCallerAuthorization(settings.connectionsAuthorization, {
      tokens: settings.connectionsTokens,
      ...{ credentials: settings.credentials, accessKeys, clientAddress, now },
    })
    const connections = await openBackendCalls({
      ...{ settings, registry, redis, requests: limits.requests, authorizer: callers.authorizer },
      ...{ clientAddress, log, now },
    })
    const transport = createClientPort({
      ...{ settings, createTransport, descriptors, isAlone: surroundings.management === undefined, gateway },
      ...{ catalog, refusals, methods, connections, sourceIp, sources, certificates, waiting },
    })
    stops.push(() => transport.close())
    port = await transport.listen()
    const files = createCertificateReload({ transport, tls: tlsOptions(settings), client: clientCertificates, log })

    const { routeSelectionExpression } = apis
    const management = await (surroundings.management ?? startManagement)({
      ...{
        settings,
        accessKeys,
        version,
        createTransport,
        registry,
        metrics,
        log,
        catalog,
        gateway,
        routeSelectionExpression,
        revocations,
      },
      refusals: refusals.recent,
      usage: usage.reports,
      quotas: usage.quotas,
      usageModel: () => apiKeys.model,
      port: () => port,
    })
    stops.push(() => management.close())
    managementOrigins = management.origins

    async function reload(fresh?: Settings, settingFaults: readonly Fault[] = []): Promise<readonly Fault[]> {
      // What was in force stays so where settings have faults: those of the start may be revoked long since.
      if (fresh !== undefined) {
        await takeOverSettings(fresh, { callers, management, sources, accessKeys, tokens, apiKeys, gateway, log, now })
      }
      logFaults(log, settingFaults)
      const found = await apis.reload()
      functions.reload()
      const ofFiles = (await files.run()) ? 0 : 1
      const faults = found.length + apis.nameFaults().length + settingFaults.length + ofFiles
      log.info({ faults }, faults === 0 ? 'reloaded' : 'reloaded, but for what has faults')
      return found
    }
    // First calls are then quick, and a handler that can't be loaded shows now, in the log.
    void functions.warm()
    if (settings.watch)
      stops.push(
        files.watch(),
        source.watch(() => void reload()),
      )

    // First of all that stops: what it asks of backends needs everything else.
    if (shared !== null) stops.push(() => shared.retire())
    const { host, managementHost } = settings
    if (surroundings.management !== undefined) log.info({ host, port }, 'listening beside others')
    else log.info({ host, port, managementHost, managementPort: management.port, ...told(chosen) }, 'listening')
    if (settings.allowedHosts.length === 0 && !isLoopback(settings.host)) log.warn({}, openHosts)
    return {
      port,
      managementPort: management.port,
      faults,
      reload,
      log,
      drain,
      async handOver(seconds) {
        transport.stopListening()
        await pause(handshakeInMillis)
        await drain(seconds)
      },
      close: stop,
    }

    async function drain(seconds: number, delaySeconds = 0): Promise<void> {
      log.info({ connections: open.size, inFlight: gateway.inFlight, seconds, delaySeconds }, 'draining')
      await leave({ gateway, transport, shared }, seconds, delaySeconds)
      log.info({}, 'drained')
      await stop()
    }
  }
}

/** Words what keeps a gateway from starting. */
function failStart(error: Error): never {
  throw new StartError(error.message, [])
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null
  return () => {
    running ??= run()
    return running
  }
}
