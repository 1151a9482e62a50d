import type { Stage } from './stage.ts'

/**
 * The place of one stage name in the catalog while it is served. `current` is swapped in one assignment, and is null
 * once the stage is removed. (A deployment is another thing: the snapshot of an API that a stage serves.)
 */
export interface StageSlot<S extends Stage> {
  readonly apiId: string
  readonly stageName: string
  current: S | null
  /** The newest stage, also after the removal: the connections that it still had are told through it. */
  newest: S
  /** Open connections of this worker. */
  connections: number
  /**
   * Takes note that something begins which may count for the stage after its removal too: a connection, from its
   * handshake until its backend has been told of its end, or a message.
   */
  enter(): void
  /** Takes note that it has ended, and that all is counted which it counts. */
  leave(): void
  /** Calls back once, when nothing is left that has entered; at once when nothing is. For a stage that is removed. */
  whenLeft(then: () => void): void
}

/** A slot for a stage that is served from now on. */
export function createStageSlot<S extends Stage>(stage: S): StageSlot<S> {
  let inside = 0
  let left: (() => void) | null = null
  return {
    apiId: stage.apiId,
    stageName: stage.name,
    current: stage,
    newest: stage,
    connections: 0,
    enter() {
      inside++
    },
    leave() {
      inside--
      if (inside > 0 || left === null) return
      left()
      left = null
    },
    whenLeft(then) {
      if (inside === 0) then()
      else left = then
    },
  }
}
