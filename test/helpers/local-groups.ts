import { compileFilter } from '../../src/filters/compile-filter.ts'
import {
  type Audience,
  type AudienceWatcher,
  audienceKey,
  type Group,
  type JoinOutcome,
  type LocalGroups,
  type Selection,
} from '../../src/registry/group-contract.ts'
import type { ConnectionDescription } from '../../src/vocabulary/connection.ts'
import { userIdOf } from '../../src/vocabulary/connection-user.ts'
import type { Frame, SendFailure, SendOutcome } from '../../src/vocabulary/frames.ts'
import { type ConnectionId, ownerOfConnectionId } from '../../src/vocabulary/ids.ts'

/** A socket that can be in groups. */
export interface GroupedSocket {
  readonly description: ConnectionDescription
  send(frame: Frame): SendOutcome
  close(code: number | null, reason: string | null): void
}

/** Groups in memory, as plain as they can be: a set of sockets for each audience. */
export interface TestLocalGroups extends LocalGroups {
  /** Number of messages that were handed to members here, each counted once. */
  readonly sends: number
  opened(socket: GroupedSocket): void
  userChanged(id: ConnectionId, before: string | null): void
  closed(id: ConnectionId): void
}

const matchOf = (filter: string) => compileFilter(filter).matches ?? (() => false)

/** Creates groups without a socket. */
export function createTestLocalGroups({ maxGroupsPerConnection = 100 } = {}): TestLocalGroups {
  const sockets = new Map<ConnectionId, GroupedSocket>()
  const audiences = new Map<string, { audience: Audience; members: Set<GroupedSocket>; holds: number }>()
  const groupCounts = new Map<GroupedSocket, number>()
  let watcher: AudienceWatcher | null = null
  let sends = 0

  function find(id: ConnectionId, { apiId, stage }: Audience): GroupedSocket | undefined {
    const socket = sockets.get(id)
    return socket?.description.apiId === apiId && socket.description.stage === stage ? socket : undefined
  }

  function membersOf(audience: Audience): GroupedSocket[] {
    const { apiId, stage, kind } = audience
    if (kind !== 'all') return [...(audiences.get(audienceKey(audience))?.members ?? [])]
    return [...sockets.values()].filter(({ description: d }) => d.apiId === apiId && d.stage === stage)
  }

  function enter(socket: GroupedSocket, audience: Audience): JoinOutcome {
    const key = audienceKey(audience)
    const known = audiences.get(key)
    if (known?.members.has(socket)) return 'joined'
    if (audience.kind === 'group') {
      const count = groupCounts.get(socket) ?? 0
      if (count >= maxGroupsPerConnection) return 'tooMany'
      groupCounts.set(socket, count + 1)
    }
    appear(audience).members.add(socket)
    return 'joined'
  }

  function appear(audience: Audience) {
    const known = audiences.get(audienceKey(audience))
    if (known !== undefined) return known
    const fresh = { audience, members: new Set<GroupedSocket>(), holds: 0 }
    audiences.set(audienceKey(audience), fresh)
    watcher?.appeared(audience)
    return fresh
  }

  function vanish(audience: Audience): void {
    const known = audiences.get(audienceKey(audience))
    if (known === undefined || known.members.size > 0 || known.holds > 0) return
    audiences.delete(audienceKey(audience))
    watcher?.vanished(audience)
  }

  function userOf({ description: { apiId, stage } }: GroupedSocket, name: string | null): Audience | null {
    return name === null ? null : { apiId, stage, kind: 'user', name }
  }

  function exit(socket: GroupedSocket, audience: Audience): void {
    const key = audienceKey(audience)
    const known = audiences.get(key)
    if (known === undefined || !known.members.delete(socket)) return
    if (audience.kind === 'group') groupCounts.set(socket, (groupCounts.get(socket) ?? 1) - 1)
    vanish(audience)
  }

  function closed(id: ConnectionId): void {
    const socket = sockets.get(id)
    if (socket === undefined) return
    sockets.delete(id)
    for (const { audience } of [...audiences.values()]) exit(socket, audience)
    groupCounts.delete(socket)
  }

  function selected(audience: Audience, { except, filter }: Selection): GroupedSocket[] {
    const matches = filter === null ? () => true : matchOf(filter)
    return membersOf(audience).filter(
      ({ description }) => !except.includes(description.connectionId) && matches(description),
    )
  }

  return {
    get sends() {
      return sends
    },
    opened(socket) {
      sockets.set(socket.description.connectionId, socket)
      const user = userOf(socket, userIdOf(socket.description))
      if (user !== null) enter(socket, user)
    },
    userChanged(id, before) {
      const socket = sockets.get(id)
      if (socket === undefined || userIdOf(socket.description) === before) return
      const [old, now] = [userOf(socket, before), userOf(socket, userIdOf(socket.description))]
      if (old !== null) exit(socket, old)
      if (now !== null) enter(socket, now)
    },
    closed,
    join(id, group) {
      const socket = find(id, group)
      return socket === undefined ? 'gone' : enter(socket, group)
    },
    leave(id, group) {
      const socket = find(id, group)
      if (socket === undefined) return 'gone'
      exit(socket, group)
      return 'left'
    },
    hold(group) {
      appear(group).holds++
    },
    release(group) {
      const known = audiences.get(audienceKey(group))
      if (known !== undefined) known.holds--
      vanish(group)
    },
    isHeld: (audience) => audiences.has(audienceKey(audience)),
    size: (audience) => membersOf(audience).length,
    send(audience, frame, options) {
      const failures: SendFailure[] = []
      const counts = { sent: 0, full: 0, gone: 0 }
      sends++
      for (const socket of selected(audience, options)) {
        const reason = socket.send(frame)
        counts[reason]++
        if (reason === 'sent' || failures.length >= options.failures) continue
        failures.push({ connectionId: socket.description.connectionId, reason })
      }
      return { targets: counts.sent + counts.full + counts.gone, ...counts, unreachable: 0, failures }
    },
    sendIf(id, frame, filter, apiId) {
      const socket = sockets.get(id)
      if (socket === undefined || (apiId !== undefined && socket.description.apiId !== apiId)) return 'gone'
      return matchOf(filter)(socket.description) ? socket.send(frame) : 'leftOut'
    },
    close(audience, selection, code, reason) {
      const found = selected(audience, selection)
      for (const socket of found) {
        socket.close(code, reason)
        closed(socket.description.connectionId)
      }
      return found.length
    },
    joinAll(audience, group: Group) {
      const outcomes = membersOf(audience).map((socket) => enter(socket, group))
      const joined = outcomes.filter((outcome) => outcome === 'joined').length
      return { joined, tooMany: outcomes.length - joined }
    },
    leaveAll(audience, group) {
      const members = membersOf(audience)
      for (const socket of members) exit(socket, group)
      return members.length
    },
    members(audience, cursor, limit) {
      const ids = membersOf(audience).map(({ description }) => description.connectionId)
      const after = cursor !== null && ownerOfConnectionId(cursor) !== -1 ? cursor : ''
      const behind = ids.filter((id) => id > after).sort()
      const connectionIds = behind.slice(0, limit)
      return { connectionIds, cursor: behind.length > limit ? (connectionIds.at(-1) ?? null) : null }
    },
    groups(apiId, stage, after, limit) {
      const isOf = ({ audience: a, members }: { audience: Audience; members: Set<GroupedSocket> }) =>
        members.size > 0 &&
        a.kind === 'group' &&
        a.apiId === apiId &&
        a.stage === stage &&
        (after === null || a.name > after)
      return [...audiences.values()]
        .filter(isOf)
        .map(({ audience: { name }, members }) => ({ name, connections: members.size }))
        .sort((one, other) => (one.name < other.name ? -1 : 1))
        .slice(0, limit)
    },
    *audiences() {
      for (const { audience } of audiences.values()) yield audience
    },
    watch(next) {
      watcher = next
    },
  }
}
