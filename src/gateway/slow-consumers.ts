import type { WaitingBytes } from '../limits/waiting-bytes.ts'
import type { Socket } from '../transport/contract.ts'
import type { SendOutcome } from '../vocabulary/frames.ts'
import type { SharedFrame } from '../vocabulary/shared-frame.ts'
import { Backlog } from './backlog.ts'
import type { Connection } from './connection.ts'

/** The bounds of what waits for clients that read too slowly. */
export interface SlowConsumerBounds {
  /** Bytes that may wait for one client, before what is sent last. */
  readonly maxBufferedBytes: number
  /** The bytes that wait for all of them. */
  readonly waiting: WaitingBytes
}

/** Sends to clients that may read too slowly. */
export interface SlowConsumers {
  /**
   * Hands a message of many to a socket. Where the API coalesces and the client is behind, it waits here, in the place of
   * one with the same key.
   */
  sendShared(connection: Connection, socket: Socket, frame: SharedFrame): SendOutcome
  /** Puts a message behind those that wait here. */
  keep(connection: Connection, socket: Socket, frame: SharedFrame): SendOutcome
  /** Whether nothing more may wait for the client, since too much waits for all. */
  isShut(socket: Socket): boolean
  /** Sends what waits here, as far as the client takes it. */
  drained(connection: Connection): void
  /** Hands all that waits here to the socket: it is about to be closed. */
  flush(connection: Connection, socket: Socket): void
  /** Lets go of what waits for a connection that is closed. */
  forget(connection: Connection): void
}

export function createSlowConsumers({ maxBufferedBytes, waiting }: SlowConsumerBounds): SlowConsumers {
  const isShut = (socket: Socket) => waiting.isFull && socket.isWaiting()

  function keep(connection: Connection, socket: Socket, frame: SharedFrame): SendOutcome {
    const backlog = connection.backlog ?? new Backlog()
    const growth = backlog.growth(frame)
    const bytes = socket.bufferedBytes() + backlog.bytes
    // As with a socket, what comes last may go beyond the limit; but not what others wait behind.
    const beyond = backlog.has(frame) ? bytes + growth : bytes
    if (growth > 0 && (waiting.isFull || beyond > maxBufferedBytes)) return 'full'
    waiting.total += growth
    const { current } = connection.slot
    if (backlog.put(frame) && current !== null) current.undelivered('replaced').value++
    if (connection.backlog === null) {
      connection.backlog = backlog
      socket.awaitDrain()
    }
    return 'sent'
  }

  /** Sends the oldest messages as long as `goesOn` says so. */
  function sendOldest(connection: Connection, socket: Socket, goesOn: () => boolean): void {
    const { backlog } = connection
    if (backlog === null) return
    const before = backlog.bytes
    for (const { data, binary } of backlog.take()) {
      socket.send(data, binary)
      if (!goesOn()) break
    }
    waiting.total -= before - backlog.bytes
    if (backlog.isEmpty) connection.backlog = null
    else socket.awaitDrain()
  }

  return {
    sendShared(connection, socket, frame) {
      if (connection.backlog !== null) return keep(connection, socket, frame)
      if (!socket.isWaiting()) return socket.sendShared(frame)
      if (connection.slot.current?.slowConsumer === 'COALESCE') return keep(connection, socket, frame)
      return waiting.isFull ? 'full' : socket.sendShared(frame)
    },
    keep,
    isShut,
    drained(connection) {
      const { socket } = connection
      if (socket !== null) sendOldest(connection, socket, () => !socket.isWaiting())
    },
    flush: (connection, socket) => sendOldest(connection, socket, () => true),
    forget(connection) {
      if (connection.backlog === null) return
      waiting.total -= connection.backlog.bytes
      connection.backlog = null
    },
  }
}
