import type { ConnectionRecord } from '../../vocabulary/connection.ts'
import type { ConnectionId, OwnerId } from '../../vocabulary/ids.ts'

/** The records of a dead worker that this one has read: those still to be told, and those told but not removed yet. */
export interface Estate {
  readonly left: Map<ConnectionId, ConnectionRecord>
  readonly told: Set<ConnectionId>
  /** Whether Redis has lost its data since they were read: nobody else knows of them then. */
  lost: boolean
}

/**
 * Keeps the records of dead workers that this one has read, until they are told: a burial that was interrupted goes on
 * where it was, and one that Redis has lost goes on from memory.
 */
export interface Estates {
  /** The estate of a worker, made when there is none. */
  of(owner: OwnerId): Estate
  /** Forgets one: it is settled, or another worker has settled it. */
  drop(owner: OwnerId): void
  /** Takes note that Redis has lost its data. */
  lost(): void
  /** The workers that only this one can bury. Forgets what others must have settled long ago. */
  orphaned(): readonly OwnerId[]
}

/** Milliseconds that an interrupted burial is kept in mind: in that time another worker has taken it over. */
const memoryMs = 600_000

/** `clock` is in milliseconds that only rise. */
export function createEstates(clock: () => number): Estates {
  const kept = new Map<OwnerId, Estate & { touchedAt: number }>()

  return {
    of(owner) {
      const estate = kept.get(owner) ?? { left: new Map(), told: new Set(), lost: false, touchedAt: 0 }
      estate.touchedAt = clock()
      kept.set(owner, estate)
      return estate
    },
    drop: (owner) => void kept.delete(owner),
    lost() {
      for (const estate of kept.values()) if (estate.left.size > 0) estate.lost = true
    },
    orphaned() {
      for (const [owner, { lost, touchedAt }] of kept) {
        if (!lost && clock() - touchedAt > memoryMs) kept.delete(owner)
      }
      return [...kept].filter(([, { lost }]) => lost).map(([owner]) => owner)
    },
  }
}
