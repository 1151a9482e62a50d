import type { OwnerId } from '../vocabulary/ids.ts'

/** A worker by its owner id, with the name that it has for people. */
export interface WorkerReference {
  readonly owner: OwnerId
  readonly name: string
}

/** Whatever is said of all workers: a listing, a count, who they are. */
export interface FleetAnswer {
  /** Whether workers may be missing that nobody can name: the store has lost its data, and they are still coming back. */
  readonly incomplete: boolean
}
