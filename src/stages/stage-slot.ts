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
}
