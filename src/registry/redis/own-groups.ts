import { type ConnectionId, type OwnerId, ownerOfConnectionId } from '../../vocabulary/ids.ts'
import type { Groups, LocalGroups } from '../group-contract.ts'
import { createMemoryGroups } from '../memory-groups.ts'

/** Creates groups that reach this worker's connections alone, and say so: every other worker is unreachable. */
export function createOwnGroups(local: LocalGroups, own: () => OwnerId): Groups {
  const groups = createMemoryGroups(local)
  const isOwn = (id: ConnectionId) => ownerOfConnectionId(id) === own()
  const unreachable = 1

  return {
    join: (id, group) => (isOwn(id) ? local.join(id, group) : 'unreachable'),
    leave: (id, group) => (isOwn(id) ? local.leave(id, group) : 'unreachable'),
    send(audience, frame, options) {
      const report = local.send(audience, frame, options)
      return { ...report, targets: report.targets + unreachable, unreachable }
    },
    closeAll: (...args) => ({ ...groups.closeAll(...args), unreachable }),
    joinAll: (...args) => ({ ...groups.joinAll(...args), unreachable }),
    leaveAll: (...args) => ({ ...groups.leaveAll(...args), unreachable }),
    countAll: (audience) => ({ ...groups.countAll(audience), incomplete: true }),
    members: async (...args) => ({ ...(await groups.members(...args)), incomplete: true }),
    groups: async (...args) => ({ ...(await groups.groups(...args)), incomplete: true }),
  }
}
