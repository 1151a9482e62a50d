import type { Audience, AudienceWatcher } from '../registry/group-contract.ts'
import { Members } from './members.ts'

/** The groups and users that have connections here, by stage and name. */
export interface AudienceIndex<C> {
  find(audience: Audience): Members<C> | undefined
  /** Puts a connection among the members, of whom it may be one already. */
  add(audience: Audience, connection: C): Members<C>
  remove(members: Members<C>, connection: C): void
  /** Has an audience there for a connection that is about to join, until it is released as often as it is held. */
  hold(audience: Audience): void
  release(audience: Audience): void
  /** All groups of a stage. */
  groups(apiId: string, stage: string): Iterable<Members<C>>
  all(): IterableIterator<Members<C>>
  /** Tells a watcher of those that appear and vanish from now on, instead of an earlier one. */
  watch(watcher: AudienceWatcher): void
}

type Named<C> = Map<string, Members<C>>

/** The audiences of one stage. */
interface StageAudiences<C> {
  readonly group: Named<C>
  readonly user: Named<C>
}

/** Creates an empty index. */
export function createAudienceIndex<C>(): AudienceIndex<C> {
  const stages = new Map<string, StageAudiences<C>>()
  let watcher: AudienceWatcher | null = null

  // Neither of them holds a slash.
  const stageOf = (apiId: string, stage: string) => stages.get(`${apiId}/${stage}`)

  function find({ apiId, stage, kind, name }: Audience): Members<C> | undefined {
    return kind === 'all' ? undefined : stageOf(apiId, stage)?.[kind].get(name)
  }

  function create(audience: Audience): Members<C> {
    const { apiId, stage, kind, name } = audience
    let audiences = stageOf(apiId, stage)
    if (audiences === undefined) {
      audiences = { group: new Map(), user: new Map() }
      stages.set(`${apiId}/${stage}`, audiences)
    }
    const members = new Members<C>(audience)
    if (kind !== 'all') audiences[kind].set(name, members)
    return members
  }

  function forget({ apiId, stage, kind, name }: Members<C>): void {
    const audiences = stageOf(apiId, stage)
    if (audiences === undefined || kind === 'all') return
    audiences[kind].delete(name)
    if (audiences.group.size === 0 && audiences.user.size === 0) stages.delete(`${apiId}/${stage}`)
  }

  function enter(audience: Audience): Members<C> {
    const known = find(audience)
    if (known !== undefined) return known
    const members = create(audience)
    watcher?.appeared(members)
    return members
  }

  function endIfEmpty(members: Members<C>): void {
    if (members.connections.size > 0 || members.holds > 0) return
    forget(members)
    watcher?.vanished(members)
  }

  return {
    find,
    add(audience, connection) {
      const members = enter(audience)
      members.connections.add(connection)
      return members
    },
    remove(members, connection) {
      if (members.connections.delete(connection)) endIfEmpty(members)
    },
    hold(audience) {
      enter(audience).holds++
    },
    release(audience) {
      const members = find(audience)
      if (members === undefined || members.holds === 0) return
      members.holds--
      endIfEmpty(members)
    },
    groups: (apiId, stage) => stageOf(apiId, stage)?.group.values() ?? [],
    *all() {
      for (const { group, user } of stages.values()) {
        yield* group.values()
        yield* user.values()
      }
    },
    watch(next) {
      watcher = next
    },
  }
}
