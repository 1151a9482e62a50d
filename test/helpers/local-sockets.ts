import type { LocalConnections } from '../../src/registry/contract.ts'
import type { LocalGroups } from '../../src/registry/group-contract.ts'
import type { ConnectionDescription, ConnectionRecord } from '../../src/vocabulary/connection.ts'
import { userIdOf } from '../../src/vocabulary/connection-user.ts'
import type { Frame, SendOutcome } from '../../src/vocabulary/frames.ts'
import type { ConnectionId } from '../../src/vocabulary/ids.ts'
import { createTestLocalGroups, type TestLocalGroups } from './local-groups.ts'

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
  readonly groups: TestLocalGroups
  open(record: ConnectionRecord, lastActiveAt?: number): LocalSocket
  drop(id: ConnectionId): void
}

export function createLocalSockets(): LocalSockets {
  const sockets = new Map<ConnectionId, LocalSocket>()
  const groups = createTestLocalGroups()

  function find(id: ConnectionId, apiId?: string): LocalSocket | undefined {
    const socket = sockets.get(id)
    return apiId === undefined || socket?.description.apiId === apiId ? socket : undefined
  }

  function send(socket: LocalSocket, { data, binary, coalesce = null }: Frame): SendOutcome {
    if (socket.full) return 'full'
    socket.frames.push({
      ...{ data: typeof data === 'string' ? data : Uint8Array.from(data), binary },
      ...(coalesce !== null && { coalesce }),
    })
    return 'sent'
  }

  function close(socket: LocalSocket, code: number | null, reason: string | null): void {
    socket.closed = { code, reason }
    drop(socket.description.connectionId)
  }

  function drop(id: ConnectionId): void {
    sockets.delete(id)
    groups.closed(id)
  }

  return {
    groups,
    open(record, lastActiveAt = record.connectedAt) {
      const socket: LocalSocket = { description: { ...record, lastActiveAt }, frames: [], full: false, closed: null }
      sockets.set(record.connectionId, socket)
      groups.opened({
        get description() {
          return socket.description
        },
        send: (frame) => send(socket, frame),
        close: (code, reason) => close(socket, code, reason),
      })
      return socket
    },
    drop,
    send(id, frame, apiId) {
      const socket = find(id, apiId)
      return socket === undefined ? 'gone' : send(socket, frame)
    },
    close(id, code, reason, apiId) {
      const socket = find(id, apiId)
      if (socket === undefined) return false
      close(socket, code, reason)
      return true
    },
    describe: (id) => sockets.get(id)?.description ?? null,
    changeUser(id, change, apiId) {
      const socket = find(id, apiId)
      if (socket === undefined) return null
      const before = userIdOf(socket.description)
      socket.description = { ...socket.description, ...change }
      groups.userChanged(id, before)
      const { lastActiveAt: _, ...record } = socket.description
      return record
    },
  }
}

/** The groups of sockets of a test; none where they are something else. */
export function groupsOf(local: LocalConnections): LocalGroups {
  return 'groups' in local ? (local as LocalSockets).groups : createTestLocalGroups()
}
