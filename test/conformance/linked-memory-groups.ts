import type { WorkerReference } from '../../src/registry/fleet-contract.ts'
import type { Audience, AudienceOutcome, Groups, MemberPage, SendReport } from '../../src/registry/group-contract.ts'
import type { MemoryRegistry } from '../../src/registry/memory.ts'
import type { ConnectionId } from '../../src/vocabulary/ids.ts'

/** The other workers of a fleet within one process, as one of them sees them. */
export interface LinkedPeers {
  /** Every worker that is not buried, this one among them, in a lasting order; null for one that does not answer. */
  all(): readonly { readonly reference: WorkerReference; readonly registry: MemoryRegistry | null }[]
  /** Asks whoever holds a connection, as a worker asks another one. */
  far<Answer>(id: ConnectionId, ask: (owner: MemoryRegistry) => Answer): Promise<Answer | 'gone' | 'unreachable'>
  isNear(id: ConnectionId): boolean
}

/** Groups over memory registries that call each other, the least that passes the suite. */
export function linkGroups(own: MemoryRegistry, { all, far, isNear }: LinkedPeers): Groups {
  /** Asks this worker, and all others that hold a member, before the call returns. */
  function each<Answer>(audience: Audience, ask: (groups: MemoryRegistry) => Answer) {
    const answers = [ask(own)]
    const unanswered: WorkerReference[] = []
    for (const { reference, registry } of all()) {
      if (registry === null) unanswered.push(reference)
      else if (registry.owner !== own.owner && registry.countAll(audience).connections > 0) answers.push(ask(registry))
    }
    return { answers, unanswered }
  }

  async function outcomes(
    audience: Audience,
    ask: (groups: MemoryRegistry) => AudienceOutcome,
  ): Promise<AudienceOutcome> {
    const { answers, unanswered } = each(audience, ask)
    return {
      connections: sum(answers.map(({ connections }) => connections)),
      tooMany: sum(answers.map(({ tooMany }) => tooMany)),
      unreachable: unanswered.length,
    }
  }

  return {
    join: (id, group) => (isNear(id) ? own.join(id, group) : far(id, (owner) => owner.join(id, group))),
    leave: (id, group) => (isNear(id) ? own.leave(id, group) : far(id, (owner) => owner.leave(id, group))),
    prepare: () => null,
    async send(audience, frame, options): Promise<SendReport> {
      const copy = typeof frame.data === 'string' ? frame : { ...frame, data: Uint8Array.from(frame.data) }
      const { answers, unanswered } = each(audience, (groups) => groups.send(audience, copy, options))
      const add = (member: 'targets' | 'sent' | 'full' | 'gone') => sum(answers.map((report) => report[member]))
      return {
        ...{ targets: add('targets') + unanswered.length, sent: add('sent'), full: add('full'), gone: add('gone') },
        unreachable: unanswered.length,
        failures: answers.flatMap(({ failures }) => failures).slice(0, options.failures),
      }
    },
    closeAll: (audience, ...rest) => outcomes(audience, (groups) => groups.closeAll(audience, ...rest)),
    joinAll: (audience, group) => outcomes(audience, (groups) => groups.joinAll(audience, group)),
    leaveAll: (audience, group) => outcomes(audience, (groups) => groups.leaveAll(audience, group)),
    async countAll(audience) {
      const { answers, unanswered } = each(audience, (groups) => groups.countAll(audience))
      return { connections: sum(answers.map(({ connections }) => connections)), unanswered, incomplete: false }
    },
    async members(audience, cursor, limit): Promise<MemberPage> {
      const workers = all()
      const [, place, rest = ''] = /^(\d{1,4}):([\w-]{15}=)?$/.exec(cursor ?? '0:') ?? []
      if (place === undefined) throw new RangeError('no cursor of this store')
      const asked = workers[Number(place)]
      if (asked === undefined) throw new RangeError('no cursor of this store')
      const next = Number(place) + 1 < workers.length ? `${Number(place) + 1}:` : null
      if (asked.registry === null) {
        return { connectionIds: [], cursor: next, unanswered: [asked.reference], incomplete: false }
      }
      const page = await asked.registry.members(audience, rest === '' ? null : rest, limit)
      return { ...page, cursor: page.cursor === null ? next : `${place}:${page.cursor}` }
    },
    async groups(apiId, stage, cursor, limit) {
      const counts = new Map<string, number>()
      const unanswered: WorkerReference[] = []
      for (const { reference, registry } of all()) {
        if (registry === null) unanswered.push(reference)
        else
          for (const { name, connections } of (await registry.groups(apiId, stage, cursor, limit)).groups)
            counts.set(name, (counts.get(name) ?? 0) + connections)
      }
      const found = [...counts].map(([name, connections]) => ({ name, connections }))
      const groups = found.sort((one, other) => (one.name < other.name ? -1 : 1)).slice(0, limit)
      const last = groups.at(-1)
      const next = last !== undefined && found.length >= limit ? Buffer.from(last.name).toString('base64url') : null
      return { groups, cursor: next, unanswered, incomplete: false }
    },
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
