import type { ConnectionDescription, ConnectionRecord } from '../vocabulary/connection.ts'
import type { UserChange } from '../vocabulary/connection-user.ts'
import type { DeliverOutcome, Frame, SelectedOutcome, SendOutcome } from '../vocabulary/frames.ts'
import type { ConnectionId, OwnerId } from '../vocabulary/ids.ts'
import type { FleetAnswer, WorkerReference } from './fleet-contract.ts'
import type { Groups, LocalGroups } from './group-contract.ts'
import type { Reports } from './report-contract.ts'

/**
 * The sockets of this worker, which the gateway holds: the registry asks it for whatever another worker, or this
 * one, wants of a local connection. No method throws. Where an `apiId` is given, a connection of another API is
 * gone: the URL of one API must not reach into another. A connection still in `$connect` is gone too.
 */
export interface LocalConnections {
  send(id: ConnectionId, frame: Frame, apiId?: string): SendOutcome
  /** Gives false when the connection is gone. A null code closes as AWS's DELETE does. */
  close(id: ConnectionId, code: number | null, reason: string | null, apiId?: string): boolean
  /** Gives null when the connection is gone. */
  describe(id: ConnectionId): ConnectionDescription | null
  /** Changes the user and the attributes of a connection, and gives its record as it is then; null when it is gone. */
  changeUser(id: ConnectionId, change: UserChange, apiId?: string): ConnectionRecord | null
}

export interface ConnectionFilter {
  apiId?: string | undefined
  stage?: string | undefined
  /** A part of the User-Agent, whatever its case. */
  userAgent?: string | undefined
  sourceIp?: string | undefined
  /** The user of the connection (`userIdOf`). */
  userId?: string | undefined
  /** The `principalId` that an authorizer gave. */
  principalId?: string | undefined
  /** The id (`jti`) of the token that the client has shown when it connected. */
  tokenId?: string | undefined
  apiKeyId?: string | undefined
  /** The earliest time of connecting; milliseconds since 1970. */
  since?: number | undefined
}

export interface ConnectionPage {
  /** The records; may be fewer than asked for, even none, while there is a cursor. */
  readonly connections: readonly ConnectionRecord[]
  /**
   * The place to go on from with the next page; null after the last one. A connection that lives through a whole
   * listing is in it exactly once.
   */
  readonly cursor: string | null
}

/** A page of a listing over all workers. */
export interface FleetPage extends ConnectionPage, FleetAnswer {
  /** Workers that live but did not answer: what they hold is missing from here on. */
  readonly unanswered: readonly WorkerReference[]
}

/** The number of connections that all workers hold. */
export interface FleetCount extends FleetAnswer {
  readonly connections: number
}

/**
 * Whether a worker lives: `alive` while its lease lasts and it can be asked; `dead` once nobody listens for it, the lease
 * has run out, or was given up, and connections may be left to settle; `burying` while another worker does that. A worker whose connections are settled is
 * not described any more.
 */
export type WorkerStanding = 'alive' | 'dead' | 'burying'

export interface WorkerDescription extends WorkerReference {
  readonly state: WorkerStanding
  /** The version of Postern; null for a worker without a lease, which alone would tell. */
  readonly version: string | null
  /** Milliseconds since 1970; null as `version`. */
  readonly startedAt: number | null
  /** Number of connections that a living worker holds; for a dead one, of `$disconnect`s that are still owed. */
  readonly connections: number
  /** Milliseconds since 1970 until which its lease lasts; null where leases don't run out, or there is none. */
  readonly leaseUntil: number | null
}

/** All workers; the dead are among them until they are buried. */
export interface FleetWorkers extends FleetAnswer {
  readonly workers: readonly WorkerDescription[]
}

/** The look at one connection, wherever it lives. */
export interface ConnectionLookup {
  /**
   * Gives null when the connection is gone, never was, or the id is malformed. Rejects with a `GatewayError` of
   * `WORKER_UNREACHABLE` where `Delivery.deliver` says `unreachable`.
   */
  get(id: ConnectionId): ConnectionDescription | null | Promise<ConnectionDescription | null>
}

/**
 * A directory of who is connected where. Answers about a connection of this worker come as plain values, without a
 * promise: that is the hot path.
 *
 * Promises every implementation keeps (test/conformance/connection-directory.ts is this list as tests):
 * - an id from `allocateId` is well-formed, carries this worker's owner, and is never given twice;
 * - `get` finds a connection from the moment `add` returned (or resolved) until `remove` did, through every worker;
 * - `remove` may be called twice, and for ids that never were;
 * - after `close()`, and when the store is away, local connections are still found; nothing hangs without a deadline.
 */
export interface ConnectionDirectory extends ConnectionLookup {
  /** The owner id of this worker. Changes when the others have taken it for dead: its connections so far are then gone. */
  readonly owner: OwnerId
  allocateId(): ConnectionId
  /**
   * The record is stored for every worker to see, once it resolves, in place of an earlier one of the connection. Nobody waits for that before a client is let in,
   * so a worker that dies within this moment takes its newest connections with it: no other one knows of them.
   */
  add(record: ConnectionRecord): void | Promise<void>
  /**
   * Removes a connection, which is gone at once. `told` settles when the backend has been told of the end: should this
   * worker die before that, another one tells it.
   */
  remove(id: ConnectionId, told?: Promise<unknown>): void | Promise<void>
  /**
   * Gives at most `limit` (1 to 1000) records in a stable order. A cursor that is not one of ours throws a RangeError. A
   * worker that does not answer ends a page, whose cursor leads past it: one page waits for one silent worker at most.
   */
  list(filter: ConnectionFilter, cursor: string | null, limit: number): Promise<FleetPage>
  /** Counts the connections that the whole fleet holds. */
  count(): Promise<FleetCount>
}

/** The outcome of a wish to close a connection; as in `DeliverOutcome`, `unreachable` is worth another try. */
export type DisconnectOutcome = 'closed' | 'gone' | 'unreachable'

/**
 * The way to a connection, wherever it lives. Outcomes for a connection of this worker come as plain values, without a
 * promise: that is the hot path.
 *
 * Promises every implementation keeps (test/conformance/delivery.ts is this list as tests):
 * - both methods find a connection exactly as long as `ConnectionDirectory.get` does;
 * - frames that one caller delivers to one connection arrive in the order of its calls, each at most once;
 * - after `close()`, and when the store is away, local connections are still served; nothing hangs without a deadline.
 */
export interface Delivery {
  /**
   * Hands a frame to one connection; with an `apiId`, only if it belongs to that API. The frame's bytes are read before
   * the call returns: the caller may reuse them.
   */
  deliver(id: ConnectionId, frame: Frame, apiId?: string): DeliverOutcome | Promise<DeliverOutcome>
  /** Closes one connection, under the same rule; a null code closes as AWS's DELETE does. */
  disconnect(
    id: ConnectionId,
    code: number | null,
    reason: string | null,
    apiId?: string,
  ): DisconnectOutcome | Promise<DisconnectOutcome>
}

/** The way to a connection that is meant only if a filter is true of it (test/conformance/delivery.ts). */
export interface SelectiveDelivery {
  /**
   * Hands a frame to one connection as `Delivery.deliver` does, in one order with it, if a filter is true of the connection
   * at that moment, where it lives. The filter has been found well-formed.
   */
  deliverIf(id: ConnectionId, frame: Frame, filter: string, apiId?: string): SelectedOutcome | Promise<SelectedOutcome>
}

/** The outcome of changing a connection's user; as in `DeliverOutcome`, `unreachable` is worth another try. */
export type UserChangeOutcome = 'changed' | 'gone' | 'unreachable'

/**
 * The way to what is known of a connection's user, wherever the connection lives.
 *
 * Promises every implementation keeps (test/conformance/connection-users.ts is this list as tests):
 * - a connection is found exactly as long as `ConnectionDirectory.get` does;
 * - what was changed is seen through every worker once that is answered, and kept in the record that is stored;
 * - of changes that one caller makes to one connection, the last one stays.
 */
export interface ConnectionUsers {
  /** Changes the user and the attributes of one connection; with an `apiId`, only if it belongs to that API. */
  changeUser(id: ConnectionId, change: UserChange, apiId?: string): UserChangeOutcome | Promise<UserChangeOutcome>
}

/** The workers, and the place of this one among them (test/conformance/fleet.ts is its promises as tests). */
export interface Fleet {
  /** The owner id of this worker, as `ConnectionDirectory.owner`. */
  readonly owner: OwnerId
  /** Describes every worker. */
  workers(): Promise<FleetWorkers>
  /**
   * Gives null while this worker may act for its connections. A process that stood still may have been taken for dead:
   * then this resolves when that is known, the connections that it has lost being closed, or after some seconds in which
   * nobody could be asked.
   */
  doubt(): Promise<void> | null
  /** Gives null while connections of other workers can be reached, else one sentence why not (for /readyz). */
  trouble(): string | null
  /** Gives up the lease and every timer and subscription. Safe to call twice. */
  close(): Promise<void>
}

/** The place of this worker in a fleet whose workers share a store. */
export interface SharedFleet extends Fleet {
  /**
   * Tries once to join the others. Rejects with one sentence when the store can never be used; when it can't be reached,
   * resolves, and goes on trying: `trouble()` says why.
   */
  start(): Promise<void>
  /** Buries no more dead workers: the backends are about to be let go. */
  retire(): Promise<void>
  /** Resolves when no other worker is asked anything; each question has a deadline. */
  settled(): Promise<void>
}

/** All contracts in one object, which is how an engine is built; a consumer names the ones that it needs. */
export interface Registry
  extends ConnectionDirectory,
    Delivery,
    SelectiveDelivery,
    ConnectionUsers,
    Groups,
    Reports,
    Fleet {}

/** A registry whose workers share a store. */
export interface SharedRegistry
  extends ConnectionDirectory,
    Delivery,
    SelectiveDelivery,
    ConnectionUsers,
    Groups,
    Reports,
    SharedFleet {}

export interface RegistryOptions {
  readonly local: LocalConnections
  readonly localGroups: LocalGroups
  /** The name of this worker, for people: shown by `postern workers`. */
  readonly name: string
  /** The version of Postern. */
  readonly version: string
  readonly now: () => number
}
