import type { LocalConnections } from '../../src/registry/contract.ts'
import type { ConnectionDescription, ConnectionRecord } from '../../src/vocabulary/connection.ts'
import type { Frame } from '../../src/vocabulary/frames.ts'
import type { ConnectionId } from '../../src/vocabulary/ids.ts'

/** One socket of a worker, with the frames that it was sent and the way in which it was closed. */
export interface LocalSocket {
  description: ConnectionDescription
  readonly frames: Frame[]
  /** Whether the socket's outbound buffer is above the limit. */
  full: boolean
  closed: { code: number | null; reason: string | null } | null
}

/** The sockets of one worker, in memory: what the gateway is to a registry. Frames are copied as a socket does. */
export interface LocalSockets extends LocalConnections {
  open(record: ConnectionRecord, lastActiveAt?: number): LocalSocket
  drop(id: ConnectionId): void
}

export function createLocalSockets(): LocalSockets {
  const sockets = new Map<ConnectionId, LocalSocket>()

  function find(id: ConnectionId, apiId?: string): LocalSocket | undefined {
    const socket = sockets.get(id)
    return apiId === undefined || socket?.description.apiId === apiId ? socket : undefined
  }

  return {
    open(record, lastActiveAt = record.connectedAt) {
      const socket = { description: { ...record, lastActiveAt }, frames: [], full: false, closed: null }
      sockets.set(record.connectionId, socket)
      return socket
    },
    drop: (id) => void sockets.delete(id),
    send(id, { data, binary }, apiId) {
      const socket = find(id, apiId)
      if (socket === undefined) return 'gone'
      if (socket.full) return 'full'
      socket.frames.push({ data: typeof data === 'string' ? data : Uint8Array.from(data), binary })
      return 'sent'
    },
    close(id, code, reason, apiId) {
      const socket = find(id, apiId)
      if (socket === undefined) return false
      socket.closed = { code, reason }
      sockets.delete(id)
      return true
    },
    describe: (id) => sockets.get(id)?.description ?? null,
    changeUser(id, change, apiId) {
      const socket = find(id, apiId)
      if (socket === undefined) return null
      socket.description = { ...socket.description, ...change }
      const { lastActiveAt: _, ...record } = socket.description
      return record
    },
  }
}
