import { WaitingBytes } from '../limits/waiting-bytes.ts'
import type { LocalConnections } from '../registry/contract.ts'
import type { Socket } from '../transport/contract.ts'
import { type CloseReasonName, closeReasons } from '../vocabulary/close-reasons.ts'
import type { Frame, SendOutcome } from '../vocabulary/frames.ts'
import type { ConnectionId } from '../vocabulary/ids.ts'
import { SharedFrame } from '../vocabulary/shared-frame.ts'
import type { Connection } from './connection.ts'
import { createSlowConsumers, type SlowConsumerBounds } from './slow-consumers.ts'

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
  /**
   * Writes one message of those that a backend sends to many, at a time in milliseconds; never throws. What `full` does to
   * the connection is the API's `slowConsumer`.
   */
  sendShared(connection: Connection, frame: SharedFrame, at: number): SendOutcome
  /** Takes note that nothing waits for a client any more that has read too slowly. */
  drained(connection: Connection): void
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
  /** Left out for no bounds. */
  readonly bounds?: SlowConsumerBounds
}

const noBounds: SlowConsumerBounds = {
  maxBufferedBytes: Number.POSITIVE_INFINITY,
  waiting: new WaitingBytes(Number.POSITIVE_INFINITY),
}

/** Creates an empty table. */
export function createOpenConnections(options: OpenConnectionsOptions): OpenConnections {
  const { now, userChanged, bounds = noBounds } = options
  const { waiting } = bounds
  const open = new Map<ConnectionId, Connection>()
  const slow = createSlowConsumers(bounds)

  function sendTo(connection: Connection, data: string | Uint8Array, binary: boolean): SendOutcome {
    const { socket } = connection
    if (socket === null || connection.ending !== null) return 'gone'
    const outcome =
      waiting.isFull || connection.backlog !== null
        ? sendToSlow(connection, socket, { data, binary })
        : socket.send(data, binary)
    if (outcome === 'sent') connection.lastActiveAt = now()
    return outcome
  }

  /** The same where something waits here for the client, or too much for all. */
  function sendToSlow(connection: Connection, socket: Socket, frame: Frame): SendOutcome {
    if (connection.backlog !== null) return slow.keep(connection, socket, new SharedFrame(frame))
    return slow.isShut(socket) ? 'full' : socket.send(frame.data, frame.binary)
  }

  function isCoalesced({ slot: { current } }: Connection, { coalesce = null }: Frame): boolean {
    return coalesce !== null && current?.slowConsumer === 'COALESCE'
  }

  /** The same for a message of one backend that may take the place of one that waits. */
  function sendCoalesced(connection: Connection, frame: Frame): SendOutcome {
    const { socket } = connection
    if (socket === null || connection.ending !== null) return 'gone'
    const outcome = slow.sendShared(connection, socket, new SharedFrame(frame))
    if (outcome === 'sent') connection.lastActiveAt = now()
    return outcome
  }

  function sendShared(connection: Connection, frame: SharedFrame, at: number): SendOutcome {
    const { socket } = connection
    if (socket === null || connection.ending !== null) return 'gone'
    const outcome = slow.sendShared(connection, socket, frame)
    if (outcome === 'sent') {
      connection.lastActiveAt = at
      countPush(connection)
    } else if (outcome === 'full') missed(connection)
    return outcome
  }

  /** Does with a connection that could not take a message of many what its API says. */
  function missed(connection: Connection): void {
    const { current } = connection.slot
    if (current === null) return
    current.undelivered(waiting.isFull ? 'workerFull' : 'full').value++
    if (current.slowConsumer !== 'CLOSE') return
    endWith(connection, 'slowConsumer', closeReasons.slowConsumer.code, closeReasons.slowConsumer.text)
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
    slow.flush(connection, connection.socket)
    connection.socket.end(code, text)
  }

  function release(connection: Connection): void {
    const { ending, socket } = connection
    if (ending === null || socket === null) return
    slow.flush(connection, socket)
    socket.end(closeReasons[ending].code, closeReasons[ending].text)
  }

  return {
    get size() {
      return open.size
    },
    add: (connection) => void open.set(connection.connectionId, connection),
    remove(connection) {
      open.delete(connection.connectionId)
      slow.forget(connection)
    },
    all: () => open.values(),
    find: (id) => open.get(id) ?? null,
    sendTo,
    sendShared,
    drained: slow.drained,
    endByBackend,
    end: (connection, name) => endWith(connection, name, closeReasons[name].code, closeReasons[name].text),
    hold(connection, name) {
      connection.ending ??= name
    },
    release,

    send(id: ConnectionId, frame: Frame, apiId) {
      const connection = open.get(id)
      if (connection === undefined || (apiId !== undefined && connection.apiId !== apiId)) return 'gone'
      const outcome = isCoalesced(connection, frame)
        ? sendCoalesced(connection, frame)
        : sendTo(connection, frame.data, frame.binary)
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
