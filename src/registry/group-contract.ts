import type { Frame, SelectedOutcome, SendFailure, SendOutcome } from '../vocabulary/frames.ts'
import type { ConnectionId } from '../vocabulary/ids.ts'
import type { FleetAnswer, WorkerReference } from './fleet-contract.ts'

/**
 * The connections that one message is for, all on one stage of one API: the members of a group, the connections of a
 * user, or everyone.
 */
export interface Audience {
  readonly apiId: string
  readonly stage: string
  readonly kind: 'group' | 'user' | 'all'
  /** Name of the group, or id of the user: 1 to 256 bytes of UTF-8, whatever they are; empty for everyone. */
  readonly name: string
}

/** A group of a stage. */
export interface Group extends Audience {
  readonly kind: 'group'
}

/** The part of an audience that is meant. */
export interface Selection {
  /** Connections that are left out. */
  readonly except: readonly ConnectionId[]
  /** The filter expression, which has been found well-formed; null for all. */
  readonly filter: string | null
}

/** The terms of one send. */
export interface SendOptions extends Selection {
  /** A message that still waits for a client under the same key is replaced, where the API says so; null for none. */
  readonly coalesce: string | null
  /** Number of connections that the report names at most, of those that did not get the message. */
  readonly failures: number
}

/** The outcome of one send: `targets` is the sum of the four behind it. */
export interface SendReport {
  readonly targets: number
  /** Connections to whose socket the message was handed, or before which it waits. */
  readonly sent: number
  /** Connections that read too slowly: what became of them, and of the message, is the API's `slowConsumer`. */
  readonly full: number
  readonly gone: number
  /** Members that are held by workers which could not be asked, as far as that is known; at least one for each of those. */
  readonly unreachable: number
  readonly failures: readonly SendFailure[]
}

/** The outcome of joining: `tooMany` where the connection is in as many groups as one may be in. */
export type JoinOutcome = 'joined' | 'gone' | 'tooMany'
export type LeaveOutcome = 'left' | 'gone'

/** Numbers of connections of one worker, or of all. */
export interface GroupCount {
  readonly name: string
  readonly connections: number
}

/** The members of an audience from one place to the next; null after the last. */
export interface LocalMembers {
  readonly connectionIds: readonly ConnectionId[]
  readonly cursor: string | null
}

/** Called when this worker begins and ceases to hold a member of a group, or one about to join, or a connection of a user. */
export interface AudienceWatcher {
  appeared(audience: Audience): void
  vanished(audience: Audience): void
}

/**
 * The groups and users of the connections of this worker, which the gateway keeps beside its sockets: the registry asks
 * for what another worker, or this one, wants of them. No method throws. A connection of another API or stage than the
 * audience's is gone, and so is one still in `$connect`.
 */
export interface LocalGroups {
  /** Makes a connection a member, also one that is one already. */
  join(id: ConnectionId, group: Group): JoinOutcome
  /** Ends a membership, also one that is none. */
  leave(id: ConnectionId, group: Group): LeaveOutcome
  /** Has a group appear for a connection that is about to join it, until it is released as often as it is held. */
  hold(group: Group): void
  release(group: Group): void
  /** Whether there is a connection of a group or user here, or one about to join. */
  isHeld(audience: Audience): boolean
  size(audience: Audience): number
  /** Hands a frame to everyone selected, in one turn. The frame's bytes are read before the call returns. */
  send(audience: Audience, frame: Frame, options: SendOptions): SendReport
  /**
   * Hands a frame to one connection of any stage, if a filter is true of it; with an `apiId`, only if it belongs to that API.
   */
  sendIf(id: ConnectionId, frame: Frame, filter: string, apiId?: string): SelectedOutcome<SendOutcome>
  /** Closes everyone selected; gives how many. A null code closes as AWS's DELETE does. */
  close(audience: Audience, selection: Selection, code: number | null, reason: string | null): number
  /** Makes everyone of an audience a member of a group; gives how many are members then, and how many may not be. */
  joinAll(audience: Audience, group: Group): { readonly joined: number; readonly tooMany: number }
  /** Ends the memberships in a group of everyone of an audience; gives how many of those there are. */
  leaveAll(audience: Audience, group: Group): number
  /** Lists at most `limit` members from a place on, in a stable order. A cursor that is none of ours begins anew. */
  members(audience: Audience, cursor: string | null, limit: number): LocalMembers
  /** Lists the groups of a stage with members here, by name (in the order of UTF-16 units), at most `limit` behind `after`. */
  groups(apiId: string, stage: string, after: string | null, limit: number): readonly GroupCount[]
  /** The groups and users that have connections here. */
  audiences(): IterableIterator<Audience>
  /** Tells a watcher from now on. There is one at most. */
  watch(watcher: AudienceWatcher): void
}

/** Whatever is said of an audience over all workers. */
export interface AudienceAnswer extends FleetAnswer {
  /** Workers that live but did not answer: what they hold is missing. */
  readonly unanswered: readonly WorkerReference[]
}

export interface AudienceCount extends AudienceAnswer {
  readonly connections: number
}

/** A page of members; `cursor` as that of `FleetPage`. */
export interface MemberPage extends AudienceAnswer {
  readonly connectionIds: readonly ConnectionId[]
  readonly cursor: string | null
}

/** A page of the groups of a stage, by name; `cursor` is null after the last. */
export interface GroupPage extends AudienceAnswer {
  readonly groups: readonly GroupCount[]
  readonly cursor: string | null
}

/** The outcome of what is done to each connection of an audience. */
export interface AudienceOutcome {
  /** Number of connections to which it was done. */
  readonly connections: number
  /** Number of connections that may be in no further group. */
  readonly tooMany: number
  /** The same as in `SendReport`. */
  readonly unreachable: number
}

/** The wait of a connection of this worker until others can find here the groups that it is about to join. */
export interface Preparation {
  /** Resolves with whether they can. Never rejects, and has a deadline. */
  readonly ready: Promise<boolean>
  /** Ends it, once the connection has joined or will not. Safe to call twice. */
  release(): void
}

/**
 * The way to many connections, wherever they live. What concerns this worker alone comes as a plain value, without a
 * promise.
 *
 * Promises every implementation keeps (test/conformance/groups.ts is this list as tests):
 * - joining and leaving find a connection exactly as long as `ConnectionDirectory.get` does, on the group's stage;
 * - what is sent to a group, through any worker, after `join` gave (or resolved with) `joined` reaches that connection;
 *   what is sent after `leave` did does not;
 * - frames that one caller sends to one audience arrive in the order of its calls at every connection, each at most once,
 *   also beside those that it delivers (`Delivery.deliver`) to one connection;
 * - a worker gets a message once, however many members it holds, and only when it holds one;
 * - `send` gives (or resolves with) its report when every worker that holds members has the message, is dead, or did not
 *   answer in time; it never rejects, and does not retry;
 * - connections of a worker that was buried are in no count, no list and no group;
 * - while the store is away, this worker's connections are served, and the others are `unreachable`; when it is back,
 *   memberships are whole without anyone joining again;
 * - after `close()` local connections are still served; nothing hangs without a deadline.
 */
export interface Groups {
  join(id: ConnectionId, group: Group): JoinOutcome | 'unreachable' | Promise<JoinOutcome | 'unreachable'>
  leave(id: ConnectionId, group: Group): LeaveOutcome | 'unreachable' | Promise<LeaveOutcome | 'unreachable'>
  /**
   * Has others find groups at this worker before a connection of its own joins them: when that is so, what any worker sends
   * from then on reaches the connection from the moment when `join` is called. Null where nothing has to be waited for
   * within this turn.
   */
  prepare(groups: readonly Group[]): Preparation | null
  /** The frame's bytes are read before the call returns: the caller may reuse them. */
  send(audience: Audience, frame: Frame, options: SendOptions): SendReport | Promise<SendReport>
  /** Closes everyone selected. A null code closes as AWS's DELETE does. */
  closeAll(
    audience: Audience,
    selection: Selection,
    code: number | null,
    reason: string | null,
  ): AudienceOutcome | Promise<AudienceOutcome>
  /** Makes everyone of an audience who is connected now a member of a group. */
  joinAll(audience: Audience, group: Group): AudienceOutcome | Promise<AudienceOutcome>
  /** Ends the memberships in a group of everyone of an audience; of all its members where the audience is the group. */
  leaveAll(audience: Audience, group: Group): AudienceOutcome | Promise<AudienceOutcome>
  countAll(audience: Audience): AudienceCount | Promise<AudienceCount>
  /**
   * Lists at most `limit` (1 to 1000) members; a page may have fewer, even none, while there is a cursor. A cursor that is
   * not one of ours throws a RangeError.
   */
  members(audience: Audience, cursor: string | null, limit: number): Promise<MemberPage>
  /** Lists the groups of a stage that have members, with their numbers of members, under the rules of `members`. */
  groups(apiId: string, stage: string, cursor: string | null, limit: number): Promise<GroupPage>
}

/** The audience as one text, different for each: `apiId` and `stage` hold no slash. */
export function audienceKey({ apiId, stage, kind, name }: Audience): string {
  return `${kind}/${apiId}/${stage}/${name}`
}
