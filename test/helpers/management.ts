import { createManagementHandlers, type ManagementOptions } from '../../src/management/handlers.ts'
import type { Log } from '../../src/observability/contract.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import type { LocalConnections } from '../../src/registry/contract.ts'
import { createMemoryRegistry } from '../../src/registry/memory.ts'
import { createMemoryRevocationStore } from '../../src/revocations/memory-store.ts'
import { createRevocationList } from '../../src/revocations/revocation-list.ts'
import { chooseTransport } from '../../src/transport/choose-transport.ts'
import type { ConnectionRecord } from '../../src/vocabulary/connection.ts'
import type { UserChange } from '../../src/vocabulary/connection-user.ts'
import type { SendOutcome } from '../../src/vocabulary/frames.ts'
import { groupsOf } from './local-sockets.ts'
import { testTransport, testUwsModule } from './test-transport.ts'

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog }

/** Sockets that only remember what was done to them. */
export class FakeSockets implements LocalConnections {
  readonly records = new Map<string, ConnectionRecord>()
  /** Real sockets, where a test has them. */
  readonly live = new Map<string, { send(data: string): void; close(code: number, reason: string): void }>()
  readonly sent: [id: string, data: string][] = []
  readonly closed: [id: string, code: number | null, reason: string | null][] = []
  outcome: SendOutcome = 'sent'

  send(id: string, frame: { data: string | Uint8Array }): SendOutcome {
    if (!this.records.has(id)) return 'gone'
    if (this.outcome === 'sent') {
      this.sent.push([id, String(frame.data)])
      this.live.get(id)?.send(String(frame.data))
    }
    return this.outcome
  }

  close(id: string, code: number | null, reason: string | null): boolean {
    this.closed.push([id, code, reason])
    this.live.get(id)?.close(code ?? 1000, reason ?? 'Connection Closed Normally')
    return this.records.delete(id)
  }

  changeUser(id: string, change: UserChange): ConnectionRecord | null {
    const record = this.records.get(id)
    if (record === undefined) return null
    const changed = { ...record, ...change }
    this.records.set(id, changed)
    return changed
  }

  describe(id: string) {
    const record = this.records.get(id)
    return record === undefined ? null : { ...record, lastActiveAt: record.connectedAt + 5000 }
  }
}

/** A management port over the real transport and the memory registry, with sockets that are none. */
export async function startTestManagement(overrides: Partial<ManagementOptions> = {}) {
  const sockets = new FakeSockets()
  const registry = createMemoryRegistry({
    ...{ local: sockets, localGroups: groupsOf(sockets), name: 'test', version: '0.0.0-test', now: Date.now },
  })
  const metrics = createMetrics({ processMetrics: false, version: '0.0.0-test' })
  const handlers = createManagementHandlers({
    registry,
    metrics,
    log: silentLog,
    now: Date.now,
    version: '0.0.0-test',
    apis: () => [],
    refusals: () => [],
    revocations: createRevocationList({
      ...{ store: createMemoryRevocationStore({ now: Date.now }), added() {}, log: silentLog, now: Date.now },
    }),
    usage: { read: async () => [] },
    quotas: { read: async () => [], change: async () => null },
    usageModel: () => ({ apiKeys: [], usagePlans: [], prices: null }),
    gateway: () => ({ scheme: 'ws', host: '127.0.0.1', port: 8080 }),
    unready: () => [],
    callers: null,
    hosts: [],
    ...overrides,
  })
  const wish = { transport: testTransport, uwsModule: testUwsModule }
  const { createTransport } = await chooseTransport(wish, { environment: process.env, log: silentLog })
  const transport = createTransport(
    {
      host: '127.0.0.1',
      port: 0,
      tls: null,
      exclusivePort: true,
      maxMessageBytes: 1024,
      maxBufferedBytes: 1_048_576,
      pingIntervalInSeconds: 0,
      compression: false,
    },
    handlers,
  )
  const port = await transport.listen()
  function add(overrides: Partial<ConnectionRecord> = {}): ConnectionRecord {
    const record = {
      connectionId: registry.allocateId(),
      apiId: 'chat',
      stage: 'dev',
      connectedAt: Date.now(),
      sourceIp: '127.0.0.1',
      userAgent: 'test/1.0',
      domainName: '127.0.0.1:8080',
      authorizer: null,
      identity: null,
      ...overrides,
    }
    sockets.records.set(record.connectionId, record)
    registry.add(record)
    return record
  }
  return { port, url: `http://127.0.0.1:${port}`, sockets, registry, metrics, add, close: () => transport.close() }
}
