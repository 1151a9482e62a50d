import type { AccessKeys } from '../authorizers/iam/access-keys.ts'
import type { Settings } from '../config/settings.ts'
import { createApiList, createRefusalList } from '../management/api.ts'
import { createManagementDoor, type Handle } from '../management/door.ts'
import type { GatewayAddress, ManagedApi } from '../management/managed-apis.ts'
import type { Log } from '../observability/contract.ts'
import { readManagedApis, readRefusals } from '../supervisor/protocol.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import type { CreateTransport } from '../transport/contract.ts'
import type { Refusal } from '../vocabulary/refusal.ts'
import { createForwarding } from './forwarded-request.ts'
import { type Management, managementCallers, openManagementPort } from './management.ts'

/** The longest that a list of what is served waits for a worker. */
const answerInMillis = 1_500

export interface WorkersManagementParts {
  readonly settings: Settings
  /** The access keys in force. */
  readonly accessKeys: AccessKeys
  readonly version: string
  readonly createTransport: CreateTransport
  readonly supervisor: Supervisor
  readonly scrape: () => Promise<string>
  readonly log: Log
  /** The port that the workers share; 0 while not all of them listen. */
  readonly port: () => number
}

/** Starts the management port of several workers: it stands here for all of them. */
export async function startWorkersManagement(parts: WorkersManagementParts): Promise<Management> {
  const { settings, version, supervisor, log, port } = parts
  const callers = managementCallers(settings, parts.accessKeys)
  const forward = createForwarding(supervisor)
  // What each worker only knows for itself: how many connections a stage has, and what was refused.
  const ofAll: ReadonlyMap<string, Handle> = new Map([
    ['/api/apis', createApiList({ version, apis: () => apisOfAll(supervisor), gateway: address })],
    ['/api/refusals', createRefusalList({ refusals: () => refusalsOfAll(supervisor), now: Date.now })],
  ])

  /** The address of the gateway. Its scheme is the workers' own: a rolling restart may have changed it. */
  function address(): GatewayAddress | null {
    const scheme = supervisor.processes.find((worker) => worker.scheme !== null)?.scheme
    return port() === 0 || !scheme ? null : { scheme, host: settings.host, port: port() }
  }

  const handlers = createManagementDoor({
    log,
    readiness: () => (port() === 0 ? { ready: false, reasons: ['not listening'] } : supervisor.readiness),
    scrape: parts.scrape,
    api: (exchange) => (ofAll.get(exchange.request.path) ?? forward)(exchange),
    callers: callers.authorizer,
    hosts: [settings.managementHost],
    playground: settings.playground,
  })
  return { ...(await openManagementPort(parts, handlers)), useTokens: callers.useTokens }
}

/** The newest refusals of all workers, oldest first; a worker that does not answer is left out. */
async function refusalsOfAll(supervisor: Supervisor): Promise<Refusal[]> {
  const able = supervisor.processes.filter(({ state }) => state !== 'silent' && state !== 'starting')
  const answers = await Promise.all(able.map((worker) => worker.ask({ kind: 'refusals' }, answerInMillis)))
  return answers.flatMap((answer) => readRefusals(answer) ?? []).sort((one, other) => one.time - other.time)
}

/** The APIs that the workers serve, with the connections of all; a worker that does not answer is left out. */
async function apisOfAll(supervisor: Supervisor): Promise<ManagedApi[]> {
  const able = supervisor.processes.filter(({ state }) => state !== 'silent' && state !== 'starting')
  const answers = await Promise.all(able.map((worker) => worker.ask({ kind: 'apis' }, answerInMillis)))
  return mergeApis(answers.map((answer) => readManagedApis(answer) ?? []))
}

/** One list of APIs from several: the first that has an API says what it is, as they differ only during a reload. */
function mergeApis(lists: readonly (readonly ManagedApi[])[]): ManagedApi[] {
  const connections = new Map<string, number>()
  const merged = new Map<string, ManagedApi>()
  for (const api of lists.flat()) {
    const known = merged.get(api.apiId)
    const fresh = api.stages.filter(({ stage }) => !known?.stages.some((each) => each.stage === stage))
    merged.set(api.apiId, known === undefined ? api : { ...known, stages: [...known.stages, ...fresh] })
    for (const { stage, connections: count } of api.stages) {
      const key = `${api.apiId}/${stage}`
      connections.set(key, (connections.get(key) ?? 0) + count)
    }
  }
  return [...merged.values()].map((api) => ({
    ...api,
    stages: api.stages.map((stage) => ({ ...stage, connections: connections.get(`${api.apiId}/${stage.stage}`) ?? 0 })),
  }))
}
