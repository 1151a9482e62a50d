import type { RedisClient } from '../../store/contract.ts'
import type { OwnerId } from '../../vocabulary/ids.ts'
import type { WorkerReference } from '../fleet-contract.ts'
import type { Audience, GroupCount, GroupPage, Groups, LocalGroups, MemberPage } from '../group-contract.ts'
import { decodeName, encodeName, foreignCursor, readMemberCursor } from '../group-cursors.ts'
import type { AudienceOwners } from './audience-owners.ts'
import { answerCodes, questionKinds } from './envelope.ts'
import { readGroups, readMembers, wireAudience } from './group-wire.ts'
import type { FleetKeys } from './keys.ts'
import type { Peers } from './peers.ts'

export interface AudienceSurveyOptions {
  readonly redis: RedisClient
  readonly keys: FleetKeys
  readonly own: () => OwnerId
  readonly local: LocalGroups
  readonly owners: AudienceOwners
  readonly peers: Peers
  readonly now: () => number
}

/** The listings over all workers, and the names of those that they miss. */
export interface AudienceSurvey extends Pick<Groups, 'members' | 'groups'> {
  /** The workers by their names, as far as those can be read. */
  named(owners: readonly OwnerId[]): Promise<readonly WorkerReference[]>
}

/** Milliseconds that one page may go from worker to worker: who asked for it waits. */
const pageMs = 2_000

export function createAudienceSurvey(options: AudienceSurveyOptions): AudienceSurvey {
  const { redis, keys, own, local, owners, peers, now } = options

  async function named(found: readonly OwnerId[]): Promise<readonly WorkerReference[]> {
    const nameOf = async (owner: OwnerId) => {
      const name = await redis.run('HGET', keys.workers, String(owner)).catch(() => null)
      return { owner, name: name === null ? noName : String(name) }
    }
    return Promise.all(found.map(nameOf))
  }

  /** Lists worker after worker in the order of their owner ids, until the page is full. */
  async function members(audience: Audience, cursor: string | null, limit: number): Promise<MemberPage> {
    const start = cursor === null ? { owner: 0, rest: null } : parseCursor(cursor)
    const { owners: others, unnamed } = await owners.read(audience)
    const incomplete = unnamed > 0
    const all = [...others, own()].sort((a, b) => a - b).filter((owner) => owner >= start.owner)
    const connectionIds: string[] = []
    const until = now() + pageMs
    for (const owner of all) {
      const page = await membersOf(audience, owner, owner === start.owner ? start.rest : null, {
        limit: limit - connectionIds.length,
      })
      const behind = owner === all.at(-1) ? null : `${owner + 1}:`
      if (page === 'unreachable') {
        return { connectionIds, cursor: behind, unanswered: await named([owner]), incomplete }
      }
      if (page === 'gone') owners.strike(audience, owner)
      else {
        connectionIds.push(...page.connectionIds)
        if (page.cursor !== null) {
          return { connectionIds, cursor: `${owner}:${page.cursor}`, unanswered: [], incomplete }
        }
      }
      if (connectionIds.length >= limit || now() > until) {
        return { connectionIds, cursor: behind, unanswered: [], incomplete }
      }
    }
    return { connectionIds, cursor: null, unanswered: [], incomplete }
  }

  async function membersOf(audience: Audience, owner: OwnerId, after: string | null, { limit }: { limit: number }) {
    if (owner === own()) return local.members(audience, after, limit)
    const { apiId } = audience
    const outcome = await peers.ask(owner, questionKinds.members, '', apiId, wireAudience(audience), [after, limit])
    if (typeof outcome === 'string') return outcome
    return (outcome[1] === answerCodes.done ? readMembers(outcome[2], owner, limit) : null) ?? 'unreachable'
  }

  async function groups(apiId: string, stage: string, cursor: string | null, limit: number): Promise<GroupPage> {
    const after = cursor === null ? null : decodeName(cursor)
    const { owners: others, unnamed } = await owners.read({ apiId, stage, kind: 'all', name: '' })
    const incomplete = unnamed > 0
    const silent: OwnerId[] = []
    const pages = [local.groups(apiId, stage, after, limit)]
    await Promise.all(
      others.map(async (owner) => {
        const outcome = await peers.ask(owner, questionKinds.groups, '', apiId, stage, [after, limit])
        if (outcome === 'gone') return
        const isDone = outcome !== 'unreachable' && outcome[1] === answerCodes.done
        const page = isDone ? readGroups(outcome[2], after, limit) : null
        if (page === null) silent.push(owner)
        else pages.push(page)
      }),
    )
    return { ...merged(pages, limit), unanswered: await named(silent), incomplete }
  }

  return { named, members, groups }
}

const noName = '(unnamed)'

/**
 * Adds up the groups of several workers, of each of which the first `limit` are known: up to where each of them is known,
 * and no further.
 */
function merged(pages: readonly (readonly GroupCount[])[], limit: number): Pick<GroupPage, 'groups' | 'cursor'> {
  const counts = new Map<string, number>()
  let horizon: string | null = null
  for (const page of pages) {
    for (const { name, connections } of page) counts.set(name, (counts.get(name) ?? 0) + connections)
    const last = page.length < limit ? undefined : page.at(-1)?.name
    if (last !== undefined && (horizon === null || last < horizon)) horizon = last
  }
  const end = horizon
  const known = [...counts].filter(([name]) => end === null || name <= end).sort(([a], [b]) => (a < b ? -1 : 1))
  const groups = known.slice(0, limit).map(([name, connections]) => ({ name, connections }))
  const last = groups.at(-1)
  const isWhole = end === null && known.length <= limit
  return { groups, cursor: isWhole || last === undefined ? null : encodeName(last.name) }
}

function parseCursor(cursor: string): { readonly owner: OwnerId; readonly rest: string | null } {
  const [, owner, rest = ''] = /^(\d{1,8}):(.*)$/s.exec(cursor) ?? []
  if (owner === undefined || Number(owner) > 0x1000000) throw foreignCursor()
  return { owner: Number(owner), rest: rest === '' ? null : readMemberCursor(rest) }
}
