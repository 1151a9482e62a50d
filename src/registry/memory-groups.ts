import type { FleetAnswer } from './fleet-contract.ts'
import type { Audience, AudienceCount, AudienceOutcome, Groups, LocalGroups, SendReport } from './group-contract.ts'
import { decodeName, encodeName, readMemberCursor } from './group-cursors.ts'

/** Groups that never have to wait: what the contract allows to be a promise is a plain value here. */
export interface MemoryGroups extends Groups {
  join(...args: Parameters<Groups['join']>): ReturnType<LocalGroups['join']>
  leave(...args: Parameters<Groups['leave']>): ReturnType<LocalGroups['leave']>
  send(...args: Parameters<Groups['send']>): SendReport
  closeAll(...args: Parameters<Groups['closeAll']>): AudienceOutcome
  joinAll(...args: Parameters<Groups['joinAll']>): AudienceOutcome
  leaveAll(...args: Parameters<Groups['leaveAll']>): AudienceOutcome
  countAll(audience: Audience): AudienceCount
}

const whole: FleetAnswer & { readonly unanswered: readonly [] } = { incomplete: false, unanswered: [] }

/** Creates the groups of a worker that is alone: every member is its own. */
export function createMemoryGroups(local: LocalGroups): MemoryGroups {
  return {
    join: local.join,
    leave: local.leave,
    prepare: () => null,
    send: local.send,
    closeAll: (audience, selection, code, reason) => outcome(local.close(audience, selection, code, reason)),
    joinAll(audience, group) {
      const { joined, tooMany } = local.joinAll(audience, group)
      return outcome(joined, tooMany)
    },
    leaveAll: (audience, group) => outcome(local.leaveAll(audience, group)),
    countAll: (audience) => ({ ...whole, connections: local.size(audience) }),
    async members(audience, cursor, limit) {
      return { ...whole, ...local.members(audience, cursor === null ? null : readMemberCursor(cursor), limit) }
    },
    async groups(apiId, stage, cursor, limit) {
      const after = cursor === null ? null : decodeName(cursor)
      const found = local.groups(apiId, stage, after, limit + 1)
      const groups = found.slice(0, limit)
      const last = groups.at(-1)
      return { ...whole, groups, cursor: found.length > limit && last !== undefined ? encodeName(last.name) : null }
    },
  }
}

function outcome(connections: number, tooMany = 0): AudienceOutcome {
  return { connections, tooMany, unreachable: 0 }
}
