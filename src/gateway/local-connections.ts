import type { LocalConnections } from '../registry/contract.ts'
import { type CloseReasonName, closeReasons } from '../vocabulary/close-reasons.ts'
import type { Frame, SendOutcome } from '../vocabulary/frames.ts'
import type { ConnectionId } from '../vocabulary/ids.ts'
import type { SharedFrame } from '../vocabulary/shared-frame.ts'
import type { Connection } from './connection.ts'

/** The open connections of this worker, and the one way to send to them and to end them. */
export interface OpenConnections extends LocalConnections {
  readonly size: number
  add(connection: Connection): void
  remove(connection: Connection): void
  all(): IterableIterator<Connection>
  /** Gives null when the connection is gone. */
  find(id: ConnectionId): Connection | null
  /** Writes one message to its client; never throws. */
  sendTo(connection: Connection, data: string | Uint8Array, binary: boolean): SendOutcome
  /** Writes one message of those that a backend sends to many, at a time in milliseconds; never throws. */
  sendShared(connection: Connection, frame: SharedFrame, at: number): SendOutcome
  /** Ends a connection as a backend wants it, a null code as AWS's DELETE does; gives false when it ends already. */
  endByBackend(connection: Connection, code: number | null, reason: string | null): boolean
  /** Ends a connection for a reason of the table; only the first reason counts. */
  end(connection: Connection, reason: CloseReasonName): void
  /**
   * Begins to end a connection, the first half of `end`: from now on it is not sent to or read from, and no other
   * reason counts.
   */
  hold(connection: Connection, reason: CloseReasonName): void
  /**
   * Finishes ending a connection that is held, the second half of `end`: sends the close frame, for the reason for
   * which it is held.
   */
  release(connection: Connection): void
}

export interface OpenConnectionsOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Called when a connection is another user's than `before`; left out where nobody has to know. */
  readonly userChanged?: (connection: Connection, before: string | null) => void
}

/** Creates an empty table. */
export function createOpenConnections({ now, userChanged }: OpenConnectionsOptions): OpenConnections {
  const open = new Map<ConnectionId, Connection>()

  function sendTo(connection: Connection, data: string | Uint8Array, binary: boolean): SendOutcome {
    if (connection.socket === null || connection.ending !== null) return 'gone'
    const outcome = connection.socket.send(data, binary)
    if (outcome === 'sent') connection.lastActiveAt = now()
    return outcome
  }

  function sendShared(connection: Connection, frame: SharedFrame, at: number): SendOutcome {
    const { socket } = connection
    if (socket === null || connection.ending !== null) return 'gone'
    const outcome = socket.sendShared(frame)
    if (outcome !== 'sent') return outcome
    connection.lastActiveAt = at
    countPush(connection)
    return 'sent'
  }

  function countPush({ slot: { current } }: Connection): void {
    if (current !== null) current.pushed.value++
  }

  function endByBackend(connection: Connection, code: number | null, reason: string | null): boolean {
    if (connection.ending !== null) return false
    const { code: usualCode, text } = closeReasons.deletedByBackend
    endWith(connection, 'deletedByBackend', code ?? usualCode, reason ?? (code === null ? text : ''))
    return true
  }

  function endWith(connection: Connection, name: CloseReasonName, code: number, text: string): void {
    if (connection.ending !== null || connection.socket === null) return
    connection.ending = name
    connection.socket.end(code, text)
  }

  function release(connection: Connection): void {
    if (connection.ending === null) return
    const { code, text } = closeReasons[connection.ending]
    connection.socket?.end(code, text)
  }

  return {
    get size() {
      return open.size
    },
    add: (connection) => void open.set(connection.connectionId, connection),
    remove: (connection) => void open.delete(connection.connectionId),
    all: () => open.values(),
    find: (id) => open.get(id) ?? null,
    sendTo,
    sendShared,
    endByBackend,
    end: (connection, name) => endWith(connection, name, closeReasons[name].code, closeReasons[name].text),
    hold(connection, name) {
      connection.ending ??= name
    },
    release,

    send(id: ConnectionId, frame: Frame, apiId) {
      const connection = open.get(id)
      if (connection === undefined || (apiId !== undefined && connection.apiId !== apiId)) return 'gone'
      const outcome = sendTo(connection, frame.data, frame.binary)
      if (outcome === 'sent') countPush(connection)
      return outcome
    },
    close(id, code, reason, apiId) {
      const connection = open.get(id)
      if (connection === undefined || (apiId !== undefined && connection.apiId !== apiId)) return false
      return endByBackend(connection, code, reason)
    },
    describe: (id) => open.get(id) ?? null,
    changeUser(id, { userId, attributes }, apiId) {
      const connection = open.get(id)
      if (connection === undefined || connection.ending !== null) return null
      if (apiId !== undefined && connection.apiId !== apiId) return null
      if (attributes !== undefined) connection.attributes = attributes
      const before = connection.userId
      if (userId !== undefined && userId !== before) {
        connection.userId = userId
        userChanged?.(connection, before)
      }
      return connection
    },
  }
}
