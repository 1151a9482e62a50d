import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { stringify } from 'yaml'
import { type Backend, startBackend } from './backend.ts'
import { Client } from './client.ts'
import { says, tells } from './definitions.ts'
import { type HttpAnswer, httpCall } from './http-call.ts'
import { readMetrics } from './metrics.ts'
import { type GatewayProcess, startProcess } from './process.ts'

/** One node of a fleet: a process of its own. */
export interface Node extends GatewayProcess {
  /** The newest owner id that it logged. */
  owner(): number
  /** The time at which it said that it listens, by this process' clock. */
  readonly listeningAt: number
  metric(name: string): Promise<number>
}

export interface Held {
  readonly id: string
  readonly client: Client
  readonly node: Node
}

export interface ConnectAs {
  readonly path?: string
  readonly headers?: Record<string, string>
}

/** Nodes that share a Redis and a backend, which keeps every `$disconnect`. */
export interface Fleet {
  readonly nodes: readonly Node[]
  readonly backend: Backend
  /** Texts of the `$disconnect`s by connection, `1006 Worker lost`. */
  readonly disconnects: ReadonlyMap<string, string[]>
  /** Starts one more node, which may have a way of its own to Redis. */
  add(name: string, redis?: string): Promise<Node>
  /**
   * Connects a client to `chat/dev`, unless told otherwise; `chat/prod`, `other/dev` and `other/prod` are there too.
   */
  connect(node: Node, count: number, as?: ConnectAs): Promise<Held[]>
  call(node: Node, method: string, id: string, body?: string): Promise<HttpAnswer>
  post(node: Node, id: string, body: string): Promise<number>
  close(): Promise<void>
}

/** Seconds of a node's lease: long enough for processes that share two cores with others, short enough for a test. */
export const leaseSeconds = 5

export async function startFleet(
  redis: string,
  names: readonly string[],
  env: Record<string, string> = {},
): Promise<Fleet> {
  const backend = await startBackend()
  const directory = await mkdtemp(join(tmpdir(), 'postern-fleet-'))
  for (const apiId of ['chat', 'other']) {
    await mkdir(join(directory, apiId))
    await writeFile(join(directory, apiId, 'api.yaml'), stringify(definition(apiId, backend.url)))
  }
  const nodes: Node[] = []

  async function add(name: string, itsRedis = redis): Promise<Node> {
    const flags = [
      '--redis',
      itsRedis,
      '--worker-name',
      name,
      '--lease-seconds',
      String(leaseSeconds),
      '--drain-seconds',
      '2',
    ]
    const gateway = await startProcess([directory, ...flags], env)
    const node: Node = {
      ...gateway,
      listeningAt: performance.now(),
      owner() {
        const held = gateway.lines.flatMap((line) => /"owner":(\d+),"redis".*lease is held/.exec(line)?.[1] ?? [])
        return Number(held.at(-1))
      },
      metric: async (metric) => (await readMetrics(gateway.managementPort)).get(metric) ?? 0,
    }
    nodes.push(node)
    return node
  }

  const call: Fleet['call'] = (node, method, id, body) =>
    httpCall(method, `http://127.0.0.1:${node.port}`, `/chat/dev/@connections/${encodeURIComponent(id)}`, {
      ...(body !== undefined && { body }),
    })

  async function close(): Promise<void> {
    for (const { child } of nodes) child.kill('SIGKILL')
    await Promise.all(nodes.map(({ exited }) => exited))
    await backend.close()
    await rm(directory, { recursive: true, force: true })
  }

  const started = await Promise.allSettled(names.map((name) => add(name)))
  const failed = started.find((each) => each.status === 'rejected')
  if (failed !== undefined) {
    // Those that are left would disturb the next fleet.
    await close()
    throw failed.reason
  }
  nodes.sort((a, b) => names.indexOf(nameOf(a)) - names.indexOf(nameOf(b)))
  return {
    nodes,
    backend,
    get disconnects() {
      const found = new Map<string, string[]>()
      for (const { url, headers } of backend.calls) {
        if (url !== '/disconnect') continue
        const id = String(headers.id)
        found.set(id, [...(found.get(id) ?? []), `${headers.code} ${headers.reason}`])
      }
      return found
    },
    add,
    connect: (node, count, { path = 'chat/dev', headers = {} } = {}) =>
      Promise.all(
        Array.from({ length: count }, async () => {
          const client = await Client.connect(`ws://127.0.0.1:${node.port}/${path}`, { headers })
          client.send('who am I')
          return { id: await client.next(), client, node }
        }),
      ),
    call,
    post: async (node, id, body) => (await call(node, 'POST', id, body)).status,
    close,
  }
}

function nameOf({ lines }: Node): string {
  return /"name":"([^"]+)"/.exec(lines[0] ?? '')?.[1] ?? ''
}

const definition = (apiId: string, backend: string) => ({
  apiId,
  protocolType: 'WEBSOCKET',
  routeSelectionExpression: '$request.body.action',
  routes: {
    $default: says('$context.connectionId'),
    $disconnect: tells(`${backend}/disconnect`, {
      id: 'connectionId',
      code: 'disconnectStatusCode',
      reason: 'disconnectReason',
    }),
  },
  stages: { dev: {}, prod: {} },
})

/** The key of a node's lease, under the owner id that it has now. */
export function leaseOf(node: Node): string {
  return `postern:{w:${node.owner()}}:lease`
}

/** The answers to posts until one was 410. */
export interface PostedUntilGone {
  /** All others. */
  readonly statuses: ReadonlySet<number>
  /**
   * The posts that were not answered with 410 though Redis had the lease no more when they began, and whom they went through
   * was there for a lease, as it has to be to judge that.
   */
  readonly late: number
  /** Milliseconds until the 410. */
  readonly took: number
}

/**
 * Posts through a node to a connection of another one, whose lease is going to run out, until it is answered with 410.
 * How long that takes is for Redis to say, which expires leases to the millisecond.
 */
export async function untilGone(fleet: Fleet, redis: Redis, through: Node, held: Held): Promise<PostedUntilGone> {
  const lease = leaseOf(held.node)
  const startedAt = performance.now()
  const statuses = new Set<number>()
  for (let late = 0; ; ) {
    const mayJudge = performance.now() - through.listeningAt > leaseSeconds * 1000
    const isOver = mayJudge && (await redis.exists(lease)) === 0
    const status = await fleet.post(through, held.id, 'are you there?')
    if (status === 410) return { statuses, late, took: performance.now() - startedAt }
    statuses.add(status)
    if (isOver) late++
  }
}

/** The account of what a fault cost, for the log of a test run; docs/reliability.md says what each line means. */
export function printAccount(title: string, account: Record<string, number | string>): void {
  const rows = Object.entries(account).map(([name, value]) => `  ${name}: ${value}`)
  process.stdout.write(`${title}\n${rows.join('\n')}\n`)
}
