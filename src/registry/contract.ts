import type { ConnectionDescription, ConnectionRecord } from '../vocabulary/connection.ts'
import type { DeliverOutcome, Frame, SendOutcome } from '../vocabulary/frames.ts'
import type { ConnectionId, OwnerId } from '../vocabulary/ids.ts'

/**
 * The sockets of this worker, which the gateway holds: the registry asks it for whatever another worker, or this
 * one, wants of a local connection. No method throws. Where an `apiId` is given, a connection of another API is
 * gone: the URL of one API must not reach into another. A connection still in `$connect` is gone too.
 */
export interface LocalConnections {
  send(id: ConnectionId, frame: Frame, apiId?: string): SendOutcome
  /** False when it is gone. A null code closes as AWS's DELETE does. */
  close(id: ConnectionId, code: number | null, reason: string | null, apiId?: string): boolean
  /** Null when it is gone. */
  describe(id: ConnectionId): ConnectionDescription | null
}

export interface ConnectionFilter {
  apiId?: string | undefined
  stage?: string | undefined
  /** Matches anywhere in the User-Agent, whatever its case. */
  userAgent?: string | undefined
  sourceIp?: string | undefined
  /** Connected at this time or later; milliseconds since 1970. */
  since?: number | undefined
}

export interface ConnectionPage {
  /** May be fewer than asked for, even none, while there is a cursor. */
  readonly connections: readonly ConnectionRecord[]
  /** Hand it back for the next page; null after the last one. A connection that lives through a whole listing is in it exactly once. */
  readonly cursor: string | null
}

export interface WorkerReference {
  readonly owner: OwnerId
  readonly name: string
}

/** A page of a listing over all workers. */
export interface FleetPage extends ConnectionPage {
  /** Workers that live but did not answer: what they hold is missing from here on. */
  readonly unanswered: readonly WorkerReference[]
}

/**
 * `alive` while the lease lasts; `dead` once it has run out, or was given up, and connections may be left to settle;
 * `burying` while another worker does that. Those that are settled are not described any more.
 */
export type WorkerState = 'alive' | 'dead' | 'burying'

export interface WorkerDescription extends WorkerReference {
  readonly state: WorkerState
  /** Of Postern; null where only the lease would tell, and there is none. */
  readonly version: string | null
  /** Milliseconds since 1970; null as `version`. */
  readonly startedAt: number | null
  /** Of a dead worker, those whose `$disconnect` is still owed. */
  readonly connections: number
  /** Milliseconds since 1970 until which the worker counts as alive; null where leases don't run out, or it is dead. */
  readonly leaseUntil: number | null
}

/**
 * Who is connected where, and delivery between workers. Answers about a connection of this worker come as plain
 * values, without a promise: that is the hot path.
 *
 * Promises every implementation keeps (test/conformance/registry.ts is this list as tests):
 * - an id from `allocateId` is well-formed, carries this worker's owner, and is never given twice;
 * - `get`, `deliver` and `close` find a connection from the moment `add` returned (or resolved) until `remove` did,
 *   through every worker;
 * - frames that one caller delivers to one connection arrive in the order of its calls, each at most once;
 * - `remove` may be called twice, and for ids that never were;
 * - after `close()`, and when the store is away, local connections are still served; nothing hangs without a deadline.
 */
export interface Registry {
  /** Changes when the others have taken this worker for dead: connections of the one before are gone. */
  readonly owner: OwnerId
  allocateId(): ConnectionId
  /**
   * The record is stored for every worker to see, once it resolves. Nobody waits for that before a client is let in,
   * so a worker that dies within this moment takes its newest connections with it: no other one knows of them.
   */
  add(record: ConnectionRecord): void | Promise<void>
  /**
   * With `told`, which settles when the backend has been told of the end: should this worker die before that, another
   * one tells it. The connection itself is gone at once.
   */
  remove(id: ConnectionId, told?: Promise<unknown>): void | Promise<void>
  /**
   * Null when it is gone, never was, or its id is malformed. Rejects with a `GatewayError` of `WORKER_UNREACHABLE`
   * where `deliver` says `unreachable`.
   */
  get(id: ConnectionId): ConnectionDescription | null | Promise<ConnectionDescription | null>
  /**
   * At most `limit` (1 to 1000) records in a stable order. A cursor that is not one of ours throws a RangeError. A
   * worker that does not answer ends a page, whose cursor leads past it: one page waits for one silent worker at most.
   */
  list(filter: ConnectionFilter, cursor: string | null, limit: number): Promise<FleetPage>
  /** How many connections the whole fleet holds. */
  count(): Promise<number>
  /**
   * Hands a frame to one connection, wherever it lives; with an `apiId`, only if it belongs to that API. The
   * frame's bytes are read before the call returns: the caller may reuse them.
   */
  deliver(id: ConnectionId, frame: Frame, apiId?: string): DeliverOutcome | Promise<DeliverOutcome>
  /** Closes one connection, wherever it lives, under the same rule; a null code closes as AWS's DELETE does. */
  disconnect(
    id: ConnectionId,
    code: number | null,
    reason: string | null,
    apiId?: string,
  ): 'closed' | 'gone' | 'unreachable' | Promise<'closed' | 'gone' | 'unreachable'>
  /** The dead are among them until they are buried. */
  workers(): Promise<readonly WorkerDescription[]>
  /**
   * Null while this worker may act for its connections. A process that stood still may have been taken for dead: then
   * this resolves when that is known, those that it has lost being closed, or after some seconds in which nobody could
   * be asked.
   */
  doubt(): Promise<void> | null
  /** Null while connections of other workers can be reached, else one sentence why not (for /readyz). */
  trouble(): string | null
  /** Gives up the lease and every timer and socket. Safe to call twice. */
  close(): Promise<void>
}

/** A registry whose workers share a store. */
export interface SharedRegistry extends Registry {
  /**
   * One try to join the others. Rejects with one sentence when the store can never be used; when it can't be reached,
   * resolves, and goes on trying: `trouble()` says why.
   */
  start(): Promise<void>
  /** Buries no more dead workers: the backends are about to be let go. */
  retire(): Promise<void>
  /** Resolves when no other worker is asked anything; each question has a deadline. */
  settled(): Promise<void>
}

export interface RegistryOptions {
  readonly local: LocalConnections
  /** Of this worker, for people: shown by `postern workers`. */
  readonly name: string
  /** Of Postern. */
  readonly version: string
  readonly now: () => number
}
