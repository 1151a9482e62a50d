import type {
  Audience,
  Group,
  JoinOutcome,
  LocalGroups,
  Selection,
  SendOptions,
  SendReport,
} from '../registry/group-contract.ts'
import type { ConnectionRecord } from '../vocabulary/connection.ts'
import type { Frame, SendFailure } from '../vocabulary/frames.ts'
import { type ConnectionId, ownerOfConnectionId } from '../vocabulary/ids.ts'
import { SharedFrame } from '../vocabulary/shared-frame.ts'
import { createAudienceIndex } from './audience-index.ts'
import type { Connection } from './connection.ts'
import { firstAfter } from './first-after.ts'
import type { OpenConnections } from './local-connections.ts'
import type { Members } from './members.ts'

/** Says whether a filter selects a connection; must not throw. */
export type FilterMatch = (connection: ConnectionRecord) => boolean

export interface LocalGroupsOptions {
  readonly open: OpenConnections
  readonly now: () => number
  /** Groups that one connection may be in. */
  readonly maxGroupsPerConnection: number
  /** Compiles a filter expression, which is well-formed. */
  readonly compileFilter: (text: string) => FilterMatch
}

/** The groups and users of the open connections, as the gateway keeps them. */
export interface ConnectionGroups extends LocalGroups {
  /** Takes note of a connection that can be found from now on. */
  opened(connection: Connection): void
  /** Takes a connection out of all its groups. Safe for one that was never opened. */
  closed(connection: Connection): void
  /** Takes note that a connection is another user's now; nothing happens to one that is not open. */
  userChanged(connection: Connection, before: string | null): void
}

/** Filters that are remembered: whoever sends often sends with a few. */
const maxFilters = 256

/** Creates the groups, without any yet. */
export function createLocalGroups(options: LocalGroupsOptions): ConnectionGroups {
  const { open, now, maxGroupsPerConnection, compileFilter } = options
  const index = createAudienceIndex<Connection>()
  const filters = new Map<string, FilterMatch>()

  /** A connection of an audience's stage that is to be reached; null when it is gone. */
  function find(id: ConnectionId, { apiId, stage }: Audience): Connection | null {
    const connection = open.find(id)
    if (connection === null || connection.ending !== null) return null
    return connection.apiId === apiId && connection.stage === stage ? connection : null
  }

  function connectionsOf(audience: Audience): Iterable<Connection> {
    if (audience.kind === 'all') return ofStage(audience)
    return index.find(audience)?.connections ?? []
  }

  function* ofStage({ apiId, stage }: Audience): Iterable<Connection> {
    for (const each of open.all()) if (each.apiId === apiId && each.stage === stage) yield each
  }

  function* groupsOf(apiId: string, stage: string): Iterable<Members<Connection>> {
    for (const each of index.groups(apiId, stage)) if (each.connections.size > 0) yield each
  }

  function sizeOf(audience: Audience): number {
    if (audience.kind !== 'all') return index.find(audience)?.connections.size ?? 0
    let size = 0
    for (const _ of ofStage(audience)) size++
    return size
  }

  function enter(connection: Connection, group: Group): JoinOutcome {
    if (index.find(group)?.connections.has(connection)) return 'joined'
    const { groups } = connection
    if (groups !== null && groups.length >= maxGroupsPerConnection) return 'tooMany'
    const members = index.add(group, connection)
    // An array of just that length: one that grows by itself keeps room for sixteen more.
    connection.groups = groups === null ? [members] : [...groups, members]
    return 'joined'
  }

  function exit(connection: Connection, members: Members<Connection> | undefined): void {
    const { groups } = connection
    if (groups === null || !members?.connections.has(connection)) return
    connection.groups = groups.length === 1 ? null : groups.filter((each) => each !== members)
    index.remove(members, connection)
  }

  function userOf({ apiId, stage }: Connection, userId: string): Audience {
    return { apiId, stage, kind: 'user', name: userId }
  }

  function matchOf(filter: string): FilterMatch {
    const known = filters.get(filter)
    if (known !== undefined) return known
    const match = compileFilter(filter)
    if (filters.size >= maxFilters) filters.clear()
    filters.set(filter, match)
    return match
  }

  /** The test of who is selected; null for everyone. */
  function testOf({ except, filter }: Selection): FilterMatch | null {
    const match = filter === null ? null : matchOf(filter)
    if (except.length === 0) return match
    const leftOut = new Set(except)
    return (each) => !leftOut.has(each.connectionId) && (match === null || match(each))
  }

  return {
    join(id, group) {
      const connection = find(id, group)
      return connection === null ? 'gone' : enter(connection, group)
    },
    leave(id, group) {
      const connection = find(id, group)
      if (connection === null) return 'gone'
      exit(connection, index.find(group))
      return 'left'
    },
    hold: index.hold,
    release: index.release,
    isHeld: (audience) => index.find(audience) !== undefined,
    size: sizeOf,
    send(audience, frame, terms) {
      const sending = { open, at: now(), frame, terms, test: testOf(terms) }
      if (audience.kind !== 'all') return sendToAll(connectionsOf(audience), sending)
      // Walked through here, since a generator costs a third as much again for each (load/bench/micro/fan-out.ts).
      return sendToAll(open.all(), { ...sending, test: onStage(audience, sending.test) })
    },
    sendIf(id, frame, filter, apiId) {
      const connection = open.find(id)
      if (connection === null || connection.socket === null || connection.ending !== null) return 'gone'
      if (apiId !== undefined && connection.apiId !== apiId) return 'gone'
      return matchOf(filter)(connection) ? open.send(id, frame, apiId) : 'leftOut'
    },
    close(audience, selection, code, reason) {
      const test = testOf(selection)
      let closed = 0
      // Whoever is closed is a member no more before that returns.
      for (const each of [...connectionsOf(audience)]) {
        if ((test === null || test(each)) && open.endByBackend(each, code, reason)) closed++
      }
      return closed
    },
    joinAll(audience, group) {
      let joined = 0
      let tooMany = 0
      for (const each of [...connectionsOf(audience)]) {
        if (each.ending !== null) continue
        if (enter(each, group) === 'joined') joined++
        else tooMany++
      }
      return { joined, tooMany }
    },
    leaveAll(audience, group) {
      const members = index.find(group)
      const all = [...connectionsOf(audience)]
      for (const each of all) exit(each, members)
      return all.length
    },
    members(audience, cursor, limit) {
      const after = cursor !== null && ownerOfConnectionId(cursor) !== -1 ? cursor : null
      const found = firstAfter(connectionsOf(audience), ({ connectionId }) => connectionId, after, limit + 1)
      const connectionIds = found.slice(0, limit).map(({ connectionId }) => connectionId)
      return { connectionIds, cursor: found.length > limit ? (connectionIds.at(-1) ?? null) : null }
    },
    groups(apiId, stage, after, limit) {
      const found = firstAfter(groupsOf(apiId, stage), ({ name }) => name, after, limit)
      return found.map(({ name, connections }) => ({ name, connections: connections.size }))
    },
    audiences: index.all,
    watch: index.watch,

    opened(connection) {
      if (connection.userId !== null) index.add(userOf(connection, connection.userId), connection)
    },
    closed(connection) {
      const { groups, userId } = connection
      if (groups !== null) {
        connection.groups = null
        for (const members of groups) index.remove(members, connection)
      }
      if (userId !== null) leaveUser(connection, userId)
    },
    userChanged(connection, before) {
      if (open.find(connection.connectionId) !== connection || connection.userId === before) return
      if (before !== null) leaveUser(connection, before)
      if (connection.userId !== null) index.add(userOf(connection, connection.userId), connection)
    },
  }

  function leaveUser(connection: Connection, userId: string): void {
    const members = index.find(userOf(connection, userId))
    if (members !== undefined) index.remove(members, connection)
  }
}

/** The test of who is on a stage, and passes another one where there is one. */
function onStage({ apiId, stage }: Audience, test: FilterMatch | null): FilterMatch {
  return (each) => each.apiId === apiId && each.stage === stage && (test === null || test(each))
}

interface Sending {
  readonly open: OpenConnections
  readonly at: number
  readonly frame: Frame
  readonly terms: SendOptions
  readonly test: FilterMatch | null
}

function sendToAll(connections: Iterable<Connection>, { open, at, frame, terms, test }: Sending): SendReport {
  const shared = new SharedFrame(frame, terms.coalesce)
  const failures: SendFailure[] = []
  let sent = 0
  let full = 0
  let gone = 0
  for (const connection of connections) {
    if (test !== null && !test(connection)) continue
    const reason = open.sendShared(connection, shared, at)
    if (reason === 'sent') {
      sent++
      continue
    }
    if (reason === 'full') full++
    else gone++
    if (failures.length < terms.failures) failures.push({ connectionId: connection.connectionId, reason })
  }
  return { targets: sent + full + gone, sent, full, gone, unreachable: 0, failures }
}
