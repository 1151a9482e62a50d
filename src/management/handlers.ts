import type { CallerAuthorizer } from '../auth/contract.ts'
import type { Log, Metrics } from '../observability/contract.ts'
import type { Registry } from '../registry/contract.ts'
import type { HttpExchange, TransportHandlers } from '../transport/contract.ts'
import { closeReasons } from '../vocabulary/close-reasons.ts'
import { createConnectionsApi, isRead, notAllowed } from './connections-api.ts'
import { createGuard } from './guard.ts'
import { type GatewayAddress, type ManagedApi, stageUrl } from './managed-apis.ts'
import { readPlaygroundFiles } from './playground-files.ts'
import { createRegistryFailures } from './registry-failures.ts'
import { refuse, reply, replyJson } from './reply.ts'
import { createWorkersApi } from './workers-api.ts'

export interface ManagementOptions {
  readonly registry: Registry
  readonly metrics: Metrics
  readonly log: Log
  readonly now: () => number
  readonly version: string
  /** What is served now. */
  readonly apis: () => readonly ManagedApi[]
  /** Null while the gateway does not listen. */
  readonly gateway: () => GatewayAddress | null
  /** Reasons why no client should be sent here, besides the registry's: `draining`, `definitions are being read`. */
  readonly unready: () => readonly string[]
  /** Null when nobody has to show a token. */
  readonly callers: CallerAuthorizer | null
  /** Names under which the port may be reached, besides addresses and localhost. */
  readonly hosts: readonly string[]
  /** Whether the playground is served. */
  readonly playground?: boolean
}

type Handle = (exchange: HttpExchange) => void

/**
 * The management port: a transport of its own, for plain requests only.
 *
 * `/healthz`, `/readyz` and the playground's files are for anyone who reaches it: probes carry no tokens, and a
 * browser has none before the page is there to ask for it. All else goes through the guard.
 */
export function createManagementHandlers(options: ManagementOptions): TransportHandlers<never> {
  const { registry, metrics, log, apis, gateway, version } = options
  const guard = createGuard(options)
  const failures = createRegistryFailures(options)
  const connections = createConnectionsApi({ ...options, failures })
  const files = options.playground === false ? [] : readPlaygroundFiles()

  function health(exchange: HttpExchange): void {
    reply(exchange, 200, 'text/plain; charset=utf-8', 'ok\n')
  }

  function ready(exchange: HttpExchange): void {
    const trouble = registry.trouble()
    const reasons = [
      ...(gateway() === null ? ['not listening'] : []),
      ...options.unready(),
      ...(trouble === null ? [] : [trouble]),
    ]
    replyJson(exchange, reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons })
  }

  function scrape(exchange: HttpExchange): void {
    metrics.scrape().then(
      (text) => reply(exchange, 200, 'text/plain; version=0.0.4; charset=utf-8', text),
      (error: unknown) => {
        log.error({ error }, 'the metrics could not be read')
        refuse(exchange, 500, 'The metrics could not be read; the log says why')
      },
    )
  }

  function listApis(exchange: HttpExchange): void {
    const address = gateway()
    const host = exchange.request.header('host')
    const listed = apis().map((api) => ({
      ...api,
      stages: api.stages.map((stage) => ({
        ...stage,
        url: address === null ? null : stageUrl(address, host, api.apiId, stage.stage),
      })),
    }))
    replyJson(exchange, 200, { version, apis: listed })
  }

  const open: ReadonlyMap<string, Handle> = new Map([
    ['/healthz', health],
    ['/readyz', ready],
    ...[...files].map(([path, { contentType, body }]): [string, Handle] => [
      path,
      (exchange) => reply(exchange, 200, contentType, body),
    ]),
  ])
  const guarded: ReadonlyMap<string, Handle> = new Map([
    ['/metrics', scrape],
    ['/api/apis', listApis],
    ['/api/workers', createWorkersApi({ ...options, failures })],
    ['/api/close-reasons', (exchange) => replyJson(exchange, 200, { closeReasons })],
  ])

  function request(exchange: HttpExchange): void {
    const { method, path } = exchange.request
    const handle = open.get(path)
    if (handle !== undefined) return isRead(method) ? handle(exchange) : notAllowed(exchange, 'GET, HEAD')
    const refusal = guard(exchange.request)
    if (refusal !== null) {
      const challenge = refusal.status === 401 ? ([['WWW-Authenticate', 'Bearer']] as const) : []
      return refuse(exchange, refusal.status, refusal.message, challenge)
    }
    if (path === '/api/connections' || path.startsWith('/api/connections/')) {
      return connections(exchange, path.slice('/api/connections'.length))
    }
    const guardedHandle = guarded.get(path)
    if (guardedHandle === undefined) return refuse(exchange, 404, 'There is nothing here')
    if (isRead(method)) guardedHandle(exchange)
    else notAllowed(exchange, 'GET, HEAD')
  }

  return {
    request,
    upgrade: (upgrade) =>
      upgrade.refuse(
        404,
        [['Content-Type', 'application/json']],
        '{"message":"The management port serves no WebSockets"}\n',
      ),
    message() {},
    pinged() {},
    close() {},
  }
}
