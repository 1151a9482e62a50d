import type { Log } from '../observability/contract.ts'
import type { ConnectionDirectory, Delivery, Fleet } from '../registry/contract.ts'
import type { Groups } from '../registry/group-contract.ts'
import { closeReasons } from '../vocabulary/close-reasons.ts'
import type { Refusal } from '../vocabulary/refusal.ts'
import { createConnectionsApi, isRead, notAllowed } from './connections-api.ts'
import type { Handle } from './door.ts'
import { createGroupsApi } from './groups-api.ts'
import { type GatewayAddress, type ManagedApi, stageUrl } from './managed-apis.ts'
import { createRegistryFailures } from './registry-failures.ts'
import { isoTime, refuse, replyJson } from './reply.ts'
import { createRevocationsApi, type RevocationsApiOptions } from './revocations-api.ts'
import { createUsageApi, type UsageApiOptions } from './usage-api.ts'
import { createWorkersApi } from './workers-api.ts'

export interface ManagementApiOptions extends ApiListOptions, UsageApiOptions, RevocationsApiOptions {
  readonly registry: ConnectionDirectory & Delivery & Fleet & Groups
  /** The newest handshakes and requests that were refused, oldest first. */
  readonly refusals: () => readonly Refusal[]
  readonly log: Log
  readonly now: () => number
}

export interface ApiListOptions {
  readonly version: string
  /** The APIs that are served now. Must not reject. */
  readonly apis: () => readonly ManagedApi[] | Promise<readonly ManagedApi[]>
  /** The address of the gateway; null while it does not listen. */
  readonly gateway: () => GatewayAddress | null
}

/** Creates the handler of everything under `/api`, for callers that the guard has let in already. */
export function createManagementApi(options: ManagementApiOptions): Handle {
  const failures = createRegistryFailures(options)
  const connections = createConnectionsApi({ ...options, failures })
  const { groups, group } = createGroupsApi({ ...options, failures })
  const revocations = createRevocationsApi(options)
  const usage = createUsageApi(options)
  const reads: ReadonlyMap<string, Handle> = new Map([
    ['/api/apis', createApiList(options)],
    ['/api/workers', createWorkersApi({ ...options, failures })],
    ['/api/refusals', createRefusalList(options)],
    ['/api/close-reasons', (exchange) => replyJson(exchange, 200, { closeReasons })],
  ])
  return function api(exchange) {
    const { method, path } = exchange.request
    if (path === '/api/connections' || path.startsWith('/api/connections/')) {
      return connections(exchange, path.slice('/api/connections'.length))
    }
    if (path === '/api/groups') return groups(exchange)
    if (path === '/api/group') return group(exchange)
    if (path === '/api/revocations') return revocations(exchange)
    if (path === '/api/usage') return usage(exchange)
    const read = reads.get(path)
    if (read === undefined) refuse(exchange, 404, 'There is nothing here')
    else if (isRead(method)) read(exchange)
    else notAllowed(exchange, 'GET, HEAD')
  }
}

/** Creates the handler of `/api/refusals`: what was refused of late, by this process or by all of `refusals`. */
export function createRefusalList({
  refusals,
  now,
}: {
  readonly refusals: () => readonly Refusal[] | Promise<readonly Refusal[]>
  readonly now: () => number
}): Handle {
  return async function listRefusals(exchange) {
    const listed = (await refusals()).map((each) => ({ ...each, time: isoTime(each.time) }))
    replyJson(exchange, 200, { refusals: listed, now: isoTime(now()) })
  }
}

/** Creates the handler of `/api/apis`: every stage that is served, with the URL for whoever asks. */
export function createApiList({ version, apis, gateway }: ApiListOptions): Handle {
  return async function listApis(exchange) {
    const host = exchange.request.header('host')
    const served = await apis()
    const address = gateway()
    const listed = served.map((api) => ({
      ...api,
      stages: api.stages.map((stage) => ({
        ...stage,
        url: address === null ? null : stageUrl(address, host, api.apiId, stage.stage),
      })),
    }))
    replyJson(exchange, 200, { version, apis: listed })
  }
}
