import { within } from '../../vocabulary/within.ts'
import type { Group, Groups, LocalGroups } from '../group-contract.ts'
import type { GroupDirectory } from './group-directory.ts'

export interface GroupPreparerOptions {
  readonly local: Pick<LocalGroups, 'hold' | 'release' | 'isHeld'>
  readonly directory: Pick<GroupDirectory, 'stored'>
  /** Milliseconds that Redis may take. */
  readonly answerTimeout: number
}

/** Creates what has the entries of groups stored before a connection joins them, as `Groups.prepare`. */
export function createGroupPreparer({ local, directory, answerTimeout }: GroupPreparerOptions): Groups['prepare'] {
  const isReady = (group: Group) => local.isHeld(group) && directory.stored(group) === null

  return function prepare(groups) {
    if (groups.every(isReady)) return null
    for (const group of groups) local.hold(group)
    let isOver = false
    const stored = Promise.all(groups.map((group) => directory.stored(group) ?? true))
    return {
      ready: within(stored, answerTimeout).then(
        (all) => all.every(Boolean),
        () => false,
      ),
      release() {
        if (!isOver) for (const group of groups) local.release(group)
        isOver = true
      },
    }
  }
}
