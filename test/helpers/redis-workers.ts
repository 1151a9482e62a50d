import { createMetrics } from '../../src/observability/metrics.ts'
import type { RedisRegistry } from '../../src/registry/redis.ts'
import type { ConnectionRecord } from '../../src/vocabulary/connection.ts'
import { createLocalSockets, type LocalSocket, type LocalSockets } from './local-sockets.ts'
import { type RedisWorkerOptions, redisRegistry } from './redis-registry.ts'

/** A registry in this process, with sockets that are only written down. */
export interface RedisWorker {
  readonly registry: RedisRegistry
  readonly sockets: LocalSockets
  readonly opened: LocalSocket[]
  /** Connections of other workers whose `$disconnect` this one ran. */
  readonly undertaken: string[]
  /** Connections of this worker's own whose `$disconnect` it owes, each time that it found itself buried. */
  readonly owed: string[][]
  /** Messages of the worker's log, from info up. */
  readonly said: string[]
  connect(count: number, members?: Partial<ConnectionRecord>): Promise<LocalSocket[]>
  /** Sends a frame and resolves with what became of it. */
  push(socket: LocalSocket, data?: string): Promise<string>
}

export function redisWorker(url: string, options: RedisWorkerOptions = {}): RedisWorker {
  const sockets = createLocalSockets()
  const say = (fields: object, text: string) => void worker.said.push(`${text} ${JSON.stringify(fields)}`)
  const log = { debug() {}, info: say, warn: say, error: say, child: () => log }
  const worker: RedisWorker = {
    ...{ sockets, opened: [], undertaken: [], owed: [], said: [] },
    registry: redisRegistry(url, {
      ...{ local: sockets, name: 'worker', now: Date.now, log, metrics: createMetrics({ processMetrics: false }) },
      bury: async ({ connectionId }) => void worker.undertaken.push(connectionId),
      buried: (owes) => void worker.owed.push(worker.opened.map(idOf).filter(owes)),
      ...options,
    }),
    async connect(count, members) {
      const sockets: LocalSocket[] = []
      for (let i = 0; i < count; i++) {
        const record = { ...usual, connectionId: worker.registry.allocateId(), ...members }
        await worker.registry.add(record)
        sockets.push(worker.sockets.open(record))
      }
      worker.opened.push(...sockets)
      return sockets
    },
    push: async (socket, data = 'x') => worker.registry.deliver(idOf(socket), { data, binary: false }),
  }
  return worker
}

export const idOf = ({ description }: LocalSocket): string => description.connectionId

const usual = {
  ...{ apiId: 'chat', stage: 'dev', connectedAt: 1_759_651_750_119, sourceIp: '203.0.113.9' },
  ...{ userAgent: 'demo/1.0', domainName: 'gateway.example', authorizer: null, identity: null },
}
