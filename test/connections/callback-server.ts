import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { onTestFinished } from 'vitest'
import WebSocket from 'ws'
import { type ConnectionsOptions, createConnectionsHandler } from '../../src/connections/callback.ts'
import type { CallbackStage } from '../../src/connections/callback-call.ts'
import { createEntrance, type EntranceOptions } from '../../src/connections/entrance.ts'
import type { CallbackEvent } from '../../src/events/callback-event.ts'
import { createMemoryKeys } from '../../src/idempotency/memory-keys.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import type { LocalConnections, Registry } from '../../src/registry/contract.ts'
import { createMemoryRegistry } from '../../src/registry/memory.ts'
import { compileAllowedOrigins } from '../../src/stages/allowed-origins.ts'
import { callbackAccess } from '../../src/stages/callback-access.ts'
import { createCallbackCounters } from '../../src/stages/callback-counters.ts'
import type { Socket, TransportOptions, Upgrade } from '../../src/transport/contract.ts'
import type { ConnectionDescription } from '../../src/vocabulary/connection.ts'
import type { ErrorCode } from '../../src/vocabulary/errors.ts'
import { groupsOf } from '../helpers/local-sockets.ts'
import { type Connection, logged, startServer } from '../transport/harness.ts'

/**
 * Times of a connection that connected at 08:09:10.119 and was last active at 08:09:13.377, like AWS's sample of a GET.
 */
export const connectedAt = Date.UTC(2025, 9, 5, 8, 9, 10, 119)
const lastActiveAt = Date.UTC(2025, 9, 5, 8, 9, 13, 377)

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Client {
  readonly id: string
  readonly socket: WebSocket
  /** The next message, or the close, whichever comes first. */
  next(): Promise<{ data: Buffer; isBinary: boolean } | { code: number; reason: string }>
}

export interface CallbackServer {
  readonly port: number
  readonly registry: Registry
  /** Rows of the access log of stage `dev` of `chat`; stage `prod` has none. */
  readonly rows: CallbackEvent[]
  /** The errors that the gateway answered by itself: `chat dev CONNECTION_GONE`. */
  readonly errors: string[]
  connect(options?: { api?: string; userAgent?: string }): Promise<Client>
  /** An id whose handshake waits until `open` is called. */
  connecting(): Promise<{ id: string; open(): Promise<Client> }>
  call(
    method: string,
    path: string,
    options?: { headers?: Record<string, string>; body?: Uint8Array | string },
  ): Promise<Answer>
  metrics(): Promise<string[]>
}

export interface CallbackServerOptions extends Partial<EntranceOptions> {
  readonly registry?: ConnectionsOptions['registry']
  readonly disconnectCodeAndReason?: boolean
  readonly binaryFrames?: boolean
  readonly transport?: Partial<TransportOptions>
}

/**
 * The handler over the real transport, with the memory registry and the least of a gateway: it accepts every socket
 * under `/{api}/{stage}` of the APIs `chat` and `orders`. Ends with the test.
 */
export async function startCallbackServer(options: CallbackServerOptions = {}): Promise<CallbackServer> {
  const open = new Map<string, { socket: Socket; description: ConnectionDescription }>()
  const local: LocalConnections = {
    send: (id, { data, binary }, apiId) => find(id, apiId)?.socket.send(data, binary) ?? 'gone',
    close(id, code, reason, apiId) {
      const found = find(id, apiId)
      if (found === undefined) return false
      open.delete(id)
      found.socket.end(code ?? 1000, reason ?? 'Connection Closed Normally')
      return true
    },
    describe: (id) => open.get(id)?.description ?? null,
    changeUser(id, change, apiId) {
      const found = find(id, apiId)
      if (found === undefined) return null
      found.description = { ...found.description, ...change }
      return found.description
    },
  }
  const find = (id: string, apiId?: string) => {
    const found = open.get(id)
    return apiId === undefined || found?.description.apiId === apiId ? found : undefined
  }

  const registry = createMemoryRegistry({
    ...{ local, localGroups: groupsOf(local), name: 'test', version: 'test', now: Date.now },
  })
  const metrics = createMetrics({ processMetrics: false })
  const rows: CallbackEvent[] = []
  const errors: string[] = []
  const stage = (apiId: string, name: string): CallbackStage => ({
    apiId,
    name,
    callbacks: createCallbackCounters(metrics, apiId),
    callbackAccess: callbackAccess(apiId, name),
    allowsOrigin: compileAllowedOrigins(
      name === 'prod' ? ['https://app.example', 'http://gateway.example'] : undefined,
      () => false,
    ),
    accessLog: name === 'dev' ? (event) => rows.push(event) : null,
    throttled: () => ({ value: 0 }),
    errors: (code: ErrorCode) => ({
      get value() {
        return 0
      },
      set value(_) {
        errors.push(`${apiId} ${name} ${code}`)
      },
    }),
  })
  const stages = new Map(
    ['chat/dev', 'chat/prod', 'orders/dev'].map((path) => [path, stage(...(path.split('/') as [string, string]))]),
  )
  const entrance = createEntrance({
    authorizer: null,
    policy: { readsBody: false, credentials: () => null, judge: () => 'allowed' },
    idempotency: createMemoryKeys({ windowInMillis: 300_000, now: Date.now }),
    sourceIp: (request) => request.remoteAddress(),
    now: Date.now,
    ...options,
  })
  const handle = createConnectionsHandler({
    registry,
    entrance,
    disconnectCodeAndReason: false,
    binaryFrames: false,
    log: {
      debug() {},
      info() {},
      warn() {},
      error: (fields, message) => logged.push({ level: 'error', fields, message }),
      child: () => {
        throw new Error('unused')
      },
    },
    ...options,
  })

  const waiting: { id: string; upgrade: Upgrade<Connection>; apiId: string }[] = []
  let holds = false
  let onWaiting = () => {}

  function accept({ id, upgrade, apiId }: (typeof waiting)[number], userAgent: string | null) {
    const socket = upgrade.accept({ socket: null }, { protocol: null, compression: false })
    if (socket === null) throw new Error('the client had gone')
    const record = {
      connectionId: id,
      apiId,
      stage: 'dev',
      connectedAt,
      sourceIp: '203.0.113.9',
      userAgent,
      domainName: 'localhost',
      authorizer: null,
      identity: null,
    }
    open.set(id, { socket, description: { ...record, lastActiveAt } })
    registry.add(record)
    socket.send(id, false)
  }

  const { port } = await startServer(options.transport, {
    upgrade(upgrade) {
      const entry = { id: registry.allocateId(), upgrade, apiId: upgrade.request.path.split('/')[1] as string }
      if (!holds) return accept(entry, upgrade.request.header('user-agent') || null)
      waiting.push(entry)
      onWaiting()
    },
    request(exchange) {
      const [, api, name] = exchange.request.path.split('/', 3)
      const rest = exchange.request.path.slice(`/${api}/${name}`.length)
      const found = stages.get(`${api}/${name}`)
      if (found === undefined) throw new Error(`no stage under ${exchange.request.path}`)
      handle(exchange, { stage: found, domainName: exchange.request.header('host'), rest, anyApi: false })
    },
  })

  async function clientOf(socket: WebSocket): Promise<Client> {
    const events: Awaited<ReturnType<Client['next']>>[] = []
    let wake = () => {}
    socket.on('message', (data: Buffer, isBinary) => {
      events.push({ data, isBinary })
      wake()
    })
    socket.on('close', (code, reason) => {
      events.push({ code, reason: reason.toString() })
      wake()
    })
    socket.on('error', () => {})
    const next: Client['next'] = async () => {
      while (events.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return events.shift() as (typeof events)[number]
    }
    const first = await next()
    return { id: 'data' in first ? first.data.toString() : '', socket, next }
  }

  function dial(api: string, userAgent: string | null): WebSocket {
    const headers = userAgent === null ? {} : { 'User-Agent': userAgent }
    const socket = new WebSocket(`ws://127.0.0.1:${port}/${api}/dev`, { headers })
    onTestFinished(() => socket.terminate())
    return socket
  }

  return {
    port,
    registry,
    rows,
    errors,
    connect: ({ api = 'chat', userAgent } = {}) => clientOf(dial(api, userAgent ?? null)),
    async connecting() {
      holds = true
      const arrived = new Promise<void>((resolve) => {
        onWaiting = resolve
      })
      const client = clientOf(dial('chat', null))
      await arrived
      const entry = waiting[0] as (typeof waiting)[number]
      const open = () => {
        accept(entry, null)
        return client
      }
      return { id: entry.id, open }
    },
    call: (method, path, { headers = {}, body } = {}) => call(port, method, path, headers, body),
    metrics: async () => (await metrics.scrape()).split('\n').filter((line) => line.startsWith('postern_callbacks')),
  }
}

/** Sends one request with exactly this path, which URL would tidy up. */
function call(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string>,
  body: Uint8Array | string | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const { statusCode: status = 0, headers: received } = response
        resolve({ status, headers: received, body: Buffer.concat(chunks).toString() })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
